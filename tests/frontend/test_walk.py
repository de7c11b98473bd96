"""The walk that sets a shop up, without a screen."""

import pytest

from frontend.staff.setup.walk import Walk, pairs_to_show, untaught
from smartscale.contract.memory import MixedUp, TaughtItem


def test_a_walk_goes_from_item_to_item_and_ends() -> None:
    walk = Walk(["Fig", "Leek", "Lime"])
    assert [walk.take(), walk.take()] == ["Fig", "Leek"]
    assert (walk.current, walk.over) == ("Lime", 2)
    walk.take()
    assert (walk.current, walk.over) == (None, 3)
    with pytest.raises(LookupError):
        walk.take()


def test_what_is_skipped_can_be_come_back_to() -> None:
    walk = Walk(["Fig", "Leek", "Lime"])
    walk.skip()
    walk.take()
    walk.skip()
    assert (walk.current, walk.over, walk.skipped) == (None, 3, {"Fig", "Lime"})
    walk.go_through_skipped()
    assert walk.current == "Fig"
    walk.take()
    assert walk.current == "Lime"


def test_one_goes_back_and_on_again() -> None:
    walk = Walk(["Fig", "Leek", "Lime"])
    walk.take()
    walk.skip()
    assert walk.can_go_back
    walk.back()
    assert walk.current == "Leek"
    walk.back()
    assert walk.current == "Fig"
    assert not walk.can_go_back
    assert [walk.take(), walk.take(), walk.take()] == ["Fig", "Leek", "Lime"]
    assert walk.current is None
    assert walk.taken == {"Fig": 2, "Leek": 1, "Lime": 1}


def test_skipping_an_item_that_was_come_back_to_forgets_no_picture() -> None:
    walk = Walk(["Fig", "Leek"])
    walk.take()
    walk.back()
    walk.skip()
    assert (walk.taken["Fig"], walk.skipped, walk.current) == (1, set(), "Leek")


def test_two_that_are_mixed_up_are_shown_again_and_the_walk_goes_on() -> None:
    walk = Walk(["Fig", "Leek", "Lime"])
    walk.take()
    walk.take()
    walk.show("Fig", "Leek")
    assert [walk.take(), walk.take()] == ["Fig", "Leek"]
    assert walk.current == "Lime"
    walk.take()
    walk.show("Quince")  # chosen by name, from outside of the walk
    assert [walk.take(), walk.current, walk.over] == ["Quince", None, 4]


def test_what_is_not_sold_here_leaves_the_walk() -> None:
    walk = Walk(["Fig", "Leek"])
    walk.drop()
    assert (walk.order, walk.current, walk.can_go_back) == (["Leek"], "Leek", False)


def test_what_neither_the_model_nor_a_picture_makes_known_waits_to_be_taught() -> None:
    items = [
        TaughtItem(label="Banana", recognised=True, images=0),
        TaughtItem(label="Fig", recognised=False, images=2),
        TaughtItem(label="Quince", recognised=False, images=0),
    ]
    assert untaught(items) == {"Quince"}


def test_pairs_that_this_walk_can_mend_are_shown() -> None:
    walk = Walk(["Fig", "Leek"])
    walk.take()
    pairs = [
        MixedUp(first="Lime", second="Lemon", share=1.0),
        MixedUp(first="Lime", second="Fig", share=0.5),
    ]
    assert pairs_to_show(pairs, walk, 3) == pairs[1:]
