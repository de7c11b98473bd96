"""What the operations need from outside. The adapters are the real ones, the tests have fakes."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol, Self

from smartscale.domain import correlation
from smartscale.domain.catalogue import Catalogue, Item
from smartscale.domain.memory import MemoryVersion
from smartscale.domain.prediction import Scored
from smartscale.domain.registry import ImportProgress, ModelSwitch, WorkerReport
from smartscale.domain.trial import Tallies, Trial
from smartscale.domain.upload import StoredUpload
from smartscale.domain.weighing import ModelRef, Status, Weighing
from smartscale.domain.weighing_completed import WeighingCompleted
from smartscale.importing.order import ConversionOrder
from smartscale.importing.repository import Listing, RepositoryFile

if TYPE_CHECKING:  # else whoever needs any port would load numpy
    from smartscale.recognition.memory import Vectors


@dataclass(frozen=True)
class PresignedPost:
    """Where and with which form fields a client posts an image straight into the bucket."""

    url: str
    fields: dict[str, str]


class Uploads(Protocol):
    """The image objects; each is the durable start of a weighing."""

    def put(self, key: str, body: bytes, media_type: str, metadata: Mapping[str, str]) -> None:
        """Store an image."""

    def read(self, key: str) -> tuple[StoredUpload, bytes]:
        """An image with its bytes. Raises NotFound when there is none."""

    def find(self, key: str) -> StoredUpload | None:
        """An image without its bytes, None when there is none."""

    def since(self, moment: datetime | None) -> Iterator[StoredUpload]:
        """The images stored at or after a moment, or all; without their metadata."""

    def presign(
        self, key: str, media_type: str, metadata: Mapping[str, str], max_bytes: int, seconds: int
    ) -> PresignedPost:
        """Allow one upload under a key, for so many seconds."""


class IdempotencyKeys(Protocol):
    """Which request an Idempotency-Key stands for."""

    def claim(self, key: str, claim: Mapping[str, str]) -> Mapping[str, str]:
        """Record the claim unless the key is taken; return the claim that holds."""


class Ledger(Protocol):
    """The immutable record of every outcome and every administrative change."""

    def append(self, weighing: Weighing) -> Weighing:
        """Record a weighing's state, and return what the ledger holds for this event.

        That is an earlier record when the same event was recorded before.
        """

    def record_item(self, item: Item, at: datetime) -> None:
        """Record a change of the catalogue."""

    def record_switch(self, switch: ModelSwitch) -> None:
        """Record a wish for a model."""

    def record_trial(self, trial: Trial) -> None:
        """Record that a candidate is tried, or no longer."""

    def weighings(self, since: datetime | None) -> Iterator[Weighing]:
        """Every recorded state of weighings that began on or after the day of `since`."""

    def items(self, since: datetime | None) -> Iterator[Item]:
        """Catalogue changes on or after the day of `since`, in order."""

    def last_switch(self, since: datetime | None) -> ModelSwitch | None:
        """The last wish for a model recorded on or after the day of `since`."""

    def last_trial(self, since: datetime | None) -> Trial | None:
        """The last trial recorded on or after the day of `since`, as it was last."""


@dataclass(frozen=True)
class HistoryFilter:
    """What a page of the history shows."""

    from_: datetime
    to: datetime
    scale_id: str | None = None
    label: str | None = None
    needs_confirmation: bool | None = None
    suspicious: bool | None = None
    upload_key: str | None = None
    status: Status | None = None


@dataclass(frozen=True)
class WeighingFacts:
    """What the figures of a shop need of a weighing; latency in ms."""

    scale_id: str
    created_at: datetime
    failed: bool
    asked: bool
    label: str | None
    confirmed_label: str | None
    confidence: Decimal | None
    latency_ms: Decimal | None

    @classmethod
    def of(cls, weighing: Weighing) -> Self:
        """The facts of a weighing."""
        return cls(
            scale_id=weighing.scale_id,
            created_at=weighing.created_at,
            failed=weighing.status is Status.FAILED,
            asked=weighing.asked or weighing.needs_confirmation,
            label=weighing.label,
            confirmed_label=weighing.confirmed_label,
            confidence=weighing.confidence,
            latency_ms=weighing.timings.get("total_ms"),
        )


class Weighings(Protocol):
    """The queryable state of weighings."""

    def get(self, job_id: str) -> Weighing | None:
        """A weighing with its outcome, None while it has none."""

    def put(self, weighing: Weighing) -> bool:
        """Store a state unless the same or a later version is there; tells whether it did."""

    def versions(self, job_ids: Sequence[str]) -> Mapping[str, int]:
        """The versions of those of the ids that have an outcome."""

    def newest(self, wanted: HistoryFilter, before: str | None, limit: int) -> list[Weighing]:
        """Weighings by falling job id, from the one before `before`."""

    def facts(self, wanted: HistoryFilter, limit: int) -> list[WeighingFacts]:
        """The facts of the newest weighings, no more than `limit`."""


class CatalogueStore(Protocol):
    """What the shop sells."""

    def all(self) -> Catalogue:
        """The whole catalogue, retired items included."""

    def get(self, label: str) -> Item | None:
        """An item, retired or not."""

    def put(self, item: Item) -> bool:
        """Store an item unless the same or a later version is there; tells whether it did."""


class ItemPictures(Protocol):
    """The shop's own pictures of what it sells."""

    def keep(self, jpeg: bytes) -> str:
        """Keep a picture for good; its SHA-256."""

    def read(self, sha256: str) -> bytes:
        """A picture that was kept. Raises NotFound."""


class Registry(Protocol):
    """The model switch that all workers share."""

    def current(self) -> ModelSwitch | None:
        """The last wish, None before the first."""

    def replace(self, switch: ModelSwitch, expected: ModelSwitch | None) -> bool:
        """Store a switch if the stored one is still the expected; tells whether it was."""

    def report(self, report: WorkerReport) -> None:
        """Say what a worker has loaded."""

    def workers(self) -> list[WorkerReport]:
        """What each live worker has loaded."""


class Trials(Protocol):
    """The candidate that all workers try, and how it does."""

    def current(self) -> Trial | None:
        """The last trial, None before the first."""

    def replace(self, trial: Trial, expected: Trial | None) -> bool:
        """Store a trial if the stored one is still the expected; tells whether it was."""

    def add(self, number: int, tallies: Tallies, at: datetime) -> tuple[Tallies, Tallies]:
        """Add to the tallies of a trial, whoever else does so.

        Returns:
            What they are then, over the whole trial and over the stretch that `at` lies in.
        """

    def tallies(self, number: int) -> Tallies:
        """The tallies of a trial."""


class AdminToken(Protocol):
    """The token that administrators show."""

    def current(self, *, fresh: bool = False) -> str:
        """The token; `fresh` for one that may have been replaced a moment ago.

        Raises:
            StoreUnavailable: it cannot be found out just now.
        """


class Refusals(Protocol):
    """How often a wrong admin token was shown, counted over all workers."""

    def count(self, key: str) -> int:
        """How many there were under a key."""

    def add(self, key: str, until: datetime) -> int:
        """One more; how many there are then. It may be forgotten after `until`."""


class Packages(Protocol):
    """The model packages in the bucket."""

    def revisions(self) -> list[ModelRef]:
        """Every package there is."""

    def fetch(self, ref: ModelRef, folder: Path) -> None:
        """Copy a package's files into a folder.

        Raises:
            NotFound: there is no such package.
            StoreUnavailable: the store does not answer just now.
        """


class PackageStore(Packages, Protocol):
    """The model packages in the bucket, for who adds to them."""

    def describe(self, ref: ModelRef) -> Mapping[str, Any] | None:
        """What a package says of itself; None where there is no such package, or not yet all."""

    def labels(self, ref: ModelRef) -> list[str]:
        """A package's labels. Raises NotFound."""

    def store(self, ref: ModelRef, folder: Path) -> None:
        """Copy a verified package into the bucket, its description last."""


Say = Callable[[ImportProgress], None]
"""Told how far an import is, at least every few seconds; what it raises ends the import."""


class Hub(Protocol):
    """Where models are published."""

    def resolve(self, model_id: str, revision: str) -> Listing:
        """What a branch, tag or commit holds. Raises ImportFailed."""

    def download(
        self, model_id: str, commit: str, files: Sequence[RepositoryFile], say: Say
    ) -> Path:
        """The folder with these files of a commit. Raises ImportFailed."""


class Converter(Protocol):
    """Makes packages of models."""

    def convert(self, order: ConversionOrder, say: Say) -> None:
        """Write a package into the order's folder. Raises ImportFailed when the model is refused,
        or does not become a package for another reason."""


class Queue(Protocol):
    """A queue of messages for the inference function, or its dead letters."""

    def send(self, body: str, reason: str | None = None) -> None:
        """Send a message, for a dead letter with the reason."""


@dataclass(frozen=True)
class DeadLetter:
    """A message that was received from a queue of dead letters, and is held for a while.

    `reason` is why it was rejected; None when it was only tried in vain.
    """

    body: str
    reason: str | None
    receipt: str


class DeadLetters(Protocol):
    """A queue of dead letters, for who looks through it."""

    def held(self) -> Iterator[DeadLetter]:
        """Each message once; until it is released or deleted, nobody else receives it."""

    def release(self, letter: DeadLetter) -> None:
        """Give a message back, as it was."""

    def delete(self, receipt: str) -> None:
        """Delete a message."""


class Backlog(Protocol):
    """What waits in the weighings queue."""

    def waiting(self) -> int:
        """How many messages nobody works on yet, about. Raises StoreUnavailable."""


class Events(Protocol):
    """Where other systems hear what became of weighings."""

    def publish(self, event: WeighingCompleted) -> None:
        """Publish an event. Raises StoreUnavailable."""


class Recogniser(Protocol):
    """A loaded model."""

    @property
    def ref(self) -> ModelRef:
        """Which package it is."""

    @property
    def confirm_below(self) -> Decimal:
        """The probability below which a person has to confirm."""

    @property
    def learns(self) -> bool:
        """Whether a shop can teach it."""

    def recognise(self, image: bytes) -> list[Scored]:
        """Score every label. Raises ImageError when the bytes are no usable picture."""

    def embed(self, image: bytes) -> "Vectors":
        """What it sees in a picture, to compare with others; of a model that learns."""

    def remember(self, lessons: Mapping[str, Sequence["Vectors"]]) -> None:
        """Know these embeddings by label from now on, and no others."""


class Memories(Protocol):
    """What the shop has taught: pictures, and versions of lessons."""

    def newest(self, after: int = 0) -> MemoryVersion | None:
        """The newest version; None when there is none with a number above `after`."""

    def get(self, number: int) -> MemoryVersion:
        """A version. Raises NotFound."""

    def add(self, version: MemoryVersion) -> bool:
        """Store a version unless its number is taken; tells whether it was stored."""

    def versions(self) -> list[MemoryVersion]:
        """Every version, the newest first."""

    def keep_picture(self, image: bytes) -> str:
        """Keep a picture for good; its SHA-256."""

    def picture(self, sha256: str) -> bytes:
        """A picture that was kept. Raises NotFound."""

    def embedded(self, model: ModelRef) -> list[int]:
        """The versions whose pictures a model has seen, in rising order."""

    def vote(self, label: str, predicted: str, job_id: str) -> list[str]:
        """Note that a shopper said `label` where the model said `predicted`.

        Returns:
            The weighings of which shoppers said so.
        """


class EmbeddedMemories(Memories, Protocol):
    """The same with what models see in the pictures, for who runs a model."""

    def embeddings(self, model: ModelRef, number: int) -> dict[str, "Vectors"] | None:
        """What a model sees in the pictures of a version, None when that is not known yet."""

    def keep_embeddings(
        self, model: ModelRef, number: int, embeddings: Mapping[str, "Vectors"]
    ) -> None:
        """Keep what a model sees in the pictures of a version."""


@dataclass(frozen=True)
class Metric:
    """One value for the operators. The unit is CloudWatch's; `at` is None for now."""

    name: str
    value: float
    unit: Literal["Count", "Milliseconds", "Seconds", "None"] = "Count"
    dimensions: Mapping[str, str] = field(default_factory=dict)
    at: datetime | None = None
    correlation_id: str | None = field(default_factory=correlation.current, compare=False)
    """The weighing it was told of; a note in the log, no dimension."""


class Metrics(Protocol):
    """Where values for the operators go."""

    def emit(self, metrics: Sequence[Metric]) -> None:
        """Publish values."""


@dataclass(frozen=True)
class MetricQuery:
    """One statistic (Sum, Average, SampleCount, p95) of one metric."""

    name: str
    statistic: str
    dimensions: Mapping[str, str] = field(default_factory=dict)
    namespace: str | None = None
    """Whose metric; None for our own."""


class MetricQueries(Protocol):
    """What the operators' values were."""

    def series(
        self, queries: Sequence[MetricQuery], start: datetime, end: datetime, period_seconds: int
    ) -> list[dict[datetime, float]]:
        """For each query its values by the start of their period, where there are any.

        Raises:
            StoreUnavailable: they cannot be read just now.
        """

    def dimension_values(self, name: str, dimension: str) -> list[str]:
        """The values a metric's dimension has had."""
