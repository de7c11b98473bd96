"""Accept a weighing: check picture and load, and store both. Once stored, it is never lost."""

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from smartscale.domain import correlation
from smartscale.domain.errors import InvalidInput, TooLarge
from smartscale.domain.job_id import is_job_id, job_time, new_job_id
from smartscale.domain.limits import MAX_IMAGE_BYTES
from smartscale.domain.load import Load
from smartscale.domain.upload import (
    ACCEPTED_AT,
    NO_PICTURE,
    PICTURE,
    direct_upload_key,
    load_metadata,
    upload_key,
)
from smartscale.operations.ports.uploads import IdempotencyKeys, PresignedPost, Uploads
from smartscale.recognition.photo import (
    MEDIA_TYPES,
    StoredPicture,
    UnsupportedImage,
    no_picture,
    without_metadata,
)

MAX_IDEMPOTENCY_KEY = 255
PRESIGNED_SECONDS = 300
LATEST = timedelta(days=31)
"""How late a weighing may be sent: as long as idempotency keys are kept."""
_JUST_NOW = timedelta(minutes=1)
_CLOCKS_DIFFER = timedelta(seconds=1)


_USED = (
    "This Idempotency-Key was used for another picture or weight: use a new key for a new weighing."
)


@dataclass(frozen=True)
class Upload:
    """A picture to be stored with its load."""

    job_id: str
    picture: StoredPicture
    metadata: dict[str, str]

    @property
    def key(self) -> str:
        """Where it is stored."""
        return upload_key(self.job_id)

    def noted(self, now: datetime) -> dict[str, str]:
        """What is stored with it."""
        return {**self.metadata, ACCEPTED_AT: now.isoformat(), **_correlation(self.job_id)}


@dataclass(frozen=True)
class PresignedUpload:
    """A weighing that starts when its image arrives."""

    job_id: str
    post: PresignedPost


class Accept:
    """Accepts weighings."""

    def __init__(
        self,
        uploads: Uploads,
        idempotency_keys: IdempotencyKeys,
        now: Callable[[], datetime],
        max_image_bytes: int = MAX_IMAGE_BYTES,
    ) -> None:
        self._uploads = uploads
        self._keys = idempotency_keys
        self._now = now
        self.max_image_bytes = max_image_bytes

    def image(
        self,
        image: bytes,
        load: Load,
        scale_id: str,
        idempotency_key: str | None = None,
        weighed_at: datetime | None = None,
    ) -> str:
        """Store an image with its load and return the weighing's job id.

        The same idempotency key gives the same weighing, also after a crash in between. A key in
        the form of a job id of now becomes the weighing's own.

        Args:
            image: JPEG, PNG, WebP or HEIC.
            load: what the scale showed.
            scale_id: which scale.
            idempotency_key: the same for every try of one weighing.
            weighed_at: when it was weighed, where that was not now: by a scale that was cut off.

        Raises:
            TooLarge, ImageError: the picture is not taken; nothing is stored.
            InvalidInput: the idempotency key was used for another weighing, or it was weighed too
                long ago.
        """
        if len(image) > self.max_image_bytes:
            raise TooLarge(too_large(self.max_image_bytes))
        picture = without_metadata(image)
        metadata = load_metadata(load, scale_id)
        return self._store(picture, metadata, image, idempotency_key, weighed_at)

    def _store(
        self,
        picture: StoredPicture,
        metadata: dict[str, str],
        image: bytes,
        idempotency_key: str | None,
        weighed_at: datetime | None,
    ) -> str:
        """Store a picture with its load; `image` is what the sender knows it by."""
        now = self._now()
        if idempotency_key is not None and is_job_id(idempotency_key):
            upload = Upload(idempotency_key, picture, metadata)
            if weighed_at is None and _is_of_now(idempotency_key, now):
                return self._store_first(upload, now)
            if self._uploads.find(upload_key(idempotency_key)) is not None:
                return self._same(upload)
        job_id = new_job_id(_begun(weighed_at, now))
        if idempotency_key is not None:
            content = json.dumps(metadata) + hashlib.sha256(image).hexdigest()
            claimed = self._claim(job_id, idempotency_key, content)
            # Its own id means that the key is new, and no picture can be there.
            if claimed != job_id and self._uploads.find(upload_key(claimed)) is not None:
                return claimed
            job_id = claimed
        upload = Upload(job_id, picture, metadata)
        self._uploads.put(upload.key, picture.data, picture.media_type, upload.noted(now))
        return job_id

    def _store_first(self, upload: "Upload", now: datetime) -> str:
        """Store a picture under the id that its sender chose, unless it is there.

        So the picture itself is what an idempotency key needs: S3 takes more for an object that it
        writes than for anything else of a weighing.
        """
        data, media_type = upload.picture.data, upload.picture.media_type
        if self._uploads.put_new(upload.key, data, media_type, upload.noted(now)):
            return upload.job_id
        return self._same(upload)

    def _same(self, upload: "Upload") -> str:
        """The id of a weighing that was stored before, if it is the same."""
        stored, data = self._uploads.read(upload.key)
        told = {name: stored.metadata.get(name) for name in upload.metadata}
        if data != upload.picture.data or told != upload.metadata:
            raise InvalidInput(_USED)
        return upload.job_id

    def without_picture(
        self,
        load: Load,
        scale_id: str,
        idempotency_key: str | None = None,
        weighed_at: datetime | None = None,
    ) -> str:
        """Store a load alone and return the weighing's job id: a person will say what the item is.

        A grey picture stands in for the one that nobody took, since an object starts a weighing.
        For the rest it is as `image`.
        """
        return self._store(
            no_picture(),
            load_metadata(load, scale_id) | {PICTURE: NO_PICTURE},
            b"",
            idempotency_key,
            weighed_at,
        )

    def presign(self, load: Load, scale_id: str, media_type: str) -> PresignedUpload:
        """Allow one image to be posted straight into the bucket.

        Raises:
            UnsupportedImage: the media type is none of an image that can be recognised.
        """
        if media_type not in MEDIA_TYPES.values():
            raise UnsupportedImage(
                f"The content type must be one of {', '.join(MEDIA_TYPES.values())}."
            )
        job_id = new_job_id(self._now())
        post = self._uploads.presign(
            direct_upload_key(job_id),
            media_type,
            load_metadata(load, scale_id) | _correlation(job_id),
            max_bytes=MAX_IMAGE_BYTES,
            seconds=PRESIGNED_SECONDS,
        )
        return PresignedUpload(job_id, post)

    def _claim(self, job_id: str, idempotency_key: str, content: str) -> str:
        if not 0 < len(idempotency_key) <= MAX_IDEMPOTENCY_KEY:
            raise InvalidInput(
                f"The Idempotency-Key must have 1 to {MAX_IDEMPOTENCY_KEY} characters."
            )
        claim = {"job_id": job_id, "content": hashlib.sha256(content.encode()).hexdigest()}
        holds = self._keys.claim(idempotency_key, claim)
        if holds["content"] != claim["content"]:
            raise InvalidInput(_USED)
        return holds["job_id"]


def _is_of_now(job_id: str, now: datetime) -> bool:
    """Whether a chosen id says truly when the weighing begins: prices are those of that moment."""
    return -_CLOCKS_DIFFER <= now - job_time(job_id) <= _JUST_NOW


def _begun(weighed_at: datetime | None, now: datetime) -> datetime:
    """When a weighing began. A time in the future, from a fast clock, is replaced by now."""
    if weighed_at is None:
        return now
    if weighed_at < now - LATEST:
        raise InvalidInput(
            f"weighed_at must be within the last {LATEST.days} days: "
            "what is older is for the shop's books, not for the scale."
        )
    return min(weighed_at, now)


def _correlation(job_id: str) -> dict[str, str]:
    """The metadata that carries the correlation id to the functions behind the bucket."""
    return {correlation.METADATA: correlation.current() or job_id}


def too_large(max_image_bytes: int) -> str:
    """The sentence for a picture with too many bytes."""
    megabytes = f"{max_image_bytes / 1_000_000:g}"
    sentence = f"The picture has more than {megabytes} MB: shrink it to about 1280 pixels"
    if max_image_bytes < MAX_IMAGE_BYTES:
        sentence += ", or ask POST /v1/uploads for a direct upload of up to 10 MB"
    return f"{sentence}."
