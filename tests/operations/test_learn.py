"""Teaching the shop's scales, on a shop in memory."""

from decimal import Decimal
from unittest.mock import patch

import pytest

from smartscale.domain.errors import Conflict, InvalidInput, NotFound
from smartscale.domain.job_id import new_job_id
from smartscale.domain.memory import (
    LESSONS_PER_LABEL,
    SHOPPERS_TO_AGREE,
    HeldBecause,
    Lesson,
    MemoryProgress,
    MemoryVersion,
    Teacher,
)
from smartscale.domain.prediction import Scored
from smartscale.domain.upload import upload_key
from smartscale.domain.weighing import ConfirmedBy, ModelRef
from smartscale.operations.learning.remember import Remember
from smartscale.recognition.photo import ImageError
from tests.examples import picture, scores
from tests.fakes import FakeRecogniser
from tests.shop import Shop

ANNOUNCED = 99
"""A version that is announced and may not be there yet: the newest one is looked for."""


@pytest.fixture
def shop() -> Shop:
    """A shop whose model is unsure of everything, so that confirmations teach."""
    return Shop(recogniser=FakeRecogniser(answer=scores(Banana=0.5, Lemon=0.4)))


def weigh(shop: Shop, said: str, by: ConfirmedBy) -> str:
    """A weighing with a picture of its own that is confirmed."""
    job_id = shop.upload({"weight-kg": "1.000", "scale-id": "till-1"})
    key = next(key for key in shop.uploads.objects if job_id in key)
    upload, _ = shop.uploads.objects[key]
    shade = len(shop.uploads.objects) * 20
    shop.uploads.objects[key] = (upload, picture(colour=(shade, 80, 80)))
    shop.recognise(job_id)
    shop.confirm.process(job_id, label=said, confirmed_by=by)
    shop.drain()
    return job_id


def taught(shop: Shop) -> list[tuple[str, Teacher]]:
    newest = shop.memories.newest()
    return [] if newest is None else [(one.label, one.teacher) for one in newest.lessons]


def test_an_enrolled_item_is_remembered_by_the_next_batch(shop: Shop) -> None:
    remember = Remember(shop.memories)
    remember.refresh(shop.recogniser, ANNOUNCED)
    version = shop.teach.enrol("Lemon", [picture(), picture(colour=(90, 90, 9))])
    assert version.number == 1
    assert [one.state for one in shop.teach.versions()] == [MemoryProgress.PENDING]

    remember.refresh(shop.recogniser, ANNOUNCED)

    assert shop.recogniser.remembered == {"Lemon": 2}
    assert [one.state for one in shop.teach.versions()] == [MemoryProgress.READY]
    assert shop.queue.messages == [('{"wake": "model"}', None)]


def test_a_picture_is_looked_at_once_by_each_model(shop: Shop) -> None:
    remember = Remember(shop.memories)
    shop.teach.enrol("Lemon", [picture()])
    remember.refresh(shop.recogniser, ANNOUNCED)
    shop.teach.enrol("Banana", [picture(colour=(90, 90, 9))])
    remember.refresh(shop.recogniser, ANNOUNCED)
    remember.refresh(shop.recogniser, ANNOUNCED)
    assert shop.recogniser.embedded == 2

    other_worker = FakeRecogniser(ref=shop.recogniser.ref)
    Remember(shop.memories).refresh(other_worker, ANNOUNCED)
    assert (other_worker.embedded, other_worker.remembered) == (0, {"Lemon": 1, "Banana": 1})

    other_model = FakeRecogniser(ref=ModelRef(id="another", revision="1"))
    remember.refresh(other_model, ANNOUNCED)
    assert (other_model.embedded, other_model.remembered) == (2, {"Lemon": 1, "Banana": 1})


def test_a_model_that_cannot_learn_is_left_alone(shop: Shop) -> None:
    shop.teach.enrol("Lemon", [picture()])
    shop.recogniser.learns = False
    Remember(shop.memories).refresh(shop.recogniser, ANNOUNCED)
    assert shop.recogniser.remembered == {}


def test_going_back_forgets_what_came_last(shop: Shop) -> None:
    remember = Remember(shop.memories)
    shop.teach.enrol("Lemon", [picture()])
    shop.teach.enrol("Banana", [picture(colour=(90, 90, 9))])
    assert shop.teach.go_back().number == 3
    remember.refresh(shop.recogniser, ANNOUNCED)
    assert shop.recogniser.remembered == {"Lemon": 1}
    shop.teach.go_back()
    remember.refresh(shop.recogniser, ANNOUNCED)
    assert shop.recogniser.remembered == {}
    with pytest.raises(Conflict):
        shop.teach.go_back()


@pytest.mark.parametrize(
    ("label", "images", "reason"),
    [
        ("Kaki", 1, "not in the catalogue"),
        ("Lemon", 0, "1 to 20 pictures"),
        ("Lemon", 21, "1 to 20 pictures"),
    ],
)
def test_what_cannot_be_enrolled_is_said(shop: Shop, label: str, images: int, reason: str) -> None:
    with pytest.raises(InvalidInput, match=reason):
        shop.teach.enrol(label, [picture()] * images)


def test_nothing_is_kept_when_one_file_is_no_picture(shop: Shop) -> None:
    with pytest.raises(ImageError):
        shop.teach.enrol("Lemon", [picture(), b"no picture"])
    assert not shop.memories.pictures


def test_an_attendant_teaches_at_once(shop: Shop) -> None:
    weigh(shop, "Lemon", ConfirmedBy.ATTENDANT)
    assert taught(shop) == [("Lemon", Teacher.ATTENDANT)]


def test_shoppers_teach_when_enough_agree(shop: Shop) -> None:
    for _ in range(SHOPPERS_TO_AGREE - 1):
        weigh(shop, "Lemon", ConfirmedBy.SHOPPER)
    weigh(shop, "Banana", ConfirmedBy.SHOPPER)
    assert taught(shop) == []
    weigh(shop, "Lemon", ConfirmedBy.SHOPPER)
    assert taught(shop) == [("Lemon", Teacher.SHOPPERS)] * SHOPPERS_TO_AGREE


def test_who_changed_their_mind_does_not_agree(shop: Shop) -> None:
    first = weigh(shop, "Lemon", ConfirmedBy.SHOPPER)
    shop.confirm.process(first, label="Banana", confirmed_by=ConfirmedBy.SHOPPER)
    shop.drain()
    for _ in range(SHOPPERS_TO_AGREE - 1):
        weigh(shop, "Lemon", ConfirmedBy.SHOPPER)
    assert taught(shop) == []


def test_a_message_that_comes_twice_teaches_once(shop: Shop) -> None:
    job_id = weigh(shop, "Lemon", ConfirmedBy.ATTENDANT)
    shop.learn.process(job_id)
    newest = shop.memories.newest()
    assert newest is not None
    assert newest.number == 1


def test_an_item_that_the_model_was_sure_of_teaches_nothing() -> None:
    shop = Shop(recogniser=FakeRecogniser(answer=scores(Banana=0.95, Lemon=0.05)))
    weigh(shop, "Banana", ConfirmedBy.ATTENDANT)
    assert taught(shop) == []
    assert shop.recogniser.confirm_below < Decimal("0.95")


def test_many_items_are_taught_by_one_version(shop: Shop) -> None:
    version = shop.teach.enrol_all(
        [("Lemon", picture()), ("Banana", picture(colour="red")), ("Lemon", picture(colour="blue"))]
    )
    assert (version.number, version.label) == (1, None)
    assert taught(shop) == [
        ("Banana", Teacher.ENROLMENT),
        ("Lemon", Teacher.ENROLMENT),
        ("Lemon", Teacher.ENROLMENT),
    ]


def test_of_many_items_none_is_taught_when_one_will_not_do(shop: Shop) -> None:
    with pytest.raises(InvalidInput, match="Durian, Fig are not in the catalogue: add them first"):
        shop.teach.enrol_all([(label, picture()) for label in ("Fig", "Lemon", "Durian")])
    with pytest.raises(ImageError):
        shop.teach.enrol_all([("Lemon", picture()), ("Banana", b"no picture")])
    with pytest.raises(InvalidInput, match="at least one picture"):
        shop.teach.enrol_all([])
    assert shop.memories.stored == {}
    assert shop.memories.pictures == {}


def test_a_refusal_names_a_few_of_hundreds_of_unknown_items(shop: Shop) -> None:
    with pytest.raises(InvalidInput, match="Kind 0, Kind 1, Kind 2, Kind 3, Kind 4 and 3 more are"):
        shop.teach.check_items(f"Kind {number}" for number in range(8))


def test_what_is_mixed_up_is_known_with_the_version(shop: Shop) -> None:
    assert shop.teach.progress() is None
    assert shop.teach.told_apart() is None
    shop.teach.enrol("Lemon", [picture()])
    shop.teach.enrol("Banana", [picture(colour="red")])
    Remember(shop.memories).refresh(shop.recogniser, ANNOUNCED)
    looked_at, found = shop.teach.told_apart() or (0, None)
    assert looked_at == 2
    assert found == shop.memories.judged[shop.recogniser.ref, 2]


# ---------------------------------------------------------------- poisoned lessons


def waiting(shop: Shop) -> list[tuple[str, str, HeldBecause]]:
    newest = shop.memories.newest()
    held = () if newest is None else newest.held
    return [(one.lesson.label, one.seen_as, one.because) for one in held]


@pytest.mark.parametrize("by", [ConfirmedBy.ATTENDANT, ConfirmedBy.SHOPPER])
def test_a_tap_against_a_sure_model_teaches_nothing_until_somebody_accepts(
    by: ConfirmedBy,
) -> None:
    shop = Shop(recogniser=FakeRecogniser(answer=scores(Lemon=0.97, Banana=0.03)))
    for _ in range(SHOPPERS_TO_AGREE):
        weigh(shop, "Banana", by)
    assert taught(shop) == []
    if by is ConfirmedBy.SHOPPER:
        assert waiting(shop) == []
        return
    assert set(waiting(shop)) == {("Banana", "Lemon", HeldBecause.CONTRADICTS)}
    newest = shop.memories.newest()
    assert newest is not None
    first, second, third = (one.lesson.picture for one in newest.held)
    shop.teach.accept(first)
    shop.teach.forget(second)
    assert taught(shop) == [("Banana", Teacher.ATTENDANT)]
    assert len(waiting(shop)) == 1
    for picture_of in ("nothing", second):
        with pytest.raises(NotFound):
            shop.teach.accept(picture_of)
        with pytest.raises(NotFound):
            shop.teach.forget(picture_of)
    assert shop.teach.picture(third)
    shop.teach.go_back()
    shop.teach.go_back()
    assert (taught(shop), len(waiting(shop))) == ([], 3)


def test_what_is_taught_against_a_sure_model_is_held_back_and_counts_once_accepted() -> None:
    shop = Shop(recogniser=FakeRecogniser(answer=scores(Banana=0.97, Lemon=0.03)))
    remember = Remember(shop.memories)
    shop.teach.enrol("Lemon", [picture()])
    remember.refresh(shop.recogniser, ANNOUNCED)
    assert (taught(shop), shop.recogniser.remembered) == ([], {})
    assert waiting(shop) == [("Lemon", "Banana", HeldBecause.CONTRADICTS)]
    shop.teach.enrol("Lemon", [picture()])  # once more is no way round
    remember.refresh(shop.recogniser, ANNOUNCED)
    assert taught(shop) == []

    newest = shop.memories.newest()
    assert newest is not None
    shop.teach.accept(newest.held[0].lesson.picture)
    remember.refresh(shop.recogniser, ANNOUNCED)
    assert (taught(shop), waiting(shop)) == ([("Lemon", Teacher.ENROLMENT)], [])
    assert shop.recogniser.remembered == {"Lemon": 1}


def test_a_harmful_lesson_is_held_back_although_another_came_before_anybody_looked() -> None:
    shop = Shop(recogniser=FakeRecogniser(answer=scores(Banana=0.97, Lemon=0.03)))
    remember = Remember(shop.memories)
    shop.teach.enrol("Lemon", [picture()])
    shop.teach.enrol("Lemon", [picture(colour="red")])
    remember.refresh(shop.recogniser, ANNOUNCED)
    assert taught(shop) == []
    assert waiting(shop) == [("Lemon", "Banana", HeldBecause.CONTRADICTS)] * 2


@pytest.mark.parametrize(
    ("shown", "answer"),
    [
        (picture(shows=False), scores(unknown=0.9, Lemon=0.1)),
        (picture(colour="black", shows=False), scores(unknown=0.9, Lemon=0.1)),
        (picture(), scores(empty=0.6, Lemon=0.4)),
    ],
)
def test_a_picture_of_nothing_is_held_back(shown: bytes, answer: list[Scored]) -> None:
    shop = Shop(recogniser=FakeRecogniser(answer=answer))
    shop.teach.enrol("Lemon", [shown])
    Remember(shop.memories).refresh(shop.recogniser, ANNOUNCED)
    assert taught(shop) == []
    assert waiting(shop) == [("Lemon", "empty", HeldBecause.SHOWS_NOTHING)]


def test_a_black_picture_that_an_attendant_names_is_held_back() -> None:
    shop = Shop(recogniser=FakeRecogniser(answer=scores(unknown=0.9, Lemon=0.1)))
    job_id = new_job_id(shop.clock())
    black = picture(colour="black", shows=False)
    shop.uploads.put(upload_key(job_id), black, "image/jpeg", {"weight-kg": "1.000"})
    shop.recognise(job_id)
    shop.confirm.process(job_id, label="Lemon", confirmed_by=ConfirmedBy.ATTENDANT)
    shop.drain()
    assert taught(shop) == []
    assert waiting(shop) == [("Lemon", "unknown", HeldBecause.SHOWS_NOTHING)]


def test_what_an_earlier_version_of_the_code_has_judged_is_not_judged_anew() -> None:
    shop = Shop(recogniser=FakeRecogniser(answer=scores(Lemon=0.97, Banana=0.03)))
    for colour in ("red", "green", "blue"):
        shop.teach.enrol("Lemon", [picture(colour=colour)])
        Remember(shop.memories).refresh(shop.recogniser, ANNOUNCED)
    shop.memories.judged_versions.clear()
    shop.recogniser.answer = scores(Banana=0.97, Lemon=0.03)  # it is less sure of them by now
    for _ in range(3):  # each start of a worker
        Remember(shop.memories).refresh(shop.recogniser, ANNOUNCED)
    assert (waiting(shop), len(taught(shop))) == ([], 3)


def test_what_a_worker_did_not_come_to_judge_is_judged_with_the_next_version() -> None:
    shop = Shop(recogniser=FakeRecogniser(answer=scores(Banana=0.97, Lemon=0.03)))
    shop.teach.enrol("Lemon", [picture()])
    dies = Remember(shop.memories)
    with (
        pytest.raises(KeyboardInterrupt),
        patch.object(dies, "_held", side_effect=KeyboardInterrupt),
    ):
        dies.refresh(shop.recogniser, ANNOUNCED)
    shop.teach.enrol("Lemon", [picture(colour="red")])
    Remember(shop.memories).refresh(shop.recogniser, ANNOUNCED)
    assert waiting(shop) == [("Lemon", "Banana", HeldBecause.CONTRADICTS)] * 2


def test_who_teaches_while_a_worker_judges_gets_no_harmful_lesson_past_it() -> None:
    shop = Shop(recogniser=FakeRecogniser(answer=scores(Banana=0.97, Lemon=0.03)))
    shop.teach.enrol("Lemon", [picture()])
    add, first = shop.memories.add, True

    def late(version: MemoryVersion) -> bool:
        nonlocal first
        if first:
            first = False
            shop.teach.enrol("Lemon", [picture(colour="red")])
        return add(version)

    shop.memories.add = late  # type: ignore[method-assign]
    Remember(shop.memories).refresh(shop.recogniser, ANNOUNCED)
    assert (taught(shop), shop.recogniser.remembered) == ([], {})
    assert len(waiting(shop)) == 2


def test_an_empty_plate_that_an_attendant_calls_an_item_is_held_back() -> None:
    shop = Shop(recogniser=FakeRecogniser(answer=scores(empty=0.6, Lemon=0.4)))
    weigh(shop, "Banana", ConfirmedBy.ATTENDANT)
    assert taught(shop) == []
    assert waiting(shop) == [("Banana", "empty", HeldBecause.SHOWS_NOTHING)]


def test_another_model_does_not_hold_back_what_counted_before() -> None:
    shop = Shop(recogniser=FakeRecogniser(answer=scores(Lemon=0.97, Banana=0.03)))
    shop.teach.enrol("Lemon", [picture()])
    Remember(shop.memories).refresh(shop.recogniser, ANNOUNCED)
    other = FakeRecogniser(
        answer=scores(Banana=0.97, Lemon=0.03), ref=ModelRef(id="other", revision="1")
    )
    shop.teach.enrol("Banana", [picture(colour="red")])
    Remember(shop.memories).refresh(other, ANNOUNCED)
    assert waiting(shop) == []
    assert len(taught(shop)) == 2


def test_a_wrong_lesson_is_taken_out_again_and_that_can_be_taken_back(shop: Shop) -> None:
    shop.teach.enrol("Lemon", [picture(), picture(colour="red")])
    before = shop.memories.newest()
    assert before is not None
    shop.teach.forget(before.lessons[0].picture)
    assert [one.picture for one in shop.memories.stored[2].lessons] == [before.lessons[1].picture]
    shop.teach.go_back()
    assert len(taught(shop)) == 2


@pytest.mark.parametrize("by", [ConfirmedBy.ATTENDANT, ConfirmedBy.SHOPPER])
def test_a_confirmation_that_is_delivered_again_brings_no_lesson_back(
    shop: Shop, by: ConfirmedBy
) -> None:
    jobs = [weigh(shop, "Lemon", by) for _ in range(SHOPPERS_TO_AGREE)]
    assert len(taught(shop)) == SHOPPERS_TO_AGREE
    while (newest := shop.memories.newest()) is not None and newest.lessons:
        shop.teach.forget(newest.lessons[0].picture)
    for job_id in jobs:
        shop.learn.process(job_id)
    assert taught(shop) == []
    weigh(shop, "Lemon", by)
    # A new confirmation teaches; of shoppers' as many are wanted as before.
    assert len(taught(shop)) == (1 if by is ConfirmedBy.ATTENDANT else 0)


def test_shoppers_add_nothing_to_an_item_that_has_all_its_lessons_until_these_are_old(
    shop: Shop,
) -> None:
    now = shop.clock()
    lessons = [
        Lesson(label="Lemon", picture=f"{number}", teacher=Teacher.SHOPPERS, at=now)
        for number in range(LESSONS_PER_LABEL)
    ]
    full = MemoryVersion.empty(now).learn(lessons, now)
    assert full.knows_enough_of("Lemon", now)
    assert not full.knows_enough_of("Banana", now)
    assert not full.forget("0", now).knows_enough_of("Lemon", now)
    job_id = weigh(shop, "Lemon", ConfirmedBy.SHOPPER)
    shop.memories.votes.clear()

    shop.learn.process(job_id, full)
    assert shop.memories.votes == {}, "nothing is written"

    shop.clock.advance(days=1)
    assert not full.knows_enough_of("Lemon", shop.clock())
    shop.learn.process(job_id, full)
    assert shop.memories.votes
