"""A shopper at the scale, without a screen, a network or a camera."""

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from frontend.api.errors import ApiRefused, ApiTroubled, ApiUnreachable
from frontend.devices.scales.scale import Condition, Reading
from frontend.devices.scales.simulated import SimulatedScale
from frontend.weighing.camera_watch import BLIND, STAFF_BLIND, CameraWatch
from frontend.weighing.last_load import LoadFile
from frontend.weighing.pictures import UNREADABLE, Picture
from frontend.weighing.session import Post, Step
from frontend.weighing.shopper import NOTHING_YET, TAKE_OFF, TARED_BY_SCALE, Shopper
from frontend.weighing.station import Station
from frontend.weighing.weighing import NO_PICTURE, TOO_MANY, TOO_SLOW, UNREACHABLE, Photo
from frontend.words.languages import load_languages
from frontend.words.refusals import REFUSALS
from frontend.words.wording import TARE_TOO_HEAVY
from smartscale.contract.problem import Fault
from smartscale.contract.weighing import Pieces, Prediction, Result, Status, Unit
from tests.frontend.conftest import jpeg, photo

pytestmark = pytest.mark.asyncio

LANGUAGES = load_languages()
GRAM = Decimal("0.001")
COUNT_REFUSED = next(one for one in REFUSALS if "cannot weigh" in one)


@dataclass
class Service:
    """Answers at once, or when `answer` is set."""

    label: str = "Banana"
    quantity: int = 1
    pieces: Pieces | None = None
    """How many it can be; asked for until somebody has counted."""
    counted: bool = False
    sent: list[dict[str, Any]] = field(default_factory=list)
    confirmed: list[tuple[str, int | None]] = field(default_factory=list)
    left: list[str] = field(default_factory=list)
    voided: list[tuple[str, str]] = field(default_factory=list)
    unless_settled: list[bool] = field(default_factory=list)
    fails: Exception | None = None
    answer: asyncio.Event = field(default_factory=asyncio.Event)
    slow: bool = False

    async def predict(
        self,
        image: bytes,
        weight_kg: Decimal,
        tare_kg: Decimal | None,
        *,
        scale_id: str,
        idempotency_key: str,
    ) -> str:
        self.sent.append(
            {
                "image": image,
                "weight": weight_kg,
                "tare": tare_kg,
                "scale": scale_id,
                "key": idempotency_key,
            }
        )
        if self.slow:
            await self.answer.wait()
        if self.fails is not None:
            raise self.fails
        return idempotency_key

    async def result(self, job_id: str, language: str, *, wait_s: int = 0) -> Result:
        del wait_s
        return self._result(job_id, self.label, language)

    async def confirm(
        self, job_id: str, label: str, language: str, *, quantity: int | None = None
    ) -> Result:
        self.confirmed.append((label, quantity))
        if self.fails is not None:
            raise self.fails
        self.quantity = quantity or self.quantity
        self.counted = quantity is not None
        return self._result(job_id, self.label, language, confirmed=label)

    def leave(self, weighing_id: str) -> None:
        self.left.append(weighing_id)

    async def void(self, weighing_id: str, by: str, *, unless_settled: bool) -> None:
        self.voided.append((weighing_id, by))
        self.unless_settled.append(unless_settled)

    @property
    def sales(self) -> list[Decimal]:
        """The weights of what was sent and is not void."""
        void = [weighing_id for weighing_id, _ in self.voided]
        return [one["weight"] for one in self.sent if one["key"] not in void]

    def _result(
        self, job_id: str, label: str, language: str, confirmed: str | None = None
    ) -> Result:
        return Result.model_construct(
            job_id=job_id,
            status=Status.DONE,
            label=label,
            name=f"{confirmed or label} ({language})",
            confirmed_label=confirmed,
            quantity=self.quantity,
            unit=Unit.EACH,
            price=Decimal(self.quantity),
            pieces=self.pieces,
            needs_count=self.pieces is not None and not self.counted,
            net_kg=self.sent[-1]["weight"] - (self.sent[-1]["tare"] or 0),
            top_k=(
                Prediction(
                    label=label,
                    plu=None,
                    name=label,
                    confidence=1,
                    unit=Unit.EACH,
                    unit_price=Decimal(1),
                    quantity=1,
                    net_kg=None,
                    total=Decimal(1),
                    currency="EUR",
                ),
            ),
        )


class Camera:
    """Counts how often it was asked."""

    def __init__(self) -> None:
        self.live = True
        self.captures = 0

    def capture(self) -> None:
        self.captures += 1


class WiredScale:
    """Capacity and division; the tests hand the readings in."""

    capacity_kg = Decimal(15)
    division_kg = GRAM

    def readings(self) -> AsyncIterator[Reading]:
        raise NotImplementedError

    async def close(self) -> None:
        raise NotImplementedError


class Place:
    """A shopper at a wired scale, whose work runs to its end in `settle`."""

    def __init__(
        self,
        scale: WiredScale | SimulatedScale | None = None,
        *,
        service: Service | None = None,
        last: LoadFile | None = None,
    ) -> None:
        self.service, self.camera, self.drawn = service or Service(), Camera(), 0
        self.watch = CameraWatch()
        self.sold: list[str] = []
        self.language = LANGUAGES["en"]
        self._work: list[asyncio.Task[None]] = []
        self.shopper = Shopper(
            scale or WiredScale(),
            self.service,
            lambda: self.language,
            Post("till-1", patience_s=5, camera_patience_s=0.01),
            self._run,
            self._draw,
            on_sold=self.sold.append,
            camera_watch=self.watch,
            last=last,
        )

    def _run(self, work: Coroutine[Any, Any, None]) -> None:
        self._work.append(asyncio.get_running_loop().create_task(work))

    def _draw(self) -> None:
        self.drawn += 1

    async def settle(self) -> None:
        while self._work:
            await self._work.pop(0)

    def put(self, kg: str, condition: Condition = Condition.STABLE) -> None:
        self.shopper.read(Reading(condition, Decimal(kg).quantize(GRAM)))

    async def see(self, picture: bytes) -> None:
        """The camera gives a picture."""
        await self.shopper.take_picture(picture, captured=True)
        await self.settle()

    def show(self, colour: str = "yellow", *, captured: bool = False) -> None:
        picture = Picture(colour.encode(), "data:,")
        self.shopper._show_photo(Photo(picture, captured=captured))

    async def weigh(self, kg: str = "0.5", *, captured: bool = False) -> None:
        """An item, its picture and its answer."""
        self.put("0")
        self.put(kg)
        self.show(captured=captured)
        await self.settle()
        assert self.shopper.step is Step.ANSWERED

    async def send_slowly(self) -> None:
        """An item and its picture, of which the service lets the answer be waited for."""
        self.service.slow = True
        self.put("0")
        self.put("0.5")
        self.show()
        await asyncio.sleep(0)

    @property
    def message(self) -> str | None:
        notice = self.shopper.weighing.notice
        return None if notice is None else notice.message


@pytest.fixture
def place() -> Place:
    return Place()


async def test_each_step_follows_from_the_load_and_its_weighing(place: Place) -> None:
    shopper = place.shopper
    place.put("0")
    steps = [shopper.step]
    place.put("0.5", Condition.MOVING)
    steps.append(shopper.step)
    place.put("0.5")
    steps.append(shopper.step)
    place.show()
    steps.append(shopper.step)
    await place.settle()
    steps.append(shopper.step)
    shopper.next_item()
    steps.append(shopper.step)
    place.put("0")
    steps.append(shopper.step)
    shopper.weigh_container()
    steps.append(shopper.step)
    assert steps == [
        Step.IDLE,
        Step.MOVING,
        Step.READY,
        Step.WAITING,
        Step.ANSWERED,
        Step.LEAVING,
        Step.IDLE,
        Step.CONTAINER,
    ]
    (sent,) = place.service.sent
    assert (sent["weight"], sent["tare"], sent["scale"]) == (Decimal("0.500"), None, "till-1")


async def test_an_item_is_chosen_at_any_step(place: Place) -> None:
    shopper = place.shopper
    shopper.use_camera(place.camera)
    place.put("0")
    shopper.search(True)
    assert shopper.choosing
    assert shopper.may_leave_choosing
    place.put("0.5", Condition.MOVING)
    assert shopper.choosing, "what the scale does meanwhile changes nothing"
    await shopper.confirm("Kiwi")
    assert not shopper.choosing
    place.put("0.5")
    assert place.camera.captures == 1, "the camera takes its picture all the same"
    await place.see(jpeg(photo(40, 30)))
    assert place.service.confirmed == [("Kiwi", None)]
    assert place.service.sent[0]["image"]
    place.put("0")
    assert place.sold == ["Kiwi"]


async def test_while_it_is_recognised_an_item_can_be_chosen(place: Place) -> None:
    place.service.slow = True
    place.put("0.5")
    place.show()
    await asyncio.sleep(0)
    assert place.shopper.step is Step.WAITING
    place.shopper.search(True)
    await place.shopper.confirm("Kiwi")
    place.service.answer.set()
    await place.settle()
    assert place.service.confirmed == [("Kiwi", None)]
    assert place.shopper.weighing.settled


@pytest.mark.parametrize("live", [False, True])
async def test_without_a_picture_what_was_chosen_is_weighed(place: Place, live: bool) -> None:
    shopper = place.shopper
    place.camera.live = live
    shopper.use_camera(place.camera)
    place.put("0.5")
    assert shopper.choosing is not live, "nobody waits for a camera that is not there"
    shopper.search(True)
    await shopper.confirm("Kiwi")
    await place.settle()
    assert place.service.sent[0]["image"] == b"", "a camera that gives none in time is no help"
    assert place.service.confirmed == [("Kiwi", None)]


@pytest.mark.parametrize(("colour", "blind"), [
    ((0, 0, 0), True), ((14, 12, 10), True), ((70, 40, 35), True),
    ((220, 190, 60), False), ((255, 255, 255), False),
])  # fmt: skip
async def test_a_dark_or_covered_camera_is_told_and_is_in_nobodys_way(
    place: Place, colour: tuple[int, int, int], blind: bool
) -> None:
    shopper = place.shopper
    shopper.use_camera(place.camera)
    place.put("0.8")
    await place.see(jpeg(photo(400, 300, colour)))
    assert (place.message == BLIND, shopper.choosing) == (blind, blind)
    assert (place.watch.for_staff == STAFF_BLIND) is blind
    assert (place.service.sent == []) is blind, "nothing is recognised in the dark"
    if not blind:
        return
    await shopper.confirm("Kiwi")
    await place.see(jpeg(photo(400, 300, colour)))
    assert place.service.confirmed == [("Kiwi", None)]

    place.put("0")
    place.put("0.8")
    await place.see(jpeg(photo(400, 300)))
    assert place.watch.for_staff is None, "somebody has wiped it"


async def test_an_item_on_a_wired_scale_is_never_nothing(place: Place) -> None:
    place.service.label = "empty"
    await place.weigh(captured=True)
    assert place.shopper.choosing
    assert not place.shopper.may_leave_choosing


async def test_the_screen_is_drawn_after_whatever_happens(place: Place) -> None:
    await place.weigh()
    shopper = place.shopper
    happenings: list[Callable[[], None]] = [
        lambda: place.put("0.9"),
        shopper.cancel,
        shopper.classify,
        shopper.retake,
        shopper.notice_camera,
        shopper.remove_picture,
        lambda: shopper.search(True),
        lambda: shopper.take_tare(GRAM),
        shopper.set_to_zero,
        shopper.weigh_container,
        shopper.cancel_container,
        shopper.next_item,
        lambda: shopper.notify("a sentence"),
    ]
    for happens in happenings:
        before = place.drawn
        happens()
        assert place.drawn == before + 1
    await place.settle()


async def test_a_load_has_the_camera_take_its_picture(place: Place) -> None:
    place.shopper.use_camera(place.camera)
    place.put("0")
    place.put("0.5")
    assert (place.camera.captures, place.shopper.step) == (1, Step.READY)
    place.show(captured=True)
    assert place.shopper.step is Step.WAITING
    await place.settle()


async def test_a_load_waits_for_a_camera_that_starts_late(place: Place) -> None:
    place.camera.live = False
    place.shopper.use_camera(place.camera)
    place.put("0")
    place.put("0.5")
    place.shopper.notice_camera()
    assert place.camera.captures == 0
    place.camera.live = True
    place.shopper.notice_camera()
    assert place.camera.captures == 1


@pytest.mark.parametrize("captured", [False, True])
async def test_another_picture_is_taken_and_the_one_before_is_not_sent_again(
    place: Place, captured: bool
) -> None:
    place.service.label = "empty"
    await place.weigh(captured=captured)
    place.shopper.use_camera(place.camera)

    place.shopper.retake()
    await place.settle()

    assert (place.shopper.step, place.shopper.weighing.photo) == (Step.READY, None)
    assert place.camera.captures == 1
    assert len(place.service.sent) == 1
    place.show("another", captured=True)
    await place.settle()
    assert [sent["image"] for sent in place.service.sent] == [b"yellow", b"another"]
    assert len({sent["key"] for sent in place.service.sent}) == 2


async def test_without_a_camera_another_picture_is_asked_for(place: Place) -> None:
    place.service.label = "empty"
    await place.weigh()
    place.shopper.retake()
    await place.settle()
    assert place.shopper.step is Step.READY
    assert len(place.service.sent) == 1


async def test_more_of_an_item_stays_what_the_shopper_said(place: Place) -> None:
    await place.weigh()
    await place.shopper.confirm("Lemon")
    place.put("0.8", Condition.MOVING)
    place.put("0.8")
    await place.settle()
    result = place.shopper.weighing.result
    assert result is not None
    assert result.confirmed_label == "Lemon"
    assert [sent["weight"] for sent in place.service.sent] == [Decimal("0.500"), Decimal("0.800")]


async def test_another_picture_is_another_item(place: Place) -> None:
    await place.weigh()
    await place.shopper.confirm("Lemon")
    place.put("0.8")
    await place.settle()
    place.show("another")
    await place.settle()
    result = place.shopper.weighing.result
    assert result is not None
    assert result.confirmed_label is None


async def test_an_answer_that_nobody_waits_for_is_dropped(place: Place) -> None:
    await place.send_slowly()
    place.put("0")
    assert place.shopper.step is Step.IDLE
    place.service.answer.set()
    await place.settle()
    assert (place.shopper.step, place.shopper.weighing.result) == (Step.IDLE, None)


async def test_cancelled_and_tried_again_is_one_weighing(place: Place) -> None:
    await place.send_slowly()
    weighing = place.shopper.weighing
    place.shopper.cancel()
    place.show()
    place.service.answer.set()
    await place.settle()
    assert place.shopper.step is Step.ANSWERED
    assert place.shopper.weighing is weighing
    assert len({sent["key"] for sent in place.service.sent}) == 1


@pytest.mark.parametrize(
    ("error", "message"),
    [(ApiUnreachable("no route"), UNREACHABLE), (ApiRefused("Too heavy."), "Too heavy.")],
)
async def test_what_goes_wrong_is_said_and_can_be_tried_again(
    place: Place, error: Exception, message: str
) -> None:
    place.service.fails = error
    place.put("0")
    place.put("0.5")
    place.show()
    await place.settle()
    assert (place.shopper.step, place.message) == (Step.READY, message)
    place.service.fails = None
    place.shopper.classify()
    await place.settle()
    assert place.shopper.step is Step.ANSWERED


async def test_who_waits_too_long_is_told_so(place: Place) -> None:
    place.shopper._session._post = Post("till-1", patience_s=0)
    place.put("0")
    place.put("0.5")
    place.show()
    await place.settle()
    assert place.message == TOO_SLOW


@pytest.mark.parametrize("answered", [False, True])
async def test_a_bag_that_is_noticed_late_is_taken_off_all_the_same(
    place: Place, answered: bool
) -> None:
    """Also while the answer is awaited: what was sent is without the bag."""
    place.put("0")
    place.put("0.5")
    place.show()
    if answered:
        await place.settle()
    place.shopper.take_tare(Decimal("0.006"))
    await place.settle()
    assert place.shopper.step is Step.ANSWERED
    assert place.service.sent[-1]["tare"] == Decimal("0.006")


async def test_a_container_heavier_than_its_item_is_refused_and_the_answer_stays(
    place: Place,
) -> None:
    await place.weigh("0.2")
    place.shopper.take_tare(Decimal("0.25"))
    assert (place.shopper.step, place.message) == (Step.ANSWERED, TARE_TOO_HEAVY)
    assert place.shopper.plate.tare_kg == 0


async def test_the_own_container_is_weighed_and_stands_where_tares_are_typed(place: Place) -> None:
    place.put("0")
    place.shopper.weigh_container()
    place.put("0.12")
    assert place.shopper.step is Step.IDLE
    assert place.shopper.figures.tare == "0.120"
    place.shopper.weigh_container()
    place.put("0")
    place.shopper.cancel_container()
    assert place.shopper.step is Step.IDLE


async def test_counting_shows_at_once_and_is_confirmed_one_after_another(place: Place) -> None:
    await place.weigh()
    first = asyncio.create_task(place.shopper.count(1))
    second = asyncio.create_task(place.shopper.count(1))
    await asyncio.gather(first, second)
    weighing = place.shopper.weighing
    assert (weighing.quantity, weighing.settled) == (3, True)
    assert [quantity for _, quantity in place.service.confirmed] == [2, 3]


async def test_a_count_that_is_refused_is_taken_back(place: Place) -> None:
    await place.weigh()
    place.service.fails = ApiRefused("Avocados are counted by the staff.")
    await place.shopper.count(1)
    assert (place.shopper.weighing.quantity, place.message) == (
        1,
        "Avocados are counted by the staff.",
    )


FOUR_PEPPERS = Pieces(suggested=4, least=3, most=5, at_most=11)


async def counted_peppers(place: Place) -> None:
    """Four peppers on the scale, counted by the shopper."""
    place.service.pieces, place.service.quantity = FOUR_PEPPERS, 4
    await place.weigh("0.702")
    place.service.counted = False
    await place.shopper.count_as(4)


async def test_how_many_there_are_is_asked_likeliest_first(place: Place) -> None:
    place.service.pieces, place.service.quantity = FOUR_PEPPERS, 4
    await place.weigh("0.702")
    weighing = place.shopper.weighing
    assert weighing.result is not None
    assert (weighing.result.needs_count, weighing.numbers) == (True, [4, 3, 5])
    await place.shopper.count_as(4)
    assert (weighing.result.needs_count, place.service.confirmed) == (False, [("Banana", 4)])


@pytest.mark.parametrize(
    ("least", "most"), [(4, 4), (14, 34)], ids=["nothing to choose", "too many to choose from"]
)
async def test_numbers_are_offered_where_they_are_few(place: Place, least: int, most: int) -> None:
    place.service.pieces = Pieces(suggested=least, least=least, most=most, at_most=68)
    await place.weigh("0.702")
    assert place.shopper.weighing.numbers == []
    assert place.shopper.weighing.most == 68


@pytest.mark.parametrize("change", ["a container", "a draught", "the same again"])
async def test_a_count_is_kept_when_the_load_is_weighed_again(place: Place, change: str) -> None:
    await counted_peppers(place)
    place.service.counted = False  # another weighing, of which the service knows no count
    match change:
        case "a container":
            place.shopper.take_tare(Decimal("0.060"))
        case "a draught":
            place.put("0.705")
            place.show()
        case _:
            place.shopper.classify()
    await place.settle()
    weighing = place.shopper.weighing
    assert weighing.result is not None
    assert (weighing.quantity, weighing.result.needs_count) == (4, False)
    assert place.service.confirmed[-1] == ("Banana", 4)
    assert len(place.service.sent) == 2


async def test_a_count_is_kept_over_several_changes_and_while_an_answer_is_awaited(
    place: Place,
) -> None:
    await counted_peppers(place)
    for gross in ("0.705", "0.708", "0.711"):
        place.put(gross)
        place.show()
    await place.settle()
    assert place.service.confirmed[-1] == ("Banana", 4)


async def test_what_more_was_put_on_is_counted_anew(place: Place) -> None:
    await counted_peppers(place)
    place.service.pieces = Pieces(suggested=5, least=4, most=7, at_most=14)
    place.put("0.880")
    place.show()
    await place.settle()
    assert place.service.confirmed[-1] == ("Banana", None), "a fifth pepper lies there"
    assert place.shopper.weighing.result is not None
    assert place.shopper.weighing.result.needs_count


async def test_a_count_that_cannot_be_is_not_sent(place: Place) -> None:
    await counted_peppers(place)
    await place.shopper.count_as(12)
    assert (place.shopper.weighing.quantity, place.message) == (4, TOO_MANY)
    assert place.service.confirmed == [("Banana", 4)]


async def test_a_refusal_is_said_in_the_shoppers_language(place: Place) -> None:
    await place.weigh()
    place.language = LANGUAGES["de"]
    values = {
        "quantity": "99", "label": "Pepper", "net_kg": "0.702", "least": "0.120", "most": "0.280",
        "likely": "3-5",
    }  # fmt: skip
    said = Fault(detail="99 pieces of Pepper…", message=COUNT_REFUSED, values=values)
    place.service.fails = ApiRefused("99 pieces of Pepper…", (said,))
    await place.shopper.count_as(99)
    assert (place.message or "").startswith("99 Stück Pepper können nicht 0.702 kg wiegen")


async def test_what_is_out_of_the_question_is_not_offered(place: Place) -> None:
    await place.weigh()
    result = place.shopper.weighing.result
    assert result is not None
    others = [
        result.top_k[0].model_copy(update={"label": label, "confidence": share})
        for label, share in (("Lime", 0.02), ("Leek", 0.01), ("Mango", 0.0099), ("Garlic", 0.0))
    ]
    place.shopper.weighing.result = result.model_copy(update={"top_k": (*result.top_k, *others)})
    assert [one.label for one in place.shopper.weighing.alternatives] == ["Lime", "Leek"]


async def test_a_weighing_that_nobody_looks_at_is_left(place: Place) -> None:
    await place.weigh()
    (sent,) = place.service.sent
    place.put("0")
    assert place.service.left == [sent["key"]]


async def test_a_tap_says_what_is_missing(place: Place) -> None:
    shopper = place.shopper
    place.put("0")
    shopper.classify()
    assert place.message == NOTHING_YET
    place.put("0.5")
    shopper.classify()
    assert place.message == NO_PICTURE
    place.show()
    await place.settle()
    shopper.next_item()
    shopper.classify()
    assert place.message == TAKE_OFF


async def test_a_file_that_is_no_picture_is_said(place: Place) -> None:
    await place.shopper.take_picture(b"a letter", captured=False)
    assert place.message == UNREADABLE
    await place.shopper.take_picture(jpeg(photo(40, 30)), captured=False)
    assert place.message is None
    assert place.shopper.weighing.photo is not None


async def test_the_next_shopper_finds_nothing_of_the_one_before(place: Place) -> None:
    place.put("0")
    place.show()
    assert not place.shopper.has_left(away_s=60)
    assert place.shopper.has_left(away_s=-1)
    assert place.shopper.weighing.photo is None
    place.put("0.5")
    assert not place.shopper.has_left(away_s=-1), "an item lies there"


async def test_another_language_has_its_names_and_its_decimal_sign(place: Place) -> None:
    await place.weigh()
    place.shopper.figures.weight = "0.5"
    place.language = LANGUAGES["de"]
    await place.shopper.translate()
    result = place.shopper.weighing.result
    assert result is not None
    assert (result.name, place.shopper.figures.weight) == ("Banana (de)", "0,500")


async def test_what_is_typed_lands_on_the_simulated_scale() -> None:
    scale = SimulatedScale(settle_s=0)
    place = Place(scale)
    shopper = place.shopper
    following = asyncio.create_task(shopper.follow())
    shopper.figures.weight, shopper.figures.tare = "0,5", "0.6"
    shopper.classify()
    assert shopper.figures.tare_problem == TARE_TOO_HEAVY
    shopper.figures.tare = ""
    shopper.classify()
    assert place.message == NO_PICTURE

    place.show()
    shopper.classify()
    async with asyncio.timeout(5):
        while shopper.step is not Step.ANSWERED:
            await asyncio.sleep(0)
            await place.settle()
    shopper.classify()
    async with asyncio.timeout(5):
        while len(place.service.sent) < 2 or shopper.step is not Step.ANSWERED:
            await asyncio.sleep(0)
            await place.settle()
    assert len({sent["key"] for sent in place.service.sent}) == 1, "the same item, charged once"
    await scale.close()
    await following


async def test_a_net_weight_of_the_scale_is_sent_without_any_tare(place: Place) -> None:
    shopper = place.shopper
    place.put("0")
    shopper.read(Reading(Condition.STABLE, Decimal("0.480"), net=True))
    shopper.take_tare(Decimal("0.015"))
    assert place.message == TARED_BY_SCALE
    shopper.weigh_container()
    assert place.message == TARED_BY_SCALE
    place.show()
    await place.settle()
    (sent,) = place.service.sent
    assert (sent["weight"], sent["tare"]) == (Decimal("0.480"), Decimal(0))


@pytest.fixture
def last(tmp_path: Path) -> Iterator[LoadFile]:
    file = LoadFile(tmp_path / "load.sqlite")
    yield file
    file.close()


def started_again(place: Place, last: LoadFile) -> Place:
    """The kiosk after a restart, with the same service and the same disk."""
    return Place(service=place.service, last=last)


async def test_a_kiosk_that_starts_again_goes_on_with_the_load_that_lies_there(
    last: LoadFile,
) -> None:
    before = Place(last=last)
    await before.weigh("0.702", captured=True)
    again = started_again(before, last)
    again.shopper.use_camera(again.camera)
    again.put("0.702", Condition.MOVING)
    again.put("0.703")
    await again.settle()
    assert again.shopper.step is Step.ANSWERED
    assert again.camera.captures == 0, "the picture that was sent is there"
    first, second = before.service.sent
    assert first == second, "the same key, picture and weight: the service takes it for one"


async def test_a_load_that_was_sent_but_not_answered_is_sent_again_as_the_same(
    last: LoadFile,
) -> None:
    before = Place(last=last)
    before.service.fails = ApiUnreachable("the kiosk stopped")
    before.put("0")
    before.put("0.5")
    before.show(captured=True)
    await before.settle()
    before.service.fails = None
    again = started_again(before, last)
    again.put("0.5")
    await again.settle()
    assert again.shopper.step is Step.ANSWERED
    assert len({sent["key"] for sent in before.service.sent}) == 1


async def test_a_load_that_was_dealt_with_has_only_to_be_taken_off(last: LoadFile) -> None:
    before = Place(last=last)
    await before.weigh()
    before.shopper.next_item()
    again = started_again(before, last)
    again.put("0.5")
    steps = [again.shopper.step]
    again.put("0")
    steps.append(again.shopper.step)
    assert steps == [Step.LEAVING, Step.IDLE]
    assert len(before.service.sent) == 1
    assert last.last() is None


async def test_a_container_and_a_zero_outlive_the_restart(last: LoadFile) -> None:
    before = Place(last=last)
    before.put("0.010")
    before.shopper.set_to_zero()
    before.shopper.take_tare(Decimal("0.060"))
    before.put("0.5")
    before.show()
    await before.settle()
    again = started_again(before, last)
    again.put("0.5")
    await again.settle()
    plate = again.shopper.plate
    assert (plate.gross_kg, plate.tare_kg) == (Decimal("0.490"), Decimal("0.060"))
    assert len({sent["key"] for sent in before.service.sent}) == 1


@pytest.mark.parametrize("change", ["another weight", "taken off before", "too long ago"])
async def test_what_lies_there_now_is_another_weighing(
    last: LoadFile, change: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = Place(last=last)
    await before.weigh()
    if change == "taken off before":
        before.put("0")
    if change == "too long ago":
        monkeypatch.setattr("frontend.weighing.last_load.GOOD_FOR_S", -1.0)
    again = started_again(before, last)
    again.put("0.6" if change == "another weight" else "0.5")
    assert again.shopper.step is Step.READY
    again.show("green")
    await again.settle()
    assert len({sent["key"] for sent in before.service.sent}) == 2


async def test_what_was_confirmed_stays_confirmed_through_a_restart(last: LoadFile) -> None:
    before = Place(last=last)
    await before.weigh("0.702")
    await before.shopper.count_as(4)
    confirmed = before.shopper.weighing.result
    assert confirmed is not None
    again = started_again(before, last)
    answered = before.service.result
    again.service.result = lambda *_, **__: _given(confirmed)  # type: ignore[method-assign]
    again.put("0.702")
    await again.settle()
    again.service.result = answered  # type: ignore[method-assign]
    assert again.shopper.weighing.result == confirmed
    assert again.shopper.weighing.said == before.shopper.weighing.said


async def _given(result: Result) -> Result:
    return result


async def test_two_pages_show_one_weighing(last: LoadFile) -> None:
    service, drawn = Service(), [0, 0]
    work: list[asyncio.Task[None]] = []
    scale = SimulatedScale(settle_s=0)
    station = Station(
        scale,
        service,
        Post("till-1", patience_s=5),
        LANGUAGES["en"],
        last,
        lambda task: work.append(asyncio.get_running_loop().create_task(task)),
    )
    cameras = [Camera(), Camera()]

    def draw(page: int) -> Callable[[], None]:
        def count() -> None:
            drawn[page] += 1

        return count

    draws = [draw(0), draw(1)]
    for page, camera in enumerate(cameras):
        station.shopper.use_camera(camera)
        station.show_on(draws[page], LANGUAGES["en"])
    scale.place(Decimal("0.500"))
    async with asyncio.timeout(5):
        while station.shopper.step is not Step.READY:
            await asyncio.sleep(0)
    assert [camera.captures for camera in cameras] == [0, 1], "one picture, by the newest page"
    station.shopper._show_photo(Photo(Picture(b"yellow", "data:,"), captured=True))
    await asyncio.gather(*work)
    assert len(service.sent) == 1
    assert drawn[0] == drawn[1] > 0

    cameras[1].live = False
    station.leave(draws[1])
    station.show_on(draws[1], LANGUAGES["de"])  # the page is loaded anew
    shopper = station.shopper
    assert (shopper.weighing.result is not None, len(service.sent)) == (True, 1)
    assert shopper.camera_sees
    await station.close()


# ------------------------------------------------------------------ what is sold


async def test_what_lies_on_the_scale_is_sold_once_however_often_it_was_weighed(
    place: Place,
) -> None:
    await place.weigh("0.5", captured=True)
    place.put("0.8")  # one more apple
    place.show(captured=True)
    await place.settle()
    place.shopper.take_tare(Decimal("0.100"))
    place.show(captured=True)
    await place.settle()
    place.put("0")
    await place.settle()
    assert place.service.voided == [(one["key"], "till-1") for one in place.service.sent[:-1]]
    assert place.service.sales == [Decimal("0.800")]


async def test_what_was_left_without_a_price_is_no_sale(place: Place) -> None:
    place.service.pieces = Pieces(suggested=3, least=2, most=4, at_most=5, clear=False)
    await place.weigh()
    place.put("0")
    await place.settle()
    assert place.service.sales == []

    await place.weigh()
    await place.shopper.count_as(3)
    place.put("0")
    await place.settle()
    assert place.service.sales == [Decimal("0.500")]


async def test_what_is_taken_off_before_its_answer_is_no_sale(place: Place) -> None:
    await place.send_slowly()
    place.put("0")
    assert place.service.voided == [], "the service may not have it yet"
    place.service.answer.set()
    await place.settle()
    assert place.service.sales == []


async def test_an_item_that_is_taken_off_while_it_is_confirmed_is_sold(place: Place) -> None:
    place.service.pieces = Pieces(suggested=3, least=2, most=4, at_most=5, clear=False)
    await place.weigh()
    counting = asyncio.ensure_future(place.shopper.count_as(3))
    await asyncio.sleep(0)
    place.put("0")
    await counting
    await place.settle()
    assert place.service.sales == [Decimal("0.500")]


async def test_what_the_service_refused_is_no_weighing_to_void(place: Place) -> None:
    place.service.fails = ApiRefused("Too heavy.")
    place.put("0")
    place.put("0.5")
    place.show()
    await place.settle()
    place.put("0")
    await place.settle()
    assert place.service.voided == []


async def test_an_own_container_is_no_item_that_lies_there(place: Place) -> None:
    await place.weigh("0.463")
    place.shopper.weigh_container()
    await place.settle()
    assert (place.shopper.plate.tare_kg, place.message) == (Decimal(0), TAKE_OFF)
    for kg in ("0.463", "0", "0.12", "0", "0.583"):
        place.put(kg)
    place.show()
    await place.settle()
    assert place.service.sent[-1]["tare"] == Decimal("0.120")
    assert place.service.sales == [Decimal("0.463"), Decimal("0.583")], "two items"


@pytest.mark.parametrize("way", [["0.31"], ["0.61", "0.31", "0.02"], ["0.499", "0.2"]])
async def test_an_item_that_is_lifted_stays_sold(place: Place, way: list[str]) -> None:
    await place.weigh()
    for kg in way:
        place.put(kg, Condition.MOVING)
    place.put("0")
    await place.settle()
    assert place.service.voided == []


async def test_a_weight_that_settles_while_an_item_is_lifted_is_no_sale(place: Place) -> None:
    await place.weigh()
    place.service.slow = True
    place.put("0.3", Condition.MOVING)
    place.put("0.2")
    place.show()
    await asyncio.sleep(0)
    place.put("0")
    place.service.answer.set()
    await place.settle()
    assert place.service.sales == [Decimal("0.500")]


@pytest.mark.parametrize(
    ("stood_s", "sale"),
    [
        ([10, 1, 1, 1], "1.000"),  # it is taken off piece by piece
        ([10, 10, 1, 1], "0.750"),  # one was too many
        ([1, 1, 1, 1], "1.000"),
    ],
)
async def test_the_last_price_that_stood_is_the_sale(
    place: Place, monkeypatch: pytest.MonkeyPatch, stood_s: list[float], sale: str
) -> None:
    now = 0.0
    monkeypatch.setattr("frontend.weighing.weighing.time.monotonic", lambda: now)
    for kg, seconds in zip(("1", "0.75", "0.5", "0.25"), stood_s, strict=True):
        place.put(kg)
        place.show(captured=True)
        await place.settle()
        now += seconds
    place.put("0")
    await place.settle()
    assert place.service.sales == [Decimal(sale)]


async def test_the_price_that_holds_when_the_shopper_taps_is_the_sale(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 0.0
    monkeypatch.setattr("frontend.weighing.weighing.time.monotonic", lambda: now)
    for kg in ("1", "0.75"):
        place.put(kg)
        place.show(captured=True)
        await place.settle()
        now += 10 if kg == "1" else 1
    place.shopper.next_item()
    await place.settle()
    assert place.service.sales == [Decimal("0.750")]


async def test_a_container_that_is_chosen_in_the_end_counts(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 0.0
    monkeypatch.setattr("frontend.weighing.weighing.time.monotonic", lambda: now)
    await place.weigh("0.5", captured=True)
    now += 10
    place.shopper.take_tare(Decimal("0.100"))
    place.show(captured=True)
    await place.settle()
    place.put("0")
    await place.settle()
    assert [one["tare"] for one in place.service.sent] == [None, Decimal("0.100")]
    assert place.service.voided == [(place.service.sent[0]["key"], "till-1")]


async def test_a_pan_that_trembles_all_night_keeps_little(place: Place) -> None:
    for gram in range(40):
        place.put(f"{0.5 + 0.01 * (gram % 3):.3f}")
        place.show(captured=True)
        await place.settle()
    assert len(place.service.voided) >= 25
    place.put("0")
    await place.settle()
    assert len(place.service.sales) == 1


async def test_a_hand_that_leans_on_the_scale_leaves_one_sale(place: Place) -> None:
    await place.weigh()
    place.put("0.61", Condition.MOVING)
    place.put("0.5")
    place.show()
    await place.settle()
    place.put("0")
    await place.settle()
    assert place.service.sales == [Decimal("0.500")]
    assert place.service.unless_settled == [False]


async def test_what_is_left_without_a_price_counts_if_staff_have_given_it_one(place: Place) -> None:
    place.service.pieces = Pieces(suggested=3, least=2, most=4, at_most=5, clear=False)
    await place.weigh()
    place.put("0")
    await place.settle()
    assert place.service.unless_settled == [True]


async def test_another_picture_after_a_cancelled_one_is_the_same_load(place: Place) -> None:
    await place.send_slowly()
    place.shopper.cancel()
    place.show("red")
    place.service.answer.set()
    await place.settle()
    place.put("0")
    await place.settle()
    assert len(place.service.sent) == 2
    assert len(place.service.sales) == 1


async def test_what_may_be_there_after_an_error_of_the_service_is_void(place: Place) -> None:
    place.service.fails = ApiTroubled("Something went wrong.")
    place.put("0")
    place.put("0.5")
    place.show()
    await place.settle()
    place.service.fails = None
    place.put("0.8")
    place.show()
    await place.settle()
    place.put("0")
    await place.settle()
    assert place.service.sales == [Decimal("0.800")]


async def test_what_was_chosen_is_weighed_on_a_simulated_scale_without_a_picture() -> None:
    scale = SimulatedScale(settle_s=0)
    place = Place(scale)
    place.camera.live = False
    following = asyncio.ensure_future(place.shopper.follow())
    await place.shopper.confirm("Cucumber")
    place.shopper.figures.weight = "0.3"
    place.shopper.classify()
    while place.shopper.step is not Step.ANSWERED:
        await asyncio.sleep(0)
        await place.settle()
    assert place.message is None
    assert place.service.sent[-1]["image"] == b""
    assert place.service.confirmed == [("Cucumber", None)]
    following.cancel()
