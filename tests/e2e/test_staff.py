"""Staff at the kiosk, walked in a real browser through the whole running system."""

from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Page, expect

from tests.e2e.conftest import ATTENDANT, MANAGER, SAMPLES, Running, log_in
from tests.e2e.test_demo import pictures_are_there
from tests.support import eventually

pytestmark = [pytest.mark.integration, pytest.mark.browser]


@pytest.fixture
def weighed(system: Running) -> None:
    """Somebody has weighed bananas before us."""
    with httpx.Client(base_url=f"{system.api}/v1", timeout=30, trust_env=False) as client:
        files = {"image": (SAMPLES / "bananas.jpg").read_bytes()}
        form = {"weight": "0.742", "scale_id": "kiosk-2"}
        accepted = client.post("/predict", files=files, data=form).raise_for_status().json()
        path = f"/result/{accepted['job_id']}"
        eventually(lambda: client.get(path, params={"wait": 10}).json()["status"] == "done", 120)


@pytest.mark.usefixtures("weighed")
def test_an_attendant_corrects_a_weighing_and_logs_out(
    page: Page, keep: Callable[[str], None]
) -> None:
    page.goto("/")
    page.get_by_role("link", name="Staff").click()
    expect(page.get_by_text("This is a demonstration")).to_be_visible()
    keep("login")
    log_in(page, ATTENDANT)
    expect(page.get_by_role("link", name="Catalogue")).to_have_count(0)

    newest = page.get_by_role("row").nth(1)
    newest.get_by_role("button", name="Open").click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_role("img", name="Photo of this weighing")).to_be_visible()
    pictures_are_there(page)
    keep("weighing")
    dialog.get_by_role("button", name="Something else").click()
    dialog.get_by_label("Search by name or number").fill("4030")
    dialog.get_by_role("button", name="Kiwi fruit").click()
    expect(page.get_by_text("The weighing is settled.")).to_be_visible()
    expect(newest).to_contain_text("Kiwi fruit")
    expect(newest).to_contain_text("Confirmed")

    page.get_by_role("button", name="Log out").click()
    expect(page.get_by_label("PIN")).to_be_visible()
    expect(page.get_by_role("table")).to_have_count(0)


def test_a_manager_plans_a_price_and_imports_a_file_after_its_preview(
    page: Page, tmp_path: Path, keep: Callable[[str], None]
) -> None:
    page.goto("/")
    log_in(page, MANAGER)
    page.get_by_role("link", name="Catalogue").click()
    page.get_by_label("Search by name or number").fill("4011")
    page.get_by_role("button", name="Edit Bananas").click()
    page.get_by_label("Unit price").fill("2,19")
    page.get_by_label("Holds from (empty: now)").fill("2999-12-01T06:00")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("row").nth(1)).to_contain_text("€2.19/kg from Dec 1, 2999, 06:00")
    page.get_by_role("button", name="Edit Bananas").click()
    expect(page.get_by_text("to come")).to_be_visible()
    pictures_are_there(page)
    keep("item")
    page.get_by_role("button", name="Back to the list").click()

    with page.expect_download() as download:
        page.get_by_role("button", name="Export as CSV").click()
    table = Path(download.value.path()).read_text("utf-8")
    lines = [line for line in table.splitlines() if not line.startswith("Lemon,")]
    lemon = next(line for line in table.splitlines() if line.startswith("Lemon,"))
    price = lemon.split(",")[4]
    file = tmp_path / "prices.csv"
    file.write_text("\n".join([*lines, lemon.replace(f",{price},", ",3.33,", 1)]), "utf-8")

    page.get_by_role("button", name="Import").click()
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="Choose a CSV file").click()
    chooser.value.set_files(file)
    expect(page.get_by_text(f"unit_price: {price} → 3.33")).to_be_visible()
    expect(page.get_by_role("heading", name="prices.csv")).to_contain_text("1 changed")
    pictures_are_there(page)
    keep("import")
    page.get_by_role("button", name="Apply").click()
    expect(page.get_by_text("The file is imported")).to_be_visible()
    page.get_by_label("Search by name or number").fill("4053")
    expect(page.get_by_role("row").nth(1)).to_contain_text("€3.33/kg")
    pictures_are_there(page)
    keep("catalogue")
