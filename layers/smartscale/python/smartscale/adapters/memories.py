"""The shop's memory in the data bucket, under `memory/`: no table, so no crash takes any of it."""

import hashlib
import io
import logging
from collections.abc import Mapping
from pathlib import PurePosixPath
from urllib.parse import quote
from zipfile import BadZipFile

import numpy as np

from smartscale.adapters.bucket import Bucket
from smartscale.domain.errors import NotFound, StoreUnavailable
from smartscale.domain.memory import MemoryVersion
from smartscale.domain.weighing import ModelRef
from smartscale.recognition.memory import Vectors

MEMORY = "memory/"
_VERSIONS = f"{MEMORY}versions/"
_PICTURES = f"{MEMORY}pictures/"
_EMBEDDINGS = f"{MEMORY}embeddings/"
_VOTES = f"{MEMORY}votes/"

_log = logging.getLogger(__name__)


class S3Memories:
    """Versions are written once, and the newest counts: a conditional write decides who is next."""

    def __init__(self, bucket: Bucket) -> None:
        self._bucket = bucket

    def newest(self, after: int = 0) -> MemoryVersion | None:
        """The newest version above a number."""
        last = None
        for found in self._bucket.list(_VERSIONS, after=_version_key(after)):
            last = found["Key"]
        return None if last is None else self._read(last)

    def get(self, number: int) -> MemoryVersion:
        """A version."""
        return self._read(_version_key(number))

    def add(self, version: MemoryVersion) -> bool:
        """Store a version unless its number is taken."""
        body = version.model_dump_json().encode()
        return self._bucket.put_new(_version_key(version.number), body, "application/json")

    def versions(self) -> list[MemoryVersion]:
        """Every version, the newest first."""
        return [self._read(found["Key"]) for found in self._bucket.list(_VERSIONS)][::-1]

    def keep_picture(self, image: bytes) -> str:
        """Keep a picture under its hash; the same picture twice is one object."""
        sha256 = hashlib.sha256(image).hexdigest()
        self._bucket.put_new(f"{_PICTURES}{sha256}", image, "image/jpeg")
        return sha256

    def picture(self, sha256: str) -> bytes:
        """A picture that was kept."""
        return self._bucket.read(f"{_PICTURES}{sha256}")

    def embeddings(self, model: ModelRef, number: int) -> dict[str, Vectors] | None:
        """What a model sees in a version's pictures."""
        try:
            body = self._bucket.read(_embeddings_key(model, number))
        except NotFound:
            return None
        try:
            with np.load(io.BytesIO(body), allow_pickle=False) as stored:
                return {picture: np.asarray(stored[picture], np.float32) for picture in stored}
        except (ValueError, EOFError, BadZipFile) as error:
            _log.warning("what %s saw in version %d is damaged: %s", model, number, error)
            return None

    def keep_embeddings(
        self, model: ModelRef, number: int, embeddings: Mapping[str, Vectors]
    ) -> None:
        """Keep what a model sees in a version's pictures."""
        body = io.BytesIO()
        np.savez(body, allow_pickle=False, **embeddings)
        self._bucket.put_new(
            _embeddings_key(model, number), body.getvalue(), "application/octet-stream"
        )

    def embedded(self, model: ModelRef) -> list[int]:
        """The versions whose pictures a model has seen."""
        prefix = f"{_EMBEDDINGS}{model.id}/{model.revision}/"
        return [int(PurePosixPath(found["Key"]).stem) for found in self._bucket.list(prefix)]

    def vote(self, label: str, predicted: str, job_id: str) -> list[str]:
        """Note a shopper's word, and list whose else says the same."""
        prefix = f"{_VOTES}{quote(label, safe='')}/{quote(predicted, safe='')}/"
        self._bucket.put_new(f"{prefix}{job_id}", b"", "application/octet-stream")
        return [PurePosixPath(found["Key"]).name for found in self._bucket.list(prefix)]

    def _read(self, key: str) -> MemoryVersion:
        try:
            return MemoryVersion.model_validate_json(self._bucket.read(key))
        except ValueError as error:
            raise StoreUnavailable(f"{key} is damaged: {error}") from error


def _version_key(number: int) -> str:
    return f"{_VERSIONS}{number:08d}.json"


def _embeddings_key(model: ModelRef, number: int) -> str:
    return f"{_EMBEDDINGS}{model.id}/{model.revision}/{number:08d}.npz"
