"""A manager walks through the shop with a camera, in a real browser."""

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import MANAGER, log_in, violations

pytestmark = [pytest.mark.integration, pytest.mark.browser]

SHOWN = 3


def test_a_manager_walks_through_the_shop_with_the_camera(
    page: Page, keep: Callable[[str], None]
) -> None:
    page.goto("/")
    log_in(page, MANAGER)
    page.goto("/setup")
    page.get_by_role("button", name="Show them everything").click()
    name = page.get_by_role("heading", level=2)
    take = page.get_by_role("button", name="Take picture: ")  # the camera's names no item
    expect(take).to_be_visible()
    page.wait_for_function("document.querySelector('video').videoWidth > 0")
    assert violations(page) == []

    # One tap an item: the next one stands there by itself.
    for number in range(SHOWN):
        before = name.inner_text()
        take.click()
        expect(page.get_by_text(f"{number + 1} of ", exact=False).first).to_be_visible()
        expect(name).not_to_have_text(before)
    keep("setup")
    page.get_by_role("button", name="Skip").click()
    page.get_by_role("button", name="Back").click()
    page.get_by_role("button", name="Finish").click()
    expect(page.get_by_text(f"You have shown {SHOWN} items.")).to_be_visible()
    # The camera sees the same bananas each time, so they are held back or mixed up, and it says so.
    expect(page.get_by_text("look alike").or_(page.get_by_text("Held back")).first).to_be_visible(
        timeout=60_000
    )
    keep("setup-end")
    assert violations(page) == []
