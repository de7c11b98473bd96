"""What counts of what a shop has taught."""

from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smartscale.domain.errors import Conflict
from smartscale.domain.memory import (
    LESSONS_PER_LABEL,
    HeldBecause,
    HeldLesson,
    Lesson,
    MemoryVersion,
    Teacher,
    teaches,
)
from smartscale.domain.weighing import ConfirmedBy, Status, Weighing
from tests.examples import NOW


def lesson(label: str, picture: str, teacher: Teacher = Teacher.ENROLMENT) -> Lesson:
    return Lesson(label=label, picture=picture, teacher=teacher, at=NOW)


lessons = st.lists(
    st.builds(
        lesson,
        st.sampled_from(["Banana", "Kaki", "Lemon"]),
        st.integers(0, 60).map(str),
        st.sampled_from(Teacher),
    ),
    max_size=80,
)


@given(lessons, lessons)
def test_the_same_again_changes_nothing(first: list[Lesson], second: list[Lesson]) -> None:
    once = MemoryVersion.empty(NOW).learn(first, NOW).learn(second, NOW)
    kept = [one for one in second if one in once.lessons]
    assert once.learn(kept, NOW) is once


@given(lessons)
def test_a_picture_shows_one_item_and_no_item_has_too_many(taught: list[Lesson]) -> None:
    known = MemoryVersion.empty(NOW)
    for one in taught:
        known = known.learn([one], NOW)
    pictures = [one.picture for one in known.lessons]
    assert len(pictures) == len(set(pictures))
    labels = [one.label for one in known.lessons]
    assert all(labels.count(label) <= LESSONS_PER_LABEL for label in labels)


def test_what_was_said_last_of_a_picture_holds() -> None:
    known = MemoryVersion.empty(NOW).learn([lesson("Banana", "a")], NOW)
    known = known.learn([lesson("Lemon", "a")], NOW)
    assert [one.label for one in known.lessons] == ["Lemon"]
    assert known.number == 2


def test_going_back_is_a_version_too_and_goes_further_each_time() -> None:
    empty = MemoryVersion.empty(NOW)
    one = empty.learn([lesson("Banana", "a")], NOW)
    two = one.learn([lesson("Lemon", "b")], NOW)

    three = two.go_back(one, NOW + timedelta(hours=1))
    assert (three.number, three.lessons) == (3, one.lessons)
    four = three.go_back(empty, NOW)
    assert (four.number, four.lessons) == (4, ())
    with pytest.raises(Conflict, match="no version to go back to"):
        four.go_back(empty, NOW)


recognised = Weighing(
    job_id="0" * 32,
    status=Status.DONE,
    scale_id="till-1",
    upload_key="uploads/a",
    created_at=NOW,
    completed_at=NOW,
    label="Banana",
    confidence=Decimal("0.5"),
)


def confirmed(
    said: str, by: ConfirmedBy, *, confidence: str, suspicious: str | None = None
) -> Weighing:
    return recognised.model_copy(
        update={
            "confidence": Decimal(confidence),
            "confirmed_label": said,
            "confirmed_by": by,
            "suspicious_reason": suspicious,
        }
    )


@pytest.mark.parametrize(
    ("said", "by", "confidence", "suspicious", "teacher"),
    [
        ("Lemon", ConfirmedBy.ATTENDANT, "0.99", None, Teacher.ATTENDANT),
        ("Banana", ConfirmedBy.ATTENDANT, "0.50", None, Teacher.ATTENDANT),
        ("Banana", ConfirmedBy.ATTENDANT, "0.99", None, None),
        ("Lemon", ConfirmedBy.SHOPPER, "0.50", None, Teacher.SHOPPERS),
        ("Lemon", ConfirmedBy.SHOPPER, "0.99", None, None),
        ("Lemon", ConfirmedBy.SHOPPER, "0.50", "cheap", None),
    ],
)
def test_whose_word_teaches(
    said: str,
    by: ConfirmedBy,
    confidence: str,
    suspicious: str | None,
    teacher: Teacher | None,
) -> None:
    found = confirmed(said, by, confidence=confidence, suspicious=suspicious)
    assert teaches(found) is teacher


def test_what_nobody_confirmed_teaches_nothing() -> None:
    assert teaches(recognised) is None


def by_weighing(label: str, weighing: str) -> Lesson:
    return Lesson(
        label=label, picture=weighing, teacher=Teacher.ATTENDANT, at=NOW, weighing=weighing
    )


def test_a_confirmation_teaches_nothing_again_once_its_lesson_was_taken_out() -> None:
    taught = MemoryVersion.empty(NOW).learn([by_weighing("Lemon", "a"), lesson("Kaki", "k")], NOW)
    without = taught.forget("a", NOW)
    assert without.learn([by_weighing("Lemon", "a")], NOW) is without
    waits = HeldLesson(
        lesson=by_weighing("Lemon", "a"), because=HeldBecause.CONTRADICTS, seen_as="Kaki"
    )
    assert without.hold([waits], NOW) is without
    # Another answer to the same weighing is another lesson, and so is its picture by hand.
    assert len(without.learn([by_weighing("Banana", "a")], NOW).lessons) == 2
    assert len(without.learn([lesson("Lemon", "a")], NOW).lessons) == 2


def test_a_confirmation_teaches_again_only_after_going_back_to_when_it_counted() -> None:
    empty = MemoryVersion.empty(NOW)
    before = empty.learn([lesson("Kaki", "k")], NOW)
    taught = before.learn([by_weighing("Lemon", "a")], NOW)
    back = taught.go_back(before, NOW)
    assert back.learn([by_weighing("Lemon", "a")], NOW) is back
    forth = back.go_back(taught, NOW)
    assert forth.lessons == taught.lessons
    assert not forth.taken_out
    held = empty.hold(
        [HeldLesson(lesson=by_weighing("Kaki", "b"), because=HeldBecause.MIXES_UP, seen_as="Fig")],
        NOW,
    )
    assert not held.forget("b", NOW).learn([by_weighing("Kaki", "b")], NOW).lessons
