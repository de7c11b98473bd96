"""Recognises and prices in this process, by the same code that the service runs.

This module knows the service's domain, its recognition and its built-in model. It takes and returns
weighings as text, and the API's documents.
"""

import logging
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from frontend.logs import current
from frontend.offline.lessons import Lessons
from smartscale.domain import correlation, pricing
from smartscale.domain.asking import Asking
from smartscale.domain.catalogue import Catalogue, Item, Price, SoldAs
from smartscale.domain.declaration import Declaration
from smartscale.domain.errors import Conflict, InvalidInput
from smartscale.domain.job_id import is_job_id, job_time, new_job_id
from smartscale.domain.load import Load
from smartscale.domain.moments import parse_moment
from smartscale.domain.prediction import Scored
from smartscale.domain.registry import BUILTIN
from smartscale.domain.upload import StoredUpload, load_metadata, upload_key
from smartscale.domain.weighing import NO_MODEL, Act, ConfirmedBy, Status, Unit, Weighing
from smartscale.operations.ports.models import Recogniser
from smartscale.operations.weighing.recognise import (
    NOTHING_KNOWN,
    NobodyLooked,
    RecognitionTask,
    outcome,
)
from smartscale.present.weighing import kilograms, money, result
from smartscale.recognition.builtin import builtin_revision
from smartscale.recognition.package import PackageError
from smartscale.recognition.photo import ImageError

if TYPE_CHECKING:
    from smartscale.recognition.memory import Vectors

_log = logging.getLogger(__name__)
_THREADS = 2
"""Of the network: a shopper waits for it, and little else is done while the service is away."""


class NotSold(Exception):
    """The catalogue has no such item, or no price for it; or so many pieces cannot weigh that."""


@dataclass(frozen=True)
class Sale:
    """What a kept weighing was charged: `POST /v1/confirm` is sent this."""

    label: str
    confirmed_by: str
    quantity: int
    charged: Mapping[str, str]


def correlation_of(weighing: str) -> str | None:
    """The correlation id that the weighing had here; it is sent under the same one."""
    return Weighing.model_validate_json(weighing).correlation_id


class LocalScale:
    """Weighs without the service. A picture takes a while: call it off the event loop."""

    def __init__(self) -> None:
        self._turn = threading.Lock()
        self._model: Recogniser | None = None
        self._remembers = 0
        """The version of the memory that the model has."""
        self._items: list[dict[str, Any]] = []
        self._catalogue = Catalogue(())

    def weigh(
        self,
        image: bytes,
        load: tuple[Decimal, Decimal | None],
        scale_id: str,
        items: list[dict[str, Any]],
        weighing_id: str,
        lessons: Lessons,
    ) -> str:
        """Recognise and price; returns the weighing as text.

        Args:
            image: the picture; empty where none was taken.
            load: gross weight and tare in kilograms.
            scale_id: which scale.
            items: what is sold, as `GET /v1/catalogue` gave it.
            weighing_id: from `new_id`, or the service's own.
            lessons: what the shop has taught.
        """
        weight_kg, tare_kg = load
        scales = Load(weight_kg=weight_kg, tare_kg=tare_kg)
        began = job_time(weighing_id)
        metadata = load_metadata(scales, scale_id)
        if (correlation_id := current()) is not None:
            metadata[correlation.METADATA] = correlation_id
        upload = StoredUpload(upload_key(weighing_id), "", began, metadata)
        task = RecognitionTask(upload, scales, image, self._catalogue_of(items))
        if not image:
            return outcome(task, NOTHING_KNOWN, NobodyLooked(), datetime.now(UTC)).model_dump_json()
        with self._turn:
            model = self._loaded()
            self._remember(model, lessons)
            scores = _scores(model, image)
        asking = Asking(threshold=lessons.confirm_below)
        seen = outcome(task, scores, model, datetime.now(UTC), asking)
        return seen.model_dump_json()

    def confirm(
        self,
        weighing: str,
        label: str,
        quantity: int | None,
        confirmed_by: str,
        items: list[dict[str, Any]],
    ) -> str:
        """Sell a weighing as the item that somebody says it is; returns the weighing as text.

        Raises:
            NotSold: the catalogue has no such item, or no price for it; or so many pieces cannot
                weigh that.
        """
        known = Weighing.model_validate_json(weighing)
        item = self._catalogue_of(items).find(label)
        if item is None:
            raise NotSold(f"{label} is not in the catalogue.")
        by = ConfirmedBy(confirmed_by)
        try:
            prediction = pricing.price_sale(known, item, quantity)
            return known.confirm(prediction, by, datetime.now(UTC)).model_dump_json()
        except (Conflict, InvalidInput) as error:
            raise NotSold(str(error)) from error

    def _catalogue_of(self, items: list[dict[str, Any]]) -> Catalogue:
        """The catalogue of these items, read once for as long as they are the same list."""
        if items is not self._items:
            self._items, self._catalogue = items, Catalogue(_item(item) for item in items)
        return self._catalogue

    def _remember(self, model: Recogniser, lessons: Lessons) -> None:
        if not model.learns or lessons.version == self._remembers:
            return
        from smartscale.recognition.carried import CarriedError, unpack  # noqa: PLC0415 - as below

        try:
            model.remember({} if lessons.content is None else unpack(lessons.content))
        except CarriedError as error:
            _log.warning("The items that were taught are not known here: %s", error)
            model.remember({})
        self._remembers = lessons.version

    def _loaded(self) -> Recogniser:
        if self._model is None:
            try:
                # A kiosk whose service is there has no use for a network: 40 MB.
                from smartscale.adapters.litert import load_builtin  # noqa: PLC0415

                self._model = load_builtin(_THREADS)
            except (ImportError, OSError, PackageError) as error:
                _log.warning("No model here; items are found by name: %s", error)
                self._model = _NoModel()
        return self._model


class _NoModel:
    """Stands in where no model can be loaded. Every item is unknown, and is found by its name."""

    ref = NO_MODEL
    confirm_below = Decimal(1)
    learns = False

    def recognise(self, image: bytes) -> list[Scored]:
        del image
        return NOTHING_KNOWN

    def embed(self, image: bytes) -> "Vectors":
        del image
        raise TypeError("there is no model")

    def remember(self, lessons: Mapping[str, Sequence["Vectors"]]) -> None:
        del lessons


def model_here() -> tuple[str, str] | None:
    """Id and revision of the model that runs here; None where there is none."""
    try:
        return BUILTIN, builtin_revision()
    except (OSError, PackageError):
        return None


def new_id(now: datetime) -> str:
    """A new id for a weighing that begins now."""
    return new_job_id(now)


def moment_of(weighing_id: str) -> datetime | None:
    """When a weighing began, read from its id; None where the id holds no moment."""
    return job_time(weighing_id) if is_job_id(weighing_id) else None


def shown(weighing: str, language: str) -> dict[str, Any]:
    """A weighing as `GET /v1/result` shows it."""
    document = result(Weighing.model_validate_json(weighing), language)
    return document.model_dump(mode="json")


def sale(weighing: str) -> Sale | None:
    """What a weighing was charged; None where it still needs a confirmation or a count, has no
    price, or was voided."""
    sold = Weighing.model_validate_json(weighing)
    open_ = sold.needs_confirmation or sold.needs_count or sold.voided is not None
    if open_ or sold.price is None or sold.sold_label is None:
        return None
    charged = {
        "unit": str(sold.unit),
        "unit_price": str(money(sold.unit_price, sold.currency)),
        "price": str(money(sold.price, sold.currency)),
        "currency": str(sold.currency),
        "tare_kg": str(kilograms(sold.tare_kg)),
    }
    by = sold.confirmed_by or ConfirmedBy.KIOSK
    return Sale(sold.sold_label, by.value, sold.quantity, charged)


def voided(weighing: str, by: str) -> str:
    """A weighing, as text, that is no sale any more; a failed one stays as it is."""
    known = Weighing.model_validate_json(weighing)
    if known.voided is not None or known.status is not Status.DONE:
        return weighing
    return known.act(Act.VOID, by, datetime.now(UTC)).model_dump_json()


def voided_by(weighing: str) -> str | None:
    """Who made a weighing no sale; None where it counts."""
    act = Weighing.model_validate_json(weighing).voided
    return None if act is None else act.staff


def _scores(model: Recogniser, image: bytes) -> list[Scored]:
    try:
        return model.recognise(image)
    except ImageError as error:
        _log.warning("A picture could not be recognised here: %s", error)
        return NOTHING_KNOWN


def _item(document: dict[str, Any]) -> Item:
    """Read an item of the catalogue from the API's document, with the prices that start later."""
    prices = document.get("prices") or [
        {"unit_price": document["unit_price"], "valid_from": document["valid_from"]}
    ]
    return Item(
        label=document["label"],
        plu=document["plu"],
        category=document.get("category", ""),
        names=document["names"],
        unit=Unit(document["unit"]),
        currency=document["currency"],
        prices=tuple(
            Price(
                unit_price=Decimal(price["unit_price"]),
                valid_from=parse_moment(price["valid_from"]),
                valid_to=parse_moment(price["valid_to"]) if price.get("valid_to") else None,
            )
            for price in (*_before_offer(document), *prices)
            if price["unit_price"] is not None
        ),
        tare_kg=Decimal(document.get("tare_kg") or "0.000"),
        piece_kg_min=_weight(document.get("piece_kg_min")),
        piece_kg_max=_weight(document.get("piece_kg_max")),
        sold_as=SoldAs(document["sold_as"]) if document.get("sold_as") else None,
        **Declaration.model_validate(document).declared,
    )


def _before_offer(document: dict[str, Any]) -> list[dict[str, Any]]:
    """The price that an offer is lower than: the document's prices begin with the offer."""
    before, began = document.get("unit_price_before"), document["valid_from"]
    if before is None:
        return []
    day_before = parse_moment(began) - timedelta(days=1)
    return [{"unit_price": before, "valid_from": day_before.isoformat(), "valid_to": began}]


def _weight(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)
