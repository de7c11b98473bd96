"""The Lambda handlers on the shapes of events that AWS sends."""

import asyncio
import base64
import json
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from aws_lambda_powertools.utilities.typing import LambdaContext

import functions.dead_letter.app as dead_letter
import functions.inference.app as inference
import functions.upload.app as upload
from smartscale.adapters.queue import REASON
from smartscale.domain.upload import upload_key
from smartscale.domain.weighing import ModelRef, Status
from smartscale.http.given import given
from smartscale.operations.learning.remember import Remember
from smartscale.operations.messages import (
    WAKE_UP,
    Arrival,
    announcement_message,
    arrival_message,
    lesson_message,
)
from smartscale.operations.metrics.watch import Costs, Watch
from smartscale.operations.models.brief import Brief
from smartscale.operations.models.switch import ActiveModel, Loader
from smartscale.operations.models.trial import TryModel
from smartscale.operations.weighing.accept import Accept
from smartscale.operations.weighing.announce import AnnounceTogether
from smartscale.operations.weighing.ask import KeepAsking
from smartscale.operations.weighing.recognise import Recognise
from tests.examples import picture
from tests.fakes import FakeIdempotencyKeys, FakePackages, FakeQueries
from tests.shop import Shop

BUILTIN = ModelRef(id="builtin", revision="1")


class Context(LambdaContext):
    """What Lambda hands a handler beside the event."""

    def __init__(self) -> None:
        self._function_name = "function"
        self._memory_limit_in_mb = 1024
        self._invoked_function_arn = "arn:aws:lambda:eu-central-1:123456789012:function:function"
        self._aws_request_id = "52fdfc07-2182-154f-163f-5f0f9a621d72"


def sqs_event(*bodies: str, reason: str | None = None) -> dict[str, Any]:
    """https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html#example-standard-queue-message-event"""
    attributes = {REASON: {"stringValue": reason, "dataType": "String"}} if reason else {}
    return {
        "Records": [
            {
                "messageId": f"message-{number}",
                "receiptHandle": "AQEBwJnKyrHigUMZj6rYigCgxlaS3SLy0a...",
                "body": body,
                "attributes": {
                    "ApproximateReceiveCount": "1",
                    "SentTimestamp": "1545082649183",
                    "SenderId": "AIDAIENQZJOLO23YVJ4VO",
                    "ApproximateFirstReceiveTimestamp": "1545082649185",
                },
                "messageAttributes": attributes,
                "md5OfBody": "098f6bcd4621d373cade4e832627b4f6",
                "eventSource": "aws:sqs",
                "eventSourceARN": "arn:aws:sqs:eu-central-1:123456789012:weighings",
                "awsRegion": "eu-central-1",
            }
            for number, body in enumerate(bodies)
        ]
    }


@pytest.fixture
def shop() -> Shop:
    """A shop whose queue is the dead-letter queue."""
    return Shop()


@pytest.fixture
def infer(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> inference.Worker:
    """The inference function on a shop in memory."""
    loader = Loader(FakePackages(), lambda: shop.recogniser, lambda _ref, _: shop.recogniser)
    model = ActiveModel("worker-1", shop.registry, loader, shop.clock)
    outcomes = AnnounceTogether(shop.announce)
    recognise = Recognise(shop.uploads, shop.ledger, shop.weighings, outcomes, shop.clock)
    remember = Remember(shop.memories)
    trying = TryModel(
        shop.trials, shop.registry, shop.ledger, loader, Remember(shop.memories), shop.clock
    )
    worker = inference.Worker(
        "data",
        Brief(shop.briefings, shop.registry, shop.trials, shop.asking, shop.memories),
        shop.catalogue,
        recognise,
        model,
        remember,
        KeepAsking(shop.asking, shop.wishes, shop.weighings, shop.clock),
        shop.learn,
        shop.queue,
        shop.metrics,
        trying,
        shop.announce,
        outcomes,
        Watch(shop.queue, FakeQueries(), Costs(Decimal("0.05"), Decimal("0.00002")), shop.clock),
        loader,
    )
    monkeypatch.setattr(inference, "worker", lambda: worker)
    return worker


def body_for(job_id: str) -> str:
    """The message that S3 sends for an upload."""
    return arrival_message("data", Arrival(upload_key(job_id)))


@pytest.mark.usefixtures("infer")
class TestInference:
    """The inference function."""

    def test_a_batch_is_processed_and_its_metrics_come_together(self, shop: Shop) -> None:
        ids = [shop.upload() for _ in range(3)]
        event = sqs_event(*map(body_for, ids))
        assert inference.handler(event, Context()) == {"batchItemFailures": []}
        assert shop.weighings.rows.keys() == set(ids)
        assert shop.metrics.named("Predictions") == [1, 1, 1]
        assert len(shop.metrics.named("CostPerThousand")) == 3

    def test_a_batch_tells_of_its_queue_and_its_start(self, shop: Shop) -> None:
        shop.queue.send("waits")
        for _ in range(5):
            inference.handler(sqs_event(body_for(shop.upload())), Context())
        assert shop.metrics.named("ColdStarts") == [1, 0, 0, 0, 0]
        assert shop.metrics.named("DeadLetters") == [0] * 5
        assert shop.metrics.named("QueueDepth") == [1], "looked up once a minute"
        assert shop.metrics.named("Throttles") == [7], "and in another batch, as this is"
        assert all(age > 0 for age in shop.metrics.named("QueueAge"))

    def test_only_the_message_that_failed_is_delivered_again(
        self, shop: Shop, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        good, bad = shop.upload(), shop.upload()
        read = shop.uploads.read

        def flaky(key: str) -> object:
            if bad in key:
                raise ConnectionError("S3 is away")
            return read(key)

        monkeypatch.setattr(shop.uploads, "read", flaky)
        response = inference.handler(sqs_event(body_for(good), body_for(bad)), Context())
        assert response == {"batchItemFailures": [{"itemIdentifier": "message-1"}]}
        assert shop.weighings.rows.keys() == {good}

    def test_a_batch_that_fails_whole_is_reported_one_by_one(
        self, shop: Shop, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def away(_key: str) -> object:
            raise ConnectionError("S3 is away")

        monkeypatch.setattr(shop.uploads, "read", away)
        response = inference.handler(sqs_event(body_for(shop.upload())), Context())
        assert response == {"batchItemFailures": [{"itemIdentifier": "message-0"}]}

    def test_a_poison_image_goes_to_the_dead_letters_once(self, shop: Shop) -> None:
        job_id = shop.upload({"weight-kg": "heavy"})
        event = sqs_event(body_for(job_id), "rubbish")
        assert inference.handler(event, Context()) == {"batchItemFailures": []}
        [(message, reason), (rubbish, _)] = shop.queue.messages
        assert job_id in message
        assert "weight" in str(reason)
        assert rubbish == "rubbish"

    def test_an_event_that_the_queue_kept_is_published(self, shop: Shop) -> None:
        shop.events.away = True
        shop.recognise(shop.upload())
        [(kept, _)] = shop.queue.messages
        again = {"batchItemFailures": [{"itemIdentifier": "message-0"}]}
        assert inference.handler(sqs_event(kept), Context()) == again
        shop.events.away = False
        assert inference.handler(sqs_event(kept), Context()) == {"batchItemFailures": []}
        assert len(shop.events.published) == 1

    def test_only_a_message_that_came_before_tells_its_event_again(self, shop: Shop) -> None:
        job_id = shop.upload()
        event = sqs_event(body_for(job_id), body_for(job_id))
        inference.handler(event, Context())
        assert shop.events.ids == [f"{job_id}/done"]
        for record in event["Records"][:1]:
            record["attributes"]["ApproximateReceiveCount"] = "2"
        inference.handler(event, Context())
        assert shop.events.ids == [f"{job_id}/done"] * 2

    def test_a_wake_up_only_follows_the_registry(self, shop: Shop) -> None:
        assert inference.handler(sqs_event(WAKE_UP), Context()) == {"batchItemFailures": []}
        assert shop.registry.workers()[0].model == BUILTIN
        assert not shop.metrics.named("Requests")


class TestDeadLetter:
    """The dead-letter function."""

    @pytest.fixture(autouse=True)
    def worker(self, shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
        """The function on a shop in memory."""
        worker = dead_letter.Worker(shop.fail, shop.metrics, shop.announce)
        monkeypatch.setattr(dead_letter, "worker", lambda: worker)

    def test_a_dead_letter_is_a_visible_failure_with_its_reason(self, shop: Shop) -> None:
        job_id = shop.upload()
        event = sqs_event(body_for(job_id), reason="The picture is cut short.")
        assert dead_letter.handler(event, Context()) == {"batchItemFailures": []}
        weighing = shop.weighings.rows[job_id]
        assert (weighing.status, weighing.error) == (Status.FAILED, "The picture is cut short.")
        assert shop.metrics.named("Errors") == shop.metrics.named("DeadLetters") == [1]

    def test_a_message_that_was_tried_in_vain_says_so(self, shop: Shop) -> None:
        job_id = shop.upload()
        dead_letter.handler(sqs_event(body_for(job_id)), Context())
        assert shop.weighings.rows[job_id].error == dead_letter.TRIED_IN_VAIN

    def test_an_event_stays_until_the_topic_takes_it(self, shop: Shop) -> None:
        shop.recognise(shop.upload())
        kept = announcement_message(shop.events.published.pop())
        shop.events.away = True
        again = {"batchItemFailures": [{"itemIdentifier": "message-0"}]}
        assert dead_letter.handler(sqs_event(kept), Context()) == again
        shop.events.away = False
        dead_letter.handler(sqs_event(kept), Context())
        assert len(shop.events.published) == 1
        assert shop.metrics.named("Errors") == [0]

    def test_a_lesson_that_was_not_learned_is_seen(self, shop: Shop) -> None:
        lesson = lesson_message("a-job")
        assert dead_letter.handler(sqs_event(lesson), Context()) == {"batchItemFailures": []}
        assert shop.metrics.named("Errors") == shop.metrics.named("DeadLetters") == [1]
        assert not shop.weighings.rows

    def test_rubbish_counts_as_an_error_and_blocks_nothing(self, shop: Shop) -> None:
        job_id = shop.upload()
        event = sqs_event("rubbish", body_for(job_id))
        assert dead_letter.handler(event, Context()) == {"batchItemFailures": []}
        assert shop.metrics.named("Errors") == [1, 1]


@pytest.fixture
def main_thread() -> Iterator[None]:
    """A main thread as Lambda's: with an event loop, which Mangum runs the application on."""
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    yield
    asyncio.set_event_loop(None)
    loop.close()


@pytest.mark.usefixtures("main_thread")
def test_the_upload_handler_takes_a_gateways_event(shop: Shop) -> None:
    """https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-lambda-proxy-integrations.html"""
    operation = Accept(shop.uploads, FakeIdempotencyKeys(), shop.clock)
    upload.app.dependency_overrides[given(upload.accept)] = lambda: operation
    form = b"".join(
        [
            b'--b\r\nContent-Disposition: form-data; name="weight"\r\n\r\n0.5\r\n',
            b'--b\r\nContent-Disposition: form-data; name="image"; filename="a.jpg"\r\n\r\n',
            picture(),
            b"\r\n--b--\r\n",
        ]
    )
    event = {
        "resource": "/v1/predict",
        "path": "/v1/predict",
        "httpMethod": "POST",
        "headers": {"Content-Type": "multipart/form-data; boundary=b", "Host": "api.example"},
        "multiValueHeaders": {"Content-Type": ["multipart/form-data; boundary=b"]},
        "queryStringParameters": None,
        "multiValueQueryStringParameters": None,
        "pathParameters": None,
        "stageVariables": None,
        "requestContext": {
            "resourcePath": "/v1/predict",
            "httpMethod": "POST",
            "path": "/prod/v1/predict",
            "stage": "prod",
            "identity": {"sourceIp": "192.0.2.1"},
        },
        "body": base64.b64encode(form).decode(),
        "isBase64Encoded": True,
    }
    response = upload.handler(event, Context())  # type: ignore[arg-type]
    upload.app.dependency_overrides.clear()
    assert response["statusCode"] == 202
    job_id = json.loads(response["body"])["job_id"]
    assert shop.uploads.read(upload_key(job_id))[1] == picture()


@pytest.mark.usefixtures("main_thread")
def test_a_problem_passes_a_gateway_as_text() -> None:
    event = {
        "resource": "/v1/predict",
        "path": "/v1/predict",
        "httpMethod": "POST",
        "headers": {"Content-Type": "application/json"},
        "multiValueHeaders": {"Content-Type": ["application/json"]},
        "queryStringParameters": None,
        "multiValueQueryStringParameters": None,
        "requestContext": {"stage": "prod", "identity": {"sourceIp": "192.0.2.1"}},
        "body": "{}",
        "isBase64Encoded": False,
    }
    upload.app.dependency_overrides[given(upload.accept)] = lambda: None
    response = upload.handler(event, Context())  # type: ignore[arg-type]
    upload.app.dependency_overrides.clear()
    assert (response["statusCode"], response["isBase64Encoded"]) == (422, False)
    assert "weight" in json.loads(response["body"])["detail"]
