"""What was weighed without the service, on disk. Nothing is shown or printed before it is there."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from pathlib import Path

from frontend.durable import DurableFile

_SCHEMA = """
CREATE TABLE IF NOT EXISTS kept (
    place INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    key TEXT NOT NULL UNIQUE,
    scale_id TEXT NOT NULL,
    weight_kg TEXT NOT NULL,
    tare_kg TEXT,
    weighed_at TEXT NOT NULL,
    picture BLOB,
    weighing TEXT NOT NULL,
    version INTEGER NOT NULL DEFAULT 1,
    state TEXT NOT NULL DEFAULT 'waiting',
    job_id TEXT,
    reason TEXT
)
"""
_NO_SALES = """
CREATE TABLE IF NOT EXISTS no_sales (
    job_id TEXT PRIMARY KEY, staff TEXT NOT NULL, unless_settled INTEGER NOT NULL
)
"""
_COLUMNS = (
    "id, key, scale_id, weight_kg, tare_kg, weighed_at, weighing, version, state, job_id, reason"
)


class State(StrEnum):
    """What has become of a kept weighing."""

    WAITING = "waiting"
    SENT = "sent"
    REFUSED = "refused"
    """The service does not take it. The others are sent all the same, and an attendant sees why."""


@dataclass(frozen=True)
class Kept:
    """A weighing that this kiosk made without the service. Weights are kilograms."""

    id: str
    key: str
    """Its Idempotency-Key: the service takes it for one weighing however often it is sent."""
    scale_id: str
    weight_kg: Decimal
    tare_kg: Decimal | None
    weighed_at: datetime
    weighing: str
    """The domain's `Weighing` as JSON, with its answer, its price and its confirmation."""
    version: int = 1
    """Grows with each change of `weighing`."""
    state: State = State.WAITING
    job_id: str | None = None
    """Its id at the service, once that is known."""
    reason: str | None = None


@dataclass(frozen=True)
class Void:
    """A weighing of the service's that is no sale."""

    job_id: str
    by: str
    """The scale that says so."""
    unless_settled: bool
    """Whether it counts if an attendant has given it a price meanwhile."""


class Store(DurableFile):
    """Kept weighings in the order they were weighed. Each change is on disk when it returns."""

    def __init__(self, file: Path) -> None:
        super().__init__(file, _SCHEMA)
        self._run(_NO_SALES)

    def add(self, kept: Kept, picture: bytes) -> Kept:
        """Keep a weighing. One with the same key that is kept already stays, and is returned."""
        self._run(
            "INSERT OR IGNORE INTO kept "
            "(id, key, scale_id, weight_kg, tare_kg, weighed_at, picture, weighing) "
            "VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            kept.id,
            kept.key,
            kept.scale_id,
            str(kept.weight_kg),
            None if kept.tare_kg is None else str(kept.tare_kg),
            kept.weighed_at.isoformat(),
            picture,
            kept.weighing,
        )
        (stored,) = self._read("WHERE key = ?", kept.key)
        return stored

    def change(self, weighing_id: str, weighing: str) -> None:
        """Keep a confirmed weighing in place of the one before; it waits to be sent, even again."""
        self._run(
            "UPDATE kept SET weighing = ?, version = version + 1, state = 'waiting', reason = NULL "
            "WHERE id = ?",
            weighing,
            weighing_id,
        )

    def get(self, weighing_id: str) -> Kept | None:
        """A kept weighing, by the id that it has at this kiosk or its Idempotency-Key."""
        return next(iter(self._read("WHERE id = ? OR key = ?", weighing_id, weighing_id)), None)

    def first(self) -> Kept | None:
        """The oldest that waits to be sent."""
        return next(iter(self._read("WHERE state = 'waiting' ORDER BY place LIMIT 1")), None)

    def picture(self, kept: Kept) -> bytes:
        """The picture of a kept weighing."""
        ((picture,),) = self._run("SELECT picture FROM kept WHERE id = ?", kept.id)
        return bytes(picture)

    def sent(self, kept: Kept, job_id: str) -> None:
        """Note that this version was sent. A newer version, kept meanwhile, still waits."""
        self._run(
            "UPDATE kept SET job_id = ?, state = CASE WHEN version = ? THEN 'sent' ELSE state END "
            "WHERE id = ?",
            job_id,
            kept.version,
            kept.id,
        )

    def refuse(self, kept: Kept, reason: str) -> None:
        """Put aside a weighing that the service does not take, with its reason. A newer version,
        kept meanwhile, still waits."""
        self._run(
            "UPDATE kept SET state = 'refused', reason = ? WHERE id = ? AND version = ?",
            reason,
            kept.id,
            kept.version,
        )

    def retry(self, weighing_id: str) -> None:
        """Have a refused weighing sent again, in its old place."""
        self._run(
            "UPDATE kept SET state = 'waiting', reason = NULL WHERE id = ? AND state = 'refused'",
            weighing_id,
        )

    def forget_sent(self, before: datetime) -> None:
        """Delete what was weighed before a moment and has been sent."""
        self._run("DELETE FROM kept WHERE state = 'sent' AND weighed_at < ?", before.isoformat())

    def refused(self) -> list[Kept]:
        """The weighings that the service does not take."""
        return self._read("WHERE state = 'refused' ORDER BY place")

    def waiting(self) -> int:
        """How many are to be sent."""
        ((count,),) = self._run("SELECT count(*) FROM kept WHERE state = 'waiting'")
        return int(count)

    def note_void(self, void: Void) -> None:
        """Keep that a weighing of the service's is no sale, until the service knows."""
        self._run(
            "INSERT OR REPLACE INTO no_sales VALUES (?, ?, ?)",
            void.job_id,
            void.by,
            void.unless_settled,
        )

    def voids(self) -> list[Void]:
        """The service's weighings that are no sale, the oldest first."""
        found = self._run("SELECT job_id, staff, unless_settled FROM no_sales ORDER BY rowid")
        return [Void(job_id, by, bool(unless_settled)) for job_id, by, unless_settled in found]

    def forget_void(self, job_id: str) -> None:
        """The service knows of it."""
        self._run("DELETE FROM no_sales WHERE job_id = ?", job_id)

    def _read(self, which: str, *values: str) -> list[Kept]:
        return [
            Kept(
                id=row[0],
                key=row[1],
                scale_id=row[2],
                weight_kg=Decimal(row[3]),
                tare_kg=None if row[4] is None else Decimal(row[4]),
                weighed_at=datetime.fromisoformat(row[5]),
                weighing=row[6],
                version=row[7],
                state=State(row[8]),
                job_id=row[9],
                reason=row[10],
            )
            for row in self._run(f"SELECT {_COLUMNS} FROM kept {which}", *values)  # noqa: S608
        ]
