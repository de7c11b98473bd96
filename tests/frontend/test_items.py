"""What a manager does with the catalogue."""

from typing import Any

import pytest
import pytest_asyncio
from nicegui import ui
from nicegui.testing import User

from tests.frontend.conftest import MANAGER_PIN, SOON, jpeg, log_in, photo
from tests.frontend.fake_api import FakeApi

pytestmark = pytest.mark.asyncio


@pytest_asyncio.fixture
async def manager(user: User) -> User:
    """Somebody who looks at the catalogue."""
    await log_in(user, "/items", MANAGER_PIN)
    await user.should_see(marker="item", retries=SOON)
    return user


async def give(user: User, marker: str, name: str, file: bytes, kind: str) -> None:
    """Choose a file."""
    (uploader,) = user.find(marker=marker).elements
    assert isinstance(uploader, ui.upload)
    await uploader.handle_uploads(
        [ui.upload.SmallFileUpload(name=name, content_type=kind, _data=file)]
    )


def edits(api: FakeApi) -> list[Any]:
    return [values for name, values in api.admin.asked if name == "item"]


async def test_the_catalogue_is_searched(manager: User) -> None:
    assert len(manager.find(marker="item").elements) == 2
    manager.find("search-items").type("4053")
    await manager.should_not_see("edit-Banana", retries=SOON)
    await manager.should_see("Lemons")
    manager.find("search-items").clear()
    manager.find("No longer sold").click()
    await manager.should_see("Durians", retries=SOON)


async def test_a_price_from_a_later_day_is_planned_and_taken_back(
    manager: User, api: FakeApi
) -> None:
    manager.find("edit-Banana").click()
    await manager.should_see(marker="item-form", retries=SOON)
    manager.find(marker="item-unit_price").clear().type("1,99")
    manager.find(marker="item-valid_from").type("2999-12-01T06:00")
    manager.find(marker="save-item").click()
    await manager.should_see("Banana is saved.", retries=SOON)
    await manager.should_see("€1.99/kg from Dec 1, 2999, 06:00", retries=SOON)
    [(label, edit)] = edits(api)
    assert (label, edit["unit_price"], edit["version"]) == ("Banana", "1.99", 3)
    assert edit["valid_from"].startswith("2999-12-01T06:00:00")
    assert edit["aliases"] == ["Cavendish"]

    manager.find("edit-Banana").click()
    await manager.should_see("to come", retries=SOON)
    manager.find(marker="take-price-back").click()
    await manager.should_see("The price is taken back.", retries=SOON)
    await manager.should_not_see("to come", retries=SOON)


async def test_a_new_item_and_a_number_that_is_taken(manager: User, api: FakeApi) -> None:
    manager.find("new-item").click()
    await manager.should_see(marker="item-form", retries=SOON)
    manager.find(marker="save-item").click()
    await manager.should_see(
        "Please fill in: Label, PLU number, Name (English), Unit price", retries=SOON
    )
    for name, text in (("label", "Kiwano"), ("plu", "4053"), ("name_en", "Kiwano")):
        manager.find(marker=f"item-{name}").type(text)
    manager.find(marker="item-unit_price").type("1.19")
    manager.find("by the piece").click()
    manager.find(marker="save-item").click()
    await manager.should_see("PLU 4053 is taken by Lemon.", retries=SOON)

    manager.find(marker="item-plu").clear().type("4302")
    manager.find(marker="save-item").click()
    await manager.should_see("edit-Kiwano", retries=SOON)
    assert edits(api)[-1][1]["unit"] == "each"
    assert edits(api)[-1][1]["version"] == 0


async def test_an_item_is_sold_no_more_after_a_second_tap(manager: User, api: FakeApi) -> None:
    manager.find("edit-Lemon").click()
    await manager.should_see("retire", retries=SOON)
    manager.find(marker="retire").click()
    await manager.should_see("retire-sure", retries=SOON)
    assert not api.admin.items["Lemon"]["retired"]
    manager.find(marker="retire-sure").click()
    await manager.should_see("Lemons is sold no more.", retries=SOON)
    assert api.admin.items["Lemon"]["retired"]


async def test_a_picture_of_the_shops_own_comes_and_goes(manager: User, api: FakeApi) -> None:
    manager.find("edit-Banana").click()
    await manager.should_see(marker="item-form", retries=SOON)
    await give(manager, "picture-upload", "banana.jpg", jpeg(photo(900, 700)), "image/jpeg")
    await manager.should_see("The picture is shown from now on.", retries=SOON)
    await manager.should_see(marker="take-picture-away", retries=SOON)
    picture = await manager.http_client.get(f"/pictures/{'ab' * 32}.jpg")
    assert (picture.status_code, picture.text) == (200, "a picture ab")
    api.down = True
    again = await manager.http_client.get(f"/pictures/{'ab' * 32}.jpg")
    assert again.status_code == 200, "a picture that was seen outlives the connection"
    other = await manager.http_client.get(f"/pictures/{'cd' * 32}.jpg")
    assert other.status_code == 503
    api.down = False

    manager.find(marker="take-picture-away").click()
    await manager.should_see("The drawing is shown from now on.", retries=SOON)
    await give(manager, "picture-upload", "letter.txt", b"a letter", "text/plain")
    await manager.should_see("This file is not a picture that can be read", retries=SOON)


async def test_a_file_is_looked_at_before_it_is_applied(manager: User, api: FakeApi) -> None:
    file = b"label,plu\nBanana,4011\n"
    manager.find("import").click()
    await manager.should_see("choose-csv", retries=SOON)
    await give(manager, "csv-upload", "prices.csv", file, "text/csv")
    await manager.should_see("prices.csv: 0 new, 1 changed, 2 unchanged", retries=SOON)
    await manager.should_see("unit_price: 1.89 → 1.99, from Dec 1, 2999")
    assert api.admin.files == [(file, None)]

    manager.find(marker="apply").click()
    await manager.should_see("The file is imported. Items changed: 1", retries=SOON)
    await manager.should_see(marker="item", retries=SOON)
    assert api.admin.files[-1] == (file, "f1")


async def test_a_file_that_changes_nothing_or_is_none(manager: User) -> None:
    manager.find("import").click()
    await manager.should_see("choose-csv", retries=SOON)
    await give(manager, "csv-upload", "same.csv", b"label\n", "text/csv")
    await manager.should_see("This file changes nothing.", retries=SOON)
    await give(manager, "csv-upload", "letter.csv", b"Dear all", "text/csv")
    await manager.should_see("lacks the columns: label", retries=SOON)
    await manager.should_not_see(marker="apply")


async def test_the_export(manager: User) -> None:
    manager.find("export").click()
    assert (await manager.download.next()).text.startswith("label,plu")
