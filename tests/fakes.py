"""In-memory stands-in for the operations' ports. They keep the promises that the ports document."""

import hashlib
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np

from smartscale.domain.asking import Asking
from smartscale.domain.catalogue import Catalogue, Item
from smartscale.domain.errors import NotFound, StoreUnavailable
from smartscale.domain.job_id import is_job_id, job_time
from smartscale.domain.memory import MemoryVersion
from smartscale.domain.prediction import Scored
from smartscale.domain.registry import ModelSwitch, WorkerReport
from smartscale.domain.told_apart import ToldApart
from smartscale.domain.trial import Tallies, Trial, window_of
from smartscale.domain.upload import StoredUpload, evidence_key
from smartscale.domain.weighing import ModelRef, Weighing
from smartscale.domain.weighing_completed import WeighingCompleted
from smartscale.operations.ports.briefings import Briefing
from smartscale.operations.ports.ledger import LedgerEntry
from smartscale.operations.ports.metrics import Metric, MetricQuery
from smartscale.operations.ports.queues import DeadLetter
from smartscale.operations.ports.uploads import PresignedPost
from smartscale.operations.ports.weighings import HistoryFilter, WeighingFacts
from smartscale.recognition.carried import pack
from smartscale.recognition.memory import Vectors
from tests.examples import NOW, scores


@dataclass
class Clock:
    """A clock that a test moves."""

    moment: datetime = NOW

    def __call__(self) -> datetime:
        return self.moment

    def advance(self, **span: float) -> None:
        self.moment += timedelta(**span)


@dataclass
class FakeUploads:
    clock: Clock = field(default_factory=Clock)
    objects: dict[str, tuple[StoredUpload, bytes]] = field(default_factory=dict)
    media_types: dict[str, str] = field(default_factory=dict)
    moves: dict[tuple[str, str], str] = field(default_factory=dict)

    def put(self, key: str, body: bytes, media_type: str, metadata: Mapping[str, str]) -> None:
        etag = hashlib.md5(body, usedforsecurity=False).hexdigest()
        stored = StoredUpload(key, etag, self.clock(), dict(metadata))
        self.media_types[key] = media_type
        self.objects[key] = stored, body

    def put_new(self, key: str, body: bytes, media_type: str, metadata: Mapping[str, str]) -> bool:
        if key in self.objects:
            return False
        self.put(key, body, media_type, metadata)
        return True

    def read(self, key: str) -> tuple[StoredUpload, bytes]:
        if key not in self.objects:
            raise NotFound(key)
        return self.objects[key]

    def find(self, key: str) -> StoredUpload | None:
        return self.objects[key][0] if key in self.objects else None

    def move(
        self, upload: StoredUpload, body: bytes, media_type: str, metadata: Mapping[str, str]
    ) -> str:
        kept = evidence_key(upload.job_id)
        if kept not in self.objects:
            self.put(kept, body, media_type, metadata)
        self.moves[upload.key, upload.etag] = kept
        if upload.key in self.objects and self.objects[upload.key][0].etag == upload.etag:
            del self.objects[upload.key]
        return kept

    def moved(self, key: str, etag: str) -> str | None:
        name = PurePosixPath(key).name
        if is_job_id(name) and evidence_key(name) in self.objects:
            return evidence_key(name)
        return self.moves.get((key, etag))

    def since(self, moment: datetime | None) -> Iterator[StoredUpload]:
        for upload, _ in self.objects.values():
            if moment is None or upload.stored_at >= moment:
                yield upload

    def presign(
        self, key: str, media_type: str, metadata: Mapping[str, str], max_bytes: int, seconds: int
    ) -> PresignedPost:
        limits = {"max": str(max_bytes), "seconds": str(seconds), "type": media_type}
        return PresignedPost("https://bucket.example", {"key": key, **limits, **metadata})


@dataclass
class FakeIdempotencyKeys:
    claims: dict[str, Mapping[str, str]] = field(default_factory=dict)

    def claim(self, key: str, claim: Mapping[str, str]) -> Mapping[str, str]:
        return self.claims.setdefault(key, claim)


@dataclass
class FakeLedger:
    events: dict[tuple[str, str], Weighing] = field(default_factory=dict)
    recorded_at: dict[tuple[str, str], datetime] = field(default_factory=dict)
    items: dict[tuple[str, int], Item] = field(default_factory=dict)
    requests: dict[tuple[int, bool], ModelSwitch] = field(default_factory=dict)
    steps: dict[tuple[int, bool], Trial] = field(default_factory=dict)
    earlier: list[Item | ModelSwitch | Trial] = field(default_factory=list)

    @property
    def item_changes(self) -> list[Item]:
        return list(self.items.values())

    @property
    def switches(self) -> list[ModelSwitch]:
        return list(self.requests.values())

    @property
    def trials(self) -> list[Trial]:
        return list(self.steps.values())

    def append(self, weighing: Weighing) -> Weighing:
        name = weighing.job_id, weighing.event
        self.recorded_at.setdefault(name, weighing.confirmed_at or weighing.completed_at)
        return self.events.setdefault(name, weighing)

    def record_item(self, item: Item) -> Item:
        return self.items.setdefault((item.label, item.version), item)

    def record_switch(self, switch: ModelSwitch) -> ModelSwitch:
        return self.requests.setdefault((switch.generation, switch.attempts > 0), switch)

    def record_trial(self, trial: Trial) -> Trial:
        return self.steps.setdefault((trial.number, not trial.running), trial)

    def later_items(self, versions: Mapping[str, int], label: str | None = None) -> list[Item]:
        newest: dict[str, Item] = {}
        for (name, version), item in sorted(self.items.items(), key=lambda entry: entry[0]):
            if version > versions.get(name, -1) and label in {None, name}:
                newest[name] = item
        return list(newest.values())

    def later_switch(self, generation: int) -> ModelSwitch | None:
        later = [key for key in self.requests if key > (generation, True)]
        return self.requests[max(later)] if later else None

    def later_trial(self, number: int, *, ended: bool) -> Trial | None:
        later = [key for key in self.steps if key > (number, ended)]
        return self.steps[max(later)] if later else None

    def earlier_changes(self) -> Iterator[Item | ModelSwitch | Trial]:
        return iter(self.earlier)

    def outcomes(
        self, since: datetime | None, begun: datetime | None = None
    ) -> Iterator[LedgerEntry]:
        for job_id, event in sorted(self.events):
            if begun is not None and job_time(job_id).date() < begun.date():
                continue
            if since is None or self.recorded_at[job_id, event] >= since:
                yield LedgerEntry(job_id, event, f"{job_id}/{event}")

    def last_day(self) -> datetime | None:
        days = [job_time(job_id) for job_id, _ in self.events]
        return max(days).replace(hour=0, minute=0, second=0, microsecond=0) if days else None

    def last(self, job_id: str) -> Weighing | None:
        states = [state for (of, _), state in self.events.items() if of == job_id]
        return max(states, key=lambda state: state.version, default=None)

    def read(self, entry: LedgerEntry) -> Weighing | None:
        return self.events.get((entry.job_id, entry.event))


@dataclass
class FakeWeighings:
    rows: dict[str, Weighing] = field(default_factory=dict)
    answers_lost: int = 0
    """Of how many more writes the answer is lost: the SDK repeats them, and the row is there."""

    def _stored(self, weighing: Weighing) -> bool:
        self.rows[weighing.job_id] = weighing
        heard = self.answers_lost == 0
        self.answers_lost = max(0, self.answers_lost - 1)
        return heard

    def get(self, job_id: str) -> Weighing | None:
        return self.rows.get(job_id)

    def add(self, weighing: Weighing) -> bool:
        if weighing.job_id in self.rows:
            return False
        return self._stored(weighing)

    def put(self, weighing: Weighing) -> bool:
        stored = self.rows.get(weighing.job_id)
        if stored is not None and stored.version >= weighing.version:
            return False
        return self._stored(weighing)

    def put_all(self, weighings: Sequence[Weighing]) -> list[bool]:
        return [self.put(weighing) for weighing in weighings]

    def versions(self, job_ids: Sequence[str]) -> dict[str, int]:
        return {job_id: self.rows[job_id].version for job_id in job_ids if job_id in self.rows}

    def newest(self, wanted: HistoryFilter, before: str | None, limit: int) -> list[Weighing]:
        newest = sorted(self.rows.values(), key=lambda row: row.job_id, reverse=True)
        found = [
            row
            for row in newest
            if (before is None or row.job_id < before)
            and wanted.from_ <= row.created_at <= wanted.to
            and wanted.scale_id in {None, row.scale_id}
            and wanted.label in {None, row.sold_label}
            and wanted.needs_confirmation in {None, row.needs_confirmation}
            and wanted.suspicious in {None, row.suspicious}
            and wanted.upload_key in {None, row.upload_key}
            and wanted.status in {None, row.status}
        ]
        return found[:limit]

    def facts(self, wanted: HistoryFilter, limit: int) -> list[WeighingFacts]:
        return [WeighingFacts.of(weighing) for weighing in self.newest(wanted, None, limit)]


@dataclass
class FakeCatalogue:
    items: dict[str, Item] = field(default_factory=dict)
    batches: list[int] = field(default_factory=list)
    """How many items were stored together, each time that some were."""

    @classmethod
    def of(cls, *items: Item) -> "FakeCatalogue":
        return cls({item.label: item for item in items})

    def all(self) -> Catalogue:
        return Catalogue(self.items.values())

    def get(self, label: str) -> Item | None:
        return self.items.get(label)

    def put(self, item: Item) -> bool:
        stored = self.items.get(item.label)
        if stored is not None and stored.version >= item.version:
            return False
        self.items[item.label] = item
        return True

    def put_all(self, items: Sequence[Item]) -> None:
        self.batches.append(len(items))
        for item in items:
            self.put(item)

    def at(self, changes: Sequence[str]) -> Catalogue:
        del changes
        return self.all()

    def name_all(self) -> None:
        """Nothing is looked up by name here."""


@dataclass
class FakeItemPictures:
    pictures: dict[str, bytes] = field(default_factory=dict)

    def keep(self, jpeg: bytes) -> str:
        sha256 = hashlib.sha256(jpeg).hexdigest()
        self.pictures[sha256] = jpeg
        return sha256

    def read(self, sha256: str) -> bytes:
        if sha256 not in self.pictures:
            raise NotFound(sha256)
        return self.pictures[sha256]


@dataclass
class FakeRegistry:
    switch: ModelSwitch | None = None
    reports: dict[str, WorkerReport] = field(default_factory=dict)

    def current(self) -> ModelSwitch | None:
        return self.switch

    def replace(self, switch: ModelSwitch, expected: ModelSwitch | None) -> bool:
        if self.switch != expected:
            return False
        self.switch = switch
        return True

    def report(self, report: WorkerReport) -> None:
        self.reports[report.worker] = report

    def workers(self) -> list[WorkerReport]:
        return list(self.reports.values())


@dataclass
class FakeAsking:
    stored: Asking | None = None

    def current(self) -> Asking | None:
        return self.stored

    def replace(self, asking: Asking, expected: Asking | None) -> bool:
        if self.stored != expected:
            return False
        self.stored = asking
        return True


@dataclass
class FakeWishes:
    said: list[Decimal] = field(default_factory=list)

    def newest(self) -> Decimal | None:
        return self.said[-1] if self.said else None

    def add(self, wanted: Decimal) -> None:
        self.said.append(wanted)


@dataclass
class FakeTrials:
    trial: Trial | None = None
    counted: dict[int, Tallies] = field(default_factory=dict)
    lately: dict[tuple[int, int], Tallies] = field(default_factory=dict)

    def current(self) -> Trial | None:
        return self.trial

    def replace(self, trial: Trial, expected: Trial | None) -> bool:
        if self.trial != expected:
            return False
        self.trial = trial
        return True

    def add(self, number: int, tallies: Tallies, at: datetime) -> tuple[Tallies, Tallies]:
        key = number, window_of(at)
        self.counted[number] = self.tallies(number) + tallies
        self.lately[key] = self.lately.get(key, Tallies()) + tallies
        return self.counted[number], self.lately[key]

    def tallies(self, number: int) -> Tallies:
        return self.counted.get(number, Tallies())


@dataclass
class FakeRefusals:
    counted: dict[str, int] = field(default_factory=dict)

    def count(self, key: str) -> int:
        return self.counted.get(key, 0)

    def add(self, key: str, until: datetime) -> int:
        del until
        self.counted[key] = self.count(key) + 1
        return self.counted[key]


@dataclass
class FakePackages:
    refs: list[ModelRef] = field(default_factory=list)
    named: list[str] = field(default_factory=lambda: ["Banana", "lemon", "Eggplant", "unknown"])
    """The labels of each."""

    def revisions(self) -> list[ModelRef]:
        return self.refs

    def describe(self, ref: ModelRef) -> Mapping[str, Any] | None:
        return {"files": {}} if ref in self.refs else None

    def labels(self, ref: ModelRef) -> list[str]:
        if ref not in self.refs:
            raise NotFound(f"There is no model package {ref.id} {ref.revision}.")
        return self.named

    def store(self, ref: ModelRef, folder: Path) -> None:
        del folder
        self.refs.append(ref)

    def fetch(self, ref: ModelRef, folder: Path) -> None:
        if ref not in self.refs:
            raise NotFound(f"There is no model package {ref.id} {ref.revision}.")
        (folder / "model.json").write_text("{}")


@dataclass
class FakeQueue:
    messages: list[tuple[str, str | None]] = field(default_factory=list)
    away: bool = False

    def send(self, body: str, reason: str | None = None) -> None:
        if self.away:
            raise StoreUnavailable("The queue does not answer.")
        self.messages.append((body, reason))

    def waiting(self) -> int:
        return len(self.messages)


@dataclass
class FakeDeadLetters:
    letters: dict[str, str] = field(default_factory=dict)
    held_now: set[str] = field(default_factory=set)

    def put(self, body: str) -> None:
        self.letters[f"receipt-{len(self.letters)}"] = body

    def held(self) -> Iterator[DeadLetter]:
        for receipt, body in list(self.letters.items()):
            self.held_now.add(receipt)
            yield DeadLetter(body, None, receipt)

    def release(self, letter: DeadLetter) -> None:
        self.held_now.remove(letter.receipt)

    def delete(self, receipt: str) -> None:
        self.held_now.remove(receipt)
        del self.letters[receipt]


@dataclass
class FakeEvents:
    published: list[WeighingCompleted] = field(default_factory=list)
    away: bool = False

    def publish(self, event: WeighingCompleted) -> None:
        if self.away:
            raise StoreUnavailable("The topic is away.")
        self.published.append(event)

    def publish_all(self, events: Sequence[WeighingCompleted]) -> list[WeighingCompleted]:
        for event in events:
            self.publish(event)
        return []

    @property
    def ids(self) -> list[str]:
        return [event.id for event in self.published]


@dataclass
class FakeRecogniser:
    ref: ModelRef = field(default_factory=lambda: ModelRef(id="builtin", revision="1"))
    confirm_below: Decimal = Decimal("0.8")
    answer: list[Scored] = field(default_factory=lambda: scores(Banana=0.9, Lemon=0.1))
    seen: list[bytes] = field(default_factory=list)

    learns: bool = True
    remembered: dict[str, int] = field(default_factory=dict)
    embedded: int = 0

    def recognise(self, image: bytes) -> list[Scored]:
        self.seen.append(image)
        return self.answer

    def embed(self, image: bytes) -> Vectors:
        self.embedded += 1
        direction = np.random.default_rng(zlib.crc32(image)).normal(size=16).astype(np.float32)
        return direction / np.linalg.norm(direction)

    def remember(self, lessons: Mapping[str, Sequence[Vectors]]) -> None:
        self.remembered = {label: len(vectors) for label, vectors in lessons.items()}


@dataclass
class FakeMemories:
    stored: dict[int, MemoryVersion] = field(default_factory=dict)
    pictures: dict[str, bytes] = field(default_factory=dict)
    embedded_by: dict[tuple[ModelRef, int], dict[str, Vectors]] = field(default_factory=dict)
    along: dict[tuple[ModelRef, int], bytes] = field(default_factory=dict)
    judged: dict[tuple[ModelRef, int], ToldApart] = field(default_factory=dict)
    votes: dict[tuple[str, str], list[str]] = field(default_factory=dict)
    judged_versions: set[int] = field(default_factory=set)

    def newest(self, after: int = 0) -> MemoryVersion | None:
        return max(
            (one for number, one in self.stored.items() if number > after),
            key=lambda one: one.number,
            default=None,
        )

    def get(self, number: int) -> MemoryVersion:
        return self.stored[number]

    def add(self, version: MemoryVersion) -> bool:
        return self.stored.setdefault(version.number, version) is version

    def versions(self) -> list[MemoryVersion]:
        return [self.stored[number] for number in sorted(self.stored, reverse=True)]

    def keep_picture(self, image: bytes) -> str:
        sha256 = hashlib.sha256(image).hexdigest()
        self.pictures[sha256] = image
        return sha256

    def picture(self, sha256: str) -> bytes:
        if sha256 not in self.pictures:
            raise NotFound(sha256)
        return self.pictures[sha256]

    def embeddings(self, model: ModelRef, number: int) -> dict[str, Vectors] | None:
        return self.embedded_by.get((model, number))

    def keep_embeddings(
        self, model: ModelRef, number: int, embeddings: Mapping[str, Vectors]
    ) -> None:
        self.embedded_by[model, number] = dict(embeddings)

    def looked_at(self) -> list[int]:
        return sorted(self.judged_versions)

    def seen(self) -> list[int]:
        return sorted({number for _, number in self.embedded_by})

    def keep_looked_at(self, number: int) -> None:
        self.judged_versions.add(number)

    def embedded(self, model: ModelRef) -> list[int]:
        return sorted(number for ref, number in self.embedded_by if ref == model)

    def keep_carried(
        self, model: ModelRef, number: int, lessons: Mapping[str, Sequence[Vectors]]
    ) -> None:
        self.along[model, number] = pack(lessons)

    def carried(self, model: ModelRef) -> list[int]:
        return sorted(number for ref, number in self.along if ref == model)

    def read_carried(self, model: ModelRef, number: int) -> bytes:
        return self.along[model, number]

    def told_apart(self, model: ModelRef, number: int) -> ToldApart | None:
        return self.judged.get((model, number))

    def keep_told_apart(self, model: ModelRef, number: int, found: ToldApart) -> None:
        self.judged[model, number] = found

    def vote(self, label: str, predicted: str, job_id: str) -> list[str]:
        voters = self.votes.setdefault((label, predicted), [])
        if job_id not in voters:
            voters.append(job_id)
        return voters


@dataclass
class FakeBriefings:
    """A record that is made anew after it was forgotten."""

    registry: FakeRegistry = field(default_factory=FakeRegistry)
    trials: FakeTrials = field(default_factory=FakeTrials)
    asking: FakeAsking = field(default_factory=FakeAsking)
    memories: FakeMemories = field(default_factory=FakeMemories)
    whole: bool = False
    announced: list[int] = field(default_factory=list)

    def read(self) -> Briefing | None:
        if not self.whole:
            return None
        newest = self.memories.newest()
        return Briefing(
            switch=self.registry.current(),
            trial=self.trials.current(),
            asking=self.asking.current(),
            memory=0 if newest is None else newest.number,
            catalogue=("1 ",),
        )

    def complete(self, briefing: Briefing) -> Briefing:
        self.whole = True
        return briefing

    def announce_memory(self, number: int) -> None:
        self.announced.append(number)

    def forget(self) -> None:
        self.whole = False


@dataclass
class FakeMetrics:
    metrics: list[Metric] = field(default_factory=list)

    def emit(self, metrics: Sequence[Metric]) -> None:
        self.metrics += metrics

    def named(self, name: str) -> list[float]:
        return [metric.value for metric in self.metrics if metric.name == name]


@dataclass
class FakeQueries:
    asked: list[MetricQuery] = field(default_factory=list)

    def series(
        self, queries: Sequence[MetricQuery], start: datetime, end: datetime, period_seconds: int
    ) -> list[dict[datetime, float]]:
        del end, period_seconds
        self.asked += queries
        return [{start: 3.0, start + timedelta(minutes=1): 4.0} for _ in queries]

    def dimension_values(self, name: str, dimension: str) -> list[str]:
        del name, dimension
        return []
