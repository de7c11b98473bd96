"""The demo, walked in a real browser through the whole running system."""

import re
from collections.abc import Callable
from decimal import ROUND_HALF_UP, Decimal

import httpx
import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import ATTENDANT, MANAGER, Running, log_in
from tests.support import eventually

pytestmark = [pytest.mark.integration, pytest.mark.browser]

CALCULATION = re.compile(r"€([\d.]+)/kg × ([\d.]+)\skg = €([\d.]+)")


def pictures_are_there(page: Page) -> None:
    """Wait for every picture that is drawn, so that a screenshot shows them."""
    page.wait_for_function(
        "[...document.images].every(image => image.complete && image.naturalWidth)"
    )


def exact(page: Page) -> Decimal:
    """The price on the screen, after checking that it is unit price times net weight."""
    line = page.get_by_text(CALCULATION)
    expect(line).to_be_visible()
    found = CALCULATION.search(line.inner_text())
    assert found is not None
    unit_price, net, price = (Decimal(figure) for figure in found.groups())
    assert price == (unit_price * net).quantize(Decimal("0.01"), ROUND_HALF_UP)
    return price


def answered(page: Page) -> None:
    """The answer is there; a sample on the simulated scale has it coming without a tap."""
    expect(page.get_by_text("Price", exact=True)).to_be_visible()


def weighings(system: Running) -> int:
    """How many the history holds."""
    found, cursor = 0, ""
    with httpx.Client(base_url=f"{system.api}/v1", timeout=30, trust_env=False) as client:
        while cursor is not None:
            asked = client.get(
                "/history", params={"limit": 100} | ({"cursor": cursor} if cursor else {})
            )
            page = asked.raise_for_status().json()
            found, cursor = found + len(page["items"]), page["next_cursor"]
    return found


@pytest.mark.usefixtures("busy")
def test_one_tap_weigh_history_analytics(
    page: Page, system: Running, keep: Callable[[str], None]
) -> None:
    before = weighings(system)
    page.goto("/")
    sample = page.get_by_role("group", name="Samples").get_by_role("button", name="Bananas")
    expect(sample).to_be_visible()
    pictures_are_there(page)
    keep("weigh")

    sample.click()
    expect(page.get_by_role("img", name="Your picture")).to_be_visible()
    expect(page.get_by_label("Weight", exact=True)).to_have_value("0.742")
    answered(page)
    expect(page.get_by_role("heading", level=1)).to_contain_text("Bananas")
    price = exact(page)
    pictures_are_there(page)
    keep("result")

    log_in(page, MANAGER)
    newest = page.get_by_role("row").nth(1)
    expect(newest).to_contain_text("Bananas")
    expect(newest).to_contain_text(f"€{price}")
    pictures_are_there(page)
    keep("history")

    page.get_by_role("link", name="Analytics").click()
    total = page.get_by_role("region", name="Total requests")

    def counted() -> bool:
        page.get_by_role("button", name="Refresh").click()
        return f"\n{before + 1}" in total.inner_text()

    expect(total).to_be_visible()
    eventually(counted)
    for panel in ("Latency", "Low-confidence rate", "Errors", "Top labels"):
        expect(page.get_by_role("region", name=panel, exact=True)).to_be_visible()
    pictures_are_there(page)
    keep("analytics")


def test_the_camera_takes_the_picture(page: Page) -> None:
    page.goto("/")
    # The browser has allowed the camera, so the kiosk does not ask for a tap to turn it on.
    shutter = page.get_by_role("button", name="Take picture")
    expect(shutter).to_be_visible()
    page.wait_for_function("document.querySelector('video').videoWidth > 0")
    shutter.click()
    expect(page.get_by_role("img", name="Your picture")).to_be_visible()

    page.get_by_label("Weight", exact=True).fill("0,5")
    page.get_by_label("Tare (optional)").fill("0.02")
    page.get_by_role("button", name="Classify").click()
    answered(page)
    expect(page.get_by_role("heading", level=1)).to_contain_text("Bananas")
    expect(page.get_by_text("Gross 0.500\u00a0kg − tare 0.020\u00a0kg")).to_be_visible()
    exact(page)


CAMERA_FAILS = """
const fails = (name) => Promise.reject(new DOMException("no", name));
navigator.mediaDevices.getUserMedia = () => fails("%s");
"""
NO_CAMERA = {
    "NotAllowedError": "The camera is not allowed here.",
    "NotFoundError": "There is no camera here.",
    "NotReadableError": "Another program is using the camera.",
}


@pytest.mark.parametrize("error", NO_CAMERA)
def test_each_reason_for_no_camera_has_its_own_sentence(page: Page, error: str) -> None:
    page.add_init_script(CAMERA_FAILS % error)
    page.goto("/")
    expect(page.get_by_text(NO_CAMERA[error])).to_be_visible()


def test_an_insecure_page_says_that_it_needs_https(page: Page) -> None:
    page.add_init_script(
        """
        Object.defineProperty(window, "isSecureContext", { value: false });
        Object.defineProperty(navigator, "mediaDevices", { value: undefined });
        """
    )
    page.goto("/")
    expect(page.get_by_text("opened by https")).to_be_visible()


def test_a_camera_that_is_unplugged_comes_back_when_it_is_plugged_in(page: Page) -> None:
    page.goto("/")
    expect(page.get_by_role("button", name="Take picture")).to_be_visible()
    page.wait_for_function("document.querySelector('video')?.srcObject")
    page.evaluate(
        "document.querySelector('video').srcObject.getVideoTracks()[0]"
        ".dispatchEvent(new Event('ended'))"
    )
    expect(page.get_by_text("The camera was unplugged.")).to_be_visible()
    page.evaluate("navigator.mediaDevices.dispatchEvent(new Event('devicechange'))")
    expect(page.get_by_role("button", name="Take picture")).to_be_visible()


def test_something_else_is_found_by_its_number(page: Page) -> None:
    page.goto("/")
    page.get_by_role("group", name="Samples").get_by_role("button").nth(1).click()
    expect(page.get_by_role("img", name="Your picture")).to_be_visible()
    answered(page)
    page.get_by_role("button", name="Something else").click()
    page.get_by_label("Search by name or number").fill("4030")
    page.get_by_role("button", name="Kiwi fruit").click()

    expect(page.get_by_role("heading", level=1)).to_have_text("Kiwi fruit")
    expect(page.get_by_text("Confirmed", exact=True)).to_be_visible()
    exact(page)
    page.get_by_role("button", name="Next item").click()
    expect(page.get_by_role("button", name="Classify")).to_be_visible()


def test_what_is_not_on_the_menu_has_no_price_until_it_is_found(
    page: Page, keep: Callable[[str], None]
) -> None:
    page.goto("/")
    page.locator("button.sample", has_text="carton").click()
    expect(page.get_by_role("img", name="Your picture")).to_be_visible()
    expect(page.get_by_role("heading", level=1)).to_have_text("I don't know this item")
    expect(page.get_by_text("Price", exact=True)).not_to_be_visible()
    pictures_are_there(page)
    keep("unknown")
    page.get_by_label("Search by name or number").fill("ging")
    page.get_by_role("button", name="Ginger").click()
    expect(page.get_by_text("Confirmed", exact=True)).to_be_visible()
    exact(page)


def test_nothing_on_the_scale_is_said_and_can_be_searched_all_the_same(
    page: Page, keep: Callable[[str], None]
) -> None:
    page.goto("/")
    page.locator("button.sample", has_text="empty").click()
    expect(page.get_by_role("img", name="Your picture")).to_be_visible()
    page.get_by_role("button", name="Classify").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("There is nothing on the scale")
    pictures_are_there(page)
    keep("nothing")
    page.get_by_role("button", name="Search by name or number").click()
    expect(page.get_by_role("button", name="Ginger")).to_be_visible()


def test_staff_see_a_suspicious_weighing(page: Page, keep: Callable[[str], None]) -> None:
    page.goto("/")
    sample = page.get_by_role("group", name="Samples")
    sample.get_by_role("button", name="Red peppers").click()
    expect(page.get_by_role("img", name="Your picture")).to_be_visible()
    answered(page)
    page.get_by_role("button", name="Something else").click()
    page.get_by_label("Search by name or number").fill("brown onions")
    page.get_by_role("button", name="Brown onions").click()
    expect(page.get_by_text("Confirmed", exact=True)).to_be_visible()

    log_in(page, ATTENDANT)
    page.get_by_role("link", name="Suspicious").click()
    expect(page.get_by_role("row")).to_have_count(2)
    expect(page.get_by_role("row").nth(1)).to_contain_text("recognised as Red pepper")
    pictures_are_there(page)
    keep("suspicious")


def test_a_bad_weight_is_told_beside_its_field(page: Page) -> None:
    page.goto("/")
    page.get_by_role("group", name="Samples").get_by_role("button").first.click()
    weight = page.get_by_label("Weight", exact=True)
    expect(weight).to_have_value(re.compile(r"\d"))
    # What is typed just as the answer is drawn may be drawn over.
    expect(page.get_by_role("heading", level=1)).to_contain_text("Bananas")
    weight.fill("-1")
    page.get_by_role("button", name="Classify").click()
    expect(page.get_by_text("The weight must be above 0 kg")).to_be_visible()


def test_by_keyboard_and_in_german(page: Page) -> None:
    page.goto("/")
    page.get_by_role("button", name="Deutsch").press("Enter")
    heading = page.get_by_role("heading", level=1)
    expect(heading).to_have_text("Legen Sie Ihren Artikel auf die Waage")
    expect(page.locator("html")).to_have_attribute("lang", "de")
    page.get_by_role("group", name="Beispiele").get_by_role("button", name="Bananen").press("Enter")
    expect(page.get_by_label("Gewicht", exact=True)).to_have_value("0,742")
    page.get_by_label("Gewicht", exact=True).press("Enter")
    expect(page.get_by_role("heading", level=1)).to_contain_text("Bananen")
