"""Sends to the service what was weighed without it."""

import asyncio
import logging
import time
from collections import Counter
from datetime import UTC, datetime, timedelta

from frontend.api.client import LONGEST_WAIT_S, ApiClient
from frontend.api.errors import (
    ApiForbidden,
    ApiMissing,
    ApiRefused,
    ApiThrottled,
    ApiTroubled,
    ApiUnauthorised,
    ApiUnreachable,
)
from frontend.logs import adopt
from frontend.offline import local
from frontend.offline.screens import Screens
from frontend.offline.store import Kept, Store, Void
from smartscale.contract.weighing import Act, ConfirmedBy, Result, Status

_PATIENCE_S = 120.0
"""How long the service may take to recognise one weighing that was sent."""
SLOW_S = 3.0
"""A service that takes longer to recognise one has much to do: shoppers come first."""
_FORGET_AFTER = timedelta(days=1)
TRIES = 20
"""In how many rounds the service may fail at one weighing before the others go first."""

_log = logging.getLogger(__name__)


class Sender:
    """Sends kept weighings in their order, each with what was charged for it.

    Each is sent with the key that the shopper's first try had, so that it is one weighing however
    far that try came.
    """

    def __init__(self, service: ApiClient, store: Store, screens: Screens) -> None:
        self._service, self._store, self._screens = service, store, screens
        self._failed: Counter[str] = Counter()

    async def send_kept(self) -> bool:
        """Send what waits; returns whether something still waits.

        A kiosk is one of many, who all have something to send after an outage: where the service
        is slow to take one, the next waits for another round.

        Raises:
            ApiUnreachable: the service is away again.
        """
        while (kept := await asyncio.to_thread(self._store.first)) is not None:
            if self._screens.may_show(kept.id):
                return True
            began = time.monotonic()
            try:
                adopt(local.correlation_of(kept.weighing))
                job_id = await self._send(kept)
            except ApiThrottled:
                return True
            except ApiUnauthorised as error:
                raise ApiUnreachable(str(error)) from error
            except ApiTroubled as error:
                _log.warning("The service fails at a kept weighing: %s", error)
                self._failed[kept.id] += 1
                if self._failed[kept.id] % TRIES:
                    return True
                await asyncio.to_thread(self._store.refuse, kept, str(error))
                continue
            except ApiRefused as error:
                _log.warning("The service does not take a kept weighing: %s", error)
                await asyncio.to_thread(self._store.refuse, kept, str(error))
                continue
            if job_id is None:
                return True
            await asyncio.to_thread(self._store.sent, kept, job_id)
            self._screens.leave(kept.id)
            adopt(None)
            if time.monotonic() - began > SLOW_S:
                return await asyncio.to_thread(self._store.first) is not None
        await asyncio.to_thread(self._store.forget_sent, datetime.now(UTC) - _FORGET_AFTER)
        return not await self._send_voids()

    async def void(self, void: Void) -> bool:
        """Tell the service that a weighing is no sale; False while it is not recognised.

        Raises:
            ApiError: the service does not take it just now.
        """
        try:
            if void.unless_settled and _is_settled(await self._service.result(void.job_id, "en")):
                return True
            await self._service.act(void.job_id, Act.VOID, void.by, "en")
        except ApiMissing:
            return True  # it never came to the service
        except ApiForbidden as error:
            if self._service.proves_itself:
                raise
            _log.warning("A weighing that is no sale stays one: %s", error)
        except (ApiThrottled, ApiTroubled, ApiUnauthorised):
            raise
        except ApiRefused:
            # It has no outcome yet, or failed.
            result = await self._service.result(void.job_id, "en")
            return result.status is Status.FAILED or result.voided
        return True

    async def _send_voids(self) -> bool:
        """Tell of what is no sale; returns whether the service knows of all that."""
        done = True
        for void in await asyncio.to_thread(self._store.voids):
            try:
                known = await self.void(void)
            except ApiRefused as error:
                _log.warning("The service does not take that a weighing is no sale: %s", error)
                known = False
            began = local.moment_of(void.job_id)
            old = began is not None and began < datetime.now(UTC) - _FORGET_AFTER
            if known or old:
                await asyncio.to_thread(self._store.forget_void, void.job_id)
            else:
                done = False
        return done

    async def _send(self, kept: Kept) -> str | None:
        """Send a weighing and what was charged for it; None while the service is not done."""
        picture = await asyncio.to_thread(self._store.picture, kept)
        job_id = await self._service.predict(
            picture,
            kept.weight_kg,
            kept.tare_kg,
            scale_id=kept.scale_id,
            idempotency_key=kept.key,
            weighed_at=kept.weighed_at,
        )
        if not await self._is_recognised(job_id):
            return None
        sale = local.sale(kept.weighing)
        if sale is not None:
            await self._service.confirm(
                job_id,
                sale.label,
                "en",
                quantity=sale.quantity,
                confirmed_by=ConfirmedBy(sale.confirmed_by),
                charged=sale.charged,
            )
        elif (by := local.voided_by(kept.weighing)) is not None:
            await self.void(Void(job_id, by, unless_settled=False))
        return job_id

    async def _is_recognised(self, job_id: str) -> bool:
        """Wait until the service has recognised a weighing; False where that takes too long."""
        deadline = time.monotonic() + _PATIENCE_S
        while True:
            result = await self._service.result(job_id, "en", wait_s=LONGEST_WAIT_S)
            if result.status is not Status.PENDING:
                return True
            if time.monotonic() > deadline:
                return False


def _is_settled(result: Result) -> bool:
    """Whether an attendant has given a weighing a price that holds."""
    return result.confirmed_by is ConfirmedBy.ATTENDANT and not result.needs_count
