"""The five panels."""

import pytest
from nicegui import ElementFilter, ui
from nicegui.testing import User

from tests.frontend.conftest import MANAGER_PIN, log_in
from tests.frontend.fake_api import FakeApi
from tests.frontend.test_weigh import SOON, until

pytestmark = pytest.mark.asyncio


async def test_five_panels_with_their_figures(user: User) -> None:
    await log_in(user, "/analytics", MANAGER_PIN)
    await user.should_see("panel-requests", retries=SOON)

    for panel, figures in {
        "requests": ["Total requests", "1,284"],
        "latency": ["84\u00a0ms", "1.2\u00a0s", "average", "p95"],
        "low-confidence": ["12.5%"],
        "errors": ["3"],
        "top-labels": ["Bananas", "412", "Lemons", "230"],
    }.items():
        with user.scope(marker=f"panel-{panel}"):
            for figure in figures:
                await user.should_see(figure)


async def test_another_period_is_asked_for(user: User) -> None:
    await log_in(user, "/analytics", MANAGER_PIN)
    await user.should_see("panel-requests", retries=SOON)

    user.find("7 days").click()

    await until(lambda: chosen(user) == ["7 days"])
    await user.should_see("panel-requests")


def chosen(user: User) -> list[str]:
    """The periods that are pressed."""
    with user:
        buttons = ElementFilter(kind=ui.button)
        return [one.text for one in buttons if one.props.get("aria-pressed") == "true"][-1:]


async def test_a_quiet_shop_has_panels_too(user: User, api: FakeApi) -> None:
    api.traffic = False
    await log_in(user, "/analytics", MANAGER_PIN)

    await user.should_see("Nothing has been weighed in this time", retries=SOON)
    with user.scope(marker="panel-latency"):
        await user.should_see("—")


async def test_without_the_service_it_says_so_calmly(user: User, api: FakeApi) -> None:
    api.down = True
    await log_in(user, "/analytics", MANAGER_PIN)
    await user.should_see("The figures cannot be fetched right now.", retries=SOON)

    api.down = False
    user.find("refresh").click()
    await user.should_see("panel-requests", retries=SOON)


async def test_it_speaks_german(user: User) -> None:
    await log_in(user, "/analytics?lang=de", MANAGER_PIN)
    await user.should_see("Anfragen gesamt", retries=SOON)
    await user.should_see("1.284")
    await user.should_see("Bananen")
