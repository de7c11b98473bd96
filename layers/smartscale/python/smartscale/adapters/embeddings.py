"""The shop's memory with what models see in its pictures, as NumPy's archives.

A module apart from `memories`, so that a function that only teaches loads no numpy.
"""

import io
import logging
from collections.abc import Mapping, Sequence
from zipfile import BadZipFile

import numpy as np

from smartscale.adapters.memories import (
    EMBEDDINGS,
    MEMORY,
    S3Memories,
    carried_key,
    embeddings_prefix,
    told_apart_key,
)
from smartscale.domain.errors import NotFound
from smartscale.domain.told_apart import ToldApart
from smartscale.domain.weighing import ModelRef
from smartscale.recognition.carried import pack
from smartscale.recognition.memory import Vectors

_log = logging.getLogger(__name__)
_LOOKED_AT = f"{MEMORY}looked-at/"


class S3EmbeddedMemories(S3Memories):
    """Embeddings are stored once for each model and version; a second writer changes nothing."""

    def embeddings(self, model: ModelRef, number: int) -> dict[str, Vectors] | None:
        """What a model sees in a version's pictures."""
        try:
            body = self._bucket.read(_key(model, number))
        except NotFound:
            return None
        try:
            with np.load(io.BytesIO(body), allow_pickle=False) as stored:
                return {picture: np.asarray(stored[picture], np.float32) for picture in stored}
        except (ValueError, EOFError, BadZipFile) as error:
            _log.warning("what %s saw in version %d is damaged: %s", model, number, error)
            return None

    def looked_at(self) -> list[int]:
        """The versions that were looked at."""
        return self._numbers(_LOOKED_AT)

    def seen(self) -> list[int]:
        """The versions whose pictures any model has seen."""
        return self._numbers(EMBEDDINGS)

    def keep_looked_at(self, number: int) -> None:
        """Note that a version was looked at."""
        self._bucket.put_new(f"{_LOOKED_AT}{number:08d}", b"", "text/plain")

    def keep_embeddings(
        self, model: ModelRef, number: int, embeddings: Mapping[str, Vectors]
    ) -> None:
        """Keep what a model sees in a version's pictures."""
        body = io.BytesIO()
        np.savez(body, allow_pickle=False, **embeddings)
        self._bucket.put_new(_key(model, number), body.getvalue(), "application/octet-stream")

    def keep_carried(
        self, model: ModelRef, number: int, lessons: Mapping[str, Sequence[Vectors]]
    ) -> None:
        """Keep what a kiosk takes along of a version."""
        body = pack(lessons)
        self._bucket.put_new(carried_key(model, number), body, "application/octet-stream")

    def keep_told_apart(self, model: ModelRef, number: int, found: ToldApart) -> None:
        """Keep which items of a version a model mixes up."""
        body = found.model_dump_json().encode()
        self._bucket.put_new(told_apart_key(model, number), body, "application/json")


def _key(model: ModelRef, number: int) -> str:
    return f"{embeddings_prefix(model)}{number:08d}.npz"
