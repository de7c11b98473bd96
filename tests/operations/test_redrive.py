"""What failed gets another try where that can help, and nothing else changes."""

from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smartscale.domain.errors import InvalidInput
from smartscale.domain.registry import SwitchState
from smartscale.domain.upload import upload_key
from smartscale.domain.weighing import ModelRef, Status
from smartscale.operations.catalogue.edit import EditCatalogue
from smartscale.operations.mending.redrive import Decision, Kind, Redrive
from smartscale.operations.messages import WAKE_UP, Arrival, arrival_message
from smartscale.operations.models.switch import ActivateModel
from tests.examples import item
from tests.fakes import FakeDeadLetters, FakePackages, FakeQueue
from tests.shop import Shop


@dataclass
class Failing(Shop):
    """A shop with dead letters, and the operation that looks through them."""

    letters: FakeDeadLetters = field(default_factory=FakeDeadLetters)
    import_letters: FakeDeadLetters = field(default_factory=FakeDeadLetters)
    imports: FakeQueue = field(default_factory=FakeQueue)

    @property
    def requests(self) -> ActivateModel:
        """The operator's side of a switch."""
        builtin = ModelRef(id="builtin", revision="1")
        return ActivateModel(
            self.registry,
            FakePackages(),
            self.ledger,
            self.queue,
            self.imports,
            builtin,
            self.clock,
        )

    def redrive(self, *, dry_run: bool = False, days: int = 30) -> list[Decision]:
        """Look through what failed in so many days."""
        operation = Redrive(
            self.uploads,
            self.weighings,
            self.queue,
            self.letters,
            self.import_letters,
            self.requests,
            "bucket",
            self.clock,
        )
        return list(operation.run(self.clock() - timedelta(days=days), dry_run=dry_run))

    def failed(self, metadata: dict[str, str] | None = None) -> str:
        """A weighing that failed."""
        self.clock.advance(seconds=1)
        job_id = self.upload(metadata)
        self.metrics.emit(self.fail.process(Arrival(upload_key(job_id)), "tried in vain"))
        return job_id


@pytest.fixture
def shop() -> Failing:
    return Failing()


def test_a_failed_weighing_becomes_done_beside_its_failure(shop: Failing) -> None:
    job_id = shop.failed()
    failure = shop.ledger.events[job_id, "failed"]
    [decision] = shop.redrive()
    assert (decision.kind, decision.name, decision.left) == (Kind.WEIGHING, job_id, None)
    assert decision.failed_because == "tried in vain"
    shop.drain()
    done = shop.weighings.rows[job_id]
    assert done.status is Status.DONE
    assert shop.ledger.events == {(job_id, "failed"): failure, (job_id, "done"): done}


def test_it_costs_what_it_cost_when_it_was_weighed_and_is_one_request(shop: Failing) -> None:
    job_id = shop.failed()
    shop.clock.advance(days=1)
    EditCatalogue(shop.catalogue, shop.ledger, shop.clock).put(
        item("Banana", plu="4011", unit_price="9.00", valid_from=shop.clock())
    )
    shop.redrive()
    shop.drain()
    assert shop.weighings.rows[job_id].price == Decimal("2.00")
    told = [metric.name for metric in shop.metrics.metrics]
    assert told.count("Requests") == told.count("Errors") == told.count("Predictions") == 1
    assert "PredictionLatency" not in told, "nobody waited for it"


@given(st.lists(st.sampled_from(["done", "pending", "failed", "no weight", "gone"]), max_size=6))
def test_only_what_can_be_mended_is_sent_and_a_second_run_changes_nothing(fates: list[str]) -> None:
    shop = Failing()
    mendable = set()
    for fate in fates:
        job_id = shop.failed({"scale-id": "x"} if fate == "no weight" else None)
        match fate:
            case "done":
                shop.recognise(job_id)
            case "pending":
                del shop.weighings.rows[job_id]
            case "failed":
                mendable.add(job_id)
            case "gone":
                del shop.uploads.objects[upload_key(job_id)]
    before = dict(shop.weighings.rows)
    planned = shop.redrive(dry_run=True)
    assert (shop.queue.messages, shop.weighings.rows) == ([], before)
    assert {one.name for one in planned if one.left is None} == mendable
    assert shop.redrive() == planned
    shop.drain()
    after = dict(shop.weighings.rows)
    assert {job for job in after if after[job] != before.get(job)} == mendable
    assert not [one for one in shop.redrive() if one.left is None]
    shop.drain()
    assert shop.weighings.rows == after


def test_what_is_left_says_why(shop: Failing) -> None:
    shop.failed({"weight-kg": "heavy"})
    job_id = shop.failed()
    del shop.uploads.objects[upload_key(job_id)]
    gone, heavy = shop.redrive()
    assert gone.left == "its picture is gone"
    assert "heavy" in str(heavy.left)


def test_a_dead_letter_goes_back_to_its_queue_once(shop: Failing) -> None:
    job_id = shop.upload()
    rejected = shop.upload({})
    for job in (job_id, rejected):
        shop.letters.put(arrival_message("bucket", Arrival(upload_key(job))))
    shop.letters.put("no event at all")
    assert shop.redrive(dry_run=True) == shop.redrive()
    assert len(shop.queue.messages) == 1
    assert len(shop.letters.letters) == 2
    assert not shop.letters.held_now, "what is left is given back"
    shop.drain()
    assert shop.weighings.rows[job_id].status is Status.DONE


def test_an_import_that_nobody_got_done_is_asked_for_again(shop: Failing) -> None:
    shop.requests.activate("them/vgg", "main")
    shop.imports.messages.clear()
    shop.import_letters.put(WAKE_UP)
    shop.import_letters.put(WAKE_UP)
    [planned] = shop.redrive(dry_run=True)
    assert (planned.name, planned.left) == ("them/vgg@main", None)
    assert (len(shop.import_letters.letters), shop.imports.messages) == (2, [])
    shop.redrive()
    assert (shop.import_letters.letters, len(shop.imports.messages)) == ({}, 1)
    assert shop.registry.switch is not None
    assert shop.registry.switch.state is SwitchState.IMPORTING
    assert shop.redrive() == []


def test_the_letter_of_an_import_that_nobody_wants_any_more_is_settled(shop: Failing) -> None:
    shop.import_letters.put(WAKE_UP)
    [decision] = shop.redrive()
    assert decision.left == "it is active meanwhile"
    assert shop.import_letters.letters == {}


def test_the_future_cannot_be_looked_through(shop: Failing) -> None:
    with pytest.raises(InvalidInput, match="future"):
        shop.redrive(days=-5)
