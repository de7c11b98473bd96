"""What was taught is fused with what network and training photos say."""

import io
from dataclasses import replace

import numpy as np
import pytest

from smartscale.recognition.builtin import builtin_package
from smartscale.recognition.memory import (
    LESSON_PARTS,
    Head,
    HeadError,
    LeftOut,
    Memory,
    Vectors,
    Weights,
)
from smartscale.recognition.memory_fit import (
    FEW,
    HIGHEST,
    LOWEST,
    MOST_GROWTH,
    SET_UP,
    evidence_for,
    learn,
    lowest,
    usual_threshold,
)
from smartscale.recognition.recogniser import NetworkRecogniser

LABELS = ("Banana", "Lemon")
SURE_OF_BANANA = np.array([4.0, 1.0])
LENGTH = 8


def direction(*parts: float) -> Vectors:
    """A vector of unit length, filled up with zeros."""
    vector = np.zeros(LENGTH, np.float32)
    vector[: len(parts)] = parts
    return np.asarray(vector / np.linalg.norm(vector), np.float32)


KNOWN = np.stack([direction(1, 0.1 * step) for step in range(8)])
KAKI = direction(0, 0, 1)


@pytest.fixture
def head() -> Head:
    """A network that was trained on photos near the first direction."""
    return Head(
        labels=LABELS,
        known=KNOWN,
        middle=np.zeros(LENGTH, np.float32),
        whiten=np.asarray(8 * np.eye(LENGTH), np.float32),
        means=8 * np.stack([direction(1), direction(1, 0.6)]),
        label_of=np.array([0, 1]),
        readout=np.zeros((LENGTH + 1, 2), np.float32),
        elsewhere=np.zeros((LENGTH + 1, 2), np.float32),
        place=np.zeros((LENGTH + 1, 1), np.float32),
        concept_of=np.array([0, 1]),
        temperature=1.0,
        weights=Weights(),
    )


def best(labels: tuple[str, ...], logs: np.ndarray) -> str:
    return labels[int(logs.argmax())]


LESSONS = {"Kaki": [KAKI, direction(0, 0.2, 1)], "Lemon": [direction(0, 1)]}


def test_what_is_near_to_a_taught_picture_is_that(head: Head) -> None:
    labels, logs = learn(head, LESSONS).fuse(SURE_OF_BANANA, KAKI)
    assert labels == ("Banana", "Lemon", "Kaki")
    assert best(labels, logs) == "Kaki"
    assert np.exp(logs).sum() == pytest.approx(1)


def test_what_is_near_to_what_the_network_learned_from_stays_what_it_was(head: Head) -> None:
    labels, logs = learn(head, LESSONS).fuse(SURE_OF_BANANA, KNOWN[0])
    assert best(labels, logs) == "Banana"
    assert np.exp(logs).sum() == pytest.approx(1)


def test_lessons_of_a_strange_place_say_less_of_pictures_from_home(head: Head) -> None:
    """The fourth number tells the place, and is below zero where the network was trained."""
    place = np.zeros((LENGTH + 1, 1), np.float32)
    place[3] = 2.0
    strange = {
        label: [direction(*seen[:3], 0.5) for seen in shown] for label, shown in LESSONS.items()
    }
    at_home, here = direction(0, 0.1, 1, -0.5), direction(0, 0.1, 1, 0.5)

    def not_kaki(counts: float) -> list[float]:
        weights = replace(head.weights, gate=(*head.weights.gate[:-1], counts))
        memory = learn(replace(head, place=place, weights=weights), strange)
        return [1 - np.exp(memory.fuse(SURE_OF_BANANA, seen)[1][2]) for seen in (at_home, here)]

    regardless, considered = not_kaki(0.0), not_kaki(0.5)
    assert considered[0] > 2 * regardless[0]
    assert considered[1] == pytest.approx(regardless[1], rel=0.1)


def test_a_label_that_the_network_knows_gains_by_its_own_pictures(head: Head) -> None:
    labels, logs = learn(head, LESSONS).fuse(SURE_OF_BANANA, direction(0, 1))
    assert best(labels, logs) == "Lemon"


def test_a_concept_speaks_for_its_labels_where_a_picture_is_from_elsewhere(head: Head) -> None:
    seen = direction(0, 0, 0, 0, 0, 0, 0.3, 0.9)  # the last two: much more of the second concept
    for concepts, said in ((0.0, "Banana"), (0.7, "Lemon")):
        weights = replace(head.weights, strange=(7.0, -1.0, 0.0, 0.0, 0.0, 0.0), concepts=concepts)
        assert best(*learn(replace(head, weights=weights), {}).fuse(SURE_OF_BANANA, seen)) == said
    shares = np.exp(head.concepts(seen[np.newaxis])[0])
    assert shares == pytest.approx([0.1, 0.9], abs=0.01)


def test_who_has_taught_nothing_hears_the_network(head: Head) -> None:
    labels, logs = learn(head, {}).fuse(SURE_OF_BANANA, KAKI)
    assert labels == LABELS
    assert logs[0] - logs[1] == pytest.approx(3)


def test_the_discriminant_adds_what_the_training_photos_looked_like(head: Head) -> None:
    weighed = replace(head, weights=replace(head.weights, discriminant=0.2))
    for seen, said in ((direction(1), "Banana"), (direction(1, 0.6), "Lemon")):
        labels, logs = learn(weighed, {}).fuse(np.array([1.0, 1.0]), seen)
        assert best(labels, logs) == said


def test_the_discriminant_asks_for_the_direction_and_not_for_how_far_a_picture_is(
    head: Head,
) -> None:
    within = head.within(np.stack([direction(1), direction(1, 0.6)]))
    alike = head.alike(within)
    assert np.allclose(head.alike(3 * within), alike)
    assert (np.abs(alike) <= 1 + 1e-6).all()
    assert np.isfinite(head.alike(np.zeros_like(within))).all()


def test_taking_lessons_back_takes_everything_back(head: Head) -> None:
    before = learn(head, LESSONS).fuse(SURE_OF_BANANA, KAKI)[1]
    learn(head, {**LESSONS, "Fig": [direction(0, 0, 1, 0.1)]})
    assert (learn(head, LESSONS).fuse(SURE_OF_BANANA, KAKI)[1] == before).all()


def test_a_head_comes_back_from_its_file(head: Head) -> None:
    found = Head.load(head.dump(), LABELS, LENGTH)
    assert found.weights == head.weights
    assert np.allclose(found.means, head.means, atol=1e-2)
    assert np.allclose(
        learn(found, LESSONS).fuse(SURE_OF_BANANA, KAKI)[1],
        learn(head, LESSONS).fuse(SURE_OF_BANANA, KAKI)[1],
        atol=0.05,
    )


def test_a_file_that_is_no_head_of_this_network_is_refused(head: Head) -> None:
    for content, labels, length, saying in (
        (b"no head", LABELS, LENGTH, "cannot be read"),
        (head.dump()[:200], LABELS, LENGTH, "cannot be read"),
        (head.dump(), LABELS, 9, "has the shape"),
        (head.dump(), LABELS[:1], LENGTH, "has the shape"),
        (replace(head, middle=np.full(LENGTH, np.nan)).dump(), LABELS, LENGTH, "no number"),
        (replace(head, known=KNOWN[:2]).dump(), LABELS, LENGTH, "too few"),
        (replace(head, temperature=0.0).dump(), LABELS, LENGTH, "no number"),
        (replace(head, weights=Weights(temperature=0.0)).dump(), LABELS, LENGTH, "no number"),
        (replace(head, weights=Weights(abroad=0.0)).dump(), LABELS, LENGTH, "no number"),
        (
            replace(head, place=np.zeros((9, 2), np.float32)).dump(),
            LABELS,
            LENGTH,
            "place has the shape",
        ),
    ):
        with pytest.raises(HeadError, match=saying):
            Head.load(content, labels, length)


def test_a_head_of_another_version_is_refused_in_one_sentence_that_says_what_to_do(
    head: Head,
) -> None:
    few = replace(head, weights=replace(Weights(), gate=()))
    with np.load(io.BytesIO(head.dump())) as stored:
        without = {name: stored[name] for name in stored if name not in {"elsewhere", "readout"}}
    older = io.BytesIO()
    np.savez_compressed(older, allow_pickle=False, **without)
    for content, saying in (
        (few.dump(), "there are 20 weights, not 28"),
        (older.getvalue(), "it lacks elsewhere, readout"),
    ):
        with pytest.raises(HeadError) as refused:
            Head.load(content, LABELS, LENGTH)
        advice = "`smartscale train head` makes it anew"
        assert str(refused.value) == f"is of another version: {saying}. {advice}"


def test_a_picture_from_elsewhere_is_answered_by_what_knows_elsewhere(head: Head) -> None:
    knows = np.zeros((LENGTH + 1, 2), np.float32)
    knows[-1] = (0.0, 1.0)  # a lemon, though not surely
    abroad = replace(
        head,
        elsewhere=knows,
        weights=replace(head.weights, strange=(7.0, -1.0, 0.0, 0.0, 0.0, 0.0)),
    )
    memory = learn(abroad, {})
    assert memory.fuse(SURE_OF_BANANA, KNOWN[0])[1].argmax() == 0
    labels, logs = memory.fuse(SURE_OF_BANANA, KAKI)  # like nothing that it was trained on
    assert best(labels, logs) == "Lemon"
    assert np.exp(logs).sum() == pytest.approx(1)
    assert np.exp(logs).max() < 0.8


def test_a_known_item_on_a_strange_scale_is_answered_less_surely(head: Head) -> None:
    taken = np.zeros((LENGTH + 1, 1), np.float32)
    taken[2], taken[-1] = 8, -1  # of any other place there is something in the third direction
    weights = replace(head.weights, strange=(0.0, 0.0, 0.0, 0.0, 0.5, 0.0))
    memory = learn(replace(head, place=taken, weights=weights), {})
    at_home = memory.fuse(SURE_OF_BANANA, direction(1, 0.1))[1]
    abroad = memory.fuse(SURE_OF_BANANA, direction(1, 0.1, 0.3))[1]
    assert at_home.argmax() == abroad.argmax() == 0
    assert np.exp(at_home[0]) > np.exp(abroad[0]) + 0.2


def test_what_the_network_has_no_label_for_is_answered_by_what_has_one(head: Head) -> None:
    """However near the picture is to something that it knows."""
    fig = np.zeros((LENGTH + 1, 3), np.float32)
    fig[2, 2], fig[-1, 2] = 8, -2  # there is something of a fig in the third direction
    weights = replace(head.weights, strange=(-2.0, 0.0, 0.0, 0.0, 0.0, 1.0))
    head = replace(
        head,
        labels=(*LABELS, "Fig"),
        readout=np.zeros((LENGTH + 1, 3), np.float32),
        elsewhere=fig,
        concept_of=np.array([0, 1, 0]),
        weights=weights,
    )
    said = np.array([4.0, 1.0, -30.0])
    memory = learn(head, {})
    assert best(*memory.fuse(said, direction(1, 0.1))) == "Banana"
    assert best(*memory.fuse(said, direction(0.5, 0, 1))) == "Fig"


def test_that_an_item_is_new_is_said_within_bounds(head: Head) -> None:
    assert head.surprise(np.log(np.array([[0.6, 0.4]]))) == pytest.approx([0.0])
    fig = replace(head, labels=(*LABELS, "Fig"))
    said = np.array([[0.3, 0.2, 0.5], [1e-12, 1e-12, 1.0]])
    assert fig.surprise(np.log(said)) == pytest.approx([np.log(2), 5.0])


def test_the_last_temperature_changes_how_sure_an_answer_is_and_not_the_answer(head: Head) -> None:
    sharp = replace(head, weights=replace(head.weights, temperature=0.5))
    before, after = (learn(one, {}).fuse(SURE_OF_BANANA, KAKI)[1] for one in (head, sharp))
    assert after[0] - after[1] == pytest.approx(2 * (before[0] - before[1]))
    assert np.exp(after).sum() == pytest.approx(1)

    abroad = (30.0, 0.0, 0.0, 0.0, 0.0, 0.0)  # where it is no measure of how sure to be
    there = [replace(one, weights=replace(one.weights, strange=abroad)) for one in (head, sharp)]
    plain, sharpened = (learn(one, {}).fuse(SURE_OF_BANANA, KAKI)[1] for one in there)
    np.testing.assert_allclose(sharpened, plain, atol=1e-9)
    [_, one] = there
    unsure = replace(one, weights=replace(one.weights, abroad=2.0))
    doubted = learn(unsure, {}).fuse(SURE_OF_BANANA, KNOWN[0])[1]
    claimed = learn(one, {}).fuse(SURE_OF_BANANA, KNOWN[0])[1]
    assert doubted[0] - doubted[1] == pytest.approx((claimed[0] - claimed[1]) / 2)


def shop(items: int, lessons: int, spread: float) -> dict[str, list[Vectors]]:
    """Pictures of items that lie around a direction each, as far as `spread`."""
    rng = np.random.default_rng(11)
    places = rng.normal(size=(items, 1, LENGTH))
    seen = places + spread * rng.normal(size=(items, lessons, LENGTH))
    seen /= np.linalg.norm(seen, axis=2, keepdims=True)
    return {f"item-{number}": list(one.astype(np.float32)) for number, one in enumerate(seen)}


def test_each_lesson_is_left_out_as_if_it_had_never_been_given(head: Head) -> None:
    lessons = shop(4, 5, 0.3)
    memory = Memory(head, {label: np.stack(seen) for label, seen in lessons.items()})
    for place in (0, 7, 19):
        item = memory.owner[place]
        found = memory.parts(memory.lessons[[place]], out=LeftOut(lesson=np.array([place])))
        others = {
            label: np.stack([one for one in seen if one is not lessons[label][place % 5]])
            if number == item
            else np.stack(seen)
            for number, (label, seen) in enumerate(lessons.items())
        }
        without = Memory(head, others)
        # How much pictures of an item differ is known from all; the rest is what it would be.
        direct = without.parts(memory.lessons[[place]])
        assert found.evidence[1:, 0] == pytest.approx(direct.evidence[1:, 0], abs=1e-3)
        assert found.evidence[0, 0] == pytest.approx(direct.evidence[0, 0], rel=0.35)


def test_of_many_lessons_those_of_likely_items_say_what_all_would(
    head: Head, monkeypatch: pytest.MonkeyPatch
) -> None:
    lessons = shop(80, 6, 0.2)
    memory = learn(head, {label: seen[:5] for label, seen in lessons.items()})
    pictures = [seen[5] for seen in lessons.values()]
    whole = [memory.fuse(np.zeros(2), picture)[1] for picture in pictures]
    monkeypatch.setattr("smartscale.recognition.memory.MANY", 100)
    likely = [memory.fuse(np.zeros(2), picture)[1] for picture in pictures]
    for one, other in zip(whole, likely, strict=True):
        assert one.argmax() == other.argmax()
        assert np.exp(one).max() == pytest.approx(np.exp(other).max(), abs=0.05)


def test_a_shop_whose_lessons_are_told_apart_is_surer_than_one_whose_are_not(head: Head) -> None:
    def sure(spread: float) -> float:
        lessons = shop(8, 6, spread)
        memory = learn(head, {label: seen[:5] for label, seen in lessons.items()})
        logs = [memory.fuse(np.zeros(2), seen[5])[1].max() for seen in lessons.values()]
        return float(np.exp(logs).mean())

    assert sure(0.05) > 0.9 > sure(1.0)


def test_an_answer_is_as_sure_as_such_answers_are_right_and_stays_the_answer(head: Head) -> None:
    lessons = shop(8, 6, 0.6)
    memory = learn(head, {label: seen[:4] for label, seen in lessons.items()})
    pictures = np.stack([*(one for seen in lessons.values() for one in seen[4:]), KNOWN[0]])
    parts = memory.parts(pictures, np.zeros((len(pictures), 2)))
    fused = memory.weigh(parts)
    assured = memory.assured(parts, fused)
    assert np.exp(assured).sum(axis=1) == pytest.approx(1)
    assert (assured.argsort(axis=1) == fused.argsort(axis=1)).all()
    assert (assured[:-1].max(axis=1) != fused[:-1].max(axis=1)).all()
    assert (assured[-1] == fused[-1]).all(), "nobody has taught what it shows"


@pytest.mark.parametrize("part", ["mean", "ridge"])
def test_an_answer_is_surer_the_more_a_part_says_for_it_alone(head: Head, part: str) -> None:
    lessons = shop(5, 4, 0.6)
    memory = learn(head, {label: seen[:3] for label, seen in lessons.items()})
    parts = memory.parts(lessons["item-1"][3][np.newaxis], np.zeros((1, 2)))
    fused = memory.weigh(parts)
    item = list(lessons).index(best(memory.labels, fused[0]))

    def sure(more: float) -> float:
        evidence = parts.evidence.copy()
        evidence[LESSON_PARTS.index(part), 0, item] += more
        return float(memory.assured(replace(parts, evidence=evidence), fused).max())

    by_more = [sure(more) for more in (-9, -6, -3, 0, 3)]
    assert by_more == sorted(by_more)
    assert by_more[0] < by_more[-1]


def test_what_is_sure_enough_follows_from_what_became_of_the_lessons() -> None:
    sure = np.full(200, 0.992)
    assert lowest(sure, np.ones(200, bool), LOWEST) == LOWEST
    assert lowest(sure, np.arange(200) >= 10, LOWEST) == HIGHEST
    # Few that were right do not outweigh what experience says.
    assert lowest(sure[:5], np.arange(5) >= 2, 0.95) == HIGHEST


def test_what_is_sure_enough_falls_with_the_lessons(head: Head) -> None:
    assert usual_threshold(0.0, SET_UP) == HIGHEST
    assert usual_threshold(MOST_GROWTH, 100) == LOWEST
    by_items = [usual_threshold(1.0, items) for items in (SET_UP, 8, FEW, 300)]
    assert by_items[0] < by_items[1] < by_items[2] == by_items[3] < HIGHEST
    thresholds = [
        learn(head, {f"item-{n}": list(KNOWN[:count]) for n in range(SET_UP)}).lowest or 0.0
        for count in (1, 3, 7)
    ]
    assert thresholds[0] == HIGHEST
    assert sorted(thresholds, reverse=True) == thresholds
    assert learn(head, {"Kaki": list(KNOWN[:3]), "Fig": list(KNOWN[3:])}).lowest is None


def test_what_a_search_leaves_out_of_many_items_says_next_to_nothing(
    head: Head, monkeypatch: pytest.MonkeyPatch
) -> None:
    lessons = shop(60, 4, 0.2)
    some = learn(head, lessons)
    monkeypatch.setattr("smartscale.recognition.memory_fit.LIKELIEST", 1000)
    every = learn(head, lessons)
    assert some.weights == pytest.approx(every.weights, abs=0.01)
    assert some.gate == pytest.approx(every.gate, abs=0.02)


def test_the_same_lessons_are_learned_the_same(head: Head) -> None:
    lessons = shop(6, 4, 0.4)
    one, other = learn(head, lessons), learn(head, lessons)
    assert (one.weights == other.weights).all()
    assert (one.gate == other.gate).all()


def test_three_hundred_items_are_learned_beside_what_was_known() -> None:
    """What that takes is for `benchmarks/learning.py`."""
    head = NetworkRecogniser(builtin_package()).head
    assert head is not None
    rng = np.random.default_rng(5)
    seen = rng.normal(size=(300, 30, head.length)).astype(np.float32)
    seen /= np.linalg.norm(seen, axis=2, keepdims=True)
    memory = learn(head, {f"item-{number}": list(vectors) for number, vectors in enumerate(seen)})
    logits = rng.normal(size=len(head.labels))
    labels, scores = memory.fuse(logits, seen[7, 3])
    assert set(labels) == {*head.labels, *(f"item-{number}" for number in range(300))}
    assert np.exp(scores).sum() == pytest.approx(1)


def test_likeness_never_speaks_against_an_item() -> None:
    found = evidence_for(np.array([0.2, -0.1, 0.3, 0.0, -0.4, -0.2, 0.1, 0.0, -0.3, -0.1]))
    at_one, growth = found[:5], found[5:]
    for lessons in (0.0, 1.0, MOST_GROWTH):
        assert (at_one + growth * lessons)[:4].min() >= -1e-12
    assert (at_one[4], growth[4]) == (-0.4, -0.1)
    weights = NetworkRecogniser(builtin_package()).head.weights  # type: ignore[union-attr]
    for lessons in (0.0, MOST_GROWTH):
        shipped = np.array(weights.lessons) + np.array(weights.growth) * lessons
        assert shipped[:4].min() >= -1e-4
