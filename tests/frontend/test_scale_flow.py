"""What a shopper lives through at a scale and a camera that do it by themselves."""

from collections.abc import AsyncIterator
from decimal import Decimal
from pathlib import Path

import pytest
import pytest_asyncio
from nicegui.testing import User

from frontend.app import create_kiosk
from frontend.devices.scales.scale import Condition, Reading, Readings
from frontend.screen.camera import Camera
from frontend.settings import Settings
from smartscale.domain.weighing import NO_MODEL
from tests.frontend.conftest import SOON, jpeg, photo, standing_at
from tests.frontend.test_weigh import tap_sample, text_of, until, upload
from tests.service import Service

pytestmark = pytest.mark.asyncio


class WiredScale:
    """A scale on a wire, as the kiosk sees one: nothing can be typed into it."""

    capacity_kg = Decimal(15)
    division_kg = Decimal("0.005")

    def __init__(self) -> None:
        self._readings = Readings(Reading(Condition.STABLE, Decimal("0.000")))

    def readings(self) -> AsyncIterator[Reading]:
        return self._readings.follow()

    async def close(self) -> None:
        self._readings.close()

    def show(self, kg: str, condition: Condition = Condition.STABLE) -> None:
        self._readings.publish(Reading(condition, Decimal(kg).quantize(Decimal("0.001"))))

    def say(self, condition: Condition) -> None:
        self._readings.publish(Reading(condition))


@pytest.fixture
def scale() -> WiredScale:
    return WiredScale()


@pytest_asyncio.fixture
async def shopper(api: Service, samples: Path, scale: WiredScale) -> AsyncIterator[User]:
    """Somebody in front of a kiosk with a wired scale."""
    settings = Settings.model_validate(
        {"samples": samples, "patience_s": 5, "home": samples / "home"}
    )
    kiosk = create_kiosk(settings, transport=api.transport, scale=scale)
    async with standing_at(kiosk) as somebody:
        yield somebody


async def weighed(user: User, scale: WiredScale, kg: str = "0.500") -> None:
    """An item on the scale, and its answer on the screen."""
    await user.open("/")
    await upload(user, jpeg(photo(400, 300)))
    await user.should_see(marker="picture", retries=SOON)
    scale.show(kg, Condition.MOVING)
    await user.should_see("One moment, it is being weighed", retries=SOON)
    scale.show(kg)
    await user.should_see("answer", retries=SOON)


async def test_a_sample_lands_on_the_simulated_scale_and_needs_no_button(user: User) -> None:
    await user.open("/")
    await user.should_see("Put your item on the scale")
    await tap_sample(user, "bananas")

    await user.should_see("answer", retries=SOON)
    assert text_of(user, "net") == "0.500\u00a0kg"
    assert text_of(user, "condition") == "Steady"
    await user.should_see("€1.89/kg × 0.500\u00a0kg = €0.95")


async def test_what_is_taken_off_takes_its_price_along(user: User) -> None:
    await user.open("/")
    await tap_sample(user, "bananas")
    await user.should_see("answer", retries=SOON)

    user.find("take-off").click()

    await user.should_see(marker="welcome", retries=SOON)
    await user.should_not_see("answer")
    await user.should_not_see(marker="picture")


async def test_classify_once_more_is_the_same_weighing(user: User, api: Service) -> None:
    await user.open("/")
    await tap_sample(user, "bananas")
    await user.should_see("answer", retries=SOON)

    user.find("classify").click()
    await until(lambda: api.count("predict", method="POST") == 2)
    await user.should_see("answer", retries=SOON)
    assert len(api.pictures) == 1


async def test_a_tap_takes_a_bag_off(user: User, api: Service) -> None:
    await user.open("/")
    user.find("tare-choice").click()
    user.find("container-Paper-bag").click()
    await tap_sample(user, "bananas")

    await user.should_see("answer", retries=SOON)
    sent = api.loads[0]
    assert (sent.weight_kg, sent.tare_kg) == (Decimal("0.506"), Decimal("0.006"))
    await user.should_see("Gross 0.506\u00a0kg − tare 0.006\u00a0kg")
    await user.should_see("× 0.500\u00a0kg = €0.95")


async def test_a_bag_that_is_noticed_late_is_taken_off_all_the_same(
    user: User, api: Service
) -> None:
    await user.open("/")
    await tap_sample(user, "bananas")
    await user.should_see("answer", retries=SOON)

    user.find("tare-choice").click()
    user.find("container-Paper-bag").click()

    await user.should_see("× 0.494\u00a0kg = €0.93", retries=SOON)
    assert [sent.tare_kg for sent in api.loads] == [None, Decimal("0.006")]


async def test_a_container_that_is_heavier_than_what_is_there_is_refused(
    user: User, api: Service
) -> None:
    await user.open("/")
    await tap_sample(user, "lemons")
    await user.should_see("answer", retries=SOON)
    user.find("weight").clear().type("0.200")
    user.find("classify").click()
    await until(lambda: len(api.pictures) == 2)
    await user.should_see("answer", retries=SOON)

    user.find("tare-choice").click()
    user.find("container-Jar").click()

    await user.should_see("The tare must be less than the weight", retries=SOON)
    await user.should_see("answer")
    assert len(api.pictures) == 2


async def test_an_own_container_is_weighed_first(user: User, api: Service) -> None:
    await user.open("/")
    user.find("tare-choice").click()
    user.find("weigh-own").click()
    await user.should_see(marker="own-container", retries=SOON)
    user.find("example-container").click()
    await user.should_not_see(marker="own-container", retries=SOON)
    await user.should_see(marker="welcome")
    assert text_of(user, "net") == "0.000\u00a0kg"

    await tap_sample(user, "bananas")
    await user.should_see("answer", retries=SOON)
    await user.should_see("Gross 0.620\u00a0kg − tare 0.120\u00a0kg")
    assert api.loads[0].tare_kg == Decimal("0.120")


async def test_an_item_is_found_by_its_category(user: User) -> None:
    await user.open("/")
    await tap_sample(user, "bananas")
    await user.should_see("answer", retries=SOON)
    user.find("something-else").click()
    await user.should_see("item-Kiwi", retries=SOON)

    user.find("Vegetables").click()

    await user.should_not_see("item-Kiwi", retries=SOON)
    user.find("item-Leek").click()
    await user.should_see("Confirmed", retries=SOON)


async def test_a_wired_scale_is_read_and_not_typed(shopper: User, scale: WiredScale) -> None:
    await weighed(shopper, scale)

    await shopper.should_not_see("weight")
    await shopper.should_not_see("sample")
    assert [text_of(shopper, one) for one in ("gross", "tare-kg", "net")] == [
        "0.500\u00a0kg",
        "0.000\u00a0kg",
        "0.500\u00a0kg",
    ]


async def test_the_total_follows_the_weight_and_the_item_stays_what_was_said(
    shopper: User, scale: WiredScale, api: Service
) -> None:
    api.others = (("Lemon", 0.2),)
    await weighed(shopper, scale)
    shopper.find("prediction-Lemon").click()
    await shopper.should_see("× 0.500\u00a0kg = €1.50", retries=SOON)

    scale.show("0.800", Condition.MOVING)
    await shopper.should_see("One moment, it is being weighed", retries=SOON)
    await shopper.should_not_see("price")
    scale.show("0.800")

    await shopper.should_see("× 0.800\u00a0kg = €2.39", retries=SOON)
    await shopper.should_see("Confirmed", retries=SOON)
    assert [sent.weight_kg for sent in api.loads] == [Decimal("0.500"), Decimal("0.800")]


async def test_the_next_item_needs_the_weight_to_change(
    shopper: User, scale: WiredScale, api: Service
) -> None:
    await weighed(shopper, scale)
    shopper.find("next-item").click()
    await shopper.should_see("Please take your item off the scale.", retries=SOON)

    scale.show("0.505", Condition.MOVING)
    scale.show("0.505")
    await until(lambda: text_of(shopper, "gross") == "0.505\u00a0kg")
    assert len(api.pictures) == 1

    scale.show("0.000")
    await shopper.should_see(marker="welcome", retries=SOON)


@pytest.mark.parametrize(
    ("condition", "pill", "sentence"),
    [
        (Condition.OVERLOAD, "Too heavy", "This is too heavy: the scale weighs up to 15.000"),
        (Condition.UNDERLOAD, "Below zero", "Please take everything off the scale for a moment"),
        (Condition.UNAVAILABLE, "No scale", "The scale does not answer."),
    ],
)
async def test_what_the_scale_cannot_weigh_is_said_calmly(
    shopper: User, scale: WiredScale, api: Service, condition: Condition, pill: str, sentence: str
) -> None:
    await shopper.open("/")
    await upload(shopper, jpeg(photo(400, 300)))
    scale.say(condition)

    await shopper.should_see(sentence, retries=SOON)
    assert text_of(shopper, "condition") == pill
    assert not any(letter.isdigit() for letter in text_of(shopper, "net"))
    assert api.pictures == []


async def test_what_could_not_be_sent_is_tried_again_or_chosen(
    shopper: User, scale: WiredScale, api: Service
) -> None:
    api.refuses = "The picture was lost."
    await shopper.open("/")
    shopper.find(kind=Camera).trigger("state", {"state": "live"})
    scale.show("0.500")
    await upload(shopper, jpeg(photo(400, 300)))
    await shopper.should_see("problem", retries=SOON)
    await shopper.should_see("choose-yourself")
    api.refuses = None

    shopper.find("weigh-again").click()

    await shopper.should_see("price", retries=SOON)


async def test_without_a_camera_an_item_is_chosen_by_its_picture(
    shopper: User, scale: WiredScale, api: Service
) -> None:
    await shopper.open("/")
    scale.show("0.500")
    await shopper.should_see("What is it?", retries=SOON)
    await shopper.should_see("item-Kiwi", retries=SOON)
    shopper.find("item-Kiwi").click()

    await shopper.should_see("€4.49/kg × 0.500\u00a0kg = €2.25", retries=SOON)
    await shopper.should_see("Confirmed")
    (weighing,) = api.weighings
    assert (weighing.confirmed_label, weighing.model) == ("Kiwi", NO_MODEL)


async def test_a_shop_prints_by_itself_once_and_shows_the_code_beside_it(
    api: Service, samples: Path, scale: WiredScale
) -> None:
    settings = Settings.model_validate(
        {
            "samples": samples,
            "home": samples / "home",
            "printer": f"file://{samples}/printer",
            "printing": "always",
        }
    )
    kiosk = create_kiosk(settings, transport=api.transport, scale=scale)
    async with standing_at(kiosk) as user:
        await user.open("/")
        for demo in ("classify", "choose-picture", "sample-bananas"):
            await user.should_not_see(marker=demo)
        scale.show("0.500")
        user.find(kind=Camera).trigger("state", {"state": "live"})
        await upload(user, jpeg(photo(400, 300)))
        await user.should_see("Your label is printed.", retries=SOON)
        await user.should_see(marker="code")
        await user.should_not_see(marker="label-pdf")
        printed = (samples / "printer").stat().st_size

        user.find("prediction-Lemon").click()
        await user.should_see("Confirmed", retries=SOON)
        await user.should_see(marker="code", retries=SOON)
        assert (samples / "printer").stat().st_size == printed, "another item is for a tap"
        user.find("print-label").click()
        await user.should_see("Your label is printed.", retries=SOON)


async def test_what_was_chosen_first_is_weighed_as_that(
    shopper: User, scale: WiredScale, api: Service
) -> None:
    await shopper.open("/")
    shopper.find("choose-yourself").click()
    await shopper.should_see("item-Kiwi", retries=SOON)
    shopper.find("item-Kiwi").click()
    await shopper.should_see("Put it on the scale: Kiwi fruit", retries=SOON)
    scale.show("0.500")
    await shopper.should_see("Confirmed", retries=SOON)
    assert api.weighings[0].confirmed_label == "Kiwi"

    scale.show("0.000")
    await shopper.should_see("welcome", retries=SOON)
    shopper.find("choose-yourself").click()
    await shopper.should_see("Favourites", retries=SOON)
    (kiwi,) = shopper.find("item-Kiwi").elements
    assert kiwi.parent_slot is not None
    assert kiwi.parent_slot.children[0] is kiwi, "what is sold comes first"


async def test_what_a_finger_goes_for_is_not_drawn_anew_while_the_item_lands(
    shopper: User, scale: WiredScale
) -> None:
    await shopper.open("/")
    (before,) = shopper.find("choose-yourself").elements
    (welcome,) = shopper.find("welcome").elements
    scale.show("0.005", Condition.MOVING)
    await shopper.should_see("Weighing…", retries=SOON)
    assert shopper.find("welcome").elements == {welcome}, "an empty pan trembles"

    scale.show("0.500", Condition.MOVING)
    await shopper.should_see("One moment, it is being weighed", retries=SOON)
    assert shopper.find("choose-yourself").elements == {before}


async def test_a_camera_that_starts_late_sees_what_has_landed_already(
    shopper: User, scale: WiredScale
) -> None:
    await shopper.open("/")
    scale.show("0.500")
    await shopper.should_see("What is it?", retries=SOON)
    shopper.find(kind=Camera).trigger("state", {"state": "live"})
    await shopper.should_see("The picture is being taken", retries=SOON)
    shopper.find(kind=Camera).trigger("state", {"state": "missing"})
    await shopper.should_see("What is it?", retries=SOON)


async def test_each_step_is_said_to_who_cannot_see_it(shopper: User, scale: WiredScale) -> None:
    await shopper.open("/")
    scale.show("0.500", Condition.MOVING)
    await until(lambda: text_of(shopper, "announcement") == "One moment, it is being weighed")
    scale.show("0.500")
    await until(lambda: text_of(shopper, "announcement") == "What is it?")


async def test_the_next_shopper_finds_the_shops_own_language(
    api: Service, samples: Path, scale: WiredScale
) -> None:
    settings = Settings.model_validate(
        {"samples": samples, "away_s": 0.5, "home": samples / "home"}
    )
    kiosk = create_kiosk(settings, transport=api.transport, scale=scale)
    async with standing_at(kiosk) as user:
        await user.open("/?lang=de")
        await user.should_see("Legen Sie Ihren Artikel auf die Waage")
        await user.should_see("Put your item on the scale", retries=SOON)


async def test_a_reload_and_a_second_tab_show_the_same_weighing_whose_label_is_a_copy_then(
    shopper: User, api: Service, scale: WiredScale
) -> None:
    await weighed(shopper, scale)
    (weighing,) = api.weighings
    label = f"/label/{weighing.job_id}.png"
    first = await shopper.http_client.get(label)

    await shopper.open("/")
    await shopper.should_see("answer", retries=SOON)
    await shopper.should_see("€1.89/kg × 0.500\u00a0kg = €0.95")
    again = await shopper.http_client.get(label)
    assert len(api.pictures) == len(api.weighings) == 1
    assert first.content != again.content, "it is marked as a copy"

    scale.show("0.000")
    await shopper.should_see("Put your item on the scale", retries=SOON)
