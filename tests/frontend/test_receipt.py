"""A shopper takes a label along."""

import io
from pathlib import Path

import pytest
import zxingcpp
from nicegui.testing import User
from PIL import Image

from frontend.labels.desk import Printing, prints_by_itself
from frontend.labels.label import NO_BARCODE
from frontend.labels.render import HEIGHT, WIDTH
from smartscale.contract.weighing import Result, Status
from tests.frontend.conftest import SOON
from tests.frontend.test_weigh import price, weigh_sample
from tests.service import Service

BANANAS = "2240117000953"
"""Half a kilogram at 1.89: PLU 4011, 0.95."""


def scanned(printed: bytes) -> list[str]:
    """The barcodes of all labels that a printer was sent."""
    head = b"\x1dv0\x00" + (WIDTH // 8).to_bytes(2, "little") + HEIGHT.to_bytes(2, "little")
    found: list[str] = []
    for raster in printed.split(head)[1:]:
        dots = Image.frombytes("1", (WIDTH, HEIGHT), raster[: WIDTH // 8 * HEIGHT]).convert("L")
        found += [code.text for code in zxingcpp.read_barcodes(dots.point(lambda dot: 255 - dot))]
    return found


@pytest.mark.asyncio
async def test_the_label_is_printed_with_its_barcode(user: User, samples: Path) -> None:
    await weigh_sample(user)
    user.find("Print label").click()
    await user.should_see("Your label is printed.", retries=SOON)
    assert scanned((samples / "printer").read_bytes()) == [BANANAS]


@pytest.mark.asyncio
async def test_a_printer_that_is_away_loses_nothing(user: User, samples: Path) -> None:
    (samples / "printer").mkdir()
    await weigh_sample(user)
    user.find("Print label").click()
    await user.should_see("The label printer does not answer.", retries=SOON)
    await user.should_see("Bananas")

    (samples / "printer").rmdir()
    user.find("Print label").click()
    await user.should_see("Your label is printed.", retries=SOON)
    assert scanned((samples / "printer").read_bytes()) == [BANANAS]


@pytest.mark.asyncio
async def test_the_label_is_a_file_once_and_a_copy_after_that(user: User, api: Service) -> None:
    await weigh_sample(user)
    await user.should_see("Label as PDF")
    job_id = api.weighings[0].job_id
    first = await user.http_client.get(f"/label/{job_id}.png?lang=de")
    again = await user.http_client.get(f"/label/{job_id}.png?lang=de")
    assert first.headers["cache-control"] == "no-store"
    for answer in (first, again):
        (code,) = zxingcpp.read_barcodes(Image.open(io.BytesIO(answer.content)))
        assert code.text == BANANAS
    assert first.content != again.content, "the second is marked as a copy"
    pdf = await user.http_client.get(f"/label/{job_id}.pdf")
    assert pdf.content.startswith(b"%PDF")
    assert (await user.http_client.get(f"/label/{job_id}.gif")).status_code == 404


@pytest.mark.asyncio
async def test_what_waits_for_a_confirmation_has_no_label_yet(user: User, api: Service) -> None:
    api.confidence = 0.4
    await weigh_sample(user)
    await user.should_not_see("Print label")
    job_id = api.weighings[0].job_id
    assert (await user.http_client.get(f"/label/{job_id}.pdf")).status_code == 409

    user.find("accept").click()
    await user.should_see("Print label", retries=SOON)


@pytest.mark.asyncio
@pytest.mark.parametrize("way", ["print-label", "label-pdf", "label-png", "label-code"])
async def test_a_price_that_no_barcode_holds_has_a_label_without_one(
    user: User, api: Service, way: str
) -> None:
    price(api, "Banana", "4000.00")
    await weigh_sample(user)
    user.find(marker=way).click()
    await user.should_see(NO_BARCODE, retries=SOON)
    if way == "print-label":
        await user.should_see("Your label is printed.", retries=SOON)
    if way == "label-code":
        await user.should_see("Scan it with your phone", retries=SOON)


@pytest.mark.asyncio
async def test_the_phone_reads_the_receipt_from_the_screen(user: User) -> None:
    await weigh_sample(user)
    user.find("Label for my phone").click()
    await user.should_see("Scan it with your phone", retries=SOON)


SOLD = Result.model_construct(
    status=Status.DONE,
    job_id="0" * 32,
    needs_confirmation=False,
    needs_count=False,
    confirmed_label=None,
)


@pytest.mark.parametrize(
    ("printing", "changes", "prints"),
    [
        ("always", {}, True),
        ("sure", {}, True),
        ("never", {}, False),
        ("always", {"confirmed_label": "Banana"}, True),
        ("sure", {"confirmed_label": "Banana"}, False),
        ("always", {"needs_confirmation": True}, False),
        ("always", {"needs_count": True}, False),
    ],
)
def test_what_is_printed_without_a_tap(
    printing: str, changes: dict[str, object], prints: bool
) -> None:
    result = SOLD.model_copy(update=changes)
    assert prints_by_itself(result, Printing(printing)) is prints
