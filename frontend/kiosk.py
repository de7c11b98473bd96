"""What all pages of the kiosk share, and what belongs to one visitor."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path

from nicegui import Client

from frontend.access.photos import PhotoAddresses
from frontend.access.pins import Attempts
from frontend.api.catalogue import Catalogue
from frontend.devices.cameras import DeviceCamera
from frontend.devices.scales.scale import Scale
from frontend.labels.desk import LabelDesk
from frontend.offline.api import OfflineApi
from frontend.settings import Settings
from frontend.weighing.camera_watch import CameraWatch
from frontend.weighing.containers import Container
from frontend.weighing.favourites import Favourites
from frontend.weighing.samples import Sample
from frontend.weighing.station import Station
from frontend.words.languages import Language

STATIC = Path(__file__).with_name("static")
ARTWORK = STATIC / "produce"


@dataclass(frozen=True)
class Kiosk:
    """The running kiosk."""

    settings: Settings
    api: OfflineApi
    catalogue: Catalogue
    languages: Mapping[str, Language]
    samples: tuple[Sample, ...]
    labels: LabelDesk
    favourites: Favourites
    """What this kiosk sells most."""
    artwork: frozenset[str]
    """The labels that have a drawing of their own."""
    scale: Scale | None = None
    """The scale that is wired to this machine; without one each page has a simulated one."""
    station: Station | None = None
    """Who weighs at the wired scale; None where there is none."""
    attempts: Attempts = field(default_factory=Attempts)
    """Counts the attempts of staff to log in."""
    photos: PhotoAddresses = field(default_factory=PhotoAddresses)

    camera: DeviceCamera | None = None
    """The camera that is wired to this machine; without one the browser's is used."""
    containers: tuple[Container, ...] = ()
    camera_watch: CameraWatch = field(default_factory=CameraWatch)
    """Whether the camera does its work, for staff."""

    async def best_sold(self) -> Sequence[str]:
        """The labels of what sells most these days, the first one most."""
        return await asyncio.to_thread(self.favourites.best, self._today())

    async def note_sold(self, label: str) -> None:
        """Count a sale for that."""
        await asyncio.to_thread(self.favourites.note, label, self._today())

    def _today(self) -> date:
        return datetime.now(self.settings.time_zone).date()

    def language(self, code: str | None) -> Language:
        """The language of a code, else the kiosk's own."""
        for wanted in (code, self.settings.language, "en"):
            if wanted is not None and wanted in self.languages:
                return self.languages[wanted]
        raise LookupError("English is always there")

    def drawing(self, label: str | None) -> str:
        """Where the picture of an item is: the shop's own, a drawing, or one for all others."""
        own = self.catalogue.picture(label)
        if own is not None:
            return f"/pictures/{own}.jpg"
        return self.artwork_of(label)

    def artwork_of(self, label: str | None) -> str:
        """Where the drawing of an item is; one for all that have none."""
        name = label if label in self.artwork else "_fallback"
        return f"/static/produce/{name}.svg"


@dataclass
class Visit:
    """One open page: the kiosk it belongs to, the browser it is in, and its language."""

    kiosk: Kiosk
    client: Client
    language: Language
