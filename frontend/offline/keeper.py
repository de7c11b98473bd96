"""Weighs without the service, and keeps each weighing on disk before it is shown."""

import asyncio
import sqlite3
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal

from frontend.api.errors import ApiRefused, ApiUnreachable
from frontend.offline import local
from frontend.offline.copy import CatalogueCopy
from frontend.offline.lessons import LessonsCopy
from frontend.offline.local import LocalScale, NotSold
from frontend.offline.screens import Screens
from frontend.offline.store import Kept, Store
from smartscale.contract.weighing import ConfirmedBy


@dataclass(frozen=True)
class Request:
    """What the shopper wanted to have weighed. Weights are kilograms; no tare is None."""

    key: str
    """Its Idempotency-Key: the service takes it for one weighing however often it is sent."""
    image: bytes
    weight_kg: Decimal
    tare_kg: Decimal | None
    scale_id: str


class Keeper:
    """Recognises and prices here, by the catalogue and lessons that the service gave last."""

    def __init__(
        self, store: Store, copy: CatalogueCopy, lessons: LessonsCopy, screens: Screens
    ) -> None:
        self._store, self._copy, self._lessons, self._screens = store, copy, lessons, screens
        self._scale = LocalScale()

    async def get(self, weighing_id: str) -> Kept | None:
        """A weighing that is kept here, by its id or its Idempotency-Key."""
        return await asyncio.to_thread(self._store.get, weighing_id)

    async def weigh(self, request: Request, weighing_id: str | None = None) -> Kept:
        """Recognise and price a request, and keep that.

        Args:
            request: what to weigh.
            weighing_id: the service's id of it, where the service has given one already.

        Raises:
            ApiUnreachable: there is no catalogue here, or the disk takes nothing.
        """
        if self._copy.fetched_at is None:
            raise ApiUnreachable("there never was a catalogue here")
        began = None if weighing_id is None else local.moment_of(weighing_id)
        if weighing_id is None or began is None:
            weighing_id = local.new_id(began := self._now())
        self._screens.touch(weighing_id)
        try:
            return await asyncio.to_thread(self._weigh, request, weighing_id, began)
        except (OSError, sqlite3.Error) as error:
            raise ApiUnreachable(f"nothing can be kept here: {error}") from error

    async def confirm(
        self, kept: Kept, label: str, quantity: int | None, confirmed_by: ConfirmedBy
    ) -> str:
        """Sell a kept weighing as what somebody says it is; returns the weighing as text.

        Raises:
            ApiRefused: the catalogue has no such item, or no price for it.
            ApiUnreachable: the disk takes nothing.
        """
        self._screens.touch(kept.id)
        try:
            return await asyncio.to_thread(self._confirm, kept, label, quantity, confirmed_by)
        except NotSold as error:
            raise ApiRefused(str(error)) from error
        except (OSError, sqlite3.Error) as error:
            raise ApiUnreachable(f"nothing can be kept here: {error}") from error

    async def void(self, kept: Kept, by: str, *, unless_settled: bool) -> None:
        """Note that a kept weighing is no sale; with `unless_settled` not of one that an attendant
        has given its price.

        Raises:
            ApiUnreachable: the disk takes nothing.
        """
        try:
            sale = local.sale(kept.weighing) if unless_settled else None
            if sale is None or sale.confirmed_by != ConfirmedBy.ATTENDANT:
                await asyncio.to_thread(self._void, kept, by)
        except (OSError, sqlite3.Error) as error:
            raise ApiUnreachable(f"nothing can be kept here: {error}") from error

    def _void(self, kept: Kept, by: str) -> None:
        voided = local.voided(kept.weighing, by)
        if voided != kept.weighing:
            self._store.change(kept.id, voided)

    def _weigh(self, request: Request, weighing_id: str, began: datetime) -> Kept:
        weighing = self._scale.weigh(
            request.image,
            (request.weight_kg, request.tare_kg),
            request.scale_id,
            self._copy.items,
            weighing_id,
            self._lessons.now,
        )
        kept = Kept(
            id=weighing_id,
            key=request.key,
            scale_id=request.scale_id,
            weight_kg=request.weight_kg,
            tare_kg=request.tare_kg,
            weighed_at=began,
            weighing=weighing,
        )
        return self._store.add(kept, request.image)

    def _confirm(
        self, kept: Kept, label: str, quantity: int | None, confirmed_by: ConfirmedBy
    ) -> str:
        confirmed = self._scale.confirm(
            kept.weighing, label, quantity, confirmed_by.value, self._copy.items
        )
        self._store.change(kept.id, confirmed)
        return confirmed

    def _now(self) -> datetime:
        """Now; a clock that stands before the last contact with the service is wrong."""
        now = datetime.now(UTC)
        seen = self._copy.fetched_at
        latest = now if seen is None else max(now, seen)
        # A weighing's id holds milliseconds; its label and the service's have to say the same.
        return latest.replace(microsecond=latest.microsecond // 1000 * 1000)
