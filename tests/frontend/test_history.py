"""The list of what was weighed."""

import asyncio
import csv
import io
from datetime import timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from nicegui.testing import User
from PIL import Image

from frontend.api.client import HISTORY_PAGE
from frontend.kiosk import Kiosk
from frontend.staff.history.page import Typed
from smartscale.domain.memory import teaches
from smartscale.domain.weighing import Act, ConfirmedBy
from tests.frontend.conftest import ATTENDANT_PIN, SOON, log_in
from tests.frontend.test_weigh import until
from tests.service import Service

pytestmark = pytest.mark.asyncio


def weigh(api: Service, times: int, label: str = "Banana", confidence: float = 0.97) -> None:
    api.label, api.confidence = label, confidence
    for _ in range(times):
        api.weigh()


def rows(user: User) -> int:
    return len(user.find(marker="weighing").elements)


async def test_newest_first_with_price_and_status(user: User, api: Service) -> None:
    weigh(api, 1)
    weigh(api, 1, "Lemon", 0.5)
    await log_in(user, "/history", ATTENDANT_PIN)

    await user.should_see(marker="weighing", retries=SOON)
    await user.should_see("Needs confirmation")
    await user.should_see("€0.95")
    await user.should_see("97%")
    newest = min(user.find("weighing").elements, key=lambda row: row.id)
    assert "Lemons" in str(newest)


async def test_without_its_service_it_can_be_asked_for_again(user: User, api: Service) -> None:
    weigh(api, 1)
    api.down = True
    await log_in(user, "/history", ATTENDANT_PIN)
    await user.should_see(marker="again", retries=SOON)
    await user.should_not_see("One moment…")

    api.down = False
    user.find(marker="again").click()
    await user.should_see(marker="weighing", retries=SOON)
    await user.should_not_see("cannot be reached")


async def test_more_is_loaded_page_by_page_until_there_is_no_more(user: User, api: Service) -> None:
    weigh(api, HISTORY_PAGE + 5)
    await log_in(user, "/history", ATTENDANT_PIN)
    await user.should_see(marker="weighing", retries=SOON)
    assert rows(user) == HISTORY_PAGE

    user.find("load-more").click()
    await user.should_not_see("load-more", retries=SOON)
    assert rows(user) == HISTORY_PAGE + 5


@pytest.mark.parametrize(
    ("day", "start", "end"),
    [
        ("2026-12-01", "2026-12-01T05:00:00+00:00", "2026-12-02T04:59:59.999000+00:00"),
        ("2026-03-08", "2026-03-08T05:00:00+00:00", "2026-03-09T03:59:59.999000+00:00"),
        ("2026-11-01", "2026-11-01T04:00:00+00:00", "2026-11-02T04:59:59.999000+00:00"),
    ],
)
async def test_a_day_of_the_filter_is_one_of_the_shops(day: str, start: str, end: str) -> None:
    wanted = Typed(first=day, last=day).filter(ZoneInfo("America/New_York"))
    assert (wanted.start, wanted.end) == (start, end)


async def test_only_those_that_need_confirmation(user: User, api: Service) -> None:
    weigh(api, 3)
    weigh(api, 1, "Lemon", 0.5)
    await log_in(user, "/history", ATTENDANT_PIN)
    await user.should_see(marker="weighing", retries=SOON)

    user.find("Needs confirmation").click()
    await user.should_not_see("Bananas", retries=SOON)
    assert rows(user) == 1


async def test_a_correction_is_told(user: User, api: Service) -> None:
    weigh(api, 1)
    (weighing,) = api.weighings
    api.shop.confirm.process(weighing.job_id, label="Lemon")
    await log_in(user, "/history", ATTENDANT_PIN)

    await user.should_see("corrected by hand", retries=SOON)
    await user.should_see("Lemons")
    await user.should_see("Confirmed")


async def test_a_suspicious_confirmation_is_found_by_the_attendant(
    user: User, api: Service
) -> None:
    weigh(api, 2)
    api.shop.confirm.process(api.weighings[0].job_id, label="Yellow-Onion")
    await log_in(user, "/history", ATTENDANT_PIN)
    await user.should_see(marker="weighing", retries=SOON)

    await user.should_see("recognised as Bananas, €0.95")

    user.find("Suspicious ones").click()
    await until(lambda: rows(user) == 1)
    await user.should_see("Brown onions")
    await user.should_not_see("Confirmed")


async def test_a_filter_tapped_before_the_list_is_there_holds(user: User, api: Service) -> None:
    weigh(api, 3)
    weigh(api, 1, "Lemon", 0.5)
    api.listing.clear()
    await log_in(user, "/history", ATTENDANT_PIN)
    await until(lambda: api.count("history") == 1)
    await user.should_see("Needs confirmation", retries=SOON)
    user.find("Needs confirmation").click()
    await user.should_see(marker="weighing", retries=SOON)

    api.listing.set()  # the list that was asked for first comes only now
    for _ in range(200):
        await asyncio.sleep(0)
    assert rows(user) == 1


async def test_nothing_yet_and_the_refresh(user: User, api: Service) -> None:
    await log_in(user, "/history", ATTENDANT_PIN)
    await user.should_see("Nothing has been weighed yet", retries=SOON)

    weigh(api, 1)
    user.find("refresh").click()
    await user.should_see(marker="weighing", retries=SOON)


async def test_without_the_service_it_says_so_calmly(user: User, api: Service) -> None:
    api.down = True
    await log_in(user, "/history", ATTENDANT_PIN)
    await user.should_see("The service cannot be reached right now.", retries=SOON)

    api.down = False
    weigh(api, 1)
    user.find("refresh").click()
    await user.should_see(marker="weighing", retries=SOON)
    await user.should_not_see("The service cannot be reached right now.")


async def test_it_speaks_german(user: User, api: Service) -> None:
    weigh(api, 1)
    await log_in(user, "/history", ATTENDANT_PIN)
    await user.should_see(marker="weighing", retries=SOON)

    user.find("language-de").click()
    await user.should_see("Bananen", retries=SOON)
    await user.should_see("Verlauf")


async def test_a_correction_by_an_attendant(user: User, api: Service) -> None:
    weigh(api, 1)
    await log_in(user, "/history", ATTENDANT_PIN)
    await user.should_see(marker="weighing", retries=SOON)
    user.find(marker="open").click()
    await user.should_see("weighing-card", retries=SOON)
    await user.should_see("It is Bananas")

    user.find("search-item").click()
    await user.should_see("item-Papaya", retries=SOON)
    user.find("item-search").type("gala")
    user.find("item-Royal-Gala").click()
    await user.should_see("The weighing is settled.", retries=SOON)
    await user.should_see("corrected by hand")
    await user.should_see("Royal Gala apple")
    (said,) = api.confirmations
    assert (said.confirmed_label, said.confirmed_by) == ("Royal-Gala", ConfirmedBy.ATTENDANT)


async def test_the_next_best_answer_is_one_tap_away(user: User, api: Service) -> None:
    weigh(api, 1)
    await log_in(user, "/history", ATTENDANT_PIN)
    await user.should_see(marker="weighing", retries=SOON)
    user.find(marker="open").click()
    await user.should_see("it-is-Lemon", retries=SOON)
    user.find("it-is-Lemon").click()
    await user.should_see("corrected by hand", retries=SOON)


async def test_a_suspicious_weighing_is_counted_and_settled(user: User, api: Service) -> None:
    weigh(api, 3)
    api.shop.confirm.process(api.weighings[0].job_id, label="Yellow-Onion")
    await log_in(user, "/suspicious", ATTENDANT_PIN)
    await user.should_see("suspicious-count", retries=SOON)
    assert rows(user) == 1

    user.find(marker="open").click()
    await user.should_see("A shopper chose this instead of what was recognised", retries=SOON)
    await user.should_see("It is Bananas")
    (primary,) = (
        button
        for button in user.find(marker="weighing-card").elements.pop().descendants()
        if "primary" in button.classes
    )
    assert primary in user.find(marker="settle").elements, "green is what the scale saw"
    user.find(marker="let-pass").click()
    await user.should_see("Nothing is suspicious. Well done!", retries=SOON)
    await user.should_not_see("suspicious-count", retries=SOON)
    said = api.confirmations[-1]
    assert (said.confirmed_label, said.confirmed_by) == ("Yellow-Onion", ConfirmedBy.ATTENDANT)
    assert teaches(said) is None


async def test_too_few_pieces_are_put_right_by_a_tap(user: User, api: Service) -> None:
    weigh(api, 1, "Garlic")
    api.shop.confirm.process(api.weighings[0].job_id, label="Garlic", quantity=1)
    await log_in(user, "/suspicious", ATTENDANT_PIN)
    await user.should_see(marker="weighing", retries=SOON)
    await user.should_see("1 piece · 0.500")

    user.find(marker="open").click()
    await user.should_see("A shopper counted fewer pieces", retries=SOON)
    await user.should_see("It is 8 × Garlic")
    user.find("more").click()
    await user.should_see("It is 9 × Garlic", retries=SOON)
    user.find(marker="settle").click()
    await user.should_see("Nothing is suspicious. Well done!", retries=SOON)
    said = api.confirmations[-1]
    assert (said.quantity, said.confirmed_by) == (9, ConfirmedBy.ATTENDANT)


async def test_a_weighing_is_found_by_its_label_printed_again_and_voided(
    user: User, api: Service, kiosk: Kiosk
) -> None:
    api.weigh("0.500", ago=timedelta(seconds=2))
    wanted = api.weigh("0.700", ago=timedelta(seconds=1))
    printer = Path(kiosk.settings.printer.removeprefix("file://"))
    label = await kiosk.labels.label(wanted.job_id, kiosk.language("en"))
    await log_in(user, "/history", ATTENDANT_PIN)
    await user.should_see(marker="weighing", retries=SOON)
    user.find("filter-number").type(str(label.number)).trigger("keydown.enter")
    await until(lambda: rows(user) == 1)

    user.find(marker="open").click()
    await user.should_see("reprint", retries=SOON)
    user.find(marker="reprint").click()
    await user.should_see("The label is printed again.", retries=SOON)
    await until(lambda: printer.exists() and printer.stat().st_size > 0)
    user.find(marker="open").click()
    await user.should_see("Printed again", retries=SOON)
    user.find(marker="void").click()
    await user.should_see("void-yes", retries=SOON)
    user.find(marker="void-yes").click()
    await user.should_see("The weighing is voided.", retries=SOON)
    done = api.shop.weighings.rows[wanted.job_id]
    assert [(act.what, act.staff) for act in done.acts] == [
        (Act.REPRINT, "attendant@kiosk-1"),
        (Act.VOID, "attendant@kiosk-1"),
    ]
    assert (await user.http_client.get(f"/label/{wanted.job_id}.png")).status_code == 409

    await user.open("/report")
    await user.should_see("report-figures", retries=SOON)
    await user.should_see("Voided")
    user.find("export").click()
    table = await user.download.next()
    assert "Bananas,1,0,0.500,0.95,EUR" in table.text
    printed = printer.stat().st_mtime_ns
    user.find("print-report").click()
    await until(lambda: printer.stat().st_mtime_ns > printed)


async def test_filters_by_scale_item_and_day(user: User, api: Service) -> None:
    api.weigh(ago=timedelta(days=3))
    weigh(api, 1)
    weigh(api, 1, "Lemon")
    api.weigh(scale_id="kiosk-2")
    oldest = api.weighings[0]
    await log_in(user, "/history", ATTENDANT_PIN)
    await user.should_see(marker="weighing", retries=SOON)
    assert rows(user) == 4

    user.find("filter-scale").type("kiosk-2").trigger("keydown.enter")
    await until(lambda: rows(user) == 1)
    user.find("clear-filters").click()
    await until(lambda: rows(user) == 4)

    user.find("filter-item").click()
    await user.should_see("item-Banana", retries=SOON)
    user.find("item-Banana").click()
    await until(lambda: rows(user) == 2)

    day = oldest.created_at.astimezone().date().isoformat()
    user.find("filter-to").type(day).trigger("keydown.enter")
    await until(lambda: rows(user) == 1)
    user.find("filter-from").type("2999-01-01").trigger("keydown.enter")
    await user.should_see("The first day must not be after the last one.", retries=SOON)


async def test_the_export_has_what_is_shown(user: User, api: Service) -> None:
    weigh(api, 2)
    weigh(api, 1, "Lemon", 0.5)
    await log_in(user, "/history", ATTENDANT_PIN)
    await user.should_see(marker="weighing", retries=SOON)
    user.find("Needs confirmation").click()
    await until(lambda: rows(user) == 1)
    user.find("export").click()
    table = await user.download.next()
    (exported,) = csv.DictReader(table.text.splitlines())
    assert (exported["label"], exported["needs_confirmation"]) == ("Lemon", "True")


async def test_a_photo_is_for_staff_alone_and_its_end_is_calm(user: User, api: Service) -> None:
    weigh(api, 1)
    await log_in(user, "/history", ATTENDANT_PIN)
    await user.should_see(marker="weighing", retries=SOON)
    (address,) = {
        element.props["src"]
        for element in user.client.elements.values()  # type: ignore[union-attr]
        if str(element.props.get("src", "")).startswith("/photos/")
    }
    photo = await user.http_client.get(address)
    with Image.open(io.BytesIO(photo.content)) as shown:
        assert shown.format == "JPEG"
    assert "private" in photo.headers["cache-control"]
    forged = address.replace("/128.jpg", "/640.jpg")
    assert (await user.http_client.get(forged)).status_code == 403
    assert (await user.http_client.get(address.partition("?")[0])).status_code == 422

    api.shop.uploads.objects.clear()
    gone = await user.http_client.get(address)
    assert (gone.status_code, gone.headers["content-type"]) == (200, "image/svg+xml")
