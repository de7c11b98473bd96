"""What the shop has taught its scales, in versions."""

from datetime import datetime
from decimal import Decimal

from smartscale.contract.document import Document
from smartscale.domain.memory import IMAGES_AT_ONCE, HeldBecause, MemoryProgress, Teacher

__all__ = [
    "IMAGES_AT_ONCE",
    "CarriedMemory",
    "HeldBack",
    "HeldBecause",
    "Lesson",
    "Lessons",
    "MemoryProgress",
    "MemoryVersion",
    "MixedUp",
    "Taught",
    "TaughtItem",
    "Teacher",
    "Teaching",
]


class Taught(Document):
    """The version that knows an item, once its state is `ready`."""

    memory_version: int
    label: str | None
    images: int


class TaughtItem(Document):
    """An item on sale. `recognised` says that the model knows it by itself, `images` by how many
    pictures it was taught; an item with neither waits to be taught."""

    label: str
    recognised: bool
    images: int


class Lesson(Document):
    """A picture that somebody taught, by its SHA-256.

    `teacher` says how (`enrolment`, an `attendant`'s confirmation, `shoppers` who agreed), `by`
    who of the staff, null where nobody said. A lesson with `held` does not count until an attendant
    accepts it: the scales were sure that it shows `seen_as` (`contradicts`), pictures of
    `seen_as` would be taken for it (`mixes_up`), or it shows nothing (`shows_nothing`).
    """

    picture: str
    label: str
    teacher: Teacher
    by: str | None
    at: datetime
    held: HeldBecause | None
    seen_as: str | None


class Lessons(Document):
    """Every lesson of the newest version: what waits first, then the newest."""

    memory_version: int
    lessons: tuple[Lesson, ...]


class MixedUp(Document):
    """Two taught items that look alike: `share` of their pictures, 0 to 1, are nearer to pictures
    of the other one. Another picture or two of each tell them apart."""

    first: str
    second: str
    share: float


class HeldBack(Document):
    """How many pictures of an item wait for an attendant, and why: see `Lesson`."""

    label: str
    images: int
    held: HeldBecause
    seen_as: str


class Teaching(Document):
    """How far the shop's scales are taught.

    `memory_version` is the newest version, 0 where nothing was taught; `state` and `error` say how
    far it is. `mixed_up` is by `looked_at`, the newest version that the model has looked at; `held`
    are the pictures that do not count until an attendant accepts them.
    """

    memory_version: int
    state: MemoryProgress | None
    error: str | None
    items: tuple[TaughtItem, ...]
    looked_at: int
    mixed_up: tuple[MixedUp, ...]
    held: tuple[HeldBack, ...]


class CarriedMemory(Document):
    """What a kiosk takes along, to recognise what was taught while the service is away.

    `version` is the newest version of the memory that the model has looked at, 0 for none;
    `lessons` what it sees in its pictures, in base64, null where the kiosk has this version.
    Answers below `confirm_below` are asked about; null where that is the package's own.
    """

    version: int
    lessons: str | None
    confirm_below: Decimal | None


class MemoryVersion(Document):
    """One version of what the shop has taught. `images` is how many pictures it holds; `held` says
    by label how many more are held back for an attendant."""

    version: int
    state: MemoryProgress
    active: bool
    label: str | None
    labels: dict[str, int]
    held: dict[str, int]
    images: int
    created_at: datetime
    error: str | None
