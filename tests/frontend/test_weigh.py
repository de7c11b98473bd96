"""What a shopper lives through at the scale."""

import asyncio
import io
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest
from nicegui import ui
from nicegui.elements.mixins.text_element import TextElement
from nicegui.testing import User
from PIL import Image

from smartscale.domain.weighing import ConfirmedBy
from tests.frontend.conftest import SOON, jpeg, photo
from tests.service import Service

pytestmark = pytest.mark.asyncio


async def tap_sample(user: User, name: str) -> None:
    user.find(f"sample-{name}").click()
    await user.should_see(marker="picture", retries=SOON)


async def weigh_sample(user: User, name: str = "bananas") -> None:
    await user.open("/")
    await tap_sample(user, name)
    user.find("classify").click()
    await user.should_see("answer", retries=SOON)


async def test_a_sample_becomes_a_name_and_a_price(user: User, api: Service) -> None:
    await weigh_sample(user)

    await user.should_see("Bananas")
    await user.should_see("Very sure · 97%")
    await user.should_see("€1.89/kg × 0.500\u00a0kg = €0.95")
    await user.should_see("prediction-Lemon")
    assert [load.weight_kg for load in api.loads] == [Decimal("0.500")]


async def test_a_sample_with_tare_is_priced_by_its_net_weight(user: User, api: Service) -> None:
    api.label = "Lemon"
    await weigh_sample(user, "lemons")

    await user.should_see("€2.99/kg × 0.400\u00a0kg = €1.20")
    await user.should_see("Gross 0.420\u00a0kg − tare 0.020\u00a0kg")
    assert api.loads[0].tare_kg == Decimal("0.020")


async def test_what_is_sent_is_small_and_upright(user: User, api: Service, samples: Path) -> None:
    photo(1600, 1200).save(samples / "bananas.jpg")
    await weigh_sample(user)

    with Image.open(io.BytesIO(api.pictures[0])) as sent:
        assert sent.size == (1280, 960)
        assert sent.format == "JPEG"


async def test_waiting_is_visible_and_can_be_cancelled(user: User, api: Service) -> None:
    api.works = False
    await user.open("/")
    await tap_sample(user, "bananas")
    user.find("classify").click()
    await user.should_see("Recognising…", retries=SOON)

    user.find("cancel").click()
    await user.should_see("classify", retries=SOON)
    await user.should_see(marker="picture")


async def test_the_next_item_starts_empty(user: User) -> None:
    await weigh_sample(user)

    user.find("next-item").click()
    await user.should_see("classify", retries=SOON)
    await user.should_not_see(marker="picture")
    (weight,) = user.find("weight").elements
    assert isinstance(weight, ui.input)
    assert not weight.value


async def test_low_confidence_asks_and_takes_another_answer(user: User, api: Service) -> None:
    api.label, api.confidence, api.others = "Satsumas", 0.55, (("Orange", 0.4),)
    await weigh_sample(user)
    await user.should_see("Does this look right?")
    assert text_of(user, "answer-name") == "Satsumas"
    await user.should_see("Not quite sure · 55%")

    user.find("prediction-Orange").click()

    await user.should_see("Confirmed", retries=SOON)
    await user.should_see("€2.29/kg × 0.500\u00a0kg = €1.15")
    (weighing,) = api.weighings
    assert (weighing.confirmed_label, weighing.confirmed_by) == ("Orange", ConfirmedBy.SHOPPER)


async def test_low_confidence_takes_yes(user: User, api: Service) -> None:
    api.label, api.confidence = "Satsumas", 0.55
    await weigh_sample(user)

    user.find("Yes, Satsumas").click()

    await user.should_see("Confirmed", retries=SOON)
    await user.should_see("next-item")


async def test_an_unknown_item_is_searched_and_confirmed(user: User, api: Service) -> None:
    api.label, api.confidence, api.others = "unknown", 0.8, ()
    await weigh_sample(user)
    await user.should_see("I don't know this item")
    await user.should_not_see("price")
    await user.should_see("item-Ginger", retries=SOON)

    user.find("item-search").type("ging")
    await user.should_not_see("item-Lemon", retries=SOON)
    user.find("item-Ginger").click()

    await user.should_see("Confirmed", retries=SOON)
    await user.should_see("€6.99/kg × 0.500\u00a0kg = €3.50")


async def test_a_sure_answer_can_be_something_else_by_its_number(user: User) -> None:
    await weigh_sample(user)

    user.find("something-else").click()
    await user.should_see("item-Kiwi", retries=SOON)
    user.find("item-search").type("4030")
    await user.should_not_see("item-Lemon", retries=SOON)
    user.find("item-Kiwi").click()

    await user.should_see("€4.49/kg × 0.500\u00a0kg = €2.25", retries=SOON)


async def test_search_says_when_nothing_is_called_so_and_leads_back(user: User) -> None:
    await weigh_sample(user)
    user.find("something-else").click()
    await user.should_see("item-Kiwi", retries=SOON)

    user.find("item-search").type("spaceship")
    await user.should_see("Nothing is called “spaceship” here", retries=SOON)
    user.find("back").click()
    await user.should_see("next-item", retries=SOON)


async def test_two_kinds_on_the_scale_are_one_sentence(user: User, api: Service) -> None:
    api.label, api.confidence, api.others = "Banana", 0.52, (("Carrots", 0.41),)
    await weigh_sample(user)
    await user.should_see("One kind at a time, please")
    await user.should_not_see("Not quite sure")


async def test_items_sold_each_are_counted(user: User, api: Service) -> None:
    api.label = "Avocado"
    await weigh_sample(user)
    await user.should_see("2 × €1.29 each = €2.58")
    await user.should_see("How many are there?")
    await user.should_not_see("receipt")
    user.find("pieces-3").click()
    await user.should_see("3 × €1.29 each = €3.87", retries=SOON)
    await user.should_see("receipt", retries=SOON)
    await user.should_not_see("ask-count")

    user.find("more").click()

    await user.should_see("4 × €1.29 each = €5.16", retries=SOON)
    user.find("less").click()
    await user.should_see("3 × €1.29 each = €3.87", retries=SOON)


async def test_a_count_outlives_a_container_and_stands_on_the_label(
    user: User, api: Service
) -> None:
    api.label = "Avocado"
    await weigh_sample(user)
    user.find("pieces-3").click()
    await user.should_see("Confirmed", retries=SOON)

    user.find("tare-choice").click()
    await user.should_see("container-Box", retries=SOON)
    user.find("container-Box").click()

    await until(lambda: len(api.weighings) == 2 and api.weighings[1].counted)
    await user.should_see("3 × €1.29 each = €3.87", retries=SOON)
    await user.should_see("receipt", retries=SOON)
    assert (api.weighings[1].quantity, api.weighings[1].tare_kg) == (3, Decimal("0.060"))


async def test_every_fast_tap_counts_and_is_charged(user: User, api: Service) -> None:
    api.label, api.confirming_s = "Avocado", 0.3
    await weigh_sample(user)
    buttons = user.find("more").elements

    for _ in range(3):
        user.find("more").click()
    await until(lambda: text_of(user, "quantity") == "5")
    assert text_of(user, "price") == "…"
    assert not is_enabled(user, "next-item")

    await user.should_see("5 × €1.29 each = €6.45", retries=SOON)
    assert text_of(user, "quantity") == "5"
    assert is_enabled(user, "next-item")
    assert api.weighings[0].quantity == 5
    assert [said.quantity for said in api.confirmations] == [3, 5]
    assert user.find("more").elements == buttons, "a tap on a button that is drawn anew is lost"


async def test_a_count_that_is_not_confirmed_is_taken_back(user: User, api: Service) -> None:
    api.label = "Avocado"
    await weigh_sample(user)
    del api.shop.catalogue.items["Avocado"]

    user.find("more").click()

    await user.should_see("Avocado is not in the catalogue", retries=SOON)
    assert text_of(user, "quantity") == "2"
    await user.should_see("2 × €1.29 each = €2.58")
    assert is_enabled(user, "next-item")


async def test_yes_while_a_count_is_confirmed_keeps_the_count(user: User, api: Service) -> None:
    api.label, api.confidence, api.confirming_s = "Avocado", 0.55, 0.2
    await weigh_sample(user)

    for tap in ("more", "more", "accept"):
        user.find(tap).click()

    await user.should_see("4 × €1.29 each = €5.16", retries=SOON)
    await user.should_see("Confirmed")
    assert is_enabled(user, "next-item")
    assert api.weighings[0].quantity == 4


async def test_another_item_and_a_count_at_once_are_both_heard(user: User, api: Service) -> None:
    api.label, api.others, api.confirming_s = "Avocado", (("Lime", 0.02),), 0.2
    await weigh_sample(user)

    user.find("more").click()
    user.find("prediction-Lime").click()

    await user.should_see("€4.99/kg × 0.500\u00a0kg = €2.50", retries=SOON)
    await user.should_not_see("more")
    assert [said.confirmed_label for said in api.confirmations] == ["Avocado", "Lime"]
    assert api.weighings[0].confirmed_label == "Lime"


async def test_an_empty_scale_is_told_so(user: User, api: Service) -> None:
    api.label, api.others = "empty", ()
    await weigh_sample(user)
    await user.should_see("There is nothing on the scale")
    await user.should_not_see("price")

    user.find("Try again").click()
    await user.should_see("Now it needs a picture", retries=SOON)
    await user.should_not_see(marker="picture")
    assert len(api.pictures) == 1, "the picture that shows nothing is not sent again"


async def test_what_the_camera_does_not_see_can_be_found_by_name(user: User, api: Service) -> None:
    api.label, api.others = "empty", ()
    await weigh_sample(user)

    user.find("find").click()
    await user.should_see("item-Ginger", retries=SOON)
    user.find("back").click()
    await user.should_see(marker="find", retries=SOON)
    user.find("find").click()
    await user.should_see("item-Ginger", retries=SOON)
    user.find("item-Ginger").click()

    await user.should_see("€6.99/kg × 0.500\u00a0kg = €3.50", retries=SOON)


async def test_a_tap_counts_though_what_was_typed_has_just_changed_the_list(
    user: User, api: Service
) -> None:
    api.label, api.others = "unknown", ()
    await weigh_sample(user)
    await user.should_see("item-Leek", retries=SOON)
    (tile,) = user.find("item-Leek").elements

    user.find("item-search").type("lee")
    await user.should_not_see("item-Kiwi", retries=SOON)
    (tapped,) = [one for one in tile._event_listeners.values() if one.type == "click"]
    # What a browser sends that has not heard of the shorter list yet.
    tile.client.handle_event({"id": tile.id, "listener_id": tapped.id, "args": []})

    await user.should_see("Confirmed", retries=SOON)


@pytest.mark.parametrize(
    ("weight", "sentence"),
    [
        ("abc", "Please enter the weight in kilograms"),
        ("-1", "The weight must be above 0 kg"),
        ("31", "This scale weighs up to 30 kg"),
    ],
)
async def test_a_bad_weight_is_said_calmly_and_nothing_is_sent(
    user: User, api: Service, weight: str, sentence: str
) -> None:
    await user.open("/")
    await tap_sample(user, "bananas")
    user.find("weight").clear().type(weight)
    user.find("classify").click()

    await until(lambda: message_of(user, "weight").startswith(sentence))
    assert api.pictures == []


async def test_a_tare_above_the_weight_is_said_calmly(user: User, api: Service) -> None:
    await user.open("/")
    await tap_sample(user, "bananas")
    user.find("tare").clear().type("0,5")
    user.find("classify").click()

    await until(lambda: message_of(user, "tare") == "The tare must be less than the weight")
    assert api.pictures == []


async def test_a_decimal_comma_is_a_decimal_point(user: User, api: Service) -> None:
    await user.open("/")
    await tap_sample(user, "bananas")
    user.find("weight").clear().type("0,25")
    user.find("weight").trigger("keydown.enter")

    await user.should_see("answer", retries=SOON)
    assert api.loads[0].weight_kg == Decimal("0.250")


async def test_without_a_picture_it_asks_for_one(user: User, api: Service) -> None:
    await user.open("/")
    user.find("weight").type("0.5")
    user.find("classify").click()

    await user.should_see("Take a picture, choose one, or tap a sample first", retries=SOON)
    (problem,) = user.find("problem").elements
    assert "calm" in problem.classes
    assert api.pictures == []


async def test_a_chosen_file_is_weighed_like_a_sample(user: User, api: Service) -> None:
    await user.open("/")
    await upload(user, jpeg(photo(400, 300)))
    await user.should_see(marker="picture", retries=SOON)
    user.find("weight").type("1")
    user.find("classify").click()

    await user.should_see("€1.89/kg × 1.000\u00a0kg = €1.89", retries=SOON)
    assert len(api.pictures) == 1


async def test_a_file_that_is_no_picture_is_said_calmly(user: User) -> None:
    await user.open("/")
    await upload(user, b"a letter to grandmother")

    await user.should_see("This file is not a picture that can be read.", retries=SOON)
    await user.should_see("classify")


async def test_a_connection_that_just_closed_is_not_the_shoppers_matter(
    user: User, api: Service, caplog: pytest.LogCaptureFixture
) -> None:
    await user.open("/")
    await tap_sample(user, "bananas")
    api.stale = 1
    user.find("classify").click()

    await user.should_see("answer", retries=SOON)
    assert not reasons(caplog)
    assert len(api.pictures) == 1


async def test_a_confirmation_over_a_connection_that_just_closed_is_repeated(
    user: User, api: Service
) -> None:
    api.label = "Avocado"
    await weigh_sample(user)
    api.stale = 1

    user.find("more").click()

    await user.should_see("3 × €1.29 each = €3.87", retries=SOON)
    assert api.count(f"confirm/{api.weighings[0].job_id}", 200, method="POST") == 2
    assert [said.quantity for said in api.confirmations] == [3], "said twice, it counts once"


async def test_a_retry_after_a_lost_answer_is_the_same_weighing(user: User, api: Service) -> None:
    api.works = False
    await user.open("/")
    await tap_sample(user, "bananas")
    user.find("classify").click()
    await user.should_see("waiting", retries=SOON)
    await until(lambda: bool(api.pictures))
    user.find("cancel").click()
    await user.should_see("classify", retries=SOON)
    api.works = True

    user.find("classify").click()
    await user.should_see("answer", retries=SOON)
    assert len(api.pictures) == 1


async def test_what_the_service_refuses_is_shown_in_its_words(user: User, api: Service) -> None:
    api.refuses = "The picture has too many pixels."
    await user.open("/")
    await tap_sample(user, "bananas")
    user.find("classify").click()

    await user.should_see("The picture has too many pixels.", retries=SOON)
    await user.should_see("classify")


async def test_a_failed_weighing_says_why_and_can_be_tried_anew(user: User, api: Service) -> None:
    api.fails = "the picture is cut off"
    await user.open("/")
    await tap_sample(user, "bananas")
    user.find("classify").click()
    await user.should_see(
        "This picture could not be recognised: the picture is cut off", retries=SOON
    )

    api.fails = None
    user.find("classify").click()
    await user.should_see("answer", retries=SOON)
    assert len(api.pictures) == 2


async def test_another_language_keeps_what_is_on_the_scale(user: User) -> None:
    await weigh_sample(user)

    user.find("language-de").click()

    await user.should_see("Bananen", retries=SOON)
    await user.should_see("Sehr sicher · 97\u00a0%")
    await user.should_see("1,89\u00a0€/kg × 0,500\u00a0kg = 0,95\u00a0€")
    await user.should_see("Nächster Artikel")


async def test_a_page_opens_in_the_language_of_its_address(user: User) -> None:
    await user.open("/?lang=de")
    await user.should_see("Legen Sie Ihren Artikel auf die Waage")
    await user.should_see("Zitronen im Beutel")

    await user.open("/?lang=xx")
    await user.should_see("Put your item on the scale")


async def test_an_address_where_nothing_is_leads_back(user: User) -> None:
    answer = await user.http_client.get("/nope?lang=de")
    assert answer.status_code == 404
    for said in ("Unter dieser Adresse gibt es nichts", "Zur Waage", "/?lang=de"):
        assert said in answer.text

    answer = await user.http_client.get("/samples/nope.jpg")
    assert (answer.status_code, answer.json()) == (404, {"detail": "Not Found"})


async def upload(user: User, content: bytes) -> None:
    """Choose a file."""
    (uploader,) = user.find(ui.upload).elements
    file = ui.upload.SmallFileUpload(name="photo.jpg", content_type="image/jpeg", _data=content)
    await uploader.handle_uploads([file])


def price(api: Service, label: str, unit_price: str) -> None:
    """Give an item another price, from the beginning on."""
    known = api.shop.catalogue.items[label]
    prices = tuple(
        one.model_copy(update={"unit_price": Decimal(unit_price)}) for one in known.prices
    )
    api.shop.catalogue.items[label] = known.model_copy(update={"prices": prices})


async def until(condition: Callable[[], bool]) -> None:
    """Give the kiosk's tasks their turn until something holds."""
    async with asyncio.timeout(SOON / 10):
        while not condition():
            await asyncio.sleep(0.01)


def message_of(user: User, field: str) -> str:
    """What stands below a field."""
    (box,) = user.find(field).elements
    return str(box.props.get("error-message", ""))


def text_of(user: User, mark: str) -> str:
    """What an element says."""
    (element,) = user.find(mark).elements
    assert isinstance(element, TextElement)
    return str(element.text)


def is_enabled(user: User, mark: str) -> bool:
    """Whether a button can be tapped."""
    (button,) = user.find(mark).elements
    assert isinstance(button, ui.button)
    return bool(button.enabled)


def reasons(caplog: pytest.LogCaptureFixture) -> list[str]:
    """What the kiosk logged about its service."""
    return [one.getMessage() for one in caplog.records if one.name == "frontend.api.errors"]
