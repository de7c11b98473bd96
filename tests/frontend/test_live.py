"""The attendant's phone: what waits for help comes by itself, and goes with a tap."""

from datetime import UTC, datetime, timedelta
from unittest.mock import Mock

import pytest
from nicegui import ui
from nicegui.testing import User

from frontend.devices.scales.scale import Condition
from frontend.kiosk import Kiosk
from frontend.labels.printer import AWAY, NO_PAPER, Printer
from frontend.staff import live
from frontend.words.languages import load_languages
from smartscale.contract.weighing import Result
from smartscale.domain.weighing import ConfirmedBy
from tests.frontend.conftest import ATTENDANT_PIN, SOON, log_in
from tests.frontend.test_weigh import until
from tests.service import Service

DONE = {"job_id": "0" * 32, "status": "done", "needs_confirmation": False}


@pytest.mark.parametrize(
    ("changes", "needs"),
    [
        ({}, False),
        ({"needs_confirmation": True}, True),
        ({"needs_count": True}, True),
        ({"suspicious": True}, True),
        ({"status": "failed"}, True),
        ({"status": "pending"}, False),
        ({"needs_confirmation": True, "voided": True}, False),
    ],
)
def test_who_needs_help(changes: dict[str, object], needs: bool) -> None:
    assert live.needs_help(Result.model_validate(DONE | changes)) is needs


def test_what_is_wrong_with_the_kiosk_is_told() -> None:
    printer = Mock(spec=Printer, trouble=None)
    kiosk = Mock(spec=Kiosk, api=Mock(cut_since=None), labels=Mock(printer=printer))
    kiosk.station.shopper.plate.condition = Condition.STABLE
    t = load_languages()["en"]
    assert live.troubles(kiosk, t) == []
    kiosk.api.cut_since = datetime(2026, 11, 28, 12, tzinfo=UTC)
    kiosk.station.shopper.plate.condition = Condition.UNAVAILABLE
    printer.trouble = NO_PAPER
    assert live.troubles(kiosk, t) == [
        "The service is away since Nov 28, 12:00: this kiosk goes on by itself.",
        "The scale of this kiosk does not answer.",
        "The label printer has no paper.",
    ]
    printer.trouble = AWAY
    assert live.troubles(kiosk, t)[-1] == "The label printer does not answer."


@pytest.mark.asyncio
async def test_what_waits_comes_and_goes_without_a_reload(
    user: User, api: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "POLL_S", 0.05)
    titles: list[str] = []
    monkeypatch.setattr(ui, "page_title", titles.append)
    await log_in(user, "/live", ATTENDANT_PIN)
    await user.should_see("Nobody needs you right now.", retries=SOON)

    api.confidence = 0.5
    unsure = api.weigh(ago=timedelta(seconds=20))
    await user.should_see("Needs confirmation", retries=SOON)
    await until(lambda: titles[-1] == "(1) SmartScale")
    user.find(marker="settle").click()
    await user.should_see("Nobody needs you right now.", retries=SOON)
    await until(lambda: len(api.confirmations) == 1)  # the card goes at once
    [said] = api.confirmations
    assert (said.job_id, said.confirmed_label) == (unsure.job_id, "Banana")
    assert said.confirmed_by is ConfirmedBy.ATTENDANT

    api.confidence = 0.97
    fraud = api.weigh(ago=timedelta(seconds=10))
    api.shop.confirm.process(fraud.job_id, label="Yellow-Onion")
    await user.should_see("A shopper chose this instead", retries=SOON)
    await user.should_see("recognised as Bananas")
    await user.should_see("It is Bananas")
    assert len(user.find(marker="live-card").elements) == 1
    user.find(marker="live-search-item").click()
    await user.should_see("item-search", retries=SOON)
    user.find(marker="close-weighing").click()
    user.find(marker="live-void").click()
    await user.should_see("Yes, void it", retries=SOON)
    user.find(marker="void-yes").click()
    await user.should_see("Nobody needs you right now.", retries=SOON)
    await until(lambda: titles[-1] == "SmartScale")
    await until(lambda: api.shop.weighings.rows[fraud.job_id].voided is not None)

    user.find(marker="log-out").click()
    await user.should_see(marker="login", retries=SOON)
    api.confidence = 0.5
    api.weigh(ago=timedelta(seconds=5))
    await user.should_not_see(marker="live-card")
