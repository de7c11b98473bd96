"""A shopper's walks in a real browser; what is recognised is for each walk to say."""

import io
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from decimal import Decimal
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest
from PIL import Image
from playwright.sync_api import Browser, BrowserContext, Page, expect

from frontend.words.languages import load_languages
from tests.e2e.conftest import ROOT, TABLET, opened_on, violations, wants_screenshots
from tests.e2e.kiosks import kiosk, service_on_a_port
from tests.scales.emulators import OnTerminal, Toledo
from tests.service import Service

pytestmark = [pytest.mark.integration, pytest.mark.browser]

OWN_BYTES = 300_000
"""What the shopper's page may weigh, NiceGUI's own bundle and the sample photos apart."""
FINGER = 44
"""The least that a target measures, in CSS pixels."""
HAND = 60
"""The same on a screen that stands: whoever taps there reaches out, standing before it."""
_WAITS_TO_CONNECT = """
const Socket = WebSocket;
const allowed = new Promise(resolve => window.connect = resolve);
window.WebSocket = class extends Socket {
  set onopen(opened) { super.onopen = async event => { await allowed; opened(event); }; }
  set onmessage(heard) { super.onmessage = async event => { await allowed; heard(event); }; }
};
"""
"""Until `connect()` the page hears nothing from its kiosk, as on a slow line."""
PICTURES = ROOT / "docs/screenshots/shopper"
LANDSCAPE, PORTRAIT, STANDING = (1280, 800), (800, 1280), (1080, 1920)


@pytest.fixture(scope="module")
def api() -> Iterator[tuple[Service, str]]:
    """The API of the frontend's tests, on a port."""
    with service_on_a_port() as served:
        yield served


@pytest.fixture
def answers(api: tuple[Service, str]) -> Service:
    """What is recognised next: sure bananas, unless the walk says otherwise."""
    service, _ = api
    service.label, service.confidence = "Banana", 0.97
    service.others = (("Lemon", 0.02), ("Papaya", 0.015), ("Orange", 0.012), ("Lime", 0.011))
    service.shop.uploads.objects.clear()
    return service


@pytest.fixture(scope="module")
def demo(
    chromium: Path,  # noqa: ARG001 - no browser, no kiosk
    api: tuple[Service, str],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[str]:
    """A kiosk with a simulated scale."""
    with kiosk(api[1], tmp_path_factory.mktemp("demo")) as address:
        yield address


@pytest.fixture(scope="module")
def tablet(browser: Browser) -> Iterator[BrowserContext]:
    """A tablet that is put before one kiosk after the other."""
    with browser.new_context(**TABLET) as context:
        yield context


@pytest.fixture
def open_page(tablet: BrowserContext) -> Iterator[Callable[..., Page]]:
    """Opens pages; an error in a console fails the test."""
    with ExitStack() as pages:

        def opened(
            address: str,
            *,
            view: str = "",
            size: tuple[int, int] = LANDSCAPE,
            connects: bool = True,
        ) -> Page:
            page = pages.enter_context(opened_on(tablet))
            if not connects:
                page.add_init_script(_WAITS_TO_CONNECT)
            page.set_viewport_size({"width": size[0], "height": size[1]})
            page.add_init_script(
                f"sessionStorage.setItem('smartscale-view', JSON.stringify({view.split()}))"
            )
            page.goto(address)
            expect(page.get_by_role("heading", level=1)).to_be_visible()
            return page

        yield opened


def tap_sample(page: Page, name: str = "Bananas") -> None:
    page.get_by_role("group", name="Samples").get_by_role("button", name=name).click()
    expect(page.locator(".answer h1")).to_be_visible()


def test_a_sample_lands_and_is_answered_without_a_button(
    demo: str, answers: Service, open_page: Callable[..., Page]
) -> None:
    page = open_page(demo)
    tap_sample(page)

    expect(page.get_by_role("heading", name="Bananas")).to_be_visible()
    expect(page.get_by_text("€1.89/kg × 0.742\u00a0kg = €1.40")).to_be_visible()
    expect(page.locator(".alternative")).to_have_count(4)
    assert answers.loads[0].weight_kg == Decimal("0.742")
    page.wait_for_function("document.activeElement.textContent.includes('Next item')")
    expect(
        page.get_by_role("status").filter(has_text="Bananas, 0.742\u00a0kg, €1.40")
    ).to_have_count(1)

    page.get_by_role("button", name="Next item").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Put your item on the scale")


def test_a_wired_scale_and_the_camera_do_it_alone(
    api: tuple[Service, str],
    answers: Service,
    chromium: Path,  # noqa: ARG001 - no browser, no kiosk
    open_page: Callable[..., Page],
    tmp_path: Path,
) -> None:
    toledo = Toledo("00.000")
    with (
        OnTerminal(toledo, tmp_path / "scale"),
        kiosk(
            api[1],
            tmp_path,
            SMARTSCALE_SCALE=f"serial://{tmp_path / 'scale'}?protocol=toledo-8217",
        ) as address,
    ):
        page = open_page(address)
        expect(page.get_by_role("button", name="Take picture")).to_be_visible()
        toledo.moves()
        toledo.says = b"00.500"

        expect(page.get_by_role("heading", name="Bananas")).to_be_visible()
        expect(page.get_by_text("× 0.500\u00a0kg = €0.95")).to_be_visible()
        expect(page.get_by_role("img", name="Your picture")).to_be_visible()

        toledo.says = b"00.800"
        expect(page.get_by_text("× 0.800\u00a0kg = €1.51")).to_be_visible()
        page.get_by_role("button", name="Next item").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("Thank you!")
        toledo.says = b"00.000"
        expect(page.get_by_role("heading", level=1)).to_have_text("Put your item on the scale")
        assert [sent.weight_kg for sent in answers.loads] == [Decimal("0.500"), Decimal("0.800")]


def test_another_picture_is_taken_of_what_the_first_does_not_show(
    demo: str, answers: Service, open_page: Callable[..., Page]
) -> None:
    answers.label, answers.others = "empty", ()
    page = open_page(demo)
    expect(page.get_by_role("button", name="Take picture")).to_be_visible()
    tap_sample(page)
    expect(page.get_by_role("heading", level=1)).to_have_text("There is nothing on the scale")
    answers.label = "Banana"

    page.get_by_role("button", name="Try again").click()

    expect(page.get_by_role("heading", name="Bananas")).to_be_visible()
    first, second = answers.pictures
    assert first != second
    first_load, second_load = answers.loads
    assert first_load == second_load


def test_a_doubtful_answer_is_corrected(
    demo: str, answers: Service, open_page: Callable[..., Page]
) -> None:
    answers.label, answers.confidence, answers.others = "Satsumas", 0.55, (("Orange", 0.4),)
    page = open_page(demo)
    tap_sample(page, "Oranges")
    expect(page.get_by_text("Does this look right?")).to_be_visible()

    page.get_by_role("button", name="Oranges 40%").click()

    expect(page.get_by_text("Confirmed", exact=True)).to_be_visible()
    expect(page.get_by_role("heading", level=1)).to_have_text("Oranges")
    expect(page.get_by_text("€2.29/kg × 1.386\u00a0kg = €3.17")).to_be_visible()


def test_an_unknown_item_is_found_as_one_types(
    demo: str, answers: Service, open_page: Callable[..., Page]
) -> None:
    answers.label, answers.others = "unknown", ()
    page = open_page(demo)
    page.get_by_role("button", name="Français").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Posez votre article sur la balance")
    page.locator("button.sample").nth(1).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Je ne connais pas cet article")

    page.get_by_role("button", name="Légumes").click()
    page.get_by_label("Chercher par nom ou numéro").fill("poir")
    expect(page.locator(".tile:visible")).to_have_count(1)
    page.get_by_role("button", name="Poireaux").click()

    expect(page.get_by_text("Confirmé", exact=True)).to_be_visible()
    expect(page.locator(".price")).to_have_text("1,38\u00a0€")


def test_a_phone_shows_the_choice_from_its_top_with_keys_for_a_thumb(
    demo: str, answers: Service, open_page: Callable[..., Page]
) -> None:
    del answers
    page = open_page(demo, size=(390, 844))
    page.get_by_role("button", name="Choose it yourself").click()
    expect(page.locator(".tile").first).to_be_in_viewport()
    expect(page.locator(".chooser h1")).to_be_in_viewport()
    page.locator(".keypad-kind").first.click()
    keys = page.locator(".keypad-letters .key")
    expect(keys.first).to_be_visible()
    boxes = [box for key in keys.all() if (box := key.bounding_box())]
    assert len(boxes) > 26
    assert min(min(box["width"], box["height"]) for box in boxes) >= 44
    assert max(box["x"] + box["width"] for box in boxes) <= 390


def test_what_is_tapped_before_the_page_is_connected_counts(
    demo: str, answers: Service, open_page: Callable[..., Page]
) -> None:
    del answers
    page = open_page(demo, connects=False)
    page.get_by_role("button", name="Choose it yourself").click()
    page.evaluate("connect()")
    expect(page.locator(".tile").first).to_be_visible()


def test_pieces_are_counted(demo: str, answers: Service, open_page: Callable[..., Page]) -> None:
    answers.label = "Avocado"
    page = open_page(demo)
    tap_sample(page)
    page.get_by_role("button", name="3 pieces").click()
    expect(page.get_by_text("3 × €1.29 each = €3.87")).to_be_visible()


def test_when_the_kiosk_goes_away_the_old_price_goes_from_the_screen(
    demo: str, answers: Service, open_page: Callable[..., Page]
) -> None:
    del answers
    page = open_page(demo)
    tap_sample(page)
    expect(page.locator(".price")).to_be_visible()
    page.evaluate("window.socket.disconnect()")
    expect(page.locator(".price")).to_be_hidden()
    expect(page.get_by_role("alert")).to_contain_text("the scale is starting again")
    page.evaluate("window.socket.connect()")
    expect(page.locator(".price")).to_be_visible()


def test_a_bag_and_an_own_bowl_are_taken_off(
    demo: str, answers: Service, open_page: Callable[..., Page]
) -> None:
    page = open_page(demo)
    page.get_by_role("button", name="Container").click()
    page.get_by_role("button", name="Paper bag").click()
    expect(page.get_by_role("dialog")).not_to_be_visible()
    tap_sample(page)
    expect(page.get_by_text("Gross 0.748\u00a0kg − tare 0.006\u00a0kg")).to_be_visible()
    page.get_by_role("button", name="Take it off the scale").click()

    page.get_by_role("button", name="Container").click()
    page.get_by_role("button", name="My own container").click()
    page.get_by_role("button", name="Put a bowl on it").click()
    expect(page.get_by_text("0.120\u00a0kg is taken off for its container")).to_be_visible()
    tap_sample(page)
    expect(page.get_by_text("Gross 0.862\u00a0kg − tare 0.120\u00a0kg")).to_be_visible()
    assert [sent.tare_kg for sent in answers.loads] == [Decimal("0.006"), Decimal("0.120")]


@pytest.mark.usefixtures("answers")
def test_the_first_screen_speaks_every_language(demo: str, open_page: Callable[..., Page]) -> None:
    page = open_page(demo)
    for language in load_languages().values():
        page.get_by_role("button", name=language.endonym).click()
        heading = page.get_by_role("heading", level=1)
        expect(heading).to_have_text(language("Put your item on the scale"))
        expect(page.locator("html")).to_have_attribute("lang", language.code)
        expect(page.locator("html")).to_have_attribute("dir", language.direction)
        assert page.evaluate("document.documentElement.scrollWidth") == LANDSCAPE[0]


@pytest.mark.usefixtures("answers")
@pytest.mark.parametrize("size", [LANDSCAPE, PORTRAIT])
def test_arabic_runs_from_right_to_left(
    demo: str, open_page: Callable[..., Page], size: tuple[int, int]
) -> None:
    page = open_page(demo, size=size)
    page.get_by_role("button", name="العربية").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("ضع صنفك على الميزان")
    page.locator("button.sample").first.click()
    expect(page.get_by_role("heading", level=1)).to_have_text("موز")
    expect(page.locator(".price")).to_contain_text("1.40")
    name, picture = (page.locator(f".answer-head {one}").bounding_box() for one in ("h1", "img"))
    assert name and picture
    assert name["x"] < picture["x"], "the picture comes first, and that is on the right"
    assert page.evaluate("document.documentElement.scrollWidth") == size[0]
    assert violations(page) == []


STATES = ("idle", "answer", "doubt", "search", "container", "unknown")


@pytest.mark.parametrize("view", ["", "contrast", "large low"])
def test_every_state_is_for_everybody(
    demo: str, answers: Service, open_page: Callable[..., Page], view: str
) -> None:
    page = open_page(demo, view=view)
    for state in states(page, answers):
        assert violations(page) == [], state
        assert small_targets(page) == [], state
        if wants_screenshots():
            settled(page, "body")
            keep_picture(page, PICTURES / f"{'-'.join([state, *view.split()])}.png")


def test_on_a_screen_that_stands_all_targets_are_large(
    demo: str, answers: Service, open_page: Callable[..., Page]
) -> None:
    page = open_page(demo, size=STANDING)
    small = {state: small_targets(page, HAND) for state in states(page, answers)}
    answers.label, answers.confidence = "Avocado", 0.97
    tap_sample(page)
    expect(page.get_by_role("button", name="3 pieces")).to_be_visible()
    small["pieces"] = small_targets(page, HAND)
    page.get_by_role("button", name="Русский").click()
    page.get_by_role("button", name="Другой товар").click()
    for keys, name in (("letters", "Буквы"), ("digits", "Цифры")):  # the longest rows there are
        page.get_by_role("button", name=name).click()
        expect(page.locator(f".keypad-{keys}")).to_be_visible()
        small[keys] = small_targets(page, HAND)
    page.locator(".view-open").click()
    expect(page.locator(".view-switch").first).to_be_visible()
    small["display"] = small_targets(page, HAND)

    assert {state: targets for state, targets in small.items() if targets} == {}


@pytest.mark.parametrize("size", [LANDSCAPE, PORTRAIT])
def test_controls_low_down_are_in_the_lower_half(
    demo: str, answers: Service, open_page: Callable[..., Page], size: tuple[int, int]
) -> None:
    answers.label, answers.confidence = "Avocado", 0.55
    # The figures that can be typed are those of the simulated scale: a wired one only shows them.
    page = open_page(demo, view="low", size=size)
    tap_sample(page)
    too_high = page.evaluate(
        """half => [...document.querySelectorAll('button, a')]
            .filter(one => one.checkVisibility() && one.getBoundingClientRect().height)
            .filter(one => one.getBoundingClientRect().top < half)
            .map(one => one.textContent)""",
        size[1] / 2 - 1,
    )
    assert too_high == []


@pytest.mark.usefixtures("answers")
def test_an_address_in_arabic_runs_from_right_to_left(
    demo: str, open_page: Callable[..., Page]
) -> None:
    page = open_page(demo)
    page.goto(f"{demo}/?lang=ar")
    expect(page.get_by_role("heading", level=1)).to_have_text("ضع صنفك على الميزان")
    for attribute, value in (("lang", "ar"), ("dir", "rtl")):
        expect(page.locator("html")).to_have_attribute(attribute, value)
    first, last = page.locator(".stage-side"), page.locator(".panel")
    stage, panel = first.bounding_box(), last.bounding_box()
    assert stage and panel
    assert panel["x"] < stage["x"]


@pytest.mark.usefixtures("answers")
def test_looks_are_switched_on_and_kept_from_page_to_page(
    demo: str, open_page: Callable[..., Page]
) -> None:
    page = open_page(demo)
    page.evaluate(
        "() => { window.said = []; speechSynthesis.speak = words => { said.push(words.text) } }"
    )
    page.get_by_role("button", name="Display").click()
    for name in ("High contrast", "Speak prices"):
        page.get_by_role("button", name=name).click()
        expect(page.get_by_role("button", name=name)).to_have_attribute("aria-pressed", "true")
    page.keyboard.press("Escape")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(0, 0, 0)"
    tap_sample(page)
    page.wait_for_function("said.some(text => text.startsWith('Bananas, 0.742'))")


@pytest.mark.usefixtures("answers")
def test_by_keyboard_alone(demo: str, open_page: Callable[..., Page]) -> None:
    page = open_page(demo)
    sample = page.get_by_role("group", name="Samples").get_by_role("button", name="Bananas")
    for _ in range(40):
        page.keyboard.press("Tab")
        if sample.evaluate("one => one === document.activeElement"):
            break
    page.keyboard.press("Enter")
    page.wait_for_function("document.activeElement.textContent.includes('Next item')")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="What is it?")).to_be_focused()
    for _ in range(2):
        page.keyboard.press("Tab")
    expect(page.get_by_label("Search by name or number")).to_be_focused()
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Next item")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Put your item on the scale")).to_be_focused()


@pytest.mark.usefixtures("answers")
def test_the_page_itself_is_light(demo: str, open_page: Callable[..., Page]) -> None:
    page = open_page(demo)
    fetched: list[str] = page.evaluate(
        "[location.href, ...performance.getEntriesByType('resource').map(one => one.name)]"
    )
    paths = {urlsplit(address).path for address in fetched}
    own = {path for path in paths if is_own(path)}
    assert {"/", "/static/kiosk.css", "/static/view.js"} < own
    with httpx.Client(base_url=demo, timeout=20, trust_env=False) as client:
        sizes = {path: len(client.get(path).raise_for_status().content) for path in own}
    assert sum(sizes.values()) < OWN_BYTES, sizes


def is_own(path: str) -> bool:
    """Whether it is the kiosk's: not NiceGUI's bundle, and no sample photo of the demo."""
    component = "/components/" in path and path.endswith(("camera.js", "keypad.js", "view.js"))
    return component or not path.startswith(("/_nicegui", "/samples"))


def keep_picture(page: Page, path: Path) -> None:
    """Keep a screenshot, in few colours: the documentation is to stay small."""
    with Image.open(io.BytesIO(page.screenshot())) as seen:
        seen.convert("RGB").quantize(256, dither=Image.Dither.NONE).save(path, optimize=True)


def settled(page: Page, selector: str) -> None:
    """Wait until nothing fades or slides any more: what axe sees is what people see."""
    page.wait_for_function(
        """selector => document.querySelector(selector).getAnimations({subtree: true})
            .every(one => one.effect.getTiming().iterations === Infinity)
            // Vue's name for what is about to fade, a frame before it does.
            && !document.querySelector('[class*="-enter-active"], [class*="-leave-active"]')
            && [...document.images].every(one => one.complete)""",
        arg=selector,
    )


def states(page: Page, answers: Service) -> Iterator[str]:
    """Lead a page through what a shopper meets."""
    for state in STATES:
        if state == "answer":
            tap_sample(page)
        elif state == "doubt":
            answers.label, answers.confidence = "Green-Bell-Pepper", 0.55
            answers.others = (("Granny-Smith", 0.3), ("Zucchini", 0.1), ("Lime", 0.02))
            tap_sample(page, "Green peppers")
            expect(page.get_by_text("Does this look right?")).to_be_visible()
        elif state == "search":
            page.get_by_role("button", name="Something else").click()
            expect(page.get_by_role("button", name="Ginger")).to_be_visible()
        elif state == "container":
            page.get_by_role("button", name="Container").click()
            expect(page.get_by_role("dialog")).to_be_visible()
            settled(page, "body")
        elif state == "unknown":
            page.keyboard.press("Escape")
            expect(page.get_by_role("dialog")).not_to_be_visible()
            answers.label, answers.others = "unknown", (("Orange", 0.004), ("Banana", 0.003))
            page.get_by_role("button", name="A drink carton").click()
            expect(page.get_by_role("heading", level=1)).to_have_text("I don't know this item")
            expect(page.get_by_role("button", name="Avocado")).to_be_visible()
        yield state


def small_targets(page: Page, least: int = FINGER) -> list[str]:
    """What can be tapped and is smaller than that."""
    found: list[str] = page.evaluate(
        """least => [...document.querySelectorAll('button, a, input:not([type=file])')]
            .filter(one => one.checkVisibility())
            .map(one => [one.closest('.q-field') ?? one, one])
            .map(([area, one]) => [area.getBoundingClientRect(), one])
            .filter(([box]) => box.width && (box.width < least || box.height < least))
            .map(([box, one]) => `${one.outerHTML.slice(0, 120)} ${box.width} x ${box.height}`)""",
        least,
    )
    return found
