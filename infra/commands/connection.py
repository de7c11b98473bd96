"""The operations of the shared layer, wired to the stack that the settings name."""

import os
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

from infra.backup.copy_in import Restore
from infra.backup.copy_out import BackUp, Report
from infra.backup.place import Place
from infra.bucket_on_disk import BucketOnDisk
from infra.emulator import objects_folder
from infra.expiry import make_room
from infra.outputs import StackOutputs, stack_environment
from infra.restored_rows import RestoredWeighings
from infra.settings import Cloud, Settings
from infra.space import Room
from infra.stack import stack_outputs
from smartscale.adapters.aws import dynamodb_client, s3_client, sqs_client
from smartscale.adapters.briefings import DynamoBriefings
from smartscale.adapters.bucket import S3Ledger, S3Packages, S3Uploads, data_bucket
from smartscale.adapters.catalogue import DynamoCatalogue
from smartscale.adapters.cloudwatch import metrics_for
from smartscale.adapters.memories import S3Memories
from smartscale.adapters.metrics_sink import MetricsSink
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
from smartscale.domain.registry import BUILTIN
from smartscale.domain.weighing import ModelRef
from smartscale.operations.catalogue.edit import EditCatalogue
from smartscale.operations.learning.teach import Teach
from smartscale.operations.mending.reconcile import AT_ONCE, Reconcile, without_outcome
from smartscale.operations.mending.redrive import Redrive
from smartscale.operations.messages import WAKE_UP
from smartscale.operations.models.switch import ActivateModel
from smartscale.operations.models.trial import ManageTrial
from smartscale.operations.ports.weighings import ROWS_KEPT
from smartscale.operations.weighing.announce import Announce
from smartscale.operations.weighing.ask import SayWanted
from smartscale.recognition.builtin import builtin_learns, builtin_revision


class Connection:
    """Builds operations on one stack.

    Args:
        outputs: what it is made of.
        region: where it is.
        history_days: how long a weighing has a row.
        folder: where the bucket is on this machine's disk, if it is.
    """

    def __init__(
        self,
        outputs: StackOutputs,
        region: str,
        history_days: int = ROWS_KEPT.days,
        folder: Path | None = None,
    ) -> None:
        self._outputs = outputs
        self._region = region
        self.bucket = (
            data_bucket(outputs.bucket, region)
            if folder is None
            else BucketOnDisk(s3_client(region), outputs.bucket, folder)
        )
        # An emulator loses its metrics with its tables; CloudWatch keeps them.
        lost_with_tables = os.environ["METRICS_SINK"] == MetricsSink.CLOUDWATCH
        self._metrics = (
            metrics_for(MetricsSink.CLOUDWATCH, region, os.environ["SMARTSCALE_STACK"])
            if lost_with_tables
            else None
        )
        self.catalogue = DynamoCatalogue(outputs.catalogue_table, outputs.models_table, region)
        self.briefings = DynamoBriefings(outputs.models_table, region)
        self.registry = DynamoRegistry(outputs.models_table, region)
        self._kept = timedelta(days=history_days)
        self.weighings = DynamoWeighings(outputs.weighings_table, region, self._kept)
        self.trials = DynamoTrials(outputs.models_table, region)
        self._asking = DynamoAsking(outputs.models_table, region)
        self.packages = S3Packages(self.bucket)
        self.weighings_queue = SqsQueue(sqs_client(region), outputs.weighings_queue_url)
        self.imports_queue = SqsQueue(sqs_client(region), outputs.imports_queue_url)

    def _ledger(self) -> S3Ledger:
        return S3Ledger(self.bucket, self._outputs.ledger_lock_days)

    def reconcile(self, *, announce: bool = True, rows: Path | None = None) -> Reconcile:
        """The operation that rebuilds what tables and queue have lost, and tells subscribers.

        Args:
            announce: whether to publish the events of rebuilt weighings.
            rows: the file of the weighings' rows, where nobody else writes them meanwhile.
        """
        topic = topic_for(self._outputs.weighing_completed_topic, self._region)
        return Reconcile(
            S3Uploads(self.bucket),
            self._ledger(),
            self.weighings if rows is None else self._rows_in(rows),
            self.catalogue,
            self.registry,
            self.trials,
            SayWanted(self._asking, S3Wishes(self.bucket)),
            S3Memories(self.bucket, self.briefings),
            self.briefings,
            self.weighings_queue,
            self._metrics,
            Announce(topic, self.weighings_queue) if announce else None,
            self._outputs.bucket,
            self._kept,
            AT_ONCE if rows is None else 0,
        )

    def _rows_in(self, file: Path) -> RestoredWeighings:
        dynamodb = dynamodb_client(self._region)
        table = self._outputs.weighings_table
        return RestoredWeighings(dynamodb, table, self._region, self._kept, file)

    def make_room(self, room: Callable[[], Room]) -> int:
        """Delete the oldest pictures until there is room on the disk; tells how many."""
        return make_room(
            S3Uploads(self.bucket),
            self.weighings,
            self.bucket.delete,
            room,
        )

    def back_up(self, place: Place, report: Report) -> BackUp:
        """The operation that copies everything out."""

        def unanswered() -> Iterator[str]:
            for upload in without_outcome(S3Uploads(self.bucket), self.weighings, None):
                yield upload.key

        return BackUp(
            os.environ["SMARTSCALE_STACK"],
            self.bucket,
            dynamodb_client(self._region),
            self._tables,
            unanswered,
            place,
            report,
        )

    def restore(self, place: Place, report: Report) -> Restore:
        """The operation that copies everything in."""

        def mend() -> None:
            # Subscribers received these events when they happened.
            self.reconcile(announce=False).run(resend=False)
            # Workers look at the model that is wanted now.
            self.weighings_queue.send(WAKE_UP)

        return Restore(
            self.bucket,
            dynamodb_client(self._region),
            self._tables,
            mend,
            place,
            report,
            self._outputs.ledger_lock_days,
        )

    @property
    def _tables(self) -> dict[str, str]:
        return {
            "weighings": self._outputs.weighings_table,
            "catalogue": self._outputs.catalogue_table,
            "models": self._outputs.models_table,
        }

    def redrive(self) -> Redrive:
        """The operation that tries failures again."""
        sqs = sqs_client(self._region)
        return Redrive(
            S3Uploads(self.bucket),
            self.weighings,
            self.weighings_queue,
            SqsQueue(sqs, self._outputs.dead_letter_queue_url),
            SqsQueue(sqs, self._outputs.imports_dead_letter_queue_url),
            self.activate_model(),
            self._outputs.bucket,
            now,
        )

    def activate_model(self) -> ActivateModel:
        """The operation that activates models."""
        return ActivateModel(
            self.registry,
            self.packages,
            self._ledger(),
            self.weighings_queue,
            self.imports_queue,
            ModelRef(id=BUILTIN, revision=builtin_revision()),
            now,
        )

    def manage_trial(self) -> ManageTrial:
        """The operation that tries a model beside the active one."""
        return ManageTrial(
            self.trials, self.activate_model(), self._ledger(), self.weighings_queue, now
        )

    def teach(self) -> Teach:
        """The operation that teaches the shop's scales."""
        return Teach(
            S3Memories(self.bucket, self.briefings),
            self.catalogue,
            self.registry,
            self.packages,
            self.weighings_queue,
            ModelRef(id=BUILTIN, revision=builtin_revision()),
            builtin_learns(),
            now,
        )

    def edit_catalogue(self) -> EditCatalogue:
        """The operation that edits the catalogue."""
        return EditCatalogue(self.catalogue, self._ledger(), now)


def connect(settings: Settings, *, of_run: bool = False) -> Connection:
    """Find the stack and point this process's AWS SDK at it.

    Args:
        settings: where it is.
        of_run: whether this is a child of the embedded run, which is told the emulator's address
            as another endpoint would be.

    Raises:
        PlainError: there is no stack to be reached.
    """
    outputs = stack_outputs(settings)
    os.environ.update(stack_environment(settings, outputs))
    folder = objects_folder(settings.home) / outputs.bucket
    embedded = of_run or (settings.cloud is Cloud.EMBEDDED and not settings.endpoint_url)
    here = folder if embedded and folder.is_dir() else None
    return Connection(outputs, settings.region, settings.history_days, here)
