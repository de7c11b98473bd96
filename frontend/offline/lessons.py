"""The kiosk's copy of what the shop has taught, on disk with its version."""

import asyncio
import base64
import json
import logging
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from frontend.api.client import ApiClient
from frontend.api.errors import ApiForbidden, ApiRefused
from frontend.durable import write_durably

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Lessons:
    """What is known of the shop's memory by one model."""

    revision: str = ""
    """The model's: another one sees other things in the same pictures."""
    version: int = 0
    content: bytes | None = None
    """Of `smartscale.recognition.carried`; None where nothing was taught."""
    confirm_below: Decimal | None = None
    """The shop's threshold for asking; None for the package's own."""


class LessonsCopy:
    """The last that the service gave; it outlives a power cut."""

    def __init__(self, file: Path, model: tuple[str, str] | None) -> None:
        """Read what is on the disk.

        Args:
            file: where it is kept.
            model: id and revision of the model that runs here; None where none does.
        """
        self._file, self._model = file, model
        self.now = Lessons()
        if not file.exists() or model is None:
            return
        try:
            kept = json.loads(file.read_text("utf-8"))
            found = Lessons(
                revision=kept["revision"],
                version=int(kept["version"]),
                content=None if kept["content"] is None else base64.b64decode(kept["content"]),
                confirm_below=None if kept["below"] is None else Decimal(kept["below"]),
            )
        except (ValueError, KeyError, TypeError, ArithmeticError) as error:
            _log.warning("The copy of the memory is damaged, it is fetched anew: %s", error)
            return
        if found.revision == model[1]:
            self.now = found

    @property
    def asks(self) -> bool:
        """Whether `fetch` asks at all."""
        return self._model is not None

    async def fetch(self, service: ApiClient) -> None:
        """Ask the service for what is new, and keep that.

        Raises:
            ApiUnreachable: the service does not answer.
        """
        if self._model is None:
            return
        try:
            found = await service.carried_memory(*self._model, self.now.version)
        except (ApiRefused, ApiForbidden) as error:
            # An older service has no such route, another has no word for this kiosk.
            _log.debug("There is no memory to take along: %s", error)
            return
        content = self.now.content if found.version == self.now.version else None
        if found.lessons is not None:
            content = base64.b64decode(found.lessons)
        lessons = Lessons(self._model[1], found.version, content, found.confirm_below)
        if lessons != self.now:
            await asyncio.to_thread(self._keep, lessons)

    def _keep(self, lessons: Lessons) -> None:
        content = None if lessons.content is None else base64.b64encode(lessons.content).decode()
        below = None if lessons.confirm_below is None else str(lessons.confirm_below)
        kept = {
            "revision": lessons.revision,
            "version": lessons.version,
            "content": content,
            "below": below,
        }
        write_durably(self._file, json.dumps(kept))
        self.now = lessons
