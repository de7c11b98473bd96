"""The data bucket: images, idempotency keys, the ledger and the model packages, each by prefix."""

import hashlib
import json
import logging
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from smartscale.adapters.aws import s3_client
from smartscale.adapters.store_errors import translates_store_errors
from smartscale.domain.catalogue import Item
from smartscale.domain.errors import NotFound, Unprocessable
from smartscale.domain.registry import ModelSwitch
from smartscale.domain.trial import Trial
from smartscale.domain.upload import MAX_IMAGE_BYTES, UPLOADS, StoredUpload
from smartscale.domain.weighing import ModelRef, Weighing
from smartscale.operations.ports.uploads import PresignedPost
from smartscale.parallel import in_parallel
from smartscale.recognition.package import DESCRIPTION_FILE, LABELS_FILE

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import ObjectTypeDef

LEDGER = "ledger/"
IDEMPOTENCY = "idempotency/"
MODELS = "models/"
PICTURES = "pictures/"
_CATALOGUE_ENTRIES = "catalogue"
_SWITCH_ENTRIES = "model"
_TRIAL_ENTRIES = "trial"
_CORRECTED_AFTER = timedelta(days=31)

_log = logging.getLogger(__name__)
_MISSING = frozenset({"404", "NoSuchKey", "NotFound"})


@translates_store_errors
class Bucket:
    """Objects of one bucket, as the classes below need them."""

    def __init__(self, s3: "S3Client", name: str) -> None:
        self.s3 = s3
        self.name = name

    def put_new(
        self, key: str, body: bytes, media_type: str, metadata: Mapping[str, str] | None = None
    ) -> bool:
        """Store an object unless the key is taken; tells whether it was stored."""
        while True:
            try:
                self.s3.put_object(
                    Bucket=self.name,
                    Key=key,
                    Body=body,
                    ContentType=media_type,
                    Metadata=metadata or {},
                    IfNoneMatch="*",
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

    def delete_older(self, prefix: str, moment: datetime) -> int:
        """Delete the objects under a prefix that were stored before a moment; tells how many."""
        old = [found["Key"] for found in self.list(prefix) if found["LastModified"] < moment]
        for key in old:
            self.s3.delete_object(Bucket=self.name, Key=key)
        return len(old)


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

    def since(self, moment: datetime | None) -> Iterator[StoredUpload]:
        """The images stored at or after a moment. A listing does not hold their metadata."""
        for found in self._bucket.list(UPLOADS):
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

    Catalogue changes, model requests and trials lie beside the weighings of their day, under
    `catalogue/`, `model/` and `trial/`, so that everything that was acknowledged can be rebuilt
    from here.
    """

    def __init__(self, bucket: Bucket) -> None:
        self._bucket = bucket

    def append(self, weighing: Weighing) -> Weighing:
        """Record a state; an earlier record of the same event stands and is returned."""
        key = self._key(weighing.created_at, weighing.job_id, weighing.event)
        body = weighing.model_dump_json(exclude_none=True).encode()
        if self._bucket.put_new(key, body, "application/json"):
            return weighing
        recorded = self._read(key)
        if recorded is None:
            self._bucket.s3.put_object(Bucket=self._bucket.name, Key=key, Body=body)
            return weighing
        return recorded

    def record_item(self, item: Item, at: datetime) -> None:
        """Record a change of the catalogue."""
        entry = f"{at:%H%M%S%f}-{hashlib.sha256(item.label.encode()).hexdigest()[:16]}"
        key = self._key(at, _CATALOGUE_ENTRIES, entry)
        self._bucket.put_new(key, item.model_dump_json().encode(), "application/json")

    def record_switch(self, switch: ModelSwitch) -> None:
        """Record a request for a model."""
        at = switch.changed_at
        key = self._key(at, _SWITCH_ENTRIES, f"{at:%H%M%S%f}-{switch.generation}")
        self._bucket.put_new(key, switch.model_dump_json().encode(), "application/json")

    def record_trial(self, trial: Trial) -> None:
        """Record a trial's begin or end."""
        at = trial.ended_at or trial.started_at
        key = self._key(at, _TRIAL_ENTRIES, f"{at:%H%M%S%f}-{trial.number}-{trial.state.value}")
        self._bucket.put_new(key, trial.model_dump_json().encode(), "application/json")

    def weighings(self, since: datetime | None) -> Iterator[Weighing]:
        """Every state of a weighing that was recorded since a moment, by the weighing's day."""
        others = {_CATALOGUE_ENTRIES, _SWITCH_ENTRIES, _TRIAL_ENTRIES}
        # A record lies in the folder of the day its weighing began, which may be long before it
        # was corrected: staff correct by the picture, so as long before as pictures are kept.
        begun = None if since is None else since - _CORRECTED_AFTER
        keys = (
            found["Key"]
            for found in self._objects(begun)
            if PurePosixPath(found["Key"]).parent.name not in others
            and (since is None or found["LastModified"] >= since)
        )
        yield from (found for found in in_parallel(self._read, keys) if found is not None)

    def items(self, since: datetime | None) -> Iterator[Item]:
        """Catalogue changes in the order they were made."""
        keys = self._entries(since, _CATALOGUE_ENTRIES)
        for record in in_parallel(self._bucket.read, keys):
            yield Item.model_validate_json(record)

    def last_switch(self, since: datetime | None) -> ModelSwitch | None:
        """The last recorded request for a model."""
        switches = list(self._entries(since, _SWITCH_ENTRIES))
        if not switches:
            return None
        return ModelSwitch.model_validate_json(self._bucket.read(switches[-1]))

    def last_trial(self, since: datetime | None) -> Trial | None:
        """The last recorded trial, in its last state."""
        trials = list(self._entries(since, _TRIAL_ENTRIES))
        return Trial.model_validate_json(self._bucket.read(trials[-1])) if trials else None

    def _read(self, key: str) -> Weighing | None:
        """A record; None for one that a power cut left incomplete, which was never acknowledged."""
        record = self._bucket.read(key)
        try:
            json.loads(record)
        except ValueError:
            _log.warning("%s is not a whole record", key)
            return None
        return Weighing.model_validate_json(record)

    def _entries(self, since: datetime | None, folder: str) -> Iterator[str]:
        """The keys of the records in one folder of each day."""
        for found in self._objects(since, folder):
            if PurePosixPath(found["Key"]).parent.name == folder:
                yield found["Key"]

    def _objects(self, since: datetime | None, folder: str = "") -> "Iterator[ObjectTypeDef]":
        """The records by day, or some of them with those in one folder of each day."""
        if since is None:
            days = [""]
        else:
            first = since.astimezone(UTC).date()
            count = (datetime.now(UTC).date() - first).days + 1
            days = [f"{first + timedelta(days=n):%Y/%m/%d}/" for n in range(count)]
        for day in days:
            yield from self._bucket.list(f"{LEDGER}{day}{folder if day else ''}")

    @staticmethod
    def _key(day: datetime, entry: str, event: str) -> str:
        return f"{LEDGER}{day:%Y/%m/%d}/{entry}/{event}.json"


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
