"""A kiosk proves what it asks for staff, by the API's clock where its own is wrong."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import httpx
import pytest

from frontend.api.client import ApiClient
from frontend.api.errors import ApiForbidden
from smartscale.contract import proof
from smartscale.contract.history import HistoryFilter
from tests.service import KIOSK_SECRET, Service

pytestmark = pytest.mark.asyncio


@pytest.mark.parametrize("hours", [0, -48, 3])
async def test_a_kiosk_whose_clock_is_wrong_proves_itself_by_the_apis(hours: int) -> None:
    asked = 0

    def answer(request: httpx.Request) -> httpx.Response:
        nonlocal asked
        asked += 1
        now = datetime.now(UTC) + timedelta(hours=hours)
        good = proof.proves(
            KIOSK_SECRET,
            request.headers[proof.HEADER],
            request.method,
            request.url.path,
            request.url.query.decode(),
            proof.digest(request.content),
            now,
        )
        headers = {"Date": format_datetime(now, usegmt=True)}
        return httpx.Response(
            200 if good else 403, json={"items": [], "next_cursor": None}, headers=headers
        )

    transport = httpx.MockTransport(answer)
    async with ApiClient("http://api", kiosk_secret=KIOSK_SECRET, transport=transport) as client:
        for cursor in (None, "a b&c"):
            page = await client.history("en", HistoryFilter(scale_id="1 & 2"), cursor=cursor)
            assert page.items == ()
    assert asked == 2 + bool(hours), "the clock is learnt once"


async def test_without_the_right_secret_nothing_is_read() -> None:
    service = Service()
    for secret in (None, "another"):
        transport = service.transport
        async with ApiClient("http://api", kiosk_secret=secret, transport=transport) as client:
            with pytest.raises(ApiForbidden, match="403"):
                await client.history("en", HistoryFilter())
