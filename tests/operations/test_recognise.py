"""An image becomes the outcome of a weighing, once."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from smartscale.domain.errors import Unprocessable
from smartscale.domain.job_id import new_job_id
from smartscale.domain.memory import teaches
from smartscale.domain.upload import upload_key
from smartscale.domain.weighing import NO_MODEL, Status
from smartscale.operations.messages import Arrival
from smartscale.recognition.photo import CorruptImage
from tests.examples import item, picture, scores
from tests.shop import Shop


def test_an_image_is_recognised_and_priced(shop: Shop) -> None:
    job_id = shop.upload()
    shop.clock.advance(seconds=0.25)
    shop.recognise(job_id)
    weighing = shop.weighings.rows[job_id]
    assert (weighing.status, weighing.label, weighing.price) == (
        Status.DONE,
        "Banana",
        Decimal("2.00"),
    )
    assert weighing.scale_id == "till-1"
    assert not weighing.needs_confirmation
    assert [c.total for c in weighing.top_k] == [Decimal("2.00"), Decimal("0.50")]
    assert weighing.timings["queue_ms"] == 250
    assert shop.ledger.events[job_id, "done"] == weighing


@pytest.mark.parametrize(
    ("weight", "label", "total"), [("0.150", "Banana", "0.30"), ("0.060", "Plum", "0.12")]
)
def test_the_weight_decides_between_two_that_look_alike(
    shop: Shop, weight: str, label: str, total: str
) -> None:
    shop.catalogue.items |= {
        "Banana": item("Banana", piece_kg_min="0.100", piece_kg_max="0.220", sold_as="bulk"),
        "Plum": item("Plum", plu="4040", piece_kg_min="0.040", piece_kg_max="0.070"),
    }
    shop.recogniser.answer = scores(Banana=0.5, Plum=0.45, Lemon=0.05)
    job_id = shop.upload({"weight-kg": weight})
    shop.recognise(job_id)
    weighing = shop.weighings.rows[job_id]
    assert (weighing.label, weighing.price) == (label, Decimal(total))
    assert [one.confidence for one in weighing.top_k] == [
        Decimal(share) for share in ("0.5", "0.45", "0.05")
    ]
    assert weighing.needs_confirmation, "who has to guess asks"


def test_the_same_event_twice_is_one_result_and_one_metric(shop: Shop) -> None:
    job_id = shop.upload()
    assert shop.recognise(job_id)
    first = shop.weighings.rows[job_id]
    shop.recogniser.answer = scores(Lemon=1.0)
    assert shop.recognise(job_id) == []
    assert shop.weighings.rows[job_id] == first
    assert shop.metrics.named("Requests") == [1]
    assert shop.metrics.named("Predictions") == [1]


def test_a_result_whose_write_was_answered_by_nobody_is_told_all_the_same(shop: Shop) -> None:
    job_id = shop.upload()
    shop.weighings.answers_lost = 1
    shop.recognise(job_id)
    assert [event.data.job_id for event in shop.events.published] == [job_id]
    assert shop.metrics.named("Requests") == [1]
    assert shop.metrics.named("Errors") == [0]


def test_two_workers_at_once_agree_on_what_the_ledger_holds(shop: Shop) -> None:
    job_id = shop.upload()
    shop.recognise(job_id)
    del shop.weighings.rows[job_id]  # the other worker's row is not written yet
    shop.recogniser.answer = scores(Lemon=1.0)
    shop.recognise(job_id)
    assert shop.weighings.rows[job_id] == shop.ledger.events[job_id, "done"]
    assert shop.weighings.rows[job_id].label == "Banana"


@pytest.mark.parametrize("nothing", ["unknown", "empty"])
def test_no_item_has_no_price_and_wants_a_person(shop: Shop, nothing: str) -> None:
    shop.recogniser.answer = scores(**{nothing: 0.9, "Banana": 0.1})
    job_id = shop.upload()
    shop.recognise(job_id)
    weighing = shop.weighings.rows[job_id]
    assert (weighing.label, weighing.price, weighing.unit_price) == (nothing, None, None)
    assert weighing.needs_confirmation
    assert [candidate.label for candidate in weighing.top_k] == ["Banana"]


def test_without_a_picture_no_model_answers_and_nobody_is_taught(shop: Shop) -> None:
    job_id = shop.upload({"weight-kg": "0.500", "picture": "none"})
    shop.recognise(job_id)
    weighing = shop.weighings.rows[job_id]
    assert (weighing.label, weighing.confidence, weighing.needs_confirmation) == (
        "unknown", Decimal(0), True,
    )  # fmt: skip
    assert weighing.model == NO_MODEL

    sold = shop.confirm.process(job_id, label="Banana")

    assert sold.price == Decimal("1.00")
    assert not sold.suspicious
    assert teaches(sold) is None


def test_a_label_without_a_product_is_no_candidate(shop: Shop) -> None:
    shop.recogniser.answer = scores(Durian=0.99, Banana=0.01)
    job_id = shop.upload()
    shop.recognise(job_id)
    weighing = shop.weighings.rows[job_id]
    assert [one.label for one in weighing.top_k] == ["Banana"]
    assert (weighing.label, weighing.confidence) == ("Banana", Decimal("0.02"))
    assert weighing.needs_confirmation


def test_a_picture_of_nothing_that_is_sold_is_unknown(shop: Shop) -> None:
    shop.recogniser.answer = scores(Durian=0.99, Kaki=0.01)
    job_id = shop.upload()
    shop.recognise(job_id)
    weighing = shop.weighings.rows[job_id]
    assert (weighing.label, weighing.price, weighing.top_k) == ("unknown", None, ())
    assert weighing.needs_confirmation


def test_a_dropped_object_is_a_weighing_too(shop: Shop) -> None:
    key = "uploads/camera 7/a.jpg"
    shop.uploads.put(key, picture(), "image/jpeg", {"weight-kg": "0.500"})
    arrival = Arrival(key, shop.uploads.objects[key][0].etag, shop.clock())
    shop.deliver(arrival)
    shop.deliver(arrival)
    [weighing] = shop.weighings.rows.values()
    assert weighing.price == Decimal("1.00")
    assert weighing.upload_key == key


def test_a_name_that_looks_like_an_id_is_one_only_in_its_place(shop: Shop) -> None:
    """One UUID without dashes in sixteen looks like the id of a weighing of some other year."""
    key = "uploads/till-7/0123456789abcdef0123456789abcdef"
    shop.uploads.put(key, picture(), "image/jpeg", {"weight-kg": "0.500"})
    arrival = Arrival(key, shop.uploads.objects[key][0].etag, shop.clock())
    shop.deliver(arrival)
    shop.deliver(replace(arrival, again=True))
    [weighing] = shop.weighings.rows.values()
    assert (weighing.created_at, weighing.upload_key) == (shop.clock(), key)
    assert weighing.price == Decimal("1.00")


def test_nobody_sets_the_price_of_another_day_by_a_name_of_theirs(shop: Shop) -> None:
    yesterday = new_job_id(shop.clock() - timedelta(days=1))
    key = f"uploads/till-7/{yesterday}"
    shop.uploads.put(key, picture(), "image/jpeg", {"weight-kg": "0.500"})
    shop.deliver(Arrival(key, shop.uploads.objects[key][0].etag, shop.clock()))
    [weighing] = shop.weighings.rows.values()
    assert weighing.created_at == shop.clock()


def test_a_clock_that_is_far_ahead_makes_no_weighing_of_tomorrow(shop: Shop) -> None:
    key = upload_key(new_job_id(shop.clock() + timedelta(days=1)))
    shop.uploads.put(key, picture(), "image/jpeg", {"weight-kg": "0.500"})
    shop.deliver(Arrival(key, shop.uploads.objects[key][0].etag, shop.clock()))
    [weighing] = shop.weighings.rows.values()
    assert weighing.created_at == shop.clock()


@pytest.mark.parametrize("key", ["uploads/till-7/a.jpg", None])
def test_nobody_says_for_a_worker_when_the_wait_began(shop: Shop, key: str | None) -> None:
    key = key or upload_key(new_job_id(shop.clock()))
    said = {"weight-kg": "0.500", "accepted-at": "2020-01-01T00:00:00+00:00"}
    shop.uploads.put(key, picture(), "image/jpeg", said)
    shop.deliver(Arrival(key, shop.uploads.objects[key][0].etag))
    [weighing] = shop.weighings.rows.values()
    assert weighing.timings["total_ms"] == 0


@pytest.mark.parametrize(
    "metadata",
    [
        {},
        {"weight-kg": "1", "picture": "mine"},
        {"weight-kg": "heavy"},
        {"weight-kg": "1", "tare-kg": "2"},
        {"weight-kg": "1", "quantity": "0"},
        {"weight-kg": "1", "scale-id": "a b"},
    ],
)
def test_bad_metadata_is_no_use_retrying(shop: Shop, metadata: dict[str, str]) -> None:
    job_id = shop.upload(metadata)
    with pytest.raises(Unprocessable, match="metadata"):
        shop.recognise(job_id)
    assert shop.weighings.rows == {}


def test_a_bad_picture_is_no_use_retrying(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_image: bytes) -> None:
        raise CorruptImage("The picture is cut short.")

    monkeypatch.setattr(shop.recogniser, "recognise", refuse)
    with pytest.raises(Unprocessable, match="cut short"):
        shop.recognise(shop.upload())


def test_a_picture_that_is_gone_is_no_use_retrying(shop: Shop) -> None:
    with pytest.raises(Unprocessable, match="deleted"):
        shop.deliver(Arrival("uploads/gone.jpg"))


def test_a_failure_is_visible_with_its_reason(shop: Shop) -> None:
    job_id = shop.upload({"weight-kg": "heavy"})
    shop.metrics.emit(shop.fail.process(Arrival(upload_key(job_id)), "The weight is bad."))
    weighing = shop.weighings.rows[job_id]
    assert (weighing.status, weighing.error) == (Status.FAILED, "The weight is bad.")
    assert weighing.price is None
    assert shop.metrics.named("Errors") == [1]


def test_failing_twice_counts_once_and_never_undoes_a_result(shop: Shop) -> None:
    job_id = shop.upload()
    arrival = Arrival(upload_key(job_id))
    assert shop.fail.process(arrival, "no")
    assert shop.fail.process(arrival, "no") == []
    shop.recognise(job_id)
    assert shop.weighings.rows[job_id].status is Status.DONE, "a redriven weighing may succeed"
    assert shop.fail.process(arrival, "no") == []
    assert shop.weighings.rows[job_id].status is Status.DONE


def test_a_result_whose_worker_was_too_late_is_no_failure(shop: Shop) -> None:
    job_id = shop.upload()
    shop.recognise(job_id)
    shop.fail.process(Arrival(upload_key(job_id), again=True), "It took too long.")
    assert [event for _, event in shop.ledger.events] == ["done"]
    assert {event.data.outcome for event in shop.events.published} == {"done"}


def test_a_picture_that_is_gone_fails_visibly_too(shop: Shop) -> None:
    shop.fail.process(Arrival("uploads/gone.jpg", "etag", shop.clock()), "gone")
    [weighing] = shop.weighings.rows.values()
    assert (weighing.status, weighing.upload_key) == (Status.FAILED, "uploads/gone.jpg")
