"""The load on the scale, without a screen."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from frontend.devices.scales.scale import Condition, Reading
from frontend.weighing.flow import Do, Flow, Load, Plate, Untareable

CAPACITY = Decimal(30)
GRAM = Decimal("0.001")


def flow() -> Flow:
    """An empty scale."""
    one = Flow(Plate(CAPACITY, GRAM))
    assert one.read(stable("0")) == ()
    return one


def stable(kg: str) -> Reading:
    return Reading(Condition.STABLE, Decimal(kg).quantize(GRAM))


def moving(kg: str) -> Reading:
    return Reading(Condition.MOVING, Decimal(kg).quantize(GRAM))


def settled(kg: str = "0.5") -> Flow:
    """A scale whose load has settled."""
    one = flow()
    assert one.read(stable(kg)) == (Do.CAPTURE,)
    return one


def test_a_weight_lands_and_settles_and_a_picture_is_taken() -> None:
    one = flow()
    for reading in (moving("0.31"), moving("0.52")):
        assert one.read(reading) == ()
        assert one.load is Load.MOVING
    assert one.read(stable("0.5")) == (Do.CAPTURE,)
    assert one.load is Load.SETTLED


def net(kg: str) -> Reading:
    """A weight from which the scale has taken off a tare of its own."""
    return Reading(Condition.STABLE, Decimal(kg).quantize(GRAM), net=True)


def test_a_net_weight_of_the_scale_takes_no_second_tare() -> None:
    one = flow()
    one.plate.tare(Decimal("0.020"))
    assert one.read(net("0.48")) == (Do.CAPTURE,)
    assert one.plate.tare_kg == 0
    assert one.plate.net_kg == Decimal("0.480")
    with pytest.raises(Untareable):
        one.plate.tare(Decimal("0.015"))
    one.read(net("0.481"))
    assert one.plate.tared_by_scale, "the weight that is shown stays net while it trembles"


def test_a_net_weight_is_no_container() -> None:
    one = flow()
    one.read(net("0"))
    one.await_container()
    one.read(net("0.2"))
    assert one.plate.tare_kg == 0
    assert one.load is Load.CONTAINER


def test_crumbs_are_no_load() -> None:
    one = flow()
    assert one.read(stable("0.019")) == ()
    assert one.load is Load.NONE


def test_what_the_shopper_asks_for_is_weighed_however_light_it_is() -> None:
    one = flow()
    one.start_over()
    assert one.read(stable("0.002")) == (Do.CAPTURE,)


def test_what_is_lighter_than_a_load_leaves_with_its_answer_too() -> None:
    one = flow()
    one.start_over()
    one.read(stable("0.002"))
    assert one.read(stable("0")) == (Do.FORGET,)
    assert one.load is Load.NONE


@pytest.mark.parametrize("reading", [stable("0.501"), moving("0.502"), stable("0.5")])
def test_a_scale_that_trembles_changes_nothing(reading: Reading) -> None:
    one = settled("0.5")
    assert one.read(reading) == ()
    assert one.load is Load.SETTLED
    assert one.plate.net_kg == Decimal("0.5"), "what is shown is what is priced"
    assert one.plate.stable


def test_a_grape_more_is_weighed_anew() -> None:
    assert settled("0.5").read(stable("0.502")) == (Do.REWEIGH, Do.CAPTURE)


def test_another_apple_is_weighed_anew() -> None:
    one = settled("0.5")
    assert one.read(moving("0.58")) == (Do.REWEIGH,)
    assert one.load is Load.MOVING
    assert one.read(stable("0.65")) == (Do.CAPTURE,)


def test_a_jump_to_another_settled_weight_is_weighed_anew() -> None:
    assert settled("0.5").read(stable("0.65")) == (Do.REWEIGH, Do.CAPTURE)


def test_the_answer_leaves_with_the_item() -> None:
    one = settled("0.5")
    assert one.read(moving("0")) == (Do.FORGET,)
    assert one.load is Load.NONE


def test_the_next_item_needs_the_weight_to_change() -> None:
    one = settled("0.5")
    assert one.finish() == ()
    for reading in (stable("0.5"), moving("0.501"), stable("0.499")):
        assert one.read(reading) == ()
        assert one.load is Load.LEAVING
    assert one.read(stable("0.3")) == (Do.FORGET, Do.CAPTURE)


def test_who_has_taken_the_item_off_may_begin_at_once() -> None:
    one = settled("0.5")
    one.finish()
    assert one.read(stable("0")) == (Do.FORGET,)
    assert one.load is Load.NONE
    assert one.read(stable("0.5")) == (Do.CAPTURE,)


def test_to_be_done_with_nothing_on_the_scale_is_to_be_done() -> None:
    one = flow()
    assert one.finish() == (Do.FORGET,)
    assert one.load is Load.NONE


def test_a_settled_load_is_weighed_again_only_where_that_is_asked_for() -> None:
    one = settled("0.5")
    assert one.read(stable("0.501")) == ()
    assert one.load is Load.SETTLED
    assert one.weigh_again() == (Do.CAPTURE,)


@pytest.mark.parametrize(
    "condition", [Condition.OVERLOAD, Condition.UNDERLOAD, Condition.UNAVAILABLE]
)
def test_without_a_weight_nothing_is_weighed(condition: Condition) -> None:
    one = flow()
    one.read(moving("0.4"))
    assert one.read(Reading(condition)) == (Do.FORGET,)
    assert one.load is Load.NONE
    assert one.plate.net_kg is None


def test_too_much_on_the_scale_takes_the_price_away() -> None:
    assert settled().read(Reading(Condition.OVERLOAD)) == (Do.FORGET,)


def test_a_pulled_cable_leaves_the_answer_that_is_there() -> None:
    one = settled()
    assert one.read(Reading(Condition.UNAVAILABLE)) == ()
    assert one.load is Load.SETTLED
    assert one.read(stable("0.5")) == ()


def test_an_own_container_is_weighed_first() -> None:
    one = flow()
    one.await_container()
    assert one.load is Load.CONTAINER
    one.read(moving("0.1"))
    assert one.plate.tare_kg == 0
    one.read(stable("0.12"))
    assert [one.plate.tare_kg, one.plate.net_kg] == [Decimal("0.12"), Decimal(0)]

    assert one.read(stable("0")) == (), "it is lifted to be filled"
    assert one.plate.net_kg is None, "nothing negative is shown"
    assert one.plate.tare_kg == Decimal("0.12")
    assert one.read(stable("0.62")) == (Do.CAPTURE,)
    assert one.plate.net_kg == Decimal("0.5")


def test_a_container_that_stands_there_already_is_taken_at_once() -> None:
    one = flow()
    one.read(stable("0.12"))
    one.await_container()
    assert (one.load, one.plate.tare_kg) == (Load.NONE, Decimal("0.12"))


@pytest.mark.parametrize(("kg", "taken"), [("0.004", "0"), ("0.006", "0.006")])
def test_a_thin_bag_is_a_container_and_crumbs_are_none(kg: str, taken: str) -> None:
    one = flow()
    one.start_over()
    one.read(stable(kg))
    one.await_container()
    assert one.plate.tare_kg == Decimal(taken)


def test_the_tare_goes_with_its_shopper() -> None:
    one = flow()
    one.plate.tare(Decimal("0.01"))
    one.read(stable("0.5"))
    one.read(stable("0"), answered=True)
    assert one.plate.tare_kg == 0


def test_the_tare_stays_while_a_load_that_has_no_answer_comes_and_goes() -> None:
    one = flow()
    one.plate.tare(Decimal("0.01"))
    one.read(stable("0.5"))
    one.read(stable("0"), answered=False)
    assert one.plate.tare_kg == Decimal("0.01")


def test_a_container_is_awaited_no_more() -> None:
    one = flow()
    one.await_container()
    one.end_container()
    assert one.read(stable("0.5")) == (Do.CAPTURE,)


def test_a_little_on_the_empty_scale_is_set_to_zero() -> None:
    one = flow()
    one.read(stable("0.004"))
    one.plate.zero()
    assert one.plate.gross_kg == 0
    one.read(stable("0.504"))
    assert one.plate.net_kg == Decimal("0.5")
    one.read(moving("0"))
    assert one.plate.condition is Condition.UNDERLOAD
    assert one.plate.gross_kg is None


def test_a_scale_whose_crumbs_are_wiped_off_weighs_from_there_on() -> None:
    one = flow()
    one.read(stable("0.4"))
    one.plate.zero()
    assert one.read(stable("0")) == (Do.FORGET,)
    assert one.plate.gross_kg == 0
    assert one.plate.stable
    one.read(stable("0.5"))
    assert one.plate.net_kg == Decimal("0.5")


def test_a_load_is_not_set_to_zero() -> None:
    one = flow()
    one.read(stable("0.7"))
    assert not one.plate.can_zero
    one.plate.zero()
    assert one.plate.gross_kg == Decimal("0.7")


@pytest.mark.parametrize("kg", ["-0.001", "30", "31"])
def test_what_is_no_tare(kg: str) -> None:
    with pytest.raises(Untareable):
        flow().plate.tare(Decimal(kg))


READINGS = st.one_of(
    st.sampled_from([Condition.OVERLOAD, Condition.UNDERLOAD, Condition.UNAVAILABLE]).map(Reading),
    st.builds(
        lambda condition, grams: Reading(condition, grams * GRAM),
        st.sampled_from([Condition.STABLE, Condition.MOVING]),
        st.integers(0, 30_000),
    ),
)
TAPS = st.sampled_from(["weigh_again", "finish", "start_over", "zero", "container", "tare"])


@given(st.lists(st.one_of(st.tuples(READINGS, st.booleans()), TAPS), max_size=40))
def test_whatever_happens_the_law_of_weighing_holds(
    events: list[tuple[Reading, bool] | str],
) -> None:
    one = flow()
    for event in events:
        if isinstance(event, tuple):
            reading, answered = event
            if Do.CAPTURE in one.read(reading, answered=answered):
                assert one.plate.stable
        elif event == "weigh_again" and one.plate.stable:
            one.weigh_again()
        elif event == "finish":
            one.finish()
        elif event == "start_over":
            one.start_over()
        elif event == "zero":
            one.plate.zero()
        elif event == "container":
            one.await_container()
        elif event == "tare":
            one.plate.tare(Decimal("0.02"))
        gross, net, tare = one.plate.gross_kg, one.plate.net_kg, one.plate.tare_kg
        assert tare >= 0
        assert gross is None or 0 <= gross <= CAPACITY
        if net is not None:
            assert gross is not None
            assert net == gross - tare >= 0


def test_an_item_that_lies_there_is_no_container() -> None:
    one = settled("0.463")
    one.await_container(item_lies_there=True)
    for kg in ("0.463", "0.200"):  # some of it is taken off
        one.read(stable(kg))
        assert (one.load, one.plate.tare_kg) == (Load.CONTAINER, Decimal(0))
    one.read(stable("0"))
    one.read(stable("0.12"))
    assert one.plate.tare_kg == Decimal("0.12")
