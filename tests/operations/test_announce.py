"""Other systems hear of every outcome, whatever breaks in between."""

import json

import pytest
from jsonschema import Draft202012Validator, FormatChecker

from infra.schemas import EVENT_SCHEMA, event_schema_text
from smartscale.domain.errors import StoreUnavailable
from smartscale.domain.upload import upload_key
from smartscale.domain.weighing_completed import WeighingCompleted
from smartscale.operations.messages import Announcement, Arrival, announcement_message, parse
from tests.examples import scores
from tests.shop import Shop


def test_the_published_schema_is_that_of_the_events() -> None:
    """`python -m infra.schemas` writes it. A field may be added; what is there stays as it is."""
    assert EVENT_SCHEMA.read_text("utf-8") == event_schema_text()


@pytest.mark.parametrize("fate", ["done", "failed", "confirmed", "unknown"])
def test_every_event_keeps_to_the_schema(shop: Shop, fate: str) -> None:
    job_id = live(shop, fate)
    schema = json.loads(EVENT_SCHEMA.read_text("utf-8"))
    check = Draft202012Validator(schema, format_checker=FormatChecker())
    assert shop.events.published
    for event in shop.events.published:
        check.validate(json.loads(event.model_dump_json()))
        assert event.subject == job_id
        assert tuple(event.id.split("/")) in shop.ledger.events, "the id is the record's path"


def live(shop: Shop, fate: str) -> str:
    """A weighing that ends so."""
    if fate == "unknown":
        shop.recogniser.answer = scores(unknown=1.0)
    job_id = shop.upload()
    if fate == "failed":
        shop.fail.process(Arrival(upload_key(job_id)), "The picture is cut short.")
    else:
        shop.recognise(job_id)
    if fate == "confirmed":
        shop.confirm.process(job_id, label="Lemon")
    return job_id


def test_an_outcome_is_told_once_however_often_it_is_delivered(shop: Shop) -> None:
    job_id = shop.upload()
    for _ in range(3):
        shop.recognise(job_id)
    shop.confirm.process(job_id, label="Lemon")
    shop.confirm.process(job_id, label="Lemon")
    assert shop.events.ids == [f"{job_id}/done", f"{job_id}/confirmed-0001"]
    assert [event.data.outcome for event in shop.events.published] == ["done", "confirmed"]


def test_the_event_says_exactly_what_is_charged(shop: Shop) -> None:
    job_id = shop.upload({"weight-kg": "1.234", "scale-id": "till-7", "correlation-id": "c-1"})
    shop.recognise(job_id)
    [event] = shop.events.published
    told = json.loads(event.model_dump_json())
    assert (told["source"], told["subject"]) == ("/scales/till-7", job_id)
    data = told["data"]
    assert (data["label"], data["weight_kg"], data["price"]) == ("Banana", "1.234", "2.47")
    assert (data["unit_price"], data["currency"], data["unit"]) == ("2.00", "EUR", "kg")
    assert data["correlation_id"] == "c-1"


def test_a_worker_that_died_before_the_event_tells_it_on_the_next_delivery(shop: Shop) -> None:
    job_id = shop.upload()
    shop.recognise(job_id)
    shop.events.published.clear()  # the row was written, then the worker died
    shop.deliver(Arrival(upload_key(job_id), again=True))
    assert shop.events.ids == [f"{job_id}/done"]


def test_a_failure_whose_event_was_not_told_tells_it_on_the_next_delivery(shop: Shop) -> None:
    arrival = Arrival(upload_key(shop.upload()), again=True)
    shop.fail.process(arrival, "bad")
    shop.fail.process(arrival, "bad")
    assert len(shop.events.published) == 2
    assert len(set(shop.events.ids)) == 1, "subscribers tell duplicates by the id"


def test_without_the_topic_shoppers_do_not_wait_and_the_queue_keeps_the_events(shop: Shop) -> None:
    shop.events.away = True
    ids = [shop.upload() for _ in range(3)]
    for job_id in ids:
        shop.recognise(job_id)
    assert shop.weighings.rows.keys() == set(ids)
    kept = list(shop.queue.messages)
    with pytest.raises(StoreUnavailable):  # the queue delivers it again
        shop.drain()
    shop.events.away = False
    shop.queue.messages = kept
    shop.drain()
    assert shop.events.ids == [f"{job_id}/done" for job_id in ids]


def test_a_topic_that_is_away_is_asked_again_after_a_minute(shop: Shop) -> None:
    shop.events.away = True
    shop.recognise(shop.upload())
    shop.events.away = False
    shop.recognise(shop.upload())
    assert shop.events.ids == [], "not at once: each try costs the batch seconds"
    shop.clock.advance(seconds=61)
    last = shop.upload()
    shop.recognise(last)
    assert shop.events.ids == [f"{last}/done"]


def test_reconcile_tells_what_the_crash_may_have_swallowed(shop: Shop) -> None:
    lost, kept = shop.upload(), shop.upload()
    for job_id in (lost, kept):
        shop.recognise(job_id)
    del shop.weighings.rows[lost]
    shop.events.published.clear()
    shop.reconcile().run(resend=False)
    assert shop.events.ids == [f"{lost}/done"]


def test_a_confirmation_interrupted_before_its_event_is_told_when_it_is_said_again(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    job_id = shop.upload()
    shop.recognise(job_id)

    def die(_event: WeighingCompleted) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(shop.events, "publish", die)
        shop.confirm.process(job_id, label="Lemon")
    shop.confirm.process(job_id, label="Lemon")
    assert f"{job_id}/confirmed-0001" in shop.events.ids


def test_a_kept_event_is_no_arrival(shop: Shop) -> None:
    shop.recognise(shop.upload())
    [event] = shop.events.published
    message = announcement_message(event)
    assert parse(message) == Announcement(event)


def test_an_event_that_waits_since_before_there_were_versions_is_told(shop: Shop) -> None:
    job_id = shop.upload()
    shop.recognise(job_id)
    [event] = shop.events.published
    said = event.model_dump(mode="json")
    del said["data"]["version"]
    assert WeighingCompleted.model_validate(said) == event
