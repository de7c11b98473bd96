"""Make a backup of a stack that runs."""

import tempfile
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import chain, groupby
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from infra.backup import objects, rows
from infra.backup.manifest import NAME, BackupFile, Manifest
from infra.backup.place import Place
from infra.errors import PlainError
from smartscale.adapters.bucket import IDEMPOTENCY, LEDGER, MODELS, PICTURES, Bucket
from smartscale.adapters.memories import MEMORY
from smartscale.adapters.store_errors import store_errors
from smartscale.domain.upload import EVIDENCE, UPLOADS

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_s3.type_defs import ObjectTypeDef

PREFIXES = (LEDGER, MEMORY, MODELS, PICTURES, IDEMPOTENCY, UPLOADS, EVIDENCE)
_KIND_PARTS = 2
_DAY_PARTS = 4

Report = Callable[[str], None]


class BackUp:
    """Copies tables and objects into a place.

    The tables come first: what is written meanwhile is in the ledger, from which restoring mends
    the rows. Groups of objects that the last backup there has already are not copied again. The
    files of a backup are new ones, so that the last backup is whole until this one is.

    Args:
        tables: the tables' names by what they hold.
        unanswered: the keys of pictures whose weighings have no outcome.
        report: called with a few words about what is being copied.
    """

    def __init__(
        self,
        stack: str,
        bucket: Bucket,
        dynamodb: "DynamoDBClient",
        tables: Mapping[str, str],
        unanswered: Callable[[], Iterator[str]],
        place: Place,
        report: Report,
    ) -> None:
        self._stack = stack
        self._bucket = bucket
        self._dynamodb = dynamodb
        self._tables = tables
        self._unanswered = unanswered
        self._place = place
        self._report = report
        self._id = uuid.uuid4().hex

    @store_errors()
    def run(self, *, pictures: bool) -> Manifest:
        """Copy everything; of the pictures only those without an outcome, or all.

        Raises:
            PlainError: the place cannot be written, or holds another stack's backup.
        """
        last = manifest_in(self._place)
        if last is not None and last.bucket != self._bucket.name:
            raise PlainError(
                f"{self._place} holds a backup of {last.bucket}: choose another place for "
                f"{self._bucket.name}",
                2,
            )
        known = {file.listing: file for file in last.objects} if last else {}
        manifest = Manifest(
            id=self._id,
            created_at=datetime.now(UTC),
            stack=self._stack,
            bucket=self._bucket.name,
            tables={name: self._table(name) for name in self._tables},
            objects=tuple(
                self._kept(known.get(objects.listing_of(found))) or self._objects(group, found)
                for group, found in self._groups(pictures=pictures)
                if found
            ),
        )
        with _scratch() as file:
            file.write_text(manifest.model_dump_json(indent=2), encoding="utf-8")
            self._place.save(NAME, file)
        if last is not None:
            for name in last.names() - manifest.names():
                self._place.delete(name)
        return manifest

    def _kept(self, file: BackupFile | None) -> BackupFile | None:
        """A file of the last backup, if it is still there and whole as far as its size tells."""
        if file is None or self._place.size(file.name) != file.size:
            return None
        return file

    def _table(self, name: str) -> BackupFile:
        self._report(f"table {name}")
        with _scratch() as file:
            count = rows.dump(self._dynamodb, self._tables[name], file)
            return self._save(f"tables/{name}.{self._id}.jsonl.gz", file, count)

    def _groups(self, *, pictures: bool) -> Iterator[tuple[str, list["ObjectTypeDef"]]]:
        """Which objects go together into a file."""
        days = groupby(self._bucket.list(LEDGER), lambda found: _day(found["Key"]))
        yield from ((day, list(found)) for day, found in days)
        for prefix in (MEMORY, MODELS, PICTURES, IDEMPOTENCY):
            yield prefix.strip("/"), list(self._bucket.list(prefix))
        wanted = None if pictures else set(self._unanswered())
        found = [
            one
            for one in chain(self._bucket.list(UPLOADS), self._bucket.list(EVIDENCE))
            if not one["Key"].endswith("/") and (wanted is None or one["Key"] in wanted)
        ]
        yield UPLOADS.strip("/"), found

    def _objects(self, group: str, found: list["ObjectTypeDef"]) -> BackupFile:
        self._report(f"{group}: {len(found):,} objects")
        with _scratch() as file:
            count = objects.pack(self._bucket, found, file)
            name = f"objects/{group}.{self._id}.tar.gz"
            return self._save(name, file, count, objects.listing_of(found))

    def _save(self, name: str, file: Path, count: int, listing: str = "") -> BackupFile:
        self._place.save(name, file)
        return BackupFile.of(name, file, count, listing)


def manifest_in(place: Place) -> Manifest | None:
    """The manifest of the backup in a place; None where there is none."""
    if place.size(NAME) is None:
        return None
    with _scratch() as file:
        place.fetch(NAME, file)
        return Manifest.parse(file.read_text(encoding="utf-8"), str(place))


def _day(key: str) -> str:
    """The day of a weighing's record; of another record its kind."""
    parts = PurePosixPath(key).parts
    return "/".join(parts[: _DAY_PARTS if parts[1].isdigit() else _KIND_PARTS])


@contextmanager
def _scratch() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder) / "file"
