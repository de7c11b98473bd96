"""An import follows the last request, survives its worker, and never leaves half a package."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from smartscale.domain.errors import ImportFailed, NotFound
from smartscale.domain.registry import (
    ImportHints,
    ImportProgress,
    ImportStep,
    ModelSwitch,
    SwitchState,
)
from smartscale.domain.weighing import ModelRef
from smartscale.importing.order import ConversionOrder
from smartscale.importing.repository import Listing, RepositoryFile
from smartscale.operations.messages import WAKE_UP
from smartscale.operations.models.import_model import MAX_ATTEMPTS, ImportModel, ImportRequested
from tests.fakes import Clock, FakeLedger, FakeQueue, FakeRegistry

BUILTIN = ModelRef(id="builtin", revision="1")
COMMIT = "c" * 40
MAIN = ModelRef(id="them/vgg", revision="main")
PACKAGE = ModelRef(id="them/vgg", revision=COMMIT)
OTHER = ModelRef(id="them/other", revision="main")


@dataclass
class FakeHub:
    broken: ImportFailed | None = None
    downloads: list[str] = field(default_factory=list)

    def resolve(self, model_id: str, revision: str) -> Listing:
        del model_id, revision
        if self.broken:
            raise self.broken
        return Listing(commit=COMMIT, files=(RepositoryFile(name="m.tflite", size=1),))

    def download(
        self,
        model_id: str,
        commit: str,
        files: Sequence[RepositoryFile],
        report: Callable[[ImportProgress], None],
    ) -> Path:
        del files
        report(ImportProgress(step=ImportStep.DOWNLOADING, percent=50))
        self.downloads.append(f"{model_id} {commit}")
        return Path()


@dataclass
class FakeConverter:
    orders: list[ConversionOrder] = field(default_factory=list)
    meanwhile: Callable[[], object] = lambda: None

    def convert(self, order: ConversionOrder, report: Callable[[ImportProgress], None]) -> None:
        self.meanwhile()
        report(ImportProgress(step=ImportStep.CONVERTING))
        self.orders.append(order)


@dataclass
class FakePackageStore:
    there: dict[ModelRef, dict[str, Any]] = field(default_factory=dict)
    orders: list[ConversionOrder] = field(default_factory=list)

    def revisions(self) -> list[ModelRef]:
        return list(self.there)

    def fetch(self, ref: ModelRef, folder: Path) -> None:
        del folder
        raise NotFound(str(ref))

    def describe(self, ref: ModelRef) -> Mapping[str, Any] | None:
        return self.there.get(ref)

    def labels(self, ref: ModelRef) -> list[str]:
        raise NotFound(str(ref))

    def store(self, ref: ModelRef, folder: Path) -> None:
        assert folder.is_dir()
        self.there[ref] = {"source": {"hints": self.orders[-1].hints.fingerprint}}


class Site:
    """A registry with a request, and the worker that follows it."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.registry = FakeRegistry()
        self.ledger = FakeLedger()
        self.queue = FakeQueue()
        self.hub = FakeHub()
        self.converter = FakeConverter()
        self.packages = FakePackageStore(orders=self.converter.orders)
        importer = ImportModel(self.hub, self.converter, self.packages)
        self.run = ImportRequested(importer, self.registry, self.ledger, self.queue, self.clock).run

    def activate(self, wanted: ModelRef = MAIN, hints: ImportHints | None = None) -> None:
        current = self.registry.switch or ModelSwitch.initial(BUILTIN, self.clock())
        self.registry.switch = current.activate_after_import(wanted, hints, self.clock())

    @property
    def switch(self) -> ModelSwitch:
        assert self.registry.switch is not None
        return self.registry.switch


@pytest.fixture
def site() -> Site:
    return Site()


def test_a_wish_becomes_a_package_that_the_workers_are_told_of(site: Site) -> None:
    site.activate()
    site.run()
    assert (site.switch.state, site.switch.wanted) == (SwitchState.SWITCHING, PACKAGE)
    assert site.switch.active == BUILTIN
    assert site.switch.progress is None
    assert site.packages.revisions() == [PACKAGE]
    assert site.queue.messages == [(WAKE_UP, None)]
    assert site.ledger.switches == [site.switch]


def test_without_a_wish_nothing_happens(site: Site) -> None:
    site.run()
    site.activate()
    site.registry.switch = site.switch.failed("no", site.clock())
    site.run()
    assert site.hub.downloads == []


def test_a_commit_that_is_there_is_not_downloaded_again(site: Site) -> None:
    for _ in range(2):
        site.activate()
        site.run()
    assert site.hub.downloads == [f"them/vgg {COMMIT}"]
    assert site.switch.wanted == PACKAGE


def test_a_failure_is_said_and_the_active_model_stays(site: Site) -> None:
    site.hub.broken = ImportFailed("There is no model them/vgg.")
    site.activate()
    site.run()
    assert (site.switch.state, site.switch.serving) == (SwitchState.FAILED, BUILTIN)
    assert site.switch.error == "There is no model them/vgg."
    assert site.ledger.switches == [site.switch]


def test_an_import_that_nobody_wants_any_more_ends_and_the_last_wish_is_followed(
    site: Site,
) -> None:
    def change_of_mind() -> None:
        site.converter.meanwhile = lambda: None
        site.activate(OTHER)

    site.converter.meanwhile = change_of_mind
    site.activate()
    site.run()
    stored = ModelRef(id=OTHER.id, revision=COMMIT)
    assert site.packages.revisions() == [stored], "what was half done is not stored"
    assert (site.switch.state, site.switch.wanted) == (SwitchState.SWITCHING, stored)


def test_going_back_to_the_built_in_model_ends_an_import(site: Site) -> None:
    site.activate()
    back = site.switch.activate(BUILTIN, site.clock())
    site.converter.meanwhile = lambda: site.registry.replace(back, expected=site.switch)
    site.run()
    assert (site.switch, site.packages.revisions()) == (back, [])


def test_a_worker_that_dies_is_followed_by_another_but_not_for_ever(site: Site) -> None:
    def die() -> None:
        raise KeyboardInterrupt

    site.converter.meanwhile = die
    site.activate()
    for attempt in range(1, MAX_ATTEMPTS + 1):
        with pytest.raises(KeyboardInterrupt):
            site.run()
        assert (site.switch.state, site.switch.attempts) == (SwitchState.IMPORTING, attempt)
    site.run()
    assert site.switch.state is SwitchState.FAILED
    assert "begun 3 times" in str(site.switch.error)


def test_other_hints_make_another_package_and_the_same_ones_do_not(site: Site) -> None:
    hints = ImportHints(preprocessing="caffe")
    site.activate()
    site.run()
    for _ in range(2):
        site.activate(hints=hints)
        site.run()
        assert site.switch.wanted.revision == f"{COMMIT}-{hints.fingerprint}"
    assert len(site.converter.orders) == 2


def test_progress_is_told_step_by_step(site: Site) -> None:
    seen: list[str] = []
    site.converter.meanwhile = lambda: seen.append(str(site.switch.progress))
    site.activate()
    site.run()
    assert "percent=50" in seen[0]
