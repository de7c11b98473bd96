"""The data bucket: images, idempotency keys, the ledger and the model packages, each by prefix."""

import hashlib
import json
import logging
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from itertools import chain, takewhile
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any, Literal, TypedDict, TypeVar
from urllib.parse import quote, unquote

from botocore.exceptions import ClientError
from pydantic import BaseModel, ValidationError

from smartscale.adapters.aws import s3_client
from smartscale.adapters.store_errors import translates_store_errors
from smartscale.domain.catalogue import Item
from smartscale.domain.errors import NotFound, Unprocessable
from smartscale.domain.job_id import is_job_id, job_time
from smartscale.domain.limits import MAX_IMAGE_BYTES
from smartscale.domain.registry import ModelSwitch
from smartscale.domain.trial import Trial
from smartscale.domain.upload import EVIDENCE, UPLOADS, StoredUpload, evidence_key
from smartscale.domain.weighing import ModelRef, Weighing
from smartscale.operations.ports.ledger import LedgerEntry
from smartscale.operations.ports.uploads import PresignedPost
from smartscale.parallel import in_parallel
from smartscale.recognition.package import DESCRIPTION_FILE, LABELS_FILE

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import ObjectTypeDef

LEDGER = "ledger/"
_DAY = f"{LEDGER}%Y/%m/%d/"
IDEMPOTENCY = "idempotency/"
MODELS = "models/"
PICTURES = "pictures/"
_ITEMS = f"{LEDGER}catalogue/"
_SWITCHES = f"{LEDGER}model/"
_TRIALS = f"{LEDGER}trial/"
_OF_ITS_DAY: dict[str, type[Item] | type[ModelSwitch] | type[Trial]] = {
    "catalogue": Item,
    "model": ModelSwitch,
    "trial": Trial,
}
"""The folders in which versions before this one recorded changes, one of each in a day."""
_Document = TypeVar("_Document", bound=BaseModel)
_CORRECTED_AFTER = timedelta(days=31)

_log = logging.getLogger(__name__)
_MISSING = frozenset({"404", "NoSuchKey", "NotFound"})


class _Lock(TypedDict, total=False):
    ObjectLockMode: Literal["COMPLIANCE"]
    ObjectLockRetainUntilDate: datetime


@translates_store_errors
class Bucket:
    """Objects of one bucket, as the classes below need them."""

    def __init__(self, s3: "S3Client", name: str) -> None:
        self.s3 = s3
        self.name = name

    def put_new(
        self,
        key: str,
        body: bytes,
        media_type: str,
        metadata: Mapping[str, str] | None = None,
        lock_days: int = 0,
    ) -> bool:
        """Store an object unless the key is taken; tells whether it was stored.

        For `lock_days` nobody deletes it or writes over it, whatever they may (S3 Object Lock).
        """
        locked: _Lock = {}
        if lock_days:
            until = datetime.now(UTC) + timedelta(days=lock_days)
            locked = {"ObjectLockMode": "COMPLIANCE", "ObjectLockRetainUntilDate": until}
        while True:
            try:
                self.s3.put_object(
                    Bucket=self.name,
                    Key=key,
                    Body=body,
                    ContentType=media_type,
                    Metadata=metadata or {},
                    IfNoneMatch="*",
                    **locked,
                )
            except ClientError as error:
                code = error.response["Error"]["Code"]
                if code == "PreconditionFailed":
                    return False
                # Another request is writing this key right now; S3 asks to try again.
                if code != "ConditionalRequestConflict":
                    raise
            else:
                return True

    def read(self, key: str) -> bytes:
        """An object's bytes. Raises NotFound when there is no such object."""
        try:
            return self.s3.get_object(Bucket=self.name, Key=key)["Body"].read()
        except ClientError as error:
            raise _not_found_or(error, key) from error

    def list(self, prefix: str, after: str = "") -> Iterator["ObjectTypeDef"]:
        """The objects under a prefix whose keys come after one, by rising key."""
        pages = self.s3.get_paginator("list_objects_v2").paginate(
            Bucket=self.name, Prefix=prefix, StartAfter=after
        )
        for page in pages:
            yield from page.get("Contents", ())

    def folders(self, prefix: str) -> Iterator[str]:
        """What keys under a prefix, which ends with a slash, have up to the next one."""
        pages = self.s3.get_paginator("list_objects_v2").paginate(
            Bucket=self.name, Prefix=prefix, Delimiter="/"
        )
        for page in pages:
            yield from (found["Prefix"] for found in page.get("CommonPrefixes", ()))

    def delete_older(self, prefix: str, moment: datetime) -> int:
        """Delete the objects under a prefix that were stored before a moment; tells how many."""
        old = [found["Key"] for found in self.list(prefix) if found["LastModified"] < moment]
        for key in old:
            self.delete(key)
        return len(old)

    def delete(self, key: str) -> None:
        """Delete an object, if there is one."""
        self.s3.delete_object(Bucket=self.name, Key=key)


def _moved(key: str, etag: str) -> str:
    """Where it is noted which evidence an image of no job id became; as old as the image gets."""
    unquoted = etag.strip('"')
    return f"{IDEMPOTENCY}moved/{hashlib.sha256(f'{key}|{unquoted}'.encode()).hexdigest()}"


def data_bucket(name: str, region: str) -> Bucket:
    """The bucket of a name that is a setting."""
    return Bucket(s3_client(region), name)


@translates_store_errors
class S3Uploads:
    """The images under `uploads/`."""

    def __init__(self, bucket: Bucket) -> None:
        self._bucket = bucket

    def put(self, key: str, body: bytes, media_type: str, metadata: Mapping[str, str]) -> None:
        """Store an image; when this returns, the weighing is durable."""
        self._bucket.s3.put_object(
            Bucket=self._bucket.name,
            Key=key,
            Body=body,
            ContentType=media_type,
            Metadata=metadata,
        )

    def put_new(self, key: str, body: bytes, media_type: str, metadata: Mapping[str, str]) -> bool:
        """Store an image unless the key is taken; tells whether it was stored."""
        return self._bucket.put_new(key, body, media_type, metadata)

    def read(self, key: str) -> tuple[StoredUpload, bytes]:
        """An image with its bytes."""
        try:
            answer = self._bucket.s3.get_object(Bucket=self._bucket.name, Key=key)
        except ClientError as error:
            raise _not_found_or(error, key) from error
        upload = StoredUpload(key, answer["ETag"], answer["LastModified"], answer["Metadata"])
        # Anybody may drop an object of any size, and a huge one would not fit into a worker's RAM.
        if answer["ContentLength"] > MAX_IMAGE_BYTES:
            raise Unprocessable(f"The picture has more than {MAX_IMAGE_BYTES // 1_000_000} MB.")
        return upload, answer["Body"].read()

    def find(self, key: str) -> StoredUpload | None:
        """An image without its bytes."""
        try:
            answer = self._bucket.s3.head_object(Bucket=self._bucket.name, Key=key)
        except ClientError as error:
            if error.response["Error"]["Code"] in _MISSING:
                return None
            raise
        return StoredUpload(key, answer["ETag"], answer["LastModified"], answer["Metadata"])

    def move(
        self, upload: StoredUpload, body: bytes, media_type: str, metadata: Mapping[str, str]
    ) -> str:
        """Keep evidence in place of an image."""
        kept = evidence_key(upload.job_id)
        self._bucket.put_new(kept, body, media_type, metadata)
        if PurePosixPath(upload.key).name != upload.job_id:
            # Its job id follows from the image, which goes; its message may come again.
            self._bucket.put_new(_moved(upload.key, upload.etag), kept.encode(), "text/plain")
        try:
            self._bucket.s3.delete_object(
                Bucket=self._bucket.name, Key=upload.key, IfMatch=upload.etag
            )
        except ClientError as error:
            code = error.response["Error"]["Code"]
            if code == "NotImplemented":  # LocalStack knows the condition for directories alone
                found = self.find(upload.key)
                if found is not None and found.etag == upload.etag:
                    self._bucket.delete(upload.key)
            # Else it was deleted, or it is a new weighing meanwhile.
            elif code not in _MISSING | {"PreconditionFailed"}:
                raise
        return kept

    def moved(self, key: str, etag: str) -> str | None:
        """The key of the evidence that an image became."""
        name = PurePosixPath(key).name
        if is_job_id(name) and self.find(kept := evidence_key(name)) is not None:
            return kept
        try:
            return self._bucket.read(_moved(key, etag)).decode()
        except NotFound:
            return None

    def since(self, moment: datetime | None) -> Iterator[StoredUpload]:
        """The images stored at or after a moment. A listing does not hold their metadata."""
        for found in chain(self._bucket.list(UPLOADS), self._bucket.list(EVIDENCE)):
            if found["Key"].endswith("/"):
                continue
            if moment is None or found["LastModified"] >= moment:
                yield StoredUpload(found["Key"], found["ETag"], found["LastModified"], {})

    def presign(
        self, key: str, media_type: str, metadata: Mapping[str, str], max_bytes: int, seconds: int
    ) -> PresignedPost:
        """A presigned POST that takes one image of at most `max_bytes` with this very metadata."""
        fields = {f"x-amz-meta-{name}": value for name, value in metadata.items()}
        fields["Content-Type"] = media_type
        answer = self._bucket.s3.generate_presigned_post(
            Bucket=self._bucket.name,
            Key=key,
            Fields=dict(fields),
            Conditions=[
                *({name: value} for name, value in fields.items()),
                ["content-length-range", 1, max_bytes],
            ],
            ExpiresIn=seconds,
        )
        return PresignedPost(url=answer["url"], fields=answer["fields"])


@translates_store_errors
class S3IdempotencyKeys:
    """Idempotency keys as small objects: they outlive a crash as the images do."""

    def __init__(self, bucket: Bucket) -> None:
        self._bucket = bucket

    def claim(self, key: str, claim: Mapping[str, str]) -> Mapping[str, str]:
        """Record the claim unless the key is taken; return the claim that holds."""
        name = f"{IDEMPOTENCY}{hashlib.sha256(key.encode()).hexdigest()}.json"
        if self._bucket.put_new(name, json.dumps(claim).encode(), "application/json"):
            return claim
        holds: dict[str, str] = json.loads(self._bucket.read(name))
        return holds


@translates_store_errors
class S3Ledger:
    """Immutable records `ledger/YYYY/MM/DD/<job_id>/<event>.json`.

    Catalogue changes, model requests and trials are `ledger/<kind>/.../<version>.json`: a version
    is taken once, whatever a table says, and the order of the versions needs no clock. Versions
    before this one wrote them beside the weighings of their day, where they are still found.

    Args:
        bucket: where they are.
        lock_days: how long S3 Object Lock keeps each new one; 0 takes a bucket without it.
    """

    def __init__(self, bucket: Bucket, lock_days: int) -> None:
        self._bucket = bucket
        self._lock_days = lock_days

    def append(self, weighing: Weighing) -> Weighing:
        """Record a state; an earlier record of the same event stands and is returned."""
        return self._record(
            f"{LEDGER}{weighing.created_at:%Y/%m/%d}/{weighing.job_id}/{weighing.event}.json",
            weighing,
        )

    def record_item(self, item: Item) -> Item:
        """Record a change of the catalogue; an earlier record of the same version stands."""
        return self._record(f"{_item_folder(item.label)}{item.version:08d}.json", item)

    def record_switch(self, switch: ModelSwitch) -> ModelSwitch:
        """Record a request for a model or how its import ended; an earlier record of it stands."""
        step = "2-imported" if switch.attempts else "1-asked"
        return self._record(f"{_SWITCHES}{switch.generation:08d}-{step}.json", switch)

    def record_trial(self, trial: Trial) -> Trial:
        """Record a trial's begin or end; an earlier record of the same step stands."""
        step = "1-begun" if trial.running else "2-ended"
        return self._record(f"{_TRIALS}{trial.number:08d}-{step}.json", trial)

    def later_items(self, versions: Mapping[str, int], label: str | None = None) -> list[Item]:
        """The newest record of each item, or of one, that is later than the version given of it."""
        last: dict[str, str] = {}
        folder = _ITEMS if label is None else _item_folder(label)
        for found in self._bucket.list(folder):
            key = PurePosixPath(found["Key"])
            last[unquote(key.parent.name)] = found["Key"]
        later = [
            key
            for name, key in last.items()
            if int(PurePosixPath(key).stem) > versions.get(name, -1)
        ]
        read = in_parallel(lambda key: self._read(key, Item), later)
        return [item for item in read if item is not None]

    def later_switch(self, generation: int) -> ModelSwitch | None:
        """The last request for a model, where it is later than a generation."""
        return self._last(_SWITCHES, f"{generation:08d}-9.json", ModelSwitch)

    def later_trial(self, number: int, *, ended: bool) -> Trial | None:
        """The last step of a trial, where it is later than that of a trial."""
        return self._last(_TRIALS, f"{number:08d}-{'2-ended' if ended else '1-begun'}.json", Trial)

    def outcomes(
        self, since: datetime | None, begun: datetime | None = None
    ) -> Iterator[LedgerEntry]:
        """Every state of a weighing that was recorded since a moment, those of one together."""
        # A record lies in the folder of the day its weighing began, which may be long before it
        # was corrected: staff correct by the picture, so as long before as pictures are kept.
        earliest = [day for day in (begun, since and since - _CORRECTED_AFTER) if day is not None]
        for found in self._from_day(max(earliest, default=None)):
            key = PurePosixPath(found["Key"])
            if is_job_id(key.parent.name) and (since is None or found["LastModified"] >= since):
                yield LedgerEntry(key.parent.name, key.stem, found["Key"])

    def last_day(self) -> datetime | None:
        """The beginning of the last day on which a recorded weighing began."""
        last = max(self._folders(LEDGER, depth=3), default=None)
        return None if last is None else datetime.strptime(last, _DAY).replace(tzinfo=UTC)

    def last(self, job_id: str) -> Weighing | None:
        """The last recorded state of a weighing."""
        folder = f"{job_time(job_id):{_DAY}}{job_id}/"
        keys = [PurePosixPath(found["Key"]) for found in self._bucket.list(folder)]
        entries = (LedgerEntry(job_id, key.stem, str(key)) for key in keys)
        latest_first = sorted(entries, key=lambda entry: entry.version, reverse=True)
        states = (self.read(entry) for entry in latest_first)
        return next((state for state in states if state is not None), None)

    def read(self, entry: LedgerEntry) -> Weighing | None:
        """A recorded state; None when a power cut left only a part of it."""
        return self._read(entry.key, Weighing)

    def earlier_changes(self) -> Iterator[Item | ModelSwitch | Trial]:
        """What versions before this one recorded beside the weighings of its day, unordered."""
        for day in self._folders(LEDGER, depth=3):
            # Ids of weighings begin with a digit, what is looked for with a letter.
            for found in self._bucket.list(day, after=f"{day}a"):
                model = _OF_ITS_DAY.get(PurePosixPath(found["Key"]).parent.name)
                record = None if model is None else self._read(found["Key"], model)
                if record is not None:
                    yield record

    def _record(self, key: str, document: _Document) -> _Document:
        body = document.model_dump_json(exclude_none=True).encode()
        if self._bucket.put_new(key, body, "application/json", lock_days=self._lock_days):
            return document
        recorded = self._read(key, type(document))
        if recorded is None:
            self._bucket.s3.put_object(Bucket=self._bucket.name, Key=key, Body=body)
            return document
        return recorded

    def _last(self, folder: str, after: str, model: type[_Document]) -> _Document | None:
        keys = [found["Key"] for found in self._bucket.list(folder, after=folder + after)]
        read = (self._read(key, model) for key in reversed(keys))
        return next((record for record in read if record is not None), None)

    def _read(self, key: str, model: type[_Document]) -> _Document | None:
        """A record; None for one that a power cut left incomplete, which was never acknowledged."""
        record = self._bucket.read(key)
        try:
            return model.model_validate_json(record)
        except ValidationError:
            if _is_json(record):
                raise
            _log.warning("%s is not a whole record", key)
            return None

    def _folders(self, prefix: str, depth: int) -> Iterator[str]:
        """The years, months and days below a prefix."""
        if not depth:
            yield prefix
            return
        for folder in self._bucket.folders(prefix):
            if PurePosixPath(folder).name.isdigit():
                yield from self._folders(folder, depth - 1)

    def _from_day(self, first: datetime | None) -> "Iterator[ObjectTypeDef]":
        """The records of weighings by day, of all days or from one on."""
        after = "" if first is None else f"{first.astimezone(UTC):{_DAY}}"
        # Days begin with a digit, other records with a letter.
        return takewhile(
            lambda found: found["Key"] < f"{LEDGER}a", self._bucket.list(LEDGER, after)
        )


def _is_json(record: bytes) -> bool:
    try:
        json.loads(record)
    except ValueError:
        return False
    return True


def _item_folder(label: str) -> str:
    return f"{_ITEMS}{quote(label, safe='')}/"


@translates_store_errors
class S3ItemPictures:
    """The shop's own pictures of what it sells, `pictures/<SHA-256>.jpg`: none ever changes."""

    def __init__(self, bucket: Bucket) -> None:
        self._bucket = bucket

    def keep(self, jpeg: bytes) -> str:
        """Keep a picture for good; its SHA-256."""
        sha256 = hashlib.sha256(jpeg).hexdigest()
        self._bucket.put_new(f"{PICTURES}{sha256}.jpg", jpeg, "image/jpeg")
        return sha256

    def read(self, sha256: str) -> bytes:
        """A picture that was kept."""
        return self._bucket.read(f"{PICTURES}{sha256}.jpg")


@translates_store_errors
class S3Packages:
    """Model packages `models/<model_id>/<revision>/`; a model id may hold slashes."""

    def __init__(self, bucket: Bucket) -> None:
        self._bucket = bucket

    def revisions(self) -> list[ModelRef]:
        """Every package that has a `model.json`."""
        folders = (
            PurePosixPath(found["Key"]).parent.relative_to(MODELS)
            for found in self._bucket.list(MODELS)
            if PurePosixPath(found["Key"]).name == DESCRIPTION_FILE
        )
        return [ModelRef(id=str(folder.parent), revision=folder.name) for folder in folders]

    def fetch(self, ref: ModelRef, folder: Path) -> None:
        """Copy a package's files into a folder; only plain names are files of a package."""
        prefix = f"{MODELS}{ref.id}/{ref.revision}/"
        names = [found["Key"].removeprefix(prefix) for found in self._bucket.list(prefix)]
        files = [name for name in names if name and "/" not in name]
        if not files:
            raise NotFound(f"There is no model package {prefix} in the bucket.")
        for name in files:
            (folder / name).write_bytes(self._bucket.read(prefix + name))

    def describe(self, ref: ModelRef) -> dict[str, Any] | None:
        """A package's `model.json`; None where there is none."""
        try:
            text = self._bucket.read(f"{MODELS}{ref.id}/{ref.revision}/{DESCRIPTION_FILE}")
        except NotFound:
            return None
        description: dict[str, Any] = json.loads(text)
        return description

    def labels(self, ref: ModelRef) -> list[str]:
        """A package's labels, in the network's order."""
        labels: list[str] = json.loads(
            self._bucket.read(f"{MODELS}{ref.id}/{ref.revision}/{LABELS_FILE}")
        )
        return labels

    def store(self, ref: ModelRef, folder: Path) -> None:
        """Copy a package into the bucket; without the description, which comes last, its other
        files are no package."""
        names = sorted(path.name for path in folder.iterdir())
        for name in [*(n for n in names if n != DESCRIPTION_FILE), DESCRIPTION_FILE]:
            key = f"{MODELS}{ref.id}/{ref.revision}/{name}"
            self._bucket.s3.upload_file(str(folder / name), self._bucket.name, key)


def _not_found_or(error: ClientError, key: str) -> Exception:
    if error.response["Error"]["Code"] in _MISSING:
        return NotFound(f"There is no object {key} in the bucket.")
    return error
