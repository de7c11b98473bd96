"""What a kiosk carries of the shop's memory, small: embeddings in a byte a number, by label."""

import io
from collections.abc import Mapping, Sequence
from zipfile import BadZipFile

import numpy as np

from smartscale.recognition.memory import Vectors

_MOST = 127


class CarriedError(ValueError):
    """What was carried is damaged."""


def pack(lessons: Mapping[str, Sequence[Vectors]]) -> bytes:
    """Embeddings of unit length by label, as an archive of arrays: nothing in it is executed.

    >>> seen = unpack(pack({"Kaki": [np.array([0.6, 0.8], np.float32)]}))
    >>> [round(float(number), 2) for number in seen["Kaki"][0]]
    [0.6, 0.8]
    """
    labels = [label for label, vectors in lessons.items() for _ in vectors]
    rows = [vector for vectors in lessons.values() for vector in vectors]
    vectors = np.array(rows, np.float32).reshape(len(rows), len(rows[0]) if rows else 1)
    largest = np.maximum(np.abs(vectors).max(axis=1, initial=0), 1e-9)
    whole = np.round(vectors / largest[:, np.newaxis] * _MOST).astype(np.int8)
    out = io.BytesIO()
    np.savez_compressed(out, labels=np.array(labels, np.str_), vectors=whole)
    return out.getvalue()


def unpack(content: bytes) -> dict[str, list[Vectors]]:
    """The embeddings by label. Raises CarriedError."""
    try:
        with np.load(io.BytesIO(content), allow_pickle=False) as stored:
            labels, whole = stored["labels"], stored["vectors"]
    except (ValueError, KeyError, EOFError, OSError, BadZipFile) as error:
        raise CarriedError(f"the memory that was carried is damaged: {error}") from error
    vectors = whole.astype(np.float32)
    vectors /= np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9)
    found: dict[str, list[Vectors]] = {}
    for label, vector in zip(labels, vectors, strict=True):
        found.setdefault(str(label), []).append(vector)
    return found
