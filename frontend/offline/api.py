"""The kiosk's way to its service, which leads to this machine while the service is away.

What the service cannot answer because it is not reachable is weighed here. `Availability` knows
whether the service is away, `Keeper` weighs here and keeps that, `Sender` sends it when the service
is back, and `Watch` finds out when that is.
"""

import asyncio
import logging
import sqlite3
import time
from collections import OrderedDict
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from frontend.api.client import ApiClient
from frontend.api.errors import ApiError, ApiThrottled, ApiUnreachable
from frontend.offline import local
from frontend.offline.availability import LOOK_S, Availability
from frontend.offline.copy import CatalogueCopy
from frontend.offline.keeper import Keeper, Request
from frontend.offline.lessons import LessonsCopy
from frontend.offline.screens import QUIET_S, Screens
from frontend.offline.sender import Sender
from frontend.offline.store import Kept, State, Store, Void
from frontend.offline.watch import Watch
from smartscale.contract.catalogue import CatalogueItem
from smartscale.contract.document import FALLBACK_LANGUAGE
from smartscale.contract.weighing import ConfirmedBy, Result, Status

SLOW_S = 10.0
"""How long the service may take to recognise before the shopper gets an answer from here."""
_REMEMBERED = 64
"""How many requests are remembered whose service may go away before it has answered."""


_log = logging.getLogger(__name__)


class OfflineApi:
    """Routes each request to the service where that can be reached, else to this machine."""

    def __init__(
        self,
        base_url: str,
        folder: Path,
        *,
        quiet_s: float = QUIET_S,
        look_s: float = LOOK_S,
        hold_s: int = 0,
        **options: Any,
    ) -> None:
        """Nothing is asked or sent before `start`.

        Args:
            base_url: where the service is.
            folder: where weighings, the catalogue and what was taught are kept.
            quiet_s: for how many seconds nobody may have changed a weighing before it is sent.
            look_s: how often the service is asked for what is new while nobody weighs.
            hold_s: how long it may hold a weighing's request until it has the answer, which saves
                the request for that.
            options: what `ApiClient` takes besides.
        """
        self.service = ApiClient(base_url, **options)
        """The service itself: for what only the service can answer."""
        self._availability = Availability()
        self._store = Store(folder / "weighings.sqlite")
        self._copy = CatalogueCopy(folder / "catalogue.json")
        self._screens = Screens(quiet_s)
        lessons = LessonsCopy(folder / "lessons.json", local.model_here())
        self._keeper = Keeper(self._store, self._copy, lessons, self._screens)
        self._sender = Sender(self.service, self._store, self._screens)
        copies = self._copy, lessons
        self._watch = Watch(self.service, self._availability, copies, self._sender, look_s)
        self._hold_s, self._language = hold_s, FALLBACK_LANGUAGE
        self._ready: dict[tuple[str, str], Result] = {}
        """The answer that came with the last request, by its weighing and language."""
        self._requests: OrderedDict[str, tuple[Request, float]] = OrderedDict()
        """What the service was sent, by the id that it gave; and when, on the monotonic clock."""

    def start(self) -> None:
        """Begin to look after the service and to send what is kept."""
        self._watch.start()

    async def close(self) -> None:
        """Stop, and let go of files and connections."""
        await self._watch.stop()
        await self.service.close()
        self._store.close()

    async def tend(self) -> bool:
        """Ask for the service once, and send what waits; returns whether there is more to do."""
        return await self._watch.tend()

    # ------------------------------------------------------------------ what the kiosk shows

    @property
    def cut_since(self) -> datetime | None:
        """Since when the service is away; None while it is there."""
        return self._availability.cut_since

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
        self._availability.wake()

    def leave(self, weighing_id: str) -> None:
        """Nobody looks at a weighing any more: it can be sent."""
        if self._screens.leave(weighing_id):
            self._availability.wake()

    # ------------------------------------------------------------------ routed requests

    async def predict(
        self,
        image: bytes,
        weight_kg: Decimal,
        tare_kg: Decimal | None,
        *,
        scale_id: str,
        idempotency_key: str,
    ) -> str:
        """Weigh: at the service, or here when it is away. Returns the weighing's id."""
        self._availability.note_used()
        request = Request(idempotency_key, image, weight_kg, tare_kg, scale_id)
        sent_at = time.monotonic()
        if self.cut_since is None:
            try:
                accepted = await self.service.weigh(
                    image,
                    weight_kg,
                    tare_kg,
                    scale_id=scale_id,
                    idempotency_key=idempotency_key,
                    hold_s=self._hold_s,
                    language=self._language,
                )
            except ApiUnreachable as error:
                self._availability.note_lost(error)
            except ApiThrottled as error:  # others are many just now; no shopper waits for them
                _log.info(
                    "The service takes no weighing just now, this one is made here: %s", error
                )
            else:
                self._remember(accepted.job_id, request, sent_at)
                if accepted.result is not None:
                    self._ready = {(accepted.job_id, self._language): accepted.result}
                return accepted.job_id
        return (await self._keeper.weigh(request)).id

    async def result(self, job_id: str, language: str, *, wait_s: int = 0) -> Result:
        """A weighing as it stands, at the service or here."""
        self._language = language
        ready = self._ready.pop((job_id, language), None)
        if ready is not None:
            return ready
        kept = await self._here(job_id)
        if kept is None:
            try:
                result = await self.service.result(job_id, language, wait_s=wait_s)
            except ApiUnreachable as error:
                kept = await self._take_over(job_id, error)
            except ApiThrottled:
                if job_id not in self._requests:
                    raise
                kept = await self._keeper.weigh(self._requests[job_id][0], job_id)
            else:
                if result.status is not Status.PENDING or not self._is_slow(job_id):
                    return result
                kept = await self._keeper.weigh(self._requests[job_id][0], job_id)
        elif kept.state is State.SENT and kept.job_id and self.cut_since is None:
            return await self.service.result(kept.job_id, language, wait_s=wait_s)
        return _result(kept.weighing, language)

    async def confirm(
        self,
        job_id: str,
        label: str,
        language: str,
        *,
        quantity: int | None = None,
        confirmed_by: ConfirmedBy = ConfirmedBy.SHOPPER,
        staff: str | None = None,
    ) -> Result:
        """Say what the item is, at the service or here, where nobody keeps who of the staff."""
        kept = await self._here(job_id)
        if kept is None:
            try:
                return await self.service.confirm(
                    job_id,
                    label,
                    language,
                    quantity=quantity,
                    confirmed_by=confirmed_by,
                    staff=staff,
                )
            except ApiUnreachable as error:
                kept = await self._take_over(job_id, error)
        return _result(await self._keeper.confirm(kept, label, quantity, confirmed_by), language)

    async def void(self, weighing_id: str, by: str, *, unless_settled: bool) -> None:
        """A weighing is no sale: another one of the same load took its place, or nobody wanted it.
        Where the service cannot be told, it is told later.

        Args:
            weighing_id: the service's id of it, the one that it has here, or its Idempotency-Key.
            by: the scale.
            unless_settled: whether it counts if an attendant has given it a price meanwhile.
        """
        void = Void(weighing_id, by, unless_settled)
        try:
            kept = await self._keeper.get(weighing_id)
            if kept is not None:
                await self._keeper.void(kept, by, unless_settled=unless_settled)
                self._availability.wake()
                return
            await asyncio.to_thread(self._store.note_void, void)  # this kiosk may be killed
        except (OSError, sqlite3.Error, ApiError) as error:
            _log.warning("That a weighing is no sale cannot be kept here: %s", error)
        try:
            if self.cut_since is None and await self._sender.void(void):
                await asyncio.to_thread(self._store.forget_void, weighing_id)
                return
        except (OSError, sqlite3.Error, ApiError) as error:
            _log.info("A weighing that is no sale is told of later: %s", error)
        self._availability.wake()

    async def catalogue(self) -> tuple[CatalogueItem, ...]:
        """What the shop sells; the copy's when the service is away."""
        if self.cut_since is None:
            try:
                await self._copy.fetch(self.service)
            except ApiUnreachable as error:
                self._availability.note_lost(error)
        return self._copy.read()

    async def _here(self, job_id: str) -> Kept | None:
        """What is kept here of a weighing; None for one that the service has.

        A weighing whose service has gone away is kept here from now on.
        """
        kept = await self._keeper.get(job_id)
        if kept is None and self.cut_since is not None and job_id in self._requests:
            return await self._keeper.weigh(self._requests[job_id][0], job_id)
        return kept

    async def _take_over(self, job_id: str, error: ApiUnreachable) -> Kept:
        """Go on here with a weighing whose service went away in the middle."""
        if job_id not in self._requests:
            raise error
        self._availability.note_lost(error)
        return await self._keeper.weigh(self._requests[job_id][0], job_id)

    def _is_slow(self, job_id: str) -> bool:
        """Whether the service has had its time: its queue or its model may stand still."""
        if self._copy.fetched_at is None or job_id not in self._requests:
            return False
        _, sent_at = self._requests[job_id]
        return time.monotonic() - sent_at > SLOW_S

    def _remember(self, job_id: str, request: Request, sent_at: float) -> None:
        self._requests[job_id] = request, sent_at
        while len(self._requests) > _REMEMBERED:
            self._requests.popitem(last=False)


def _result(weighing: str, language: str) -> Result:
    return Result.model_validate(local.shown(weighing, language))
