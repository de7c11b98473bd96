"""The panels of figures."""

from datetime import timedelta
from decimal import Decimal

import pytest
from nicegui import ElementFilter, ui
from nicegui.testing import User

from smartscale.domain.asking import Asking
from smartscale.operations.metrics import insights
from tests.frontend.conftest import MANAGER_PIN, SOON, log_in
from tests.frontend.test_weigh import until
from tests.service import Service

pytestmark = pytest.mark.asyncio


async def test_the_panels_with_their_figures(user: User, api: Service) -> None:
    api.shop.asking.stored = Asking(
        threshold=Decimal("0.97"), risk=Decimal("0.005"), bound=Decimal("0.009"), checked=240
    )
    await log_in(user, "/analytics", MANAGER_PIN)
    await user.should_see("panel-requests", retries=SOON)

    for panel, figures in {
        "requests": ["Total requests", "1,284"],
        "latency": ["84\u00a0ms", "1.2\u00a0s", "average", "p95"],
        "low-confidence": ["12.5%"],
        "risk": ["0.5%", "0.9%", "Up to 1% may be wrong. So far 240 answers were checked."],
        "taps": ["0.42"],
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


async def test_a_quiet_shop_has_panels_too(user: User, api: Service) -> None:
    api.figures.traffic = False
    await log_in(user, "/analytics", MANAGER_PIN)

    await user.should_see("Nothing has been weighed in this time", retries=SOON)
    with user.scope(marker="panel-latency"):
        await user.should_see("—")


async def test_without_the_service_it_says_so_calmly(user: User, api: Service) -> None:
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


SHORTLY = timedelta(minutes=1)


@pytest.fixture
def busy(api: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    """40 weighings of a scale, more than are looked at; a tenth failed, a quarter was asked."""
    monkeypatch.setattr(insights, "MOST_WEIGHINGS", 40)
    monkeypatch.setattr(api, "fails", "the picture is cut off")
    api.weigh(ago=timedelta(minutes=2))  # one too many
    for _ in range(4):
        api.weigh(scale_id="kiosk-2", ago=SHORTLY)
    monkeypatch.setattr(api, "fails", None)
    for number in range(36):
        api.label, api.confidence = ("unknown", 0.8) if number < 9 else ("Banana", 0.97)
        weighing = api.weigh(scale_id="kiosk-2", ago=SHORTLY)
        if number < 6:
            api.shop.confirm.process(weighing.job_id, label="Lemon")
        elif number >= 12:
            api.shop.confirm.process(weighing.job_id, label="Banana")


@pytest.mark.usefixtures("busy")
async def test_what_the_weighings_say(user: User) -> None:
    await log_in(user, "/analytics", MANAGER_PIN)
    await user.should_see("panel-confusion", retries=SOON)
    for panel, said in {
        "confusion": ["80% of 30 confirmed weighings were right.", "Unknown item", "24"],
        "confidence": ["From the newest 40 weighings", "92.8", "25"],
        "scales": ["kiosk-2", "Many errors", "10% errors", "25% with low confidence"],
    }.items():
        with user.scope(marker=f"panel-{panel}"):
            for words in said:
                await user.should_see(words)


@pytest.mark.usefixtures("busy")
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


@pytest.mark.usefixtures("busy")
async def test_charts_can_be_hovered_and_have_a_name(user: User) -> None:
    await log_in(user, "/analytics", MANAGER_PIN)
    await user.should_see("panel-confusion", retries=SOON)
    charts = user.find(ui.echart).elements
    assert len(charts) == 8
    for chart in charts:
        assert chart.props["aria-label"]
        assert "tooltip" in chart.options
    pictures = {
        mark for one in user.find(ui.button).elements for mark in one._markers if "picture-" in mark
    }
    assert len(pictures) == len(charts), "each can be saved"
