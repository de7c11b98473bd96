"""An image object in the bucket: its key, its metadata, and the weighing it starts."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import PurePosixPath

from smartscale.domain import correlation
from smartscale.domain.errors import InvalidInput, Unprocessable
from smartscale.domain.fields import check_fields
from smartscale.domain.job_id import is_job_id, job_id_for_object, job_time
from smartscale.domain.load import DEFAULT_SCALE_ID, Load, parse_scale_id

UPLOADS = "uploads/"
_DIRECT = f"{UPLOADS}direct/"
EVIDENCE = "evidence/"
"""Where pictures are moved that others put into the bucket: nobody but the workers writes there."""
ACCEPTED_AT = "accepted-at"
PICTURE, NO_PICTURE = "picture", "none"
"""The metadata of a weighing without a picture: its object only stands in for one."""
METADATA = (
    "weight-kg",
    "tare-kg",
    "quantity",
    "scale-id",
    PICTURE,
    ACCEPTED_AT,
    correlation.METADATA,
)
"""The metadata that an image object may have."""
_OF_TOOLS = frozenset({"mtime", "s3cmd-attrs", "md5chksum"})
"""What copying tools (rclone, s3cmd) note of a file by themselves."""
_CLOCKS_DIFFER = timedelta(minutes=5)
_STRAYS = frozenset({"thumbs.db", "desktop.ini", "ehthumbs.db"})


@dataclass(frozen=True)
class StoredUpload:
    """What is known of an image object without reading its bytes. `stored_at` is UTC."""

    key: str
    etag: str
    stored_at: datetime
    metadata: Mapping[str, str]

    @property
    def job_id(self) -> str:
        """The id of the weighing that this object starts.

        It is the object's name where that was chosen for it, else follows from the object. A name
        from a clock that is far ahead is none: nobody would find the weighing for a long time.
        """
        name = chosen_job_id(self.key)
        if name is not None and job_time(name) <= self.stored_at + _CLOCKS_DIFFER:
            return name
        return job_id_for_object(
            self.key, self.etag.strip('"'), self.stored_at.replace(microsecond=0)
        )

    @property
    def created_at(self) -> datetime:
        """When the weighing began."""
        return job_time(self.job_id)

    @property
    def correlation_id(self) -> str:
        """The correlation id of its log lines: the sender's, else the job id."""
        return correlation.fit(self.metadata.get(correlation.METADATA)) or self.job_id

    @property
    def has_picture(self) -> bool:
        """Whether somebody took a picture; else a person says what the item is."""
        return self.metadata.get(PICTURE) != NO_PICTURE

    @property
    def scale_id(self) -> str:
        """The scale it comes from; a bad id counts as unknown, so that its failure is visible."""
        try:
            return parse_scale_id(self.metadata.get("scale-id"))
        except InvalidInput:
            return DEFAULT_SCALE_ID

    def load(self) -> Load:
        """What the scale showed.

        Raises:
            Unprocessable: the metadata holds no valid weight, tare, quantity or scale id, or
                something that nobody reads, such as `tare`.
        """
        try:
            check_fields("metadata", self._named_by_senders(), METADATA)
            self._refuse_without_weight()
            self._refuse_other_pictures()
            parse_scale_id(self.metadata.get("scale-id"))
            return Load.parse(
                self.metadata.get("weight-kg"),
                self.metadata.get("tare-kg"),
                self.metadata.get("quantity"),
            )
        except InvalidInput as error:
            raise Unprocessable(f"The object's metadata is not usable: {error}") from error

    def _refuse_without_weight(self) -> None:
        if self.metadata.get("weight-kg") is None:
            raise InvalidInput(
                "there is no weight. Store the object with weight-kg (kilograms, such as 0.500), "
                "and where they are known with scale-id, tare-kg and quantity."
            )

    def _refuse_other_pictures(self) -> None:
        if self.metadata.get(PICTURE) not in {None, NO_PICTURE}:
            raise InvalidInput(f"{PICTURE} can only be {NO_PICTURE}: the object is the picture.")

    def _named_by_senders(self) -> list[str]:
        return [name for name in self.metadata if name not in _OF_TOOLS]


def is_upload(key: str) -> bool:
    """Whether an object may be somebody's picture: no folder, and no file that a system strews.

    Consoles store folders as empty objects. Whoever copies a folder also copies what macOS, Windows
    and editors keep in it: hidden files, `Thumbs.db`, `desktop.ini`, `__MACOSX/`.

    Examples:
        >>> [is_upload(key) for key in ("uploads/a.jpg", "uploads/", "uploads/.DS_Store")]
        [True, False, False]
    """
    path = PurePosixPath(key)
    return not (
        key.endswith("/")
        or path.name.startswith(".")
        or path.name.lower() in _STRAYS
        or "__MACOSX" in path.parts
    )


def chosen_job_id(key: str) -> str | None:
    """The job id that an object's name is. Other names may look like one, as a UUID may: it is one
    only where the upload function, or whoever does as it does, puts an object of that id.

    Examples:
        >>> chosen_job_id("uploads/2026/11/26/01a2157bed3c9a20a37286631caaf18f")
        '01a2157bed3c9a20a37286631caaf18f'
        >>> chosen_job_id("uploads/till-7/01a2157bed3c9a20a37286631caaf18f")
    """
    name = PurePosixPath(key).name
    if not is_job_id(name) or key not in {of(name) for of in _PLACES}:
        return None
    return name


def upload_key(job_id: str) -> str:
    """Where the upload function puts a weighing's image: by day, so that listings stay short."""
    return f"{UPLOADS}{job_time(job_id):%Y/%m/%d}/{job_id}"


def direct_upload_key(job_id: str) -> str:
    """Where a client posts a weighing's image itself, until it is moved."""
    return f"{_DIRECT}{job_time(job_id):%Y/%m/%d}/{job_id}"


def evidence_key(job_id: str) -> str:
    """Where a picture is moved to that somebody else put into the bucket, by day."""
    return f"{EVIDENCE}{job_time(job_id):%Y/%m/%d}/{job_id}"


_PLACES = (upload_key, direct_upload_key, evidence_key)


def load_metadata(load: Load, scale_id: str) -> dict[str, str]:
    """The object metadata that carries a load, as anybody who drops an image writes it."""
    metadata = {"weight-kg": str(load.weight_kg), "scale-id": scale_id}
    if load.quantity is not None:
        metadata["quantity"] = str(load.quantity)
    if load.tare_kg is not None:
        metadata["tare-kg"] = str(load.tare_kg)
    return metadata
