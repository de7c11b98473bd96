"""The dead-letter function: a weighing that could not be recognised ends as a visible failure."""

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from aws_lambda_powertools.utilities.batch import (
    BatchProcessor,
    EventType,
    process_partial_response,
)
from aws_lambda_powertools.utilities.batch.types import PartialItemFailureResponse
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord
from aws_lambda_powertools.utilities.typing import LambdaContext

from smartscale.adapters.aws import sqs_client
from smartscale.adapters.bucket import S3Ledger, S3Uploads, data_bucket
from smartscale.adapters.cloudwatch import metrics_for
from smartscale.adapters.queue import REASON, SqsQueue
from smartscale.adapters.tables import DynamoWeighings
from smartscale.adapters.topic import topic_for
from smartscale.clock import now
from smartscale.domain import correlation
from smartscale.domain.errors import Unprocessable
from smartscale.logs import function_logger
from smartscale.operations.messages import Announcement, Arrivals, LessonOffer, WakeUp, parse
from smartscale.operations.ports.metrics import Metric, Metrics
from smartscale.operations.weighing.announce import Announce
from smartscale.operations.weighing.fail import Fail
from smartscale.settings import BucketSettings, MetricsSettings, TopicSettings, WeighingsSettings

TRIED_IN_VAIN = "The picture could not be processed after several tries; weigh the item again."

_DEAD_LETTER = Metric("DeadLetters", 1)

logger = function_logger()
processor = BatchProcessor(event_type=EventType.SQS, raise_on_entire_batch_failure=False)


class Settings(BucketSettings, WeighingsSettings, MetricsSettings, TopicSettings):
    """The dead-letter function's settings."""

    weighings_queue_url: str


@dataclass(frozen=True)
class Worker:
    """What one worker keeps between batches."""

    fail: Fail
    metrics: Metrics
    announce: Announce


@lru_cache
def worker() -> Worker:
    """The worker on the real adapters."""
    settings = Settings()
    region = settings.aws_region
    bucket = data_bucket(settings.smartscale_bucket, region)
    announce = Announce(
        topic_for(settings.weighing_completed_topic_arn, region),
        SqsQueue(sqs_client(region), settings.weighings_queue_url),
    )
    weighings = DynamoWeighings(settings.weighings_table, region, settings.history_kept)
    fail = Fail(
        S3Uploads(bucket), S3Ledger(bucket, settings.ledger_lock_days), weighings, announce, now
    )
    return Worker(
        fail, metrics_for(settings.metrics_sink, region, settings.smartscale_stack), announce
    )


def bury(record: SQSRecord) -> None:
    """Mark the weighings of one dead letter as failed; publish an event that was kept in one."""
    attribute = record.message_attributes[REASON]
    reason = (attribute and attribute.string_value) or TRIED_IN_VAIN
    try:
        message = parse(record.body)
    except Unprocessable:
        # It names no object, so there is no weighing to mark; the metric and the log show it.
        logger.exception("dead letter without a weighing", extra={"body": record.body})
        worker().metrics.emit([_DEAD_LETTER, Metric("Errors", 1)])
        return
    match message:
        case Announcement(event):
            with correlation.correlated(event.data.correlation_id):
                worker().announce.publish(event)
                logger.info("announced late", extra={"event_id": event.id})
        case LessonOffer(job_id, correlation_id):
            # The confirmation stands; the shop's memory does not learn from it.
            with correlation.correlated(correlation_id):
                said = {"job_id": job_id, "reason": reason}
                logger.error("confirmation not learned from", extra=said)
            worker().metrics.emit([_DEAD_LETTER, Metric("Errors", 1)])
        case Arrivals(objects):
            again = int(record.attributes.approximate_receive_count or 1) > 1
            metrics = [_DEAD_LETTER]
            for arrival in objects:
                with correlation.correlated(None):
                    metrics += worker().fail.process(replace(arrival, again=again), reason)
                    logger.warning("weighing failed", extra={"key": arrival.key, "reason": reason})
            worker().metrics.emit(metrics)
        case WakeUp():
            worker().metrics.emit([_DEAD_LETTER])


@logger.inject_lambda_context
def handler(event: dict[str, Any], context: LambdaContext) -> PartialItemFailureResponse:
    """Process a batch of dead letters; those that fail stay in the dead-letter queue."""
    return process_partial_response(event, bury, processor, context)
