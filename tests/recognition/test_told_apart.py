"""Which taught items are mixed up."""

import numpy as np

from smartscale.recognition.memory import Vectors
from smartscale.recognition.told_apart import MOST_PAIRS, find_harmful, find_mixed_up


def at(degrees: float) -> Vectors:
    """A picture somewhere on a circle: the nearer the angles, the more alike."""
    angle = np.radians(degrees)
    return np.array([np.cos(angle), np.sin(angle)], np.float32)


def pairs(**lessons: list[Vectors]) -> dict[tuple[str, str], float]:
    return {(one.first, one.second): float(one.share) for one in find_mixed_up(lessons).mixed_up}


def test_items_whose_pictures_lie_apart_are_told_apart() -> None:
    assert pairs(Fig=[at(0), at(5)], Lime=[at(90), at(95)]) == {}
    assert pairs(Fig=[at(0)], Lime=[at(90)]) == {}


def test_single_pictures_that_are_alike_are_mixed_up() -> None:
    assert pairs(Fig=[at(0)], Lime=[at(20)], Leek=[at(120)]) == {("Fig", "Lime"): 1.0}


def test_the_share_counts_pictures_that_are_nearer_to_the_other_item() -> None:
    assert pairs(Fig=[at(0), at(2), at(60)], Lime=[at(62), at(64)]) == {("Fig", "Lime"): 0.2}


def test_another_picture_of_each_tells_two_apart() -> None:
    assert pairs(Fig=[at(0), at(8)], Lime=[at(20), at(28)]) == {}


def test_the_worst_pairs_come_first_and_not_all_of_hundreds() -> None:
    alike = {f"Kind-{n}": [at(n * 0.1)] for n in range(60)}
    found = find_mixed_up({"Fig": [at(0), at(2), at(30)], **alike}).mixed_up
    assert len(found) == MOST_PAIRS
    assert [one.share for one in found] == sorted((one.share for one in found), reverse=True)


def test_nothing_taught_or_one_item_mixes_up_nothing() -> None:
    assert find_mixed_up({}).mixed_up == ()
    assert find_mixed_up({"Fig": [at(0), at(50)], "Lime": []}).mixed_up == ()


def test_a_picture_among_those_of_another_item_does_harm() -> None:
    known = {"Fig": [at(0), at(10), at(20), at(30)], "Lime": [at(90), at(95)]}
    assert find_harmful(known, [("Lime", at(14)), ("Lime", at(100)), ("Fig", at(15))]) == {0: "Fig"}
    # Where they are mixed up already, one picture more is not what does it.
    mixed = {"Fig": [at(0), at(10)], "Lime": [at(1), at(9)]}
    assert find_harmful(mixed, [("Lime", at(5))]) == {}
    assert find_harmful({}, [("Lime", at(14))]) == {}
