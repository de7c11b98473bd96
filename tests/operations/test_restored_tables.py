"""Tables of an earlier day, as the emulator has after a crash: no acknowledged change is lost."""

import copy
from collections.abc import Callable
from decimal import Decimal

import pytest

from smartscale.domain.registry import ModelSwitch
from smartscale.domain.trial import Limits, Mode
from smartscale.domain.weighing import ConfirmedBy, ModelRef
from smartscale.operations.catalogue.edit import EditCatalogue
from smartscale.operations.learning.lessons import add_lessons
from smartscale.operations.models.switch import ActivateModel
from smartscale.operations.models.trial import ManageTrial
from smartscale.operations.weighing.ask import SayWanted
from tests.examples import item, scores
from tests.fakes import FakePackages, FakeQueue
from tests.shop import Shop

MODELS = [ModelRef(id="them/vgg", revision=str(number)) for number in range(4)]


def edits(shop: Shop) -> EditCatalogue:
    return EditCatalogue(shop.catalogue, shop.ledger, shop.clock)


def models(shop: Shop) -> ActivateModel:
    builtin = ModelRef(id="builtin", revision="1")
    packages = FakePackages(list(MODELS))
    return ActivateModel(
        shop.registry, packages, shop.ledger, shop.queue, FakeQueue(), builtin, shop.clock
    )


def trials(shop: Shop) -> ManageTrial:
    return ManageTrial(shop.trials, models(shop), shop.ledger, shop.queue, shop.clock)


def wish(shop: Shop) -> SayWanted:
    return SayWanted(shop.asking, shop.wishes)


def price(shop: Shop, unit_price: str) -> None:
    edits(shop).put(item("Banana", unit_price=unit_price))


def begin_trial(shop: Shop, number: int) -> None:
    model = MODELS[number]
    trials(shop).begin(model.id, model.revision, Mode.SHADOW, Decimal("0.5"), Limits())


ACTS: dict[str, tuple[Callable[[Shop, int], object], Callable[[Shop], object]]] = {
    "price": (
        lambda shop, number: price(shop, f"{number + 1}.00"),
        lambda shop: shop.catalogue.items["Banana"].unit_price_at(shop.clock()),
    ),
    "price by a file": (
        lambda shop, number: edits(shop).put_all([item("Banana", unit_price=f"{number + 1}.00")]),
        lambda shop: shop.catalogue.items["Banana"].unit_price_at(shop.clock()),
    ),
    "label map": (
        lambda shop, number: edits(shop).give_label("musa", ("Banana", "Lemon")[number % 2]),
        lambda shop: [one.label for one in shop.catalogue.items.values() if "musa" in one.chosen],
    ),
    "model": (
        lambda shop, number: models(shop).activate(MODELS[number].id, MODELS[number].revision),
        lambda shop: shop.registry.switch and shop.registry.switch.wanted,
    ),
    "trial": (
        begin_trial,
        lambda shop: shop.trials.trial and shop.trials.trial.model,
    ),
    "risk": (
        lambda shop, number: wish(shop).want(Decimal(f"0.0{number + 1}")),
        lambda shop: wish(shop).current().wanted,
    ),
}


def crash(shop: Shop, saved: Shop) -> None:
    """The tables become those of the last save; the bucket stays."""
    shop.catalogue.items = dict(saved.catalogue.items)
    shop.registry.switch = saved.registry.switch
    shop.trials.trial = saved.trials.trial
    shop.asking.stored = saved.asking.stored


@pytest.mark.parametrize("kind", ACTS)
@pytest.mark.parametrize("last", [0, 3])
def test_what_is_acknowledged_on_old_tables_outlives_the_restore(
    shop: Shop, kind: str, last: int
) -> None:
    """Both where it says something new, and where it says what the old table says already."""
    act, state = ACTS[kind]
    act(shop, 0)
    saved = copy.deepcopy(shop)
    for number in (1, 2):
        shop.clock.advance(seconds=1)
        act(shop, number)
    crash(shop, saved)
    shop.clock.advance(seconds=1)
    act(shop, last)
    acknowledged = state(shop)
    shop.reconcile().run()
    assert state(shop) == acknowledged
    crash(shop, saved)
    shop.reconcile().run()
    assert state(shop) == acknowledged


def test_a_clock_that_was_set_back_changes_no_order(shop: Shop) -> None:
    price(shop, "1.00")
    saved = copy.deepcopy(shop)
    price(shop, "2.00")
    shop.clock.advance(hours=-2)
    price(shop, "3.00")
    job_id = shop.upload({"weight-kg": "1.000"})
    shop.recognise(job_id)
    before = dict(shop.weighings.rows)
    shop.weighings.rows.clear()
    wanted = shop.catalogue.items["Banana"]
    crash(shop, saved)
    shop.reconcile().run()
    assert (shop.weighings.rows, shop.catalogue.items["Banana"]) == (before, wanted)


def test_changes_that_an_earlier_version_recorded_come_back(shop: Shop) -> None:
    newest = item("Banana", unit_price="9.00").model_copy(update={"version": 7})
    switch = ModelSwitch.initial(MODELS[0], shop.clock()).activate(MODELS[1], shop.clock())
    shop.ledger.earlier = [newest, item("Banana", unit_price="8.00"), switch]
    shop.reconcile().run()
    assert shop.catalogue.items["Banana"] == newest
    assert shop.registry.switch == switch


def test_a_lesson_that_a_crash_took_from_the_queue_is_offered_again_once(shop: Shop) -> None:
    shop.recogniser.answer = scores(Banana=0.5, Lemon=0.4)  # of what it is sure, it is held back
    job_id = shop.upload({"weight-kg": "1.000"})
    shop.recognise(job_id)
    shop.confirm.process(job_id, label="Lemon", confirmed_by=ConfirmedBy.ATTENDANT)
    shop.queue.messages.clear()
    shop.weighings.rows.clear()
    shop.reconcile().run()
    shop.drain()
    taught = shop.memories.newest()
    assert taught is not None
    assert [lesson.label for lesson in taught.lessons] == ["Lemon"]
    # An operator takes it back; the next crash does not teach it again.
    shop.memories.add(taught.model_copy(update={"number": taught.number + 1, "lessons": ()}))
    shop.weighings.rows.clear()
    shop.reconcile().run()
    shop.drain()
    newest = shop.memories.newest()
    assert newest is not None
    assert newest.lessons == ()
    assert add_lessons(shop.memories, [], shop.clock()) == newest


def test_figures_are_told_once_whatever_the_rows_are(shop: Shop) -> None:
    for fate in range(3):
        shop.clock.advance(seconds=1)
        job_id = shop.upload({"weight-kg": "1.000"})
        shop.recognise(job_id)
        for label in ("Lemon", "Banana")[:fate]:
            shop.confirm.process(job_id, label=label)
    before = sorted((one.name, one.value) for one in shop.metrics.metrics if one.name != "Label")
    shop.metrics.metrics.clear()
    shop.weighings.rows.popitem()
    shop.reconcile().run(figures_since=shop.clock.moment.replace(year=2020))
    told = sorted((one.name, one.value) for one in shop.metrics.metrics if one.name != "Label")
    assert [name for name, _ in told] == [name for name, _ in before]
    counted = {"Requests", "Predictions", "Confirmations", "Corrected", "LowConfidence"}
    assert [one for one in told if one[0] in counted] == [
        one for one in before if one[0] in counted
    ]
