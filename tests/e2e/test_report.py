"""The report of `smartscale evaluate` in a real browser."""

import shutil
from pathlib import Path

import pytest
from playwright.sync_api import Browser
from typer.testing import CliRunner

from infra.cli import app
from tests.e2e.conftest import violations

pytestmark = pytest.mark.browser
SAMPLES = Path(__file__).parents[2] / "sample_data"


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A report on the samples, with one that is named wrongly."""
    folder = tmp_path_factory.mktemp("report")
    for name, file in (
        ("Banana", "bananas.jpg"),
        ("Carrots", "carrots.jpg"),
        ("Lemon", "oranges.jpg"),
        ("apple", "granny-smith.jpg"),
        ("_negatives", "carton.jpg"),
    ):
        (folder / "photos" / name).mkdir(parents=True)
        shutil.copy(SAMPLES / file, folder / "photos" / name)
    page = folder / "report.html"
    arguments = ["evaluate", str(folder / "photos"), "--model", "builtin", "--report", str(page)]
    assert CliRunner().invoke(app, arguments).exit_code == 0
    return page


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1160])
def test_the_report_is_legible_wherever_it_is_opened(
    browser: Browser, report: Path, scheme: str, width: int
) -> None:
    page = browser.new_page(
        color_scheme="dark" if scheme == "dark" else "light",
        viewport={"width": width, "height": 900},
    )
    trouble: list[str] = []
    page.on("console", lambda line: trouble.append(line.text))
    page.on("request", lambda request: trouble.append(request.url))
    page.goto(report.as_uri())

    fetched = [url for url in trouble if not url.startswith(("data:", report.as_uri()))]
    assert fetched == []
    assert page.evaluate("document.documentElement.scrollWidth") == width
    assert page.locator("figure img").evaluate("image => image.naturalWidth") > 0
    assert violations(page) == []
    page.close()
