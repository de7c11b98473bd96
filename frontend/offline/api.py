"""The kiosk's way to its service, which also leads somewhere when there is no service.

Pages ask it as they ask the API. What the API cannot answer because it is not reachable is weighed
here, kept on disk before it is shown, and sent in order when the API is back: with the key that the
shopper's first try had, so that a weighing is one weighing however far its first try came.
"""

import asyncio
import logging
import sqlite3
import time
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from frontend.api.client import (
    LONGEST_WAIT_S,
    ApiClient,
    ApiError,
    ApiRefused,
    ApiThrottled,
    ApiUnauthorised,
    ApiUnreachable,
    CatalogueItem,
    ConfirmedBy,
    Result,
    Status,
)
from frontend.logs import adopt
from frontend.offline import local
from frontend.offline.copy import CatalogueCopy
from frontend.offline.local import LocalScale, NotSold
from frontend.offline.store import Kept, State, Store

PROBE_S = 2.0
"""How often a service that is away is asked whether it is back."""
IDLE_S = 15.0
QUIET_S = 20.0
"""For how long nobody may have changed a weighing before it is sent: it may be on the screen."""
SLOW_S = 10.0
"""How long the service may think before the shopper gets an answer from here."""
_PATIENCE_S = 120.0
_REMEMBERED = 64
_FRESH = timedelta(minutes=5)
_FORGET_AFTER = timedelta(days=1)
_ANY: TypeAdapter[dict[str, Any]] = TypeAdapter(dict[str, Any])
_ITEMS = TypeAdapter(tuple[CatalogueItem, ...])

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Tried:
    """A weighing as it was sent, kept in memory while it may be needed again."""

    key: str
    image: bytes
    weight_kg: Decimal
    tare_kg: Decimal | None
    scale_id: str
    at: float
    """On the monotonic clock."""


class OfflineApi(ApiClient):
    """The API where it can be reached, else this machine."""

    def __init__(
        self, base_url: str, folder: Path, *, quiet_s: float = QUIET_S, **options: Any
    ) -> None:
        super().__init__(base_url, **options)
        self._store = Store(folder / "weighings.sqlite")
        self._copy = CatalogueCopy(folder / "catalogue.json")
        self._scale = LocalScale()
        self._quiet_s = quiet_s
        self._tried: OrderedDict[str, Tried] = OrderedDict()
        self._touched: dict[str, float] = {}
        self._work: asyncio.Task[None] | None = None
        self._look = asyncio.Event()
        self.cut_since: datetime | None = None
        """Since when the service is away; None while it is there."""

    # ------------------------------------------------------------------ what the kiosk shows

    @property
    def prices_of(self) -> datetime | None:
        """From when the prices are that are charged while the service is away."""
        return self._copy.fetched_at

    async def waiting(self) -> int:
        """How many weighings are to be sent."""
        return await asyncio.to_thread(self._store.waiting)

    async def refused(self) -> list[Kept]:
        """Weighings that the service does not take: for an attendant."""
        return await asyncio.to_thread(self._store.refused)

    async def retry(self, weighing_id: str) -> None:
        """Send a refused weighing again."""
        await asyncio.to_thread(self._store.retry, weighing_id)
        self._look.set()

    def leave(self, weighing_id: str) -> None:
        """A weighing has left the screen: it can be sent."""
        if self._touched.pop(weighing_id, None) is not None:
            self._look.set()

    # ------------------------------------------------------------------ as the API

    async def predict(
        self,
        image: bytes,
        weight_kg: Decimal,
        tare_kg: Decimal | None,
        *,
        scale_id: str,
        idempotency_key: str,
        weighed_at: datetime | None = None,
    ) -> str:
        """Weigh: at the service, or here when it is away. Returns the weighing's id."""
        tried = Tried(idempotency_key, image, weight_kg, tare_kg, scale_id, time.monotonic())
        if self.cut_since is None:
            try:
                job_id = await super().predict(
                    image,
                    weight_kg,
                    tare_kg,
                    scale_id=scale_id,
                    idempotency_key=idempotency_key,
                    weighed_at=weighed_at,
                )
            except ApiUnreachable as error:
                self._lost(error)
            else:
                self._remember(job_id, tried)
                return job_id
        return (await self._keep(tried, local.new_id(self._now()))).id

    async def result(self, job_id: str, language: str, *, wait_s: int = 0) -> Result:
        """A weighing as it stands, at the service or here."""
        kept = await self._here(job_id)
        if kept is None:
            try:
                result = await super().result(job_id, language, wait_s=wait_s)
            except ApiUnreachable as error:
                kept = await self._adopt(job_id, error)
            else:
                if result.status is not Status.PENDING or not self._is_slow(job_id):
                    return result
                kept = await self._keep(self._tried[job_id], job_id)
        elif kept.state is State.SENT and kept.job_id and self.cut_since is None:
            return await super().result(kept.job_id, language, wait_s=wait_s)
        return _result(kept.weighing, language)

    async def confirm(
        self,
        job_id: str,
        label: str,
        language: str,
        *,
        quantity: int | None = None,
        confirmed_by: ConfirmedBy = ConfirmedBy.SHOPPER,
        charged: Mapping[str, str] | None = None,
    ) -> Result:
        """Say what the item is, at the service or here."""
        kept = await self._here(job_id)
        if kept is None:
            try:
                return await super().confirm(
                    job_id,
                    label,
                    language,
                    quantity=quantity,
                    confirmed_by=confirmed_by,
                    charged=charged,
                )
            except ApiUnreachable as error:
                kept = await self._adopt(job_id, error)
        return await self._confirm_here(kept, label, quantity, confirmed_by, language)

    async def catalogue(self) -> tuple[CatalogueItem, ...]:
        """What the shop sells; the copy's when the service is away."""
        if self.cut_since is None:
            try:
                await self._fetch_catalogue()
            except ApiUnreachable as error:
                self._lost(error)
        if self._copy.fetched_at is None:
            raise ApiUnreachable("there never was a catalogue here")
        return _ITEMS.validate_python(self._copy.items)

    # ------------------------------------------------------------------ here

    async def _here(self, job_id: str) -> Kept | None:
        """What is kept here of a weighing; kept from now on where its service is away.

        None for a weighing that is the service's.
        """
        kept = await asyncio.to_thread(self._store.get, job_id)
        if kept is None and self.cut_since and job_id in self._tried:
            return await self._keep(self._tried[job_id], job_id)
        return kept

    async def _adopt(self, job_id: str, error: ApiUnreachable) -> Kept:
        """Go on here with a weighing whose service went away in the middle."""
        tried = self._tried.get(job_id)
        if tried is None:
            raise error
        self._lost(error)
        return await self._keep(tried, job_id)

    def _is_slow(self, job_id: str) -> bool:
        """Whether the service has had its time: its queue or its model may stand still."""
        tried = self._tried.get(job_id)
        known = self._copy.fetched_at is not None
        return known and tried is not None and time.monotonic() - tried.at > SLOW_S

    async def _keep(self, tried: Tried, weighing_id: str) -> Kept:
        if self._copy.fetched_at is None:
            raise ApiUnreachable("there never was a catalogue here")
        began = local.moment_of(weighing_id)
        if began is None:
            weighing_id = local.new_id(began := self._now())
        self._touched[weighing_id] = time.monotonic()
        try:
            return await asyncio.to_thread(self._weigh_here, tried, weighing_id, began)
        except (OSError, sqlite3.Error) as error:
            raise ApiUnreachable(f"nothing can be kept here: {error}") from error

    def _weigh_here(self, tried: Tried, weighing_id: str, began: datetime) -> Kept:
        weighing = self._scale.weigh(
            tried.image,
            (tried.weight_kg, tried.tare_kg),
            tried.scale_id,
            self._copy.items,
            weighing_id,
        )
        kept = Kept(
            id=weighing_id,
            key=tried.key,
            scale_id=tried.scale_id,
            weight_kg=tried.weight_kg,
            tare_kg=tried.tare_kg,
            weighed_at=began,
            weighing=weighing,
        )
        return self._store.add(kept, tried.image)

    async def _confirm_here(
        self,
        kept: Kept,
        label: str,
        quantity: int | None,
        confirmed_by: ConfirmedBy,
        language: str,
    ) -> Result:
        self._touched[kept.id] = time.monotonic()
        try:
            said = await asyncio.to_thread(
                self._scale.confirm,
                kept.weighing,
                label,
                quantity,
                confirmed_by.value,
                self._copy.items,
            )
            await asyncio.to_thread(self._store.change, kept.id, said)
        except NotSold as error:
            raise ApiRefused(str(error)) from error
        except (OSError, sqlite3.Error) as error:
            raise ApiUnreachable(f"nothing can be kept here: {error}") from error
        return _result(said, language)

    def _remember(self, job_id: str, tried: Tried) -> None:
        self._tried[job_id] = tried
        while len(self._tried) > _REMEMBERED:
            self._tried.popitem(last=False)

    def _now(self) -> datetime:
        """Now; a clock that stands before the last contact with the service is wrong."""
        now = datetime.now(UTC)
        seen = self._copy.fetched_at
        latest = now if seen is None else max(now, seen)
        # A weighing's id holds milliseconds; its label and the service's have to say the same.
        return latest.replace(microsecond=latest.microsecond // 1000 * 1000)

    def _lost(self, error: ApiError) -> None:
        if self.cut_since is None:
            self.cut_since = datetime.now(UTC)
            _log.warning("The service is away, this kiosk goes on by itself: %s", error)
            self._look.set()

    # ------------------------------------------------------------------ back

    def start(self) -> None:
        """Begin to look after the service and to send what is kept."""
        self._work = asyncio.get_running_loop().create_task(self._look_after())

    async def close(self) -> None:
        """Stop, and let go of files and connections."""
        if self._work is not None:
            self._work.cancel()
            await asyncio.gather(self._work, return_exceptions=True)
        await super().close()
        self._store.close()

    async def _look_after(self) -> None:
        while True:
            try:
                busy = await self.tend()
            except Exception:  # noqa: BLE001  what is kept waits for the next round, whatever it was
                _log.exception("A round of sending ended")
                busy = True
            self._look.clear()
            try:
                async with asyncio.timeout(PROBE_S if busy else IDLE_S):
                    await self._look.wait()
            except TimeoutError:
                continue

    async def tend(self) -> bool:
        """Look for the service once, and send what waits; whether there is more to do soon."""
        try:
            await self._probe()
        except ApiUnreachable as error:
            self._lost(error)
            return True
        if self.cut_since is not None:
            _log.info("The service is back.")
            self.cut_since = None
        try:
            return await self._send_kept()
        except ApiUnreachable as error:
            self._lost(error)
            return True

    async def _probe(self) -> None:
        """Reach the service: for a fresh catalogue where ours is old, else for its health."""
        fetched = self._copy.fetched_at
        if fetched is None or datetime.now(UTC) - fetched > _FRESH:
            await self._fetch_catalogue()
        else:
            await self.ask(_ANY, "GET", "health")

    async def _fetch_catalogue(self) -> None:
        items = (await self.ask(_ANY, "GET", "catalogue"))["items"]
        _ITEMS.validate_python(items)
        await asyncio.to_thread(self._copy.keep, items, datetime.now(UTC))

    async def _send_kept(self) -> bool:
        while (kept := await asyncio.to_thread(self._store.first)) is not None:
            if time.monotonic() - self._touched.get(kept.id, -self._quiet_s) < self._quiet_s:
                return True
            try:
                adopt(local.correlation_of(kept.weighing))
                job_id = await self._send_one(kept)
            except ApiThrottled:
                return True
            except ApiUnauthorised as error:
                raise ApiUnreachable(str(error)) from error
            except ApiRefused as error:
                _log.warning("The service does not take a kept weighing: %s", error)
                await asyncio.to_thread(self._store.refuse, kept, str(error))
                continue
            if job_id is None:
                return True
            await asyncio.to_thread(self._store.sent, kept, job_id)
            self._touched.pop(kept.id, None)
            adopt(None)
        await asyncio.to_thread(self._store.forget_sent, datetime.now(UTC) - _FORGET_AFTER)
        return False

    async def _send_one(self, kept: Kept) -> str | None:
        """Send a weighing, and what was charged for it; None when the service is not done yet."""
        picture = await asyncio.to_thread(self._store.picture, kept)
        job_id = await super().predict(
            picture,
            kept.weight_kg,
            kept.tare_kg,
            scale_id=kept.scale_id,
            idempotency_key=kept.key,
            weighed_at=kept.weighed_at,
        )
        deadline = time.monotonic() + _PATIENCE_S
        while True:
            result = await super().result(job_id, "en", wait_s=LONGEST_WAIT_S)
            if result.status is not Status.PENDING:
                break
            if time.monotonic() > deadline:
                return None
        sale = local.sale(kept.weighing)
        if sale is not None:
            await super().confirm(
                job_id,
                sale.label,
                "en",
                quantity=sale.quantity,
                confirmed_by=ConfirmedBy(sale.confirmed_by),
                charged=sale.charged,
            )
        return job_id


def _result(weighing: str, language: str) -> Result:
    return Result.model_validate(local.shown(weighing, language))
