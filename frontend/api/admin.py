"""The API's admin routes as the kiosk's manager pages see them; each wants the admin token."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any, TypeVar
from urllib.parse import quote

from pydantic import BaseModel, ConfigDict, TypeAdapter

from frontend.api.client import ApiClient, CatalogueItem

MAX_PHOTOS = 20
"""How many photos of an item the API takes at once."""


class _Document(BaseModel):
    model_config = ConfigDict(frozen=True)


class Model(_Document):
    """A model package: a model's id and one revision of it."""

    id: str
    revision: str


class SwitchState(StrEnum):
    """How far a request for another model has come."""

    IMPORTING = "importing"
    SWITCHING = "switching"
    ACTIVE = "active"
    FAILED = "failed"


class Progress(_Document):
    """How far an import is."""

    step: str
    percent: float = 0
    """Of this step."""
    detail: str | None = None


class Worker(_Document):
    """What one worker has loaded."""

    worker: str
    model: Model


class Mode(StrEnum):
    """What a candidate is tried as."""

    SHADOW = "shadow"
    """It answers too, and nobody sees it."""
    CANARY = "canary"
    """It answers for a share of the scales."""


class CandidateState(StrEnum):
    """What became of a candidate."""

    RUNNING = "running"
    PROMOTED = "promoted"
    STOPPED = "stopped"
    ROLLED_BACK = "rolled_back"


class Figures(_Document):
    """How one of the two compared models does; None where nothing is known yet."""

    n: int = 0
    latency_ms: float | None = None
    confidence: float | None = None
    low_confidence_rate: float | None = None
    error_rate: float | None = None


class Limits(_Document):
    """Shares beyond which a candidate is taken back, and how often it is asked before that."""

    error_rate: Decimal
    low_confidence_rate: Decimal
    minimum_answers: int


class Trial(_Document):
    """A candidate beside the active model."""

    model: Model
    mode: Mode
    share: Decimal
    started_at: datetime
    state: CandidateState
    reason: str | None = None
    compared: int = 0
    agreement: float | None = None
    active: Figures = Figures()
    candidate: Figures = Figures()
    skipped: int = 0
    """How many weighings a shadow was not asked about."""
    limits: Limits | None = None


class ModelStatus(_Document):
    """Which model was asked for, which one answers, and how the switch goes."""

    wanted: Model
    active: Model
    previous: Model | None = None
    state: SwitchState
    progress: Progress | None = None
    error: str | None = None
    changed_at: datetime
    workers: tuple[Worker, ...] = ()


class Package(_Document):
    """A model package that is there."""

    id: str
    revision: str
    active: bool = False
    candidate: bool = False
    previous: bool = False
    source: str | None = None
    labels: int | None = None
    unmapped: int | None = None
    size_bytes: int | None = None
    stored_at: datetime | None = None
    accuracy: float | None = None

    @property
    def ref(self) -> Model:
        """What it is called."""
        return Model(id=self.id, revision=self.revision)


class LabelMapping(_Document):
    """What a label of the active model is sold as."""

    label: str
    product: str | None = None
    how: str | None = None


class MemoryVersion(_Document):
    """One version of what the shop taught its scales."""

    version: int | str
    state: str
    active: bool = False
    label: str | None = None
    images: int | None = None
    created_at: datetime | None = None
    error: str | None = None


class Enrolled(_Document):
    """Photos that were taken in."""

    memory_version: int | str


class Price(_Document):
    """A unit price, and from when it holds."""

    unit_price: Decimal
    valid_from: datetime


class EditableItem(CatalogueItem):
    """An item as who edits it sees it."""

    tare_kg: Decimal = Decimal(0)
    piece_kg_min: Decimal | None = None
    piece_kg_max: Decimal | None = None
    sold_as: str | None = None
    aliases: tuple[str, ...] = ()
    prices: tuple[Price, ...] = ()
    """The one that holds, and those to come."""
    past_prices: tuple[Price, ...] = ()
    retired: bool = False
    version: int = 0


class _Items(_Document):
    items: tuple[EditableItem, ...]


class FieldChange(_Document):
    """One field of an item; None where there is nothing."""

    field: str
    before: str | None = None
    after: str | None = None
    valid_from: datetime | None = None


class ItemChange(_Document):
    """What becomes of an item."""

    label: str
    name: str
    kind: str
    fields: tuple[FieldChange, ...] = ()


class ImportPreview(_Document):
    """What a file of items would change, or has changed."""

    applied: bool
    fingerprint: str
    counts: Mapping[str, int]
    changes: tuple[ItemChange, ...]


_T = TypeVar("_T")
_STATUS = TypeAdapter(ModelStatus)
_PACKAGES = TypeAdapter(tuple[Package, ...])
_TRIAL: TypeAdapter[Trial | None] = TypeAdapter(Trial | None)
_LABELS = TypeAdapter(tuple[LabelMapping, ...])
_MEMORY = TypeAdapter(tuple[MemoryVersion, ...])
_ENROLLED = TypeAdapter(Enrolled)
_ITEMS = TypeAdapter(_Items)
_ITEM = TypeAdapter(EditableItem)
_PREVIEW = TypeAdapter(ImportPreview)
_ANYTHING = TypeAdapter(Any)


class AdminClient:
    """Asks with a token. Each method raises ApiError, ApiUnauthorised for a wrong token."""

    def __init__(self, api: ApiClient, token: str) -> None:
        self._api = api
        self._headers = {"X-Admin-Token": token}

    async def status(self) -> ModelStatus:
        """How the models stand."""
        return await self._ask(_STATUS, "GET", "model")

    async def reload(self, model_id: str | None, revision: str) -> None:
        """Serve a model of the hub, or a package; without an id the configured model."""
        request = {"model_revision": revision} | ({"model_id": model_id} if model_id else {})
        await self._ask(_ANYTHING, "POST", "reload-model", json=request)

    async def rollback(self) -> None:
        """Serve the previous model again."""
        await self._ask(_ANYTHING, "POST", "rollback", repeatable=False)

    async def packages(self) -> tuple[Package, ...]:
        """The packages that are there."""
        return await self._ask(_PACKAGES, "GET", "models")

    async def trial(self) -> Trial | None:
        """The last candidate; None when there was none."""
        return await self._ask(_TRIAL, "GET", "candidate")

    async def try_out(
        self, model: Model, mode: Mode, share: Decimal, limits: Mapping[str, str]
    ) -> None:
        """Let a package answer beside the active one."""
        request: dict[str, Any] = {
            "model_id": model.id,
            "model_revision": model.revision,
            "mode": mode.value,
            "share": f"{share:f}",
        }
        if limits:
            request["limits"] = dict(limits)
        await self._ask(_ANYTHING, "POST", "candidate", json=request)

    async def promote(self) -> None:
        """Serve the candidate from now on."""
        await self._ask(_ANYTHING, "POST", "candidate/promote")

    async def stop_trial(self) -> None:
        """Ask the candidate no more."""
        await self._ask(_ANYTHING, "DELETE", "candidate")

    async def labels(self) -> tuple[LabelMapping, ...]:
        """What the active model's labels are sold as."""
        return await self._ask(_LABELS, "GET", "labels")

    async def map_label(self, label: str, product: str) -> None:
        """Sell a label as an item of the catalogue."""
        path = f"labels/{quote(label, safe='')}"
        await self._ask(_ANYTHING, "PUT", path, json={"product": product})

    async def unmap_label(self, label: str) -> None:
        """Take back what was said about a label."""
        await self._ask(_ANYTHING, "DELETE", f"labels/{quote(label, safe='')}")

    async def items(self) -> tuple[EditableItem, ...]:
        """Everything that was ever sold."""
        return (await self._ask(_ITEMS, "GET", "catalogue")).items

    async def save_item(self, label: str, edit: Mapping[str, Any]) -> EditableItem:
        """Add or change an item."""
        return await self._ask(_ITEM, "PUT", _item(label), json=dict(edit))

    async def retire_item(self, label: str) -> None:
        """Sell an item no more."""
        await self._ask(_ANYTHING, "DELETE", _item(label), repeatable=False)

    async def cancel_price(self, label: str, valid_from: datetime) -> EditableItem:
        """Take back a price that has not started."""
        query = {"valid_from": valid_from.isoformat()}
        path = f"{_item(label)}/prices"
        return await self._ask(_ITEM, "DELETE", path, params=query, repeatable=False)

    async def give_picture(self, label: str, jpeg: bytes) -> EditableItem:
        """Show an item with a picture of the shop's own."""
        files = {"image": ("picture.jpg", jpeg, "image/jpeg")}
        return await self._ask(_ITEM, "PUT", f"{_item(label)}/picture", files=files)

    async def take_picture_away(self, label: str) -> EditableItem:
        """Show an item with a drawing again."""
        return await self._ask(_ITEM, "DELETE", f"{_item(label)}/picture")

    async def import_items(
        self, file: bytes, language: str, fingerprint: str | None = None
    ) -> ImportPreview:
        """What a CSV file would change; with the fingerprint of that, do it."""
        query = {"lang": language}
        query |= {"dry_run": "true"} if fingerprint is None else {"fingerprint": fingerprint}
        headers = {"Content-Type": "text/csv"}
        path = "catalogue/import"
        return await self._ask(
            _PREVIEW, "POST", path, params=query, content=file, headers=headers, repeatable=False
        )

    async def items_csv(self) -> bytes:
        """What is sold, as a file that can be imported again."""
        headers = self._headers | {"Accept": "text/csv"}
        return await self._api.fetch("admin/catalogue", headers=headers)

    async def enrol(self, item: str, photos: Sequence[bytes]) -> int | str:
        """Teach an item by JPEG photos; the version of the memory that will know it."""
        files = [("images", (f"{n}.jpg", photo, "image/jpeg")) for n, photo in enumerate(photos)]
        path = f"enrol/{quote(item, safe='')}"
        enrolled = await self._ask(_ENROLLED, "POST", path, files=files, repeatable=False)
        return enrolled.memory_version

    async def memory(self) -> tuple[MemoryVersion, ...]:
        """The versions of the memory, newest first."""
        return await self._ask(_MEMORY, "GET", "memory")

    async def roll_memory_back(self) -> None:
        """Forget the memory's last version."""
        await self._ask(_ANYTHING, "POST", "memory/rollback", repeatable=False)

    async def _ask(
        self,
        kind: TypeAdapter[_T],
        method: str,
        path: str,
        headers: Mapping[str, str] | None = None,
        **request: Any,
    ) -> _T:
        shown = {**(headers or {}), **self._headers}
        return await self._api.ask(kind, method, f"admin/{path}", headers=shown, **request)


def _item(label: str) -> str:
    return f"catalogue/{quote(label, safe='')}"
