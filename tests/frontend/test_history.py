"""The list of what was weighed."""

import asyncio

import pytest
from nicegui.testing import User

from frontend.api_client import HISTORY_PAGE
from tests.frontend.fake_api import FakeApi
from tests.frontend.test_weigh import SOON, until

pytestmark = pytest.mark.asyncio


def weigh(api: FakeApi, times: int, label: str = "Banana", confidence: float = 0.97) -> None:
    api.label, api.confidence = label, confidence
    for _ in range(times):
        api.weigh("0.500", None, "kiosk-1")


def rows(user: User) -> int:
    return len(user.find("weighing").elements)


async def test_newest_first_with_price_and_status(user: User, api: FakeApi) -> None:
    weigh(api, 1)
    weigh(api, 1, "Lemon", 0.5)
    await user.open("/history")

    await user.should_see("weighing", retries=SOON)
    await user.should_see("Needs confirmation")
    await user.should_see("€0.95")
    await user.should_see("97%")
    newest = min(user.find("weighing").elements, key=lambda row: row.id)
    assert "Lemons" in str(newest)


async def test_more_is_loaded_page_by_page_until_there_is_no_more(user: User, api: FakeApi) -> None:
    weigh(api, HISTORY_PAGE + 5)
    await user.open("/history")
    await user.should_see("weighing", retries=SOON)
    assert rows(user) == HISTORY_PAGE

    user.find("load-more").click()
    await user.should_not_see("load-more", retries=SOON)
    assert rows(user) == HISTORY_PAGE + 5


async def test_only_those_that_need_confirmation(user: User, api: FakeApi) -> None:
    weigh(api, 3)
    weigh(api, 1, "Lemon", 0.5)
    await user.open("/history")
    await user.should_see("weighing", retries=SOON)

    user.find("Needs confirmation").click()
    await user.should_not_see("Bananas", retries=SOON)
    assert rows(user) == 1


async def test_a_correction_is_told(user: User, api: FakeApi) -> None:
    weigh(api, 1)
    (job,) = api.jobs.values()
    job["confirmed_label"] = "Lemon"
    await user.open("/history")

    await user.should_see("corrected by hand", retries=SOON)
    await user.should_see("Lemons")
    await user.should_see("Confirmed")


async def test_a_suspicious_confirmation_is_found_by_the_attendant(
    user: User, api: FakeApi
) -> None:
    weigh(api, 2)
    job = next(iter(api.jobs.values()))
    job |= {"confirmed_label": "Yellow-Onion", "suspicious": True}
    await user.open("/history")
    await user.should_see("weighing", retries=SOON)

    await user.should_see("recognised as Bananas, €0.95")

    user.find("Suspicious").click()
    await until(lambda: rows(user) == 1)
    await user.should_see("Brown onions")
    await user.should_not_see("Confirmed")


async def test_a_filter_tapped_before_the_list_is_there_holds(user: User, api: FakeApi) -> None:
    weigh(api, 3)
    weigh(api, 1, "Lemon", 0.5)
    api.listing.clear()
    await user.open("/history")
    await until(lambda: api.lists == 1)
    user.find("Needs confirmation").click()
    await user.should_see("weighing", retries=SOON)

    api.listing.set()  # the list that was asked for first comes only now
    for _ in range(200):
        await asyncio.sleep(0)
    assert rows(user) == 1


async def test_nothing_yet_and_the_refresh(user: User, api: FakeApi) -> None:
    await user.open("/history")
    await user.should_see("Nothing has been weighed yet", retries=SOON)

    weigh(api, 1)
    user.find("refresh").click()
    await user.should_see("weighing", retries=SOON)


async def test_without_the_service_it_says_so_calmly(user: User, api: FakeApi) -> None:
    api.down = True
    await user.open("/history")
    await user.should_see("The list cannot be fetched right now.", retries=SOON)

    api.down = False
    weigh(api, 1)
    user.find("refresh").click()
    await user.should_see("weighing", retries=SOON)
    await user.should_not_see("The list cannot be fetched right now.")


async def test_it_speaks_german(user: User, api: FakeApi) -> None:
    weigh(api, 1)
    await user.open("/history")
    await user.should_see("weighing", retries=SOON)

    user.find("language-de").click()
    await user.should_see("Bananen", retries=SOON)
    await user.should_see("Verlauf")
