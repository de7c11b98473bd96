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
    await user.should_see("The service cannot be reached right now.", retries=SOON)

    api.down = False
    user.find("refresh").click()
    await user.should_see("panel-requests", retries=SOON)


async def test_it_speaks_german(user: User) -> None:
    await log_in(user, "/analytics?lang=de", MANAGER_PIN)
    await user.should_see("Anfragen gesamt", retries=SOON)
    await user.should_see("1.284")
    await user.should_see("Bananen")


async def test_what_the_weighings_say(user: User) -> None:
    await log_in(user, "/analytics", MANAGER_PIN)
    await user.should_see("panel-confusion", retries=SOON)
    for panel, said in {
        "confusion": ["80% of 30 confirmed weighings were right.", "Unknown item", "24"],
        "confidence": ["From the newest 5,000 weighings", "91", "10"],
        "scales": ["kiosk-2", "Many errors", "10% errors", "25% with low confidence"],
    }.items():
        with user.scope(marker=f"panel-{panel}"):
            for words in said:
                await user.should_see(words)


async def test_figures_are_taken_away_as_a_file(user: User) -> None:
    await log_in(user, "/analytics", MANAGER_PIN)
    await user.should_see("csv-confusion", retries=SOON)
    user.find(marker="csv-confusion").click()
    table = (await user.download.next()).content.decode("utf-8-sig").splitlines()
    assert table == [
        "Recognised as,Confirmed as,Weighings",
        "Bananas,Bananas,24",
        "Unknown item,Lemons,6",
    ]


async def test_charts_can_be_hovered_and_have_a_name(user: User) -> None:
    await log_in(user, "/analytics", MANAGER_PIN)
    await user.should_see("panel-confusion", retries=SOON)
    charts = user.find(ui.echart).elements
    assert len(charts) == 7
    for chart in charts:
        assert chart.props["aria-label"]
        assert "tooltip" in chart.options
    pictures = {
        mark for one in user.find(ui.button).elements for mark in one._markers if "picture-" in mark
    }
    assert len(pictures) == len(charts), "each can be saved"
