"""The shop's memory in the data bucket, under `memory/`. It is in no table, so a crash of the
emulator loses none of it."""

import hashlib
from pathlib import PurePosixPath
from urllib.parse import quote

from smartscale.adapters.bucket import Bucket
from smartscale.domain.errors import NotFound, StoreUnavailable
from smartscale.domain.memory import MemoryVersion
from smartscale.domain.told_apart import ToldApart
from smartscale.domain.weighing import ModelRef
from smartscale.operations.ports.briefings import Briefings

MEMORY = "memory/"
_VERSIONS = f"{MEMORY}versions/"
_PICTURES = f"{MEMORY}pictures/"
EMBEDDINGS = f"{MEMORY}embeddings/"
_TOLD_APART = f"{MEMORY}told-apart/"
_CARRIED = f"{MEMORY}carried/"
_VOTES = f"{MEMORY}votes/"


class S3Memories:
    """Versions are written once, and the newest counts. Of two writers with the same next number,
    a conditional write lets one win."""

    def __init__(self, bucket: Bucket, briefings: Briefings) -> None:
        self._bucket = bucket
        self._briefings = briefings
        self._carried: dict[ModelRef, list[int]] = {}

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
        # Before it is there: a crash in between makes workers look for it once more, no more.
        self._briefings.announce_memory(version.number)
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

    def embedded(self, model: ModelRef) -> list[int]:
        """The versions whose pictures a model has seen."""
        return self._numbers(embeddings_prefix(model))

    def told_apart(self, model: ModelRef, number: int) -> ToldApart | None:
        """Which items of a version a model mixes up; None where that is missing or damaged."""
        try:
            return ToldApart.model_validate_json(self._bucket.read(told_apart_key(model, number)))
        except (NotFound, ValueError):
            return None

    def carried(self, model: ModelRef) -> list[int]:
        """The versions that a kiosk with this model can take along.

        Listed anew only where the memory has a version that was not among them: every kiosk asks,
        day and night, and a listing costs forty times as much as reading a row.
        """
        briefing = self._briefings.read()
        known = self._carried.get(model, [0])
        if briefing is None or briefing.memory > known[-1]:
            known = self._carried[model] = [0, *self._numbers(carried_prefix(model))]
        return known[1:]

    def read_carried(self, model: ModelRef, number: int) -> bytes:
        """What a kiosk takes along of a version."""
        return self._bucket.read(carried_key(model, number))

    def vote(self, label: str, predicted: str, job_id: str) -> list[str]:
        """Record a shopper's vote, and list all votes for the same label."""
        prefix = f"{_VOTES}{quote(label, safe='')}/{quote(predicted, safe='')}/"
        self._bucket.put_new(f"{prefix}{job_id}", b"", "application/octet-stream")
        return [PurePosixPath(found["Key"]).name for found in self._bucket.list(prefix)]

    def _numbers(self, folder: str) -> list[int]:
        """The versions that have an object in a folder, or below it."""
        return sorted({int(PurePosixPath(one["Key"]).stem) for one in self._bucket.list(folder)})

    def _read(self, key: str) -> MemoryVersion:
        try:
            return MemoryVersion.model_validate_json(self._bucket.read(key))
        except ValueError as error:
            raise StoreUnavailable(f"{key} is damaged: {error}") from error


def _version_key(number: int) -> str:
    return f"{_VERSIONS}{number:08d}.json"


def embeddings_prefix(model: ModelRef) -> str:
    """What a model sees in the pictures is under it, an object for each version."""
    return f"{EMBEDDINGS}{model.id}/{model.revision}/"


def carried_prefix(model: ModelRef) -> str:
    """What kiosks take along is under it, an object for each version."""
    return f"{_CARRIED}{model.id}/{model.revision}/"


def carried_key(model: ModelRef, number: int) -> str:
    """Where it is kept what kiosks take along of a version."""
    return f"{carried_prefix(model)}{number:08d}.npz"


def told_apart_key(model: ModelRef, number: int) -> str:
    """Where it is kept which items of a version a model mixes up."""
    return f"{_TOLD_APART}{model.id}/{model.revision}/{number:08d}.json"
