"""What the shop has taught its scales, in versions."""

from datetime import datetime

from smartscale.contract.document import Document
from smartscale.domain.memory import IMAGES_AT_ONCE, MemoryProgress

__all__ = ["IMAGES_AT_ONCE", "MemoryProgress", "MemoryVersion", "Taught"]


class Taught(Document):
    """The version that knows an item, once its state is `ready`."""

    memory_version: int
    label: str | None
    images: int


class MemoryVersion(Document):
    """One version of what the shop has taught. `images` is how many pictures it holds."""

    version: int
    state: MemoryProgress
    active: bool
    label: str | None
    labels: dict[str, int]
    images: int
    created_at: datetime
    error: str | None
