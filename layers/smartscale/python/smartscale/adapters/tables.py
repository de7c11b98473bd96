"""The stores on the DynamoDB tables. Every write is conditional and can be repeated."""

import heapq
import json
import zlib
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from functools import reduce
from itertools import chain, groupby, islice
from operator import and_, or_
from pathlib import PurePosixPath
from typing import Any, Generic, TypeVar

from boto3.dynamodb.types import TypeDeserializer
from pydantic import BaseModel
from pynamodb.exceptions import PutError
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action
from pynamodb.indexes import Index
from pynamodb.models import Model

from smartscale.adapters.connection import SharedConnection, bind
from smartscale.adapters.packed import packed, unpacked
from smartscale.adapters.rows import (
    BRIEFING_KEY,
    BriefingRow,
    RefusalRow,
    RegistryRow,
    TallyRow,
    WeighingRow,
    can_be_key,
)
from smartscale.adapters.store_errors import translates_store_errors
from smartscale.adapters.together import write_together
from smartscale.domain.asking import Asking
from smartscale.domain.job_id import is_job_id, job_time, time_digits
from smartscale.domain.registry import ModelSwitch, WorkerReport
from smartscale.domain.trial import LATELY, Tallies, Tally, Trial, window_of
from smartscale.domain.weighing import ConfirmedBy, ModelRef, Status, Weighing
from smartscale.operations.ports.weighings import ROWS_KEPT, HistoryFilter, WeighingFacts

HISTORY_SHARDS = 4
"""Number of partitions that weighings are spread over which need nothing; each scale writes to
one."""
_REBUILT_FOR_AT_LEAST = timedelta(days=1)
_PAGE = 1000

WORKER_LIFETIME = timedelta(minutes=30)
CONDITION_FAILED = "ConditionalCheckFailedException"
_WORKER_PREFIX = "worker#"
_TALLY_PREFIX = "tally#"
_REFUSED_PREFIX = "refused#"
_Document = TypeVar("_Document", bound=BaseModel)


class _Needs(StrEnum):
    """What a weighing needs of people; each is one of these, and the history is by them.

    So the few that somebody looks for are found without reading the many that need nothing.
    """

    NOTHING = "settled"
    CONFIRMATION = "asks"
    SECOND_LOOK = "suspicious"
    ANOTHER_TRY = "failed"

    @classmethod
    def of(cls, weighing: Weighing) -> "_Needs":
        if weighing.status is not Status.DONE:
            return cls.ANOTHER_TRY
        if weighing.needs_confirmation:
            return cls.CONFIRMATION
        return cls.SECOND_LOOK if weighing.suspicious else cls.NOTHING

    @classmethod
    def wanted(cls, wanted: HistoryFilter) -> list["_Needs"]:
        """Those that a filter leaves."""
        asked = (
            (cls.CONFIRMATION, wanted.needs_confirmation),
            (cls.SECOND_LOOK, wanted.suspicious),
            (cls.ANOTHER_TRY, wanted.status and wanted.status is Status.FAILED),
        )
        left = set() if wanted.status is Status.PENDING else set(cls)
        for needs, is_wanted in asked:
            if is_wanted is not None:
                left &= {needs} if is_wanted else left - {needs}
        return sorted(left)

    @property
    def shards(self) -> list[str]:
        """The partitions they are in."""
        count = HISTORY_SHARDS if self is _Needs.NOTHING else 1
        return [f"{self}#{number}" for number in range(count)]


_RARE = {_Needs.SECOND_LOOK, _Needs.ANOTHER_TRY}


@translates_store_errors
class DynamoWeighings:
    """The weighings table.

    Args:
        table_name: its name.
        region: where it is.
        kept: how long rows are kept; the ledger has all for good.
    """

    def __init__(self, table_name: str, region: str, kept: timedelta = ROWS_KEPT) -> None:
        self._rows = bind(WeighingRow, table_name, region)
        self._connection = SharedConnection(region=region)
        self._kept = kept

    def get(self, job_id: str) -> Weighing | None:
        """A weighing's latest state."""
        try:
            return _weighing(self._rows.get(job_id, consistent_read=True))
        except self._rows.DoesNotExist:
            return None

    def add(self, weighing: Weighing) -> bool:
        """Store a state unless there is any."""
        return saved(self._row(weighing), self._rows.version.does_not_exist())

    def put(self, weighing: Weighing) -> bool:
        """Store a state unless the same or a later version is there."""
        return saved(self._row(weighing), self._earlier_than(weighing))

    def put_all(self, weighings: Sequence[Weighing]) -> list[bool]:
        """Store up to 100 states, of different weighings, each unless a later one is there."""
        if not weighings:
            return []
        puts = [(self._row(weighing), self._earlier_than(weighing)) for weighing in weighings]
        if write_together(self._connection, puts, []):
            return [True] * len(weighings)
        return [self.put(weighing) for weighing in weighings]  # one was there: none was stored

    def _row(self, weighing: Weighing) -> WeighingRow:
        return self._rows(**self.attributes(weighing))

    def attributes(self, weighing: Weighing) -> dict[str, Any]:
        """What a weighing's row holds, by name."""
        needs = _Needs.of(weighing)
        shard = zlib.crc32(weighing.scale_id.encode()) % len(needs.shards)
        key = weighing.upload_key
        attributes = {
            "job_id": weighing.job_id,
            "version": weighing.version,
            "document": packed(weighing),
            "facts": _packed(weighing),
            "history_shard": needs.shards[shard],
            "scale_id": weighing.scale_id,
            "sold_label": weighing.sold_label,
            "dropped_key": None if PurePosixPath(key).name == weighing.job_id else key,
            "kept_until": max(
                weighing.created_at + self._kept, datetime.now(UTC) + _REBUILT_FOR_AT_LEAST
            ),
        }
        return {name: value for name, value in attributes.items() if value is not None}

    def _earlier_than(self, weighing: Weighing) -> Condition:
        stored = self._rows.version
        earlier: Condition = stored.does_not_exist() | (stored < weighing.version)
        return earlier

    def versions(self, job_ids: Sequence[str]) -> dict[str, int]:
        """The versions of those of the ids that have an outcome."""
        found = self._rows.batch_get(
            list(job_ids), consistent_read=True, attributes_to_get=["job_id", "version"]
        )
        return {row.job_id: int(row.version) for row in found}

    def newest(self, wanted: HistoryFilter, before: str | None, limit: int) -> list[Weighing]:
        """Weighings by falling job id, merged over the shards."""
        found: list[Weighing] = []
        entries = self._entries(wanted, before, limit)
        while len(found) < limit and (some := list(islice(entries, limit - len(found)))):
            rows = {
                row.job_id: _weighing(row)
                for row in self._rows.batch_get([entry.job_id for entry in some])
            }
            states = (rows.get(entry.job_id) for entry in some)
            # An index is a moment behind its table.
            found += [one for one in states if one is not None and _matches(one, wanted)]
        return found

    def facts(self, wanted: HistoryFilter, limit: int) -> list[WeighingFacts]:
        """The facts of the newest weighings, which the index holds."""
        entries = self._in_history(wanted, None, limit, ("job_id", "scale_id", "facts"))
        return [_facts(entry) for entry in islice(entries, limit)]

    def _entries(
        self, wanted: HistoryFilter, before: str | None, limit: int
    ) -> Iterator[WeighingRow]:
        """What an index knows of weighings, by falling job id: that of which least is read."""
        rows = self._rows
        if wanted.upload_key is not None:
            # Of an earlier version every name that looks like an id was one.
            name = PurePosixPath(wanted.upload_key).name
            is_own = is_job_id(name) and (before is None or name < before)
            own = [rows(name)] if is_own else []
            dropped = self._read(rows.dropped, wanted.upload_key, wanted, before, limit)
            return chain(own, dropped)
        needs = _Needs.wanted(wanted)
        if not needs:
            return iter(())
        if not _RARE.issuperset(needs):
            of_needs = _any(rows.history_shard.startswith(f"{one}#") for one in needs)
            some = of_needs if len(needs) < len(_Needs) else None
            if wanted.scale_id is not None:
                of_label = None if wanted.label is None else rows.sold_label == wanted.label
                condition = _all(of_label, some)
                return self._read(rows.of_scale, wanted.scale_id, wanted, before, limit, condition)
            if wanted.label is not None:
                return self._read(rows.of_label, wanted.label, wanted, before, limit, some)
        return self._in_history(wanted, before, limit)

    def _in_history(
        self,
        wanted: HistoryFilter,
        before: str | None,
        limit: int,
        attributes: Sequence[str] = ("job_id",),
    ) -> Iterator[WeighingRow]:
        rows = self._rows
        condition = _all(
            None if wanted.scale_id is None else rows.scale_id == wanted.scale_id,
            None if wanted.label is None else rows.sold_label == wanted.label,
        )
        merged = heapq.merge(
            *(
                self._read(rows.history, shard, wanted, before, limit, condition, attributes)
                for needs in _Needs.wanted(wanted)
                for shard in needs.shards
            ),
            key=lambda entry: entry.job_id,
            reverse=True,
        )
        # One that moves to another shard may be seen in both.
        return (next(same) for _, same in groupby(merged, key=lambda entry: entry.job_id))

    def _read(
        self,
        index: Index[WeighingRow],
        partition: str,
        wanted: HistoryFilter,
        before: str | None,
        limit: int,
        condition: Condition | None = None,
        attributes: Sequence[str] = ("job_id",),
    ) -> Iterator[WeighingRow]:
        # Ids of a millisecond sort after the bare time, so the upper bound is one more.
        lowest, highest = (
            time_digits(wanted.from_),
            time_digits(wanted.to + timedelta(milliseconds=1)),
        )
        if before is not None:
            highest = min(before, highest)
        if lowest > highest or not can_be_key(partition):
            return iter(())
        entries = index.query(
            partition,
            range_key_condition=self._rows.job_id.between(lowest, highest),
            filter_condition=condition,
            scan_index_forward=False,
            # What is left out by a condition is read all the same.
            page_size=_PAGE if condition is not None else min(limit, _PAGE),
            attributes_to_get=list(attributes),
        )
        return (entry for entry in entries if entry.job_id != before)


def _all(*conditions: Condition | None) -> Condition | None:
    given = [condition for condition in conditions if condition is not None]
    return reduce(and_, given) if given else None


def _any(conditions: Iterable[Condition]) -> Condition:
    return reduce(or_, conditions)


def _matches(weighing: Weighing, wanted: HistoryFilter) -> bool:
    return (
        wanted.from_ <= job_time(weighing.job_id) <= wanted.to
        and wanted.scale_id in {None, weighing.scale_id}
        and wanted.label in {None, weighing.sold_label}
        and wanted.upload_key in {None, weighing.upload_key}
        and _Needs.of(weighing) in _Needs.wanted(wanted)
    )


class _BriefedDocument(Generic[_Document]):
    """A document in a row of the registry's table, which the workers' briefing has, too.

    Args:
        table_name: the registry's table.
        region: where it is.
        key: the key of the row, and the name of the document in the briefing.
        kind: what it is.
        told_by: the fields by which a state of it is told from another.
    """

    def __init__(
        self, table_name: str, region: str, key: str, kind: type[_Document], told_by: Sequence[str]
    ) -> None:
        self._rows = bind(RegistryRow, table_name, region)
        self._briefing = bind(BriefingRow, table_name, region)
        self._connection = SharedConnection(region=region)
        self._key, self._kind, self._told_by = key, kind, told_by

    def current(self) -> _Document | None:
        try:
            row = self._rows.get(self._key, consistent_read=True)
        except self._rows.DoesNotExist:
            return None
        return self._kind.model_validate_json(row.document)

    def replace(self, document: _Document, expected: _Document | None) -> bool:
        row = self._rows(self._key, document=document.model_dump_json())
        briefed = getattr(self._briefing, self._key)
        return write_together(
            self._connection,
            [(row, _still(self._rows, expected, *self._told_by))],
            [(self._briefing(BRIEFING_KEY), [briefed.set(row.document)])],
        )


@translates_store_errors
class DynamoRegistry:
    """The model registry table."""

    def __init__(self, table_name: str, region: str) -> None:
        self._rows = bind(RegistryRow, table_name, region)
        self._switch = _BriefedDocument(
            table_name, region, "switch", ModelSwitch, ("generation", "state", "changed_at")
        )

    def current(self) -> ModelSwitch | None:
        """The last request for a model."""
        return self._switch.current()

    def replace(self, switch: ModelSwitch, expected: ModelSwitch | None) -> bool:
        """Store a switch if the stored one is still the expected."""
        return self._switch.replace(switch, expected)

    def report(self, report: WorkerReport) -> None:
        """Record what a worker has loaded. The row expires when the worker stops reporting."""
        self._rows(
            _WORKER_PREFIX + report.worker,
            document=report.model_dump_json(),
            expires_at=report.reported_at + WORKER_LIFETIME,
        ).save()

    def workers(self) -> list[WorkerReport]:
        """What each live worker has loaded. DynamoDB deletes late, so expiry is checked here."""
        rows = self._rows.scan(self._rows.pk.startswith(_WORKER_PREFIX), consistent_read=True)
        now = datetime.now(UTC)
        return [
            WorkerReport.model_validate_json(row.document)
            for row in rows
            if row.expires_at is not None and row.expires_at > now
        ]


@translates_store_errors
class DynamoTrials:
    """The last trial and its tallies, in the registry's table."""

    def __init__(self, table_name: str, region: str) -> None:
        self._trial = _BriefedDocument(table_name, region, "trial", Trial, ("number", "state"))
        self._tallies = bind(TallyRow, table_name, region)

    def current(self) -> Trial | None:
        """The last trial."""
        return self._trial.current()

    def replace(self, trial: Trial, expected: Trial | None) -> bool:
        """Store a trial if the stored one is still the expected."""
        return self._trial.replace(trial, expected)

    def add(self, number: int, tallies: Tallies, at: datetime) -> tuple[Tallies, Tallies]:
        """Add to the tallies of a trial and of its window, each in one atomic update."""
        adds: list[Action] = [
            getattr(self._tallies, name).add(value) for name, value in _sums(tallies) if value
        ]
        whole = self._tallies(f"{_TALLY_PREFIX}{number}")
        lately = self._tallies(f"{_TALLY_PREFIX}{number}#{window_of(at)}")
        # An update also reads back what the row is then.
        whole.update(actions=adds)
        lately.update(actions=[*adds, self._tallies.expires_at.set(at + 2 * LATELY)])
        return _tallied(whole), _tallied(lately)

    def tallies(self, number: int) -> Tallies:
        """The tallies of a trial."""
        try:
            return _tallied(self._tallies.get(f"{_TALLY_PREFIX}{number}", consistent_read=True))
        except self._tallies.DoesNotExist:
            return Tallies()


def _sums(tallies: Tallies) -> Iterator[tuple[str, Decimal]]:
    """The numbers of tallies by the names they have in a row."""
    for name, value in tallies.model_dump().items():
        if isinstance(value, dict):
            yield from ((f"{name}_{part}", Decimal(number)) for part, number in value.items())
        else:
            yield name, Decimal(value)


def _tallied(row: TallyRow) -> Tallies:
    found = {name: getattr(row, name) or Decimal(0) for name, _ in _sums(Tallies())}
    models = {
        model: {part: found[f"{model}_{part}"] for part in Tally.model_fields}
        for model in ("active", "candidate")
    }
    return Tallies.model_validate(found | models)


@translates_store_errors
class DynamoAsking:
    """What the shop asks about, in the registry's table."""

    def __init__(self, table_name: str, region: str) -> None:
        self._asking = _BriefedDocument(table_name, region, "asking", Asking, ("number",))

    def current(self) -> Asking | None:
        """What is stored."""
        return self._asking.current()

    def replace(self, asking: Asking, expected: Asking | None) -> bool:
        """Store it if what is stored is still the expected."""
        return self._asking.replace(asking, expected)


@translates_store_errors
class DynamoRefusals:
    """Wrong admin tokens by address and minute, in the registry's table."""

    def __init__(self, table_name: str, region: str) -> None:
        self._rows = bind(RefusalRow, table_name, region)

    def count(self, key: str) -> int:
        """How many there were under a key."""
        try:
            return int(self._rows.get(_REFUSED_PREFIX + key, consistent_read=True).refusals or 0)
        except self._rows.DoesNotExist:
            return 0

    def add(self, key: str, until: datetime) -> int:
        """One more, in one atomic update; how many there are then. Forgotten after `until`."""
        row = self._rows(_REFUSED_PREFIX + key)
        row.update(actions=[self._rows.refusals.add(Decimal(1)), self._rows.expires_at.set(until)])
        return int(row.refusals or 0)


def _still(rows: type[RegistryRow], expected: BaseModel | None, *names: str) -> Condition:
    """Whether these fields of the stored document are the expected one's.

    Compared field by field, since an earlier version wrote documents without some fields.
    """
    stored = rows.document
    if expected is None:
        return stored.does_not_exist()
    values = expected.model_dump(mode="json", include=set(names))
    parts = (
        json.dumps({name: value}, separators=(",", ":"))[1:-1] for name, value in values.items()
    )
    return reduce(and_, (stored.contains(part) for part in parts))


def saved(row: Model, condition: Condition) -> bool:
    """Store a row if the condition holds; tells whether it did."""
    try:
        row.save(condition=condition)
    except PutError as error:
        if error.cause_response_code == CONDITION_FAILED:
            return False
        raise
    return True


def plain(document: BaseModel) -> dict[str, Any]:
    """A document as PynamoDB takes it: no None, times as text, whole numbers as Decimal."""
    return {name: _value(value) for name, value in document.model_dump(exclude_none=True).items()}


def _value(value: object) -> object:
    match value:
        case bool() | Decimal():
            return value
        case int():
            return Decimal(value)
        case datetime():
            return value.isoformat()
        case dict():
            return {name: _value(inner) for name, inner in value.items()}
        case list() | tuple():
            return [_value(inner) for inner in value]
        case _:
            return value


def _packed(weighing: Weighing) -> str:
    """What figures need of a weighing beyond its id and scale, in one short text."""
    facts = WeighingFacts.of(weighing)
    return json.dumps(
        [
            int(facts.failed),
            int(facts.asked),
            facts.label,
            facts.confirmed_label,
            _text(facts.confidence),
            _text(facts.recognition_latency_ms),
            facts.confirmed_by,
            int(facts.suspicious),
            None if facts.model is None else [facts.model.id, facts.model.revision],
        ],
        ensure_ascii=False,
        separators=(",", ":"),
    )


def _facts(entry: WeighingRow) -> WeighingFacts:
    failed, asked, label, confirmed_label, confidence, latency, *more = json.loads(entry.facts)
    confirmed_by, suspicious, model = more or (None, 0, None)  # an earlier version wrote six
    return WeighingFacts(
        scale_id=entry.scale_id,
        created_at=job_time(entry.job_id),
        failed=bool(failed),
        asked=bool(asked),
        label=label,
        confirmed_label=confirmed_label,
        confidence=None if confidence is None else Decimal(confidence),
        recognition_latency_ms=None if latency is None else Decimal(latency),
        confirmed_by=None if confirmed_by is None else ConfirmedBy(confirmed_by),
        suspicious=bool(suspicious),
        model=None if model is None else ModelRef(id=model[0], revision=model[1]),
    )


def _text(number: Decimal | None) -> str | None:
    return None if number is None else str(number)


def _weighing(row: WeighingRow) -> Weighing:
    return unpacked(row.document)


def document_of(row: Model) -> dict[str, object]:
    stored: dict[str, Any] = row.to_dynamodb_dict()
    deserialize = TypeDeserializer().deserialize
    return {name: deserialize(value) for name, value in stored.items()}
