"""The inference function: recognises, prices and stores the weighings of a batch of arrivals."""

import math
import os
import platform
import uuid
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import lru_cache, partial
from typing import Any

from aws_lambda_powertools.utilities.batch import (
    BatchProcessor,
    EventType,
    process_partial_response,
)
from aws_lambda_powertools.utilities.batch.types import PartialItemFailureResponse
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord
from aws_lambda_powertools.utilities.typing import LambdaContext

from smartscale.adapters.aws import cloudwatch_client, sqs_client
from smartscale.adapters.briefings import DynamoBriefings
from smartscale.adapters.bucket import S3Ledger, S3Packages, S3Uploads, data_bucket
from smartscale.adapters.catalogue import DynamoCatalogue
from smartscale.adapters.cloudwatch import CloudWatchQueries, metrics_for
from smartscale.adapters.embeddings import S3EmbeddedMemories
from smartscale.adapters.litert import load_builtin, load_folder
from smartscale.adapters.queue import SqsQueue
from smartscale.adapters.tables import (
    DynamoAsking,
    DynamoRegistry,
    DynamoTrials,
    DynamoWeighings,
)
from smartscale.adapters.topic import topic_for
from smartscale.adapters.wishes import S3Wishes
from smartscale.clock import now
from smartscale.domain import correlation
from smartscale.domain.errors import Unprocessable
from smartscale.logs import function_logger, is_sampled
from smartscale.operations.learning.learn import Learn
from smartscale.operations.learning.remember import Remember
from smartscale.operations.messages import (
    Announcement,
    Arrival,
    Arrivals,
    LessonOffer,
    WakeUp,
    arrival_message,
    parse,
)
from smartscale.operations.metrics.figures import risk_metrics
from smartscale.operations.metrics.watch import Costs, Watch, Work
from smartscale.operations.models.brief import Brief
from smartscale.operations.models.switch import ActiveModel, Loader
from smartscale.operations.models.trial import TryModel
from smartscale.operations.ports.catalogue import CatalogueStore
from smartscale.operations.ports.metrics import Metric, Metrics
from smartscale.operations.ports.queues import Queue
from smartscale.operations.weighing.announce import Announce, AnnounceTogether
from smartscale.operations.weighing.ask import KeepAsking
from smartscale.operations.weighing.recognise import Recognise
from smartscale.ram import give_back
from smartscale.settings import (
    BucketSettings,
    MetricsSettings,
    RegistrySettings,
    TableSettings,
    TopicSettings,
)

logger = function_logger()
processor = BatchProcessor(event_type=EventType.SQS, raise_on_entire_batch_failure=False)


class Settings(BucketSettings, TableSettings, RegistrySettings, MetricsSettings, TopicSettings):
    """The inference function's settings."""

    dead_letter_queue_url: str
    weighings_queue_url: str
    recognition_threads: int = 1
    """Of the network, where a worker has more than one core."""


@dataclass(frozen=True)
class Worker:
    """What one worker keeps between batches."""

    bucket_name: str
    brief: Brief
    catalogue: CatalogueStore
    recognise: Recognise
    model: ActiveModel
    remember: Remember
    asking: KeepAsking
    learn: Learn
    dead_letters: Queue
    metrics: Metrics
    trying: TryModel
    announce: Announce
    outcomes: AnnounceTogether
    watch: Watch
    loader: Loader


@lru_cache
def worker() -> Worker:
    """The worker on the real adapters."""
    settings = Settings()
    region = settings.aws_region
    bucket = data_bucket(settings.smartscale_bucket, region)
    briefings = DynamoBriefings(settings.models_table, region)
    memories, uploads = S3EmbeddedMemories(bucket, briefings), S3Uploads(bucket)
    weighings = DynamoWeighings(settings.weighings_table, region, settings.history_kept)
    registry = DynamoRegistry(settings.models_table, region)
    trials = DynamoTrials(settings.models_table, region)
    asking = DynamoAsking(settings.models_table, region)
    threads = settings.recognition_threads
    loader = Loader(
        S3Packages(bucket),
        partial(load_builtin, threads),
        partial(load_folder, threads=threads),
        give_back,
    )
    ledger = S3Ledger(bucket, settings.ledger_lock_days)
    queue = SqsQueue(sqs_client(region), settings.weighings_queue_url)
    announce = Announce(topic_for(settings.weighing_completed_topic_arn, region), queue)
    outcomes = AnnounceTogether(announce)
    return Worker(
        bucket_name=bucket.name,
        brief=Brief(briefings, registry, trials, asking, memories),
        catalogue=DynamoCatalogue(settings.catalogue_table, settings.models_table, region),
        recognise=Recognise(uploads, ledger, weighings, outcomes, now),
        model=ActiveModel(uuid.uuid4().hex, registry, loader, now),
        remember=Remember(memories),
        asking=KeepAsking(asking, S3Wishes(bucket), weighings, now),
        learn=Learn(memories, weighings, uploads, now),
        dead_letters=SqsQueue(sqs_client(region), settings.dead_letter_queue_url),
        # Only emulators are called, and none of them freezes a function between invocations.
        metrics=metrics_for(settings.metrics_sink, region, settings.smartscale_stack, gathers=True),
        trying=TryModel(
            trials,
            registry,
            ledger,
            loader,
            Remember(memories),
            now,
        ),
        announce=announce,
        outcomes=outcomes,
        watch=Watch(
            queue,
            CloudWatchQueries(cloudwatch_client(region), settings.smartscale_stack),
            Costs.of(region, platform.machine()),
            now,
        ),
        loader=loader,
    )


@dataclass
class Batch:
    """One batch: its model, memory and prices do not change while it is processed."""

    worker: Worker
    waited: list[timedelta] = field(default_factory=list)
    metrics: list[Metric] = field(default_factory=list)
    weighings: int = 0

    def __post_init__(self) -> None:
        oldest_s = max((math.ceil(waited.total_seconds()) for waited in self.waited), default=None)
        briefing = self.worker.brief.now()
        self.recogniser = self.worker.model.refresh(briefing.switch, oldest_s)
        self.worker.remember.refresh(self.recogniser, briefing.memory)
        self.asking = self.worker.asking.refresh(self.recogniser, briefing.asking)
        self.catalogue = self.worker.catalogue.at(briefing.catalogue)
        self.trial = self.worker.trying.begin(self.recogniser, briefing.trial, briefing.memory)

    def process(self, record: SQSRecord) -> None:
        """Process one message; any error but a bad weighing makes the queue deliver it again."""
        try:
            self._process(record)
        except Exception:
            logger.exception("failed; the queue delivers it again")
            raise

    def _process(self, record: SQSRecord) -> None:
        try:
            message = parse(record.body)
        except Unprocessable as error:
            self._bury(record.body, error)
            return
        match message:
            case Arrivals(objects):
                for arrival in objects:
                    with correlation.correlated(None):
                        self._recognise(replace(arrival, again=_came_before(record)))
            case LessonOffer(job_id, correlation_id):
                with correlation.correlated(correlation_id):
                    self.worker.learn.process(job_id, self.worker.remember.version)
                    logger.info("looked whether it teaches", extra={"job_id": job_id})
            case Announcement(event):
                with correlation.correlated(event.data.correlation_id):
                    self.worker.announce.publish(event)
                    logger.info("announced late", extra={"event_id": event.id})
            case WakeUp():
                pass  # beginning the batch has already read the registry and the memory

    def _recognise(self, arrival: Arrival) -> None:
        try:
            metrics = self.worker.recognise.process(
                arrival, self.recogniser, self.catalogue, self.trial, self.asking
            )
            if is_sampled():
                logger.info("recognised", extra={"key": arrival.key, "again": not metrics})
            self.metrics += metrics
            self.weighings += 1
        except Unprocessable as error:
            self._bury(arrival_message(self.worker.bucket_name, arrival), error)

    def finish(self) -> None:
        """Tell other systems, ask the shadow and count the trial, after every outcome of the batch
        has been stored."""
        self.worker.outcomes.tell()
        if self.weighings:
            self.metrics += risk_metrics(self.asking)
        if self.trial is None:
            return
        try:
            self.metrics += self.trial.finish()
        except Exception:
            logger.exception("the candidate's figures were lost")

    def _bury(self, message: str, error: Unprocessable) -> None:
        """Send a message to the dead-letter queue at once, since no retry can succeed."""
        logger.warning("unprocessable", extra={"sqs_message": message, "reason": str(error)})
        self.worker.dead_letters.send(message, reason=str(error))


def _came_before(record: SQSRecord) -> bool:
    return int(record.attributes.approximate_receive_count or 1) > 1


def _sent_at(record: dict[str, Any]) -> datetime:
    return datetime.fromtimestamp(int(record["attributes"]["SentTimestamp"]) / 1000, UTC)


@logger.inject_lambda_context
def handler(event: dict[str, Any], context: LambdaContext) -> PartialItemFailureResponse:
    """Process a batch of SQS messages; the failed ones are reported one by one."""
    began = now()
    waited = [began - _sent_at(record) for record in event["Records"]]
    batch = Batch(worker(), waited)
    response = process_partial_response(event, batch.process, processor, context)
    batch.finish()
    work = Work(
        waited=waited,
        weighings=batch.weighings,
        took=now() - began,
        memory_mb=int(context.memory_limit_in_mb),
    )
    watched = worker().watch.metrics(work, may_ask=not worker().model.reported)
    worker().metrics.emit(batch.metrics + watched)
    worker().loader.tidy()
    return response


def warm_up() -> None:
    """Load model, memory and prices before the first batch, which then takes no longer than others.

    Lambda starts a function at full speed, and does not count that towards its timeout.
    """
    try:
        Batch(worker())
    except Exception:
        logger.exception("the first batch loads the model")


if "AWS_LAMBDA_FUNCTION_NAME" in os.environ:
    warm_up()
