"""Every page by axe's rules, in a real browser, at the sizes people use."""

import pytest
from playwright.sync_api import Page, expect

from frontend.staff.page import PAGES
from tests.e2e.conftest import MANAGER, log_in, violations

pytestmark = [pytest.mark.integration, pytest.mark.browser]


WHEN_DRAWN = "new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn)))"


def found_at(page: Page, *widths: int) -> dict[int, list[tuple[str, list[str]]]]:
    """What axe finds on a page as wide as each of these; to load it takes longer than to look."""
    found = {}
    for width in widths:
        page.set_viewport_size({"width": width, "height": 1080})
        page.evaluate(WHEN_DRAWN)
        found[width] = violations(page)
    return {width: broken for width, broken in found.items() if broken}


@pytest.mark.parametrize("path", ["/", "/history"])
def test_axe_finds_nothing(page: Page, path: str) -> None:
    page.goto(f"{path}?lang=de")
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    assert found_at(page, 390, 820, 1920) == {}


@pytest.mark.usefixtures("busy")
def test_axe_finds_nothing_behind_the_login(page: Page) -> None:
    page.goto("/")
    log_in(page, MANAGER)
    for path, _, _ in PAGES:
        page.goto(path)
        expect(page.get_by_role("heading", level=1)).to_be_visible()
        expect(page.get_by_text("One moment…")).to_have_count(0, timeout=20_000)
        assert found_at(page, 390, 1920) == {}, path


def test_a_manager_logs_in_and_sees_the_model(page: Page) -> None:
    page.goto("/models")
    page.get_by_label("PIN").fill("not-the-token")
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_text("This is not right")).to_be_visible()
    page.get_by_label("PIN").fill("changeme")
    page.get_by_label("PIN").press("Enter")
    expect(page.get_by_role("region", name="Model in use")).to_contain_text("Built-in model")
    expect(page.get_by_role("button", name="Log out")).to_be_visible()
    stored = page.evaluate("JSON.stringify([localStorage, sessionStorage, document.cookie])")
    assert "changeme" not in stored
    assert "changeme" not in page.url
    assert violations(page) == []
