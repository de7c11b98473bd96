"""The kiosk's copy of the catalogue, on disk after each time it was fetched, with that moment."""

import json
import os
from datetime import datetime
from pathlib import Path
from typing import Any


class CatalogueCopy:
    """The last catalogue that the service gave."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self.items: list[dict[str, Any]] = []
        self.fetched_at: datetime | None = None
        """None where there never was one."""
        if file.exists():
            kept = json.loads(file.read_text("utf-8"))
            self.items = kept["items"]
            self.fetched_at = datetime.fromisoformat(kept["fetched_at"])

    def keep(self, items: list[dict[str, Any]], now: datetime) -> None:
        """Keep a catalogue: whole on disk, or the one before."""
        kept = json.dumps({"fetched_at": now.isoformat(), "items": items})
        part = self._file.with_suffix(".part")
        with part.open("w", encoding="utf-8") as out:
            out.write(kept)
            out.flush()
            os.fsync(out.fileno())
        part.replace(self._file)
        self.items, self.fetched_at = items, now
