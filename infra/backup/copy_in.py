"""Restore a backup into an empty stack."""

import json
import tarfile
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from infra.backup import objects, rows
from infra.backup.copy_out import PREFIXES, Report, manifest_in
from infra.backup.manifest import BackupFile, Manifest, digest
from infra.backup.place import Place
from infra.errors import PlainError
from smartscale.adapters.bucket import LEDGER, Bucket
from smartscale.adapters.memories import MEMORY
from smartscale.adapters.store_errors import store_errors
from smartscale.domain.errors import NotFound
from smartscale.domain.upload import UPLOADS

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

MARK = "restored.json"
"""Records from which backup a stack was restored, and whether that was completed."""
_UPLOADS_FILES = f"objects/{UPLOADS.strip('/')}."


class Restore:
    """Copies a backup into a stack that has weighed nothing yet.

    An interrupted restore can be run again; what was copied stays. Pictures come last, since each
    picture without an outcome starts its weighing.
    """

    def __init__(
        self,
        bucket: Bucket,
        dynamodb: "DynamoDBClient",
        tables: Mapping[str, str],
        mend: Callable[[], object],
        place: Place,
        report: Report,
        ledger_lock_days: int,
    ) -> None:
        """
        Args:
            mend: brings the rows up to what the ledger says.
            ledger_lock_days: for how long records of the ledger are locked.
        """
        self._lock_days = ledger_lock_days
        self._bucket = bucket
        self._dynamodb = dynamodb
        self._tables = tables
        self._mend = mend
        self._place = place
        self._report = report

    @store_errors()
    def run(self) -> Manifest:
        """Copy everything.

        Raises:
            PlainError: there is no whole backup, or the stack is not empty.
        """
        manifest = manifest_in(self._place)
        if manifest is None:
            raise PlainError(f"There is no backup in {self._place}", 2)
        self._check_files(manifest)
        self._check_target(manifest)
        self._mark(manifest, done=False)
        uploads = [file for file in manifest.objects if file.name.startswith(_UPLOADS_FILES)]
        for file in manifest.objects:
            if file not in uploads:
                self._objects(file)
        for name, file in manifest.tables.items():
            self._table(name, file)
        self._report("what the ledger knows beyond the tables")
        self._mend()
        for file in uploads:
            self._objects(file)
        self._mark(manifest, done=True)
        return manifest

    def _check_files(self, manifest: Manifest) -> None:
        for file in (*manifest.tables.values(), *manifest.objects):
            size = self._place.size(file.name)
            if size != file.size:
                there = "is missing" if size is None else f"has {size} bytes, not {file.size}"
                raise PlainError(f"The backup in {self._place} is damaged: {file.name} {there}")
        if unknown := set(manifest.tables) - set(self._tables):
            raise PlainError(f"This stack has no table for: {', '.join(sorted(unknown))}")

    def _check_target(self, manifest: Manifest) -> None:
        try:
            mark = json.loads(self._bucket.read(MARK))
        except NotFound:
            mark = None
        if mark is not None and mark["backup"] == manifest.id and not mark["done"]:
            return
        for what, prefix in (("ledger", LEDGER), ("memory", MEMORY)):
            if next(self._bucket.list(prefix), None) is not None:
                raise PlainError(
                    f"{self._bucket.name} is not empty, its {what} has entries: "
                    "restore into a new stack",
                    2,
                )
        if next(rows.rows_of(self._dynamodb, self._tables["weighings"]), None) is not None:
            raise PlainError("The stack is not empty, it has weighings: restore into a new one", 2)

    def _mark(self, manifest: Manifest, *, done: bool) -> None:
        body = {"backup": manifest.id, "of": manifest.bucket, "done": done}
        self._bucket.s3.put_object(
            Bucket=self._bucket.name, Key=MARK, Body=json.dumps(body).encode()
        )

    def _objects(self, file: BackupFile) -> None:
        group = file.name.removeprefix("objects/").split(".")[0]
        self._report(f"{group}: {file.count:,} objects")
        with tempfile.TemporaryDirectory() as folder:
            try:
                objects.unpack(self._bucket, self._fetched(file, folder), PREFIXES, self._lock_days)
            except (ValueError, KeyError, tarfile.TarError) as error:
                raise PlainError(
                    f"{file.name} of the backup in {self._place} cannot be used: {error}"
                ) from error

    def _table(self, name: str, file: BackupFile) -> None:
        self._report(f"table {name}: {file.count:,} rows")
        with tempfile.TemporaryDirectory() as folder:
            fetched = self._fetched(file, folder)
            # The deployment has filled in the project's own catalogue, which the backup replaces.
            rows.clear(self._dynamodb, self._tables[name])
            rows.load(self._dynamodb, self._tables[name], fetched)

    def _fetched(self, file: BackupFile, folder: str) -> Path:
        fetched = Path(folder) / "file"
        self._place.fetch(file.name, fetched)
        if digest(fetched) != file.sha256:
            raise PlainError(f"The backup in {self._place} is damaged: {file.name} was changed")
        return fetched
