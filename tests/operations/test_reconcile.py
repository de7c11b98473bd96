"""Whatever the tables lose, the bucket brings back."""

from collections.abc import Sequence
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smartscale.domain.upload import upload_key
from smartscale.domain.weighing import ModelRef, Status, Weighing
from smartscale.operations.catalogue.edit import EditCatalogue
from smartscale.operations.messages import Arrival
from smartscale.operations.models.switch import ActivateModel
from smartscale.operations.ports.weighings import ROWS_KEPT
from tests.examples import item
from tests.fakes import FakePackages, FakeQueue
from tests.shop import Shop

LIVES = st.lists(
    st.sampled_from(["pending", "done", "confirmed", "twice", "failed", "redriven"]), max_size=8
)


def live(shop: Shop, fate: str) -> str:
    """A weighing that came so far."""
    shop.clock.advance(seconds=1)
    job_id = shop.upload({"weight-kg": "1.000"})
    if fate in {"failed", "redriven"}:
        told = shop.fail.process(Arrival(upload_key(job_id)), "camera was covered")
        shop.metrics.emit(told)
    if fate in {"done", "confirmed", "twice", "redriven"}:
        shop.recognise(job_id)
    if fate in {"confirmed", "twice"}:
        shop.confirm.process(job_id, label="Lemon")
    if fate == "twice":
        shop.confirm.process(job_id, label="Banana")
    return job_id


@given(fates=LIVES, data=st.data())
def test_any_lost_rows_come_back_as_they_were(fates: list[str], data: st.DataObject) -> None:
    shop = Shop()
    for fate in fates:
        live(shop, fate)
    before = dict(shop.weighings.rows)
    for job_id in before:
        if data.draw(st.booleans(), label="lost"):
            del shop.weighings.rows[job_id]
    shop.reconcile().run()
    assert shop.weighings.rows == before


@given(fates=LIVES)
def test_a_second_run_changes_nothing(fates: list[str]) -> None:
    shop = Shop()
    for fate in fates:
        live(shop, fate)
    shop.reconcile().run(resend=False)
    again = shop.reconcile().run(resend=False)
    assert (again.rows_rebuilt, again.catalogue_items_restored) == (0, 0)


def test_uploads_without_an_outcome_are_sent_again_and_only_those(shop: Shop) -> None:
    pending, done = live(shop, "pending"), live(shop, "done")
    assert shop.reconcile().run().uploads_resent == 1
    shop.drain()
    assert shop.weighings.rows.keys() == {pending, done}


def test_an_older_state_in_the_table_is_brought_up_to_date(shop: Shop) -> None:
    """The emulator's snapshot is from before the confirmation."""
    job_id = live(shop, "done")
    snapshot = shop.weighings.rows[job_id]
    confirmed = shop.confirm.process(job_id, label="Lemon")
    shop.weighings.rows[job_id] = snapshot
    shop.reconcile().run()
    assert shop.weighings.rows[job_id] == confirmed


def test_what_came_before_since_is_not_looked_at(shop: Shop) -> None:
    old = live(shop, "done")
    del shop.weighings.rows[old]
    shop.clock.advance(days=3)
    new = live(shop, "done")
    del shop.weighings.rows[new]
    shop.reconcile().run(since=shop.clock())
    assert shop.weighings.rows.keys() == {new}


def test_a_correction_of_an_old_weighing_comes_back(shop: Shop) -> None:
    job_id = live(shop, "done")
    snapshot = shop.weighings.rows[job_id]
    shop.clock.advance(days=3)
    confirmed = shop.confirm.process(job_id, label="Lemon")
    shop.weighings.rows[job_id] = snapshot
    shop.reconcile().run(since=shop.clock())
    assert shop.weighings.rows[job_id] == confirmed


def test_catalogue_edits_and_model_wishes_come_back(shop: Shop) -> None:
    edits = EditCatalogue(shop.catalogue, shop.ledger, shop.clock)
    edits.put(item("Mango", plu="4051"))
    edits.retire("Lemon")
    package = ModelRef(id="them/vgg", revision="1")
    builtin = ModelRef(id="builtin", revision="1")
    ActivateModel(
        shop.registry,
        FakePackages([package]),
        shop.ledger,
        shop.queue,
        FakeQueue(),
        builtin,
        shop.clock,
    ).activate("them/vgg", "1")
    catalogue, switch = dict(shop.catalogue.items), shop.registry.switch
    shop.catalogue.items = {"Banana": catalogue["Banana"], "Lemon": item("Lemon", plu="4053")}
    shop.registry.switch = None
    mended = shop.reconcile().run()
    assert shop.catalogue.items == catalogue
    assert shop.registry.switch == switch
    assert (mended.catalogue_items_restored, mended.model_switch_restored) == (2, True)


def test_the_figures_that_went_with_the_rows_are_told_again_once(shop: Shop) -> None:
    for fate in ("done", "failed", "confirmed"):
        live(shop, fate)

    def told() -> list[tuple[str, float]]:
        """Requests, errors, labels and confirmations; latencies depend on when it was stored."""
        return sorted(
            (metric.name, metric.value)
            for metric in shop.metrics.metrics
            if "Latency" not in metric.name and metric.name != "LowConfidence"
        )

    before = told()
    shop.weighings.rows.clear()
    shop.metrics.metrics.clear()
    for _ in range(2):
        shop.reconcile().run()
    assert told() == before
    assert all(metric.at is not None for metric in shop.metrics.metrics)


def test_a_row_that_was_only_behind_tells_its_confirmation(shop: Shop) -> None:
    job_id = live(shop, "done")
    snapshot = shop.weighings.rows[job_id]
    shop.confirm.process(job_id, label="Lemon")
    shop.weighings.rows[job_id] = snapshot
    shop.metrics.metrics.clear()
    shop.reconcile().run()
    assert [metric.name for metric in shop.metrics.metrics] == [
        "Confirmations",
        "Corrected",
        "CorrectedByLabel",
        "Suspicious",
        "Taps",
    ]


def test_rows_older_than_the_history_are_not_rebuilt(shop: Shop) -> None:
    old = live(shop, "done")
    shop.clock.advance(days=ROWS_KEPT.days + 1)
    new = live(shop, "done")
    shop.weighings.rows.clear()
    shop.reconcile().run()
    assert shop.weighings.rows.keys() == {new}
    last = shop.ledger.last(old)
    assert last is not None
    assert last.status is Status.DONE


def test_after_a_crash_events_are_told_again_of_the_last_day_that_there_was(shop: Shop) -> None:
    """However long the crash was ago: the day is the ledger's."""
    live(shop, "done")
    shop.clock.advance(days=5)
    last = live(shop, "done")
    shop.clock.advance(days=3)
    shop.weighings.rows.clear()
    shop.events.published.clear()
    shop.reconcile().run(figures_since=shop.clock() - timedelta(days=30))
    assert [event.subject for event in shop.events.published] == [last]


def test_a_rebuild_says_how_far_it_is(shop: Shop) -> None:
    for _ in range(3):
        live(shop, "done")
    shop.weighings.rows.clear()
    said: list[str] = []
    shop.reconcile().run(progress=said.append)
    assert f"3 weighings up to {shop.clock().date()} looked at, 3 rebuilt" in said


def test_rows_are_looked_for_and_written_a_hundred_at_a_time(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(250):
        live(shop, "done")
    shop.weighings.rows.clear()
    sizes: list[int] = []
    put_all = shop.weighings.put_all

    def noted(weighings: Sequence[Weighing]) -> list[bool]:
        sizes.append(len(weighings))
        return put_all(weighings)

    monkeypatch.setattr(shop.weighings, "put_all", noted)
    shop.reconcile().run()
    assert sorted(sizes) == [50, 100, 100]
