"""The load that lay on the wired scale last, on disk: a kiosk that starts again goes on with it.

Without it the item that still lies there would be another weighing, and its label no copy.
"""

import base64
import time
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from frontend.devices.scales.scale import Condition, Reading
from frontend.durable import DurableFile
from frontend.weighing.flow import Plate
from frontend.weighing.pictures import NO_PICTURE_TAKEN, Picture
from frontend.weighing.weighing import Entry, Photo

GOOD_FOR_S = 1800.0
"""After so long without the kiosk something else may lie there that weighs the same."""

_SCHEMA = """
CREATE TABLE IF NOT EXISTS last_load (
    only INTEGER PRIMARY KEY CHECK (only = 1),
    shown_kg TEXT NOT NULL,
    net INTEGER NOT NULL,
    zero_kg TEXT NOT NULL,
    plate_tare_kg TEXT NOT NULL,
    weight_kg TEXT NOT NULL,
    tare_kg TEXT,
    captured INTEGER NOT NULL,
    key TEXT NOT NULL,
    picture BLOB NOT NULL,
    sent_at REAL NOT NULL,
    finished INTEGER NOT NULL DEFAULT 0
)
"""


@dataclass(frozen=True)
class LastLoad:
    """A load that was sent to be recognised, and what the scale showed then, in kg."""

    shown_kg: Decimal
    net: bool
    zero_kg: Decimal
    tare_kg: Decimal
    entry: Entry
    captured: bool
    key: str
    """The Idempotency-Key: sent again under it, it is the same weighing."""
    finished: bool
    """Whether the shopper was done with it: it has only to be taken off."""

    @property
    def photo(self) -> Photo | None:
        """The picture that was sent; None where none was taken."""
        if self.entry.picture.jpeg == NO_PICTURE_TAKEN.jpeg:
            return None
        return Photo(self.entry.picture, captured=self.captured)

    def still_lies_there(self, reading: Reading, division_kg: Decimal) -> bool:
        """Whether the scale shows the same weight; a settled weight may be wrong by a division."""
        if reading.condition is not Condition.STABLE or reading.gross_kg is None:
            return False
        same = abs(reading.gross_kg - self.shown_kg) <= division_kg
        return same and reading.net == self.net


class LoadFile(DurableFile):
    """Keeps one load. Each change is on disk when it returns."""

    def __init__(self, file: Path) -> None:
        super().__init__(file, _SCHEMA)

    def keep(self, plate: Plate, entry: Entry, key: str, *, captured: bool) -> None:
        """Keep what is sent of the load on the plate, in place of the load before."""
        self._run(
            "INSERT OR REPLACE INTO last_load VALUES (1, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0)",
            str(plate.reading.gross_kg),
            plate.reading.net,
            str(plate.zero_kg),
            str(plate.tare_kg),
            str(entry.weight_kg),
            None if entry.tare_kg is None else str(entry.tare_kg),
            captured,
            key,
            entry.picture.jpeg,
            time.time(),
        )

    def finish(self) -> None:
        """Note that the shopper is done with the load, which still lies there."""
        self._run("UPDATE last_load SET finished = 1")

    def clear(self) -> None:
        """Forget the load: it is gone."""
        self._run("DELETE FROM last_load")

    def last(self) -> LastLoad | None:
        """The load that was kept last; None where it is gone, or was there too long ago."""
        rows = self._run(
            "SELECT shown_kg, net, zero_kg, plate_tare_kg, weight_kg, tare_kg, captured, key, "
            "picture, finished FROM last_load WHERE sent_at > ?",
            time.time() - GOOD_FOR_S,
        )
        if not rows:
            return None
        (shown, net, zero, plate_tare, weight, tare, captured, key, jpeg, finished), *_ = rows
        preview = f"data:image/jpeg;base64,{base64.b64encode(jpeg).decode()}"
        entry = Entry(
            Picture(jpeg, preview), Decimal(weight), None if tare is None else Decimal(tare)
        )
        return LastLoad(
            shown_kg=Decimal(shown),
            net=bool(net),
            zero_kg=Decimal(zero),
            tare_kg=Decimal(plate_tare),
            entry=entry,
            captured=bool(captured),
            key=key,
            finished=bool(finished),
        )
