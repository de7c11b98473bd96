"""The image objects that start weighings."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from smartscale.domain.upload import StoredUpload, evidence_key
from smartscale.domain.weighing import Weighing


@dataclass(frozen=True)
class PresignedPost:
    """Where and with which form fields a client posts an image straight into the bucket."""

    url: str
    fields: dict[str, str]


class Uploads(Protocol):
    """The image objects; each is the durable start of a weighing."""

    def put(self, key: str, body: bytes, media_type: str, metadata: Mapping[str, str]) -> None:
        """Store an image."""

    def put_new(self, key: str, body: bytes, media_type: str, metadata: Mapping[str, str]) -> bool:
        """Store an image unless the key is taken; tells whether it was stored."""

    def read(self, key: str) -> tuple[StoredUpload, bytes]:
        """An image with its bytes. Raises NotFound when there is none."""

    def find(self, key: str) -> StoredUpload | None:
        """An image without its bytes, None when there is none."""

    def move(
        self, upload: StoredUpload, body: bytes, media_type: str, metadata: Mapping[str, str]
    ) -> str:
        """Keep what is to be seen of an image as evidence, in place of the image.

        The first evidence of a weighing stands. The image goes, unless it was written anew.

        Returns:
            The evidence's key.
        """

    def moved(self, key: str, etag: str) -> str | None:
        """The key of the evidence that an image became; None where it was not moved."""

    def since(self, moment: datetime | None) -> Iterator[StoredUpload]:
        """The images stored at or after a moment, or all; without their metadata."""

    def presign(
        self, key: str, media_type: str, metadata: Mapping[str, str], max_bytes: int, seconds: int
    ) -> PresignedPost:
        """Allow one upload under a key, for so many seconds."""


def picture_key(uploads: Uploads, weighing: Weighing) -> str:
    """Where the picture of a weighing is; `upload_key` says where it came."""
    return uploads.moved(evidence_key(weighing.job_id), "") or weighing.upload_key


class IdempotencyKeys(Protocol):
    """Which request an Idempotency-Key stands for."""

    def claim(self, key: str, claim: Mapping[str, str]) -> Mapping[str, str]:
        """Record the claim unless the key is taken; return the claim that holds."""
