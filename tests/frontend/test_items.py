"""What a manager does with the catalogue."""

import asyncio
from datetime import UTC, datetime, timedelta, tzinfo
from decimal import Decimal

import pytest
import pytest_asyncio
from nicegui import ui
from nicegui.testing import User

from frontend.api.admin import AdminClient
from frontend.kiosk import Kiosk
from frontend.staff.catalogue import item_form
from frontend.staff.catalogue.page import MOST_ROWS
from smartscale.clock import now
from smartscale.domain.catalogue import Item, Price
from smartscale.domain.weighing import Unit
from tests.examples import item
from tests.frontend.conftest import MANAGER_PIN, SOON, jpeg, log_in, photo
from tests.service import TOKEN, Service

pytestmark = pytest.mark.asyncio


@pytest_asyncio.fixture
async def manager(user: User, api: Service) -> User:
    """Somebody who looks at the catalogue; durians are sold no more."""
    durian = item("Durian", plu="3299").model_copy(update={"retired": True})
    api.shop.catalogue.items["Durian"] = durian
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


class Later(datetime):
    """A clock on which every offer has ended."""

    @classmethod
    def now(cls, tz: tzinfo | None = None) -> "Later":
        return cls(2999, 12, 31, tzinfo=tz)


async def open_banana(manager: User) -> None:
    manager.find("edit-Banana").click()
    await manager.should_see(marker="item-form", retries=SOON)


async def put_banana(manager: User, **typed: str) -> None:
    """Change bananas in the form."""
    await open_banana(manager)
    for name, text in typed.items():
        manager.find(marker=f"item-{name}").clear().type(text)
    manager.find(marker="save-item").click()
    await manager.should_not_see(marker="item-form", retries=SOON)


async def test_the_catalogue_is_searched(manager: User, api: Service) -> None:
    assert len(manager.find(marker="item").elements) == len(list(api.shop.catalogue.all()))
    await manager.should_see(marker="teach-Papaya", retries=SOON)
    await manager.should_not_see(marker="teach-Banana")
    manager.find("search-items").type("4053")
    await manager.should_not_see("edit-Banana", retries=SOON)
    await manager.should_see("Lemons")
    manager.find("search-items").clear()
    manager.find("No longer sold").click()
    await manager.should_see("Durian", retries=SOON)


async def test_all_of_a_long_catalogue_can_be_seen(manager: User, api: Service) -> None:
    api.shop.catalogue.items |= {
        f"Item-{n}": item(f"Item-{n}", plu=str(10_000 + n)) for n in range(2 * MOST_ROWS)
    }
    await manager.open("/items")
    await manager.should_see(marker="more-items", retries=SOON)
    while len(manager.find(marker="item").elements) <= MOST_ROWS * 2:
        manager.find(marker="more-items").click()
        await asyncio.sleep(0)
    await manager.should_not_see(marker="more-items", retries=SOON)


async def test_a_tap_amid_the_search_opens_the_item(manager: User) -> None:
    (edit,) = manager.find("edit-Banana").elements
    manager.find("search-items").type("4053")
    await manager.should_not_see("edit-Banana", retries=SOON)
    manager.find("search-items").clear()
    await manager.should_see("edit-Banana", retries=SOON)
    assert manager.find("edit-Banana").elements == {edit}, "the row of before"
    manager.find("search-items").type("4011")
    manager.find("edit-Banana").click()
    await manager.should_see(marker="item-form", retries=SOON)


async def test_a_price_from_a_later_day_is_planned_and_taken_back(
    manager: User, api: Service
) -> None:
    aliases = api.shop.catalogue.items["Banana"].aliases
    manager.find("edit-Banana").click()
    await manager.should_see(marker="item-form", retries=SOON)
    manager.find(marker="item-unit_price").clear().type("1,99")
    manager.find(marker="item-valid_from").type("2999-12-01T06:00")
    manager.find(marker="save-item").click()
    await manager.should_see("Saved: Bananas", retries=SOON)
    await manager.should_see("€1.99/kg from Dec 1, 2999, 06:00", retries=SOON)
    banana = api.shop.catalogue.items["Banana"]
    moment = datetime(2999, 12, 1, 11, tzinfo=UTC)
    assert banana.unit_price_at(moment) == Decimal("1.99")
    assert banana.unit_price_at(moment - timedelta(minutes=1)) == Decimal("1.89")
    assert banana.aliases == aliases

    manager.find("edit-Banana").click()
    await manager.should_see("to come", retries=SOON)
    manager.find(marker="take-price-back").click()
    await manager.should_see("The price is taken back.", retries=SOON)
    await manager.should_not_see("to come", retries=SOON)


async def test_an_offer_has_an_end(manager: User, api: Service) -> None:
    manager.find("edit-Banana").click()
    await manager.should_see(marker="item-form", retries=SOON)
    manager.find(marker="item-offer_price").type("0,99")
    manager.find(marker="item-offer_from").type("2999-07-01T06:00")
    manager.find(marker="save-item").click()
    await manager.should_see("Please say what the offer costs, and until when.", retries=SOON)
    manager.find(marker="item-offer_until").type("2999-07-01T05:00")
    manager.find(marker="save-item").click()
    await manager.should_see("The price must end after it begins.", retries=SOON)

    manager.find(marker="item-offer_until").clear().type("2999-07-03T20:00")
    manager.find(marker="save-item").click()
    await manager.should_see("Saved: Bananas", retries=SOON)
    await manager.should_see("€0.99/kg from Jul 1, 2999, 06:00", retries=SOON)
    offer = api.shop.catalogue.items["Banana"].prices[-1]
    assert offer.valid_from == datetime(2999, 7, 1, 10, tzinfo=UTC)
    assert offer.valid_to == datetime(2999, 7, 4, tzinfo=UTC)
    manager.find("edit-Banana").click()
    await manager.should_see("from Jul 1, 2999, 06:00 until Jul 3, 2999, 20:00", retries=SOON)


@pytest_asyncio.fixture
async def offered(manager: User, api: Service) -> Item:
    """Bananas at 0.99 until the fourth of July of 2999."""
    await put_banana(manager, offer_price="0.99", offer_until="2999-07-03T20:00")
    await manager.should_see("€0.99/kg", retries=SOON)
    return api.shop.catalogue.items["Banana"]


async def test_while_an_offer_holds_the_form_has_the_price_after_it(
    manager: User, api: Service, offered: Item
) -> None:
    await put_banana(manager, variety="Cavendish")
    stored = api.shop.catalogue.items["Banana"]
    assert (stored.variety, stored.prices) == ("Cavendish", offered.prices)


async def test_another_price_holds_after_the_offer(
    manager: User, api: Service, offered: Item
) -> None:
    await put_banana(manager, unit_price="1.79")
    stored = api.shop.catalogue.items["Banana"]
    assert stored.prices[:-1] == offered.prices
    assert stored.unit_price_at(api.shop.clock()) == Decimal("0.99"), "the offer goes on"
    assert stored.unit_price_at(datetime(2999, 7, 4, tzinfo=UTC)) == Decimal("1.79")
    await manager.open("/items")
    await manager.should_see(marker="edit-Banana", retries=SOON)
    await put_banana(manager, variety="Cavendish")
    assert api.shop.catalogue.items["Banana"].prices == stored.prices, "what is planned stays"


async def test_another_price_begins_after_a_longer_offer_of_the_same_form(
    manager: User, api: Service, offered: Item
) -> None:
    longer = datetime(2999, 8, 4, tzinfo=UTC)
    typed = {"offer_price": "0.89", "offer_until": "2999-08-03T20:00", "unit_price": "1.79"}
    await put_banana(manager, **typed)
    stored = api.shop.catalogue.items["Banana"]
    assert offered.unit_price_at(longer) == Decimal("1.89")
    assert stored.unit_price_at(longer - timedelta(minutes=1)) == Decimal("0.89")
    assert stored.unit_price_at(longer) == Decimal("1.79")


async def test_a_form_that_outlives_its_offer_does_not_make_it_the_usual_price(
    manager: User, api: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    banana = api.shop.catalogue.items["Banana"]
    soon = datetime.now(UTC) + timedelta(seconds=2)
    offer = Price(unit_price=Decimal("0.99"), valid_from=api.shop.clock(), valid_to=soon)
    prices = (*banana.prices, offer)
    api.shop.catalogue.items["Banana"] = banana.model_copy(update={"prices": prices, "version": 1})
    await manager.open("/items")
    await manager.should_see(marker="edit-Banana", retries=SOON)
    await open_banana(manager)
    monkeypatch.setattr(item_form, "datetime", Later)
    manager.find(marker="item-variety").clear().type("Cavendish")
    manager.find(marker="save-item").click()
    await manager.should_not_see(marker="item-form", retries=SOON)
    stored = api.shop.catalogue.items["Banana"]
    assert stored.variety == "Cavendish"
    assert stored.usual_price_at(soon) == Decimal("1.89")
    assert stored.unit_price_at(soon) == Decimal("1.89")


@pytest.mark.usefixtures("offered")
async def test_an_offer_can_be_ended(manager: User, api: Service) -> None:
    await open_banana(manager)
    [field] = manager.find(ui.input).elements & manager.find(marker="item-unit_price").elements
    assert field.value == "1.89"
    await manager.should_see("to come")
    await manager.should_not_see(marker="take-price-back")
    manager.find(marker="end-offer").click()
    await manager.should_see("The offer is over.", retries=SOON)
    banana = api.shop.catalogue.items["Banana"]
    assert banana.unit_price_at(api.shop.clock()) == Decimal("1.89")


async def test_prices_of_the_past_and_offers_that_are_none_are_refused(manager: User) -> None:
    await open_banana(manager)
    manager.find(marker="item-valid_from").type("2020-01-01T06:00")
    manager.find(marker="save-item").click()
    await manager.should_see("The price must begin now or later.", retries=SOON)
    manager.find(marker="item-valid_from").clear()
    manager.find(marker="item-offer_price").type("2,49")
    manager.find(marker="item-offer_until").type("2999-07-03T20:00")
    manager.find(marker="save-item").click()
    await manager.should_see("An offer must cost less than the usual price.", retries=SOON)


async def test_who_edits_what_is_sold_no_more_is_told_that_saving_sells_it(
    manager: User,
) -> None:
    manager.find("No longer sold").click()
    await manager.should_see(marker="edit-Durian", retries=SOON)
    manager.find("edit-Durian").click()
    await manager.should_see(marker="sold-again", retries=SOON)


async def test_a_refusal_names_the_field_as_the_form_does(manager: User) -> None:
    await open_banana(manager)
    manager.find(marker="item-unit_price").clear().type("abc")
    manager.find(marker="save-item").click()
    await manager.should_see("“Unit price” 'abc' must be a price such as 2.49", retries=SOON)


async def test_what_is_declared_is_said_in_the_form(manager: User, api: Service) -> None:
    manager.find("edit-Banana").click()
    await manager.should_see(marker="item-form", retries=SOON)
    [origin] = manager.find(kind=ui.select).elements
    assert dict(origin.options)["ES"] == "Spain"
    origin.set_value("ES")
    manager.find(marker="item-variety").type("Cavendish")
    manager.find(marker="item-best_before_days").type("5")
    manager.find("Class II").click()
    manager.find(marker="save-item").click()
    await manager.should_see("Saved: Bananas", retries=SOON)
    assert api.shop.catalogue.items["Banana"].declared == {
        "origin": "ES",
        "quality_class": "II",
        "variety": "Cavendish",
        "best_before_days": 5,
    }


async def test_a_new_item_and_a_number_that_is_taken(manager: User, api: Service) -> None:
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
    assert api.shop.catalogue.items["Kiwano"].unit is Unit.EACH


async def test_an_item_is_sold_no_more_after_a_second_tap(manager: User, api: Service) -> None:
    manager.find("edit-Lemon").click()
    await manager.should_see("retire", retries=SOON)
    manager.find(marker="retire").click()
    await manager.should_see("retire-sure", retries=SOON)
    assert not api.shop.catalogue.items["Lemon"].retired
    manager.find(marker="retire-sure").click()
    await manager.should_see("Lemons is sold no more.", retries=SOON)
    assert api.shop.catalogue.items["Lemon"].retired


async def test_a_picture_of_the_shops_own_comes_and_goes(manager: User, api: Service) -> None:
    manager.find("edit-Banana").click()
    await manager.should_see(marker="item-form", retries=SOON)
    await give(manager, "picture-upload", "banana.jpg", jpeg(photo(900, 700)), "image/jpeg")
    await manager.should_see("The picture is shown from now on.", retries=SOON)
    await manager.should_see(marker="take-picture-away", retries=SOON)
    (sha256,) = api.shop.pictures.pictures
    picture = await manager.http_client.get(f"/pictures/{sha256}.jpg")
    assert (picture.status_code, picture.content) == (200, api.shop.pictures.read(sha256))
    api.down = True
    again = await manager.http_client.get(f"/pictures/{sha256}.jpg")
    assert again.status_code == 200, "a picture that was seen outlives the connection"
    other = await manager.http_client.get(f"/pictures/{'cd' * 32}.jpg")
    assert other.status_code == 503
    api.down = False

    manager.find(marker="take-picture-away").click()
    await manager.should_see("The drawing is shown from now on.", retries=SOON)
    await give(manager, "picture-upload", "letter.txt", b"a letter", "text/plain")
    await manager.should_see("This file is not a picture that can be read", retries=SOON)


async def test_a_file_is_looked_at_before_it_is_applied(
    manager: User, api: Service, kiosk: Kiosk
) -> None:
    shown = await AdminClient(kiosk.api.service, TOKEN).items_csv()
    head, *lines = shown.decode().splitlines()
    kept = [line for line in lines if line.startswith(("Banana,", "Lemon,", "Papaya,"))]
    file = "\n".join([head, *kept]).replace(",1.89,", ",1.99,", 1).encode()
    manager.find("import").click()
    await manager.should_see("choose-csv", retries=SOON)
    await give(manager, "csv-upload", "prices.csv", file, "text/csv")
    await manager.should_see("prices.csv: 0 new, 1 changed, 2 unchanged", retries=SOON)
    await manager.should_see("unit_price: 1.89 → 1.99")
    assert api.shop.catalogue.items["Banana"].unit_price_at(now()) == Decimal("1.89")

    manager.find(marker="apply").click()
    await manager.should_see("The file is imported. Items changed: 1", retries=SOON)
    await manager.should_see(marker="item", retries=SOON)
    assert api.shop.catalogue.items["Banana"].unit_price_at(now()) == Decimal("1.99")


async def test_a_file_that_changes_nothing_or_is_none(manager: User, kiosk: Kiosk) -> None:
    manager.find("import").click()
    await manager.should_see("choose-csv", retries=SOON)
    same = await AdminClient(kiosk.api.service, TOKEN).items_csv()
    await give(manager, "csv-upload", "same.csv", same, "text/csv")
    await manager.should_see("This file changes nothing.", retries=SOON)
    await give(manager, "csv-upload", "letter.csv", b"Dear all", "text/csv")
    await manager.should_see("lacks the columns:", retries=SOON)
    await manager.should_not_see(marker="apply")


async def test_the_export(manager: User) -> None:
    manager.find("export").click()
    assert (await manager.download.next()).text.startswith("\ufefflabel,plu")
