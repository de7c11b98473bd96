"""The kiosk's copy of the catalogue, on disk each time it was fetched, with that moment."""

import asyncio
import json
import logging
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter

from frontend.api.client import ApiClient
from frontend.api.errors import ApiUnreachable
from frontend.durable import write_durably
from smartscale.contract.catalogue import CatalogueItem

_log = logging.getLogger(__name__)
_ITEMS = TypeAdapter(tuple[CatalogueItem, ...])


class CatalogueCopy:
    """The last catalogue that the service gave."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self.items: list[dict[str, Any]] = []
        """What is sold, as `GET /v1/catalogue` gave it; another list when it has changed."""
        self._state: str | None = None
        self._read: tuple[CatalogueItem, ...] | None = None
        self.fetched_at: datetime | None = None
        """None where the service has never given one."""
        self._turn = asyncio.Lock()
        if not file.exists():
            return
        try:
            kept = json.loads(file.read_text("utf-8"))
            self._read = _ITEMS.validate_python(kept["items"])
            self.items, self.fetched_at = kept["items"], datetime.fromisoformat(kept["fetched_at"])
        except (ValueError, KeyError, TypeError) as error:
            _log.warning("The copy of the catalogue is damaged, it is fetched anew: %s", error)

    async def fetch(self, service: ApiClient) -> None:
        """Ask the service for its catalogue, and keep it.

        Raises:
            ApiError: there is none to be had.
        """
        # A page and the watch may ask at once: then the later one is told that nothing is new.
        async with self._turn:
            answer = await service.catalogue(self._state)
            now = datetime.now(UTC)
            if answer is None:
                self.fetched_at = now
            else:
                await asyncio.to_thread(self.keep, answer.items, now)
                self._state, self._read = answer.state, answer.read

    def read(self) -> tuple[CatalogueItem, ...]:
        """What the shop sells.

        Raises:
            ApiUnreachable: the service has never given a catalogue.
        """
        if self.fetched_at is None:
            raise ApiUnreachable("there never was a catalogue here")
        if self._read is None:
            self._read = _ITEMS.validate_python(self.items)
        return self._read

    def keep(self, items: list[dict[str, Any]], now: datetime) -> None:
        """Write a catalogue to the disk; a power cut leaves this one or the one before, whole."""
        write_durably(self._file, json.dumps({"fetched_at": now.isoformat(), "items": items}))
        self.items, self.fetched_at, self._read = items, now, None
