"""Ask for another model package, and load it in a worker, without a restart."""

import logging
import re
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from weakref import WeakValueDictionary

from smartscale.domain.errors import Conflict, InvalidInput, NotFound, StoreUnavailable
from smartscale.domain.registry import (
    BUILTIN,
    ImportHints,
    ModelSwitch,
    SwitchState,
    WorkerReport,
)
from smartscale.domain.weighing import ModelRef
from smartscale.operations.messages import WAKE_UP
from smartscale.operations.ports.ledger import Ledger
from smartscale.operations.ports.models import Packages, Recogniser, Registry
from smartscale.operations.ports.queues import Queue
from smartscale.recognition.package import ID_PATTERN, PackageError

REVISION = re.compile(r"(?!.*\.\.)[\w][\w./-]{0,199}", re.ASCII)
"""A branch, a tag or a commit of a model repository."""

_REPORT_EVERY = timedelta(minutes=1)
_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class PackageState:
    """A package that can be activated, and whether it is active or was before."""

    ref: ModelRef
    active: bool
    previous: bool


class ActivateModel:
    """The operator's side of a switch."""

    def __init__(
        self,
        registry: Registry,
        packages: Packages,
        ledger: Ledger,
        queue: Queue,
        imports: Queue | None,
        builtin: ModelRef,
        now: Callable[[], datetime],
    ) -> None:
        self._registry = registry
        self._packages = packages
        self._ledger = ledger
        self._queue = queue
        self._imports = imports
        self._builtin = builtin
        self._now = now

    def current(self) -> ModelSwitch:
        """The last request and its state."""
        return self._registry.current() or ModelSwitch.initial(self._builtin, self._now())

    def serving(self) -> ModelRef:
        """The active model; the built-in one in the revision that this version of the code has."""
        active = self.current().active
        return self._builtin if active.id == BUILTIN else active

    def activate(
        self, model_id: str, revision: str, hints: ImportHints | None = None
    ) -> ModelSwitch:
        """Ask all workers to serve another package, which is imported first where it is not there.

        Args:
            model_id: a repository of the hub, or `builtin`.
            revision: a branch, a tag or a commit; a branch is looked up anew.
            hints: what the repository does not say; with them the model is imported.

        Raises:
            InvalidInput: no repository is called so, or nothing here imports models.
        """
        wanted, there = self._find(model_id, revision, hints)
        queue = self._queue if there else self._imports
        if queue is None:
            raise InvalidInput(
                f"There is no package of {model_id} {revision} here, and nothing that imports "
                "models: `smartscale model import` puts one here."
            )
        at = self._now()

        def asked(current: ModelSwitch) -> ModelSwitch:
            if there:
                return current.activate(wanted, at)
            return current.activate_after_import(wanted, hints, at)

        switch = self._record(asked)
        queue.send(WAKE_UP)
        return switch

    def _record(self, asked: Callable[[ModelSwitch], ModelSwitch]) -> ModelSwitch:
        """Record a request under the next generation, and put it into the registry."""
        while True:
            stored = self._stored()
            switch = asked(stored or ModelSwitch.initial(self._builtin, self._now()))
            if self._ledger.record_switch(switch) != switch:
                continue  # another request has this generation, and goes into the registry first
            while not self._registry.replace(switch, expected=stored):
                # A worker has carried out the request before, or somebody has asked for another.
                stored = self._registry.current()
                if stored is not None and stored.generation >= switch.generation:
                    break
                switch = asked(stored or ModelSwitch.initial(self._builtin, self._now()))
            return switch

    def _stored(self) -> ModelSwitch | None:
        """The last request as the ledger knows it.

        A registry that was just restored to an earlier day would give its number a second time.
        """
        stored = self._registry.current()
        later = self._ledger.later_switch(0 if stored is None else stored.generation)
        if later is None:
            return stored
        self._registry.replace(later, expected=stored)
        return self._registry.current()

    def roll_back(self) -> ModelSwitch:
        """Ask for the model that served before the active one.

        Raises:
            Conflict: there was none, or its package is gone.
        """
        previous = self.current().previous
        if previous is None:
            raise Conflict("No other model has served yet: there is nothing to go back to.")
        if previous.id != BUILTIN and previous not in self._packages.revisions():
            raise Conflict(f"The package of {previous.id} {previous.revision} is gone.")
        return self.activate(previous.id, previous.revision)

    def packages(self) -> list[PackageState]:
        """Every package that could serve, the built-in one first."""
        current = self.current()
        return [
            PackageState(ref=ref, active=ref == current.active, previous=ref == current.previous)
            for ref in [self._builtin, *self._packages.revisions()]
        ]

    def _find(
        self, model_id: str, revision: str, hints: ImportHints | None
    ) -> tuple[ModelRef, bool]:
        """The package that the request names, and whether it is in the bucket."""
        if model_id == BUILTIN:
            return self._builtin, True
        if not ID_PATTERN.fullmatch(model_id):
            raise InvalidInput(
                f"{model_id!r} is no model: give a repository as OWNER/NAME, or {BUILTIN!r}."
            )
        if not REVISION.fullmatch(revision):
            raise InvalidInput(f"{revision!r} is no branch, tag or commit.")
        wanted = ModelRef(id=model_id, revision=revision)
        return wanted, hints is None and wanted in self._packages.revisions()


class Loader:
    """Loads and verifies packages.

    A package never changes, so one that is still referenced in this worker is shared.
    """

    def __init__(
        self,
        packages: Packages,
        load_builtin: Callable[[], Recogniser],
        load_folder: Callable[[ModelRef, Path], Recogniser],
        release_ram: Callable[[], None] = lambda: None,
    ) -> None:
        self._packages = packages
        self._load_builtin = load_builtin
        self._load_folder = load_folder
        self._release_ram = release_ram
        self._held: WeakValueDictionary[ModelRef, Recogniser] = WeakValueDictionary()
        self._tidied: set[ModelRef] = set()

    def tidy(self) -> None:
        """Return the RAM of models without references to the system."""
        held = set(self._held)
        if self._tidied - held:
            self._release_ram()
        self._tidied = held

    def load(self, ref: ModelRef) -> Recogniser:
        """The recogniser of a package.

        Raises:
            PackageError: it does not verify, or cannot be loaded.
            NotFound: there is no such package.
            StoreUnavailable: the store does not answer just now.
        """
        if ref.id == BUILTIN:
            return self.builtin()
        held = self._held.get(ref)
        if held is None:
            with tempfile.TemporaryDirectory() as folder:
                self._packages.fetch(ref, Path(folder))
                held = self._held[ref] = self._load_folder(ref, Path(folder))
        return held

    def builtin(self) -> Recogniser:
        """The recogniser of the package that comes with the code."""
        held = next((one for ref, one in self._held.items() if ref.id == BUILTIN), None)
        if held is None:
            held = self._load_builtin()
            self._held[held.ref] = held
        return held


class ActiveModel:
    """The worker's side: holds the active recogniser, and switches when the registry says so."""

    def __init__(
        self,
        worker: str,
        registry: Registry,
        loader: Loader,
        now: Callable[[], datetime],
    ) -> None:
        self._worker = worker
        self._registry = registry
        self._loader = loader
        self._now = now
        self._recogniser: Recogniser | None = None
        self._activated: tuple[int, SwitchState] | None = None
        """The request that was last carried out, and its state then: a batch may come during an
        import."""
        self._reported: WorkerReport | None = None
        self.reported = False
        """Whether the worker has said what it has loaded, before the last batch."""

    def refresh(self, switch: ModelSwitch | None, waited_s: int | None = None) -> Recogniser:
        """The recogniser for the next batch: the requested model's, else the last that worked.

        Args:
            switch: the last request.
            waited_s: seconds that the oldest message of the batch has waited.
        """
        if switch is None:
            recogniser = self._recogniser or self._loader.builtin()
        elif (switch.generation, switch.state) == self._activated and self._recogniser is not None:
            recogniser = self._recogniser
        else:
            try:
                recogniser = self._activate(switch)
                self._activated = switch.generation, switch.state
            except StoreUnavailable:
                # The next batch tries again; until then the model that is loaded goes on.
                if self._recogniser is None:
                    raise
                _log.warning("the package of %s cannot be read now", switch.serving)
                recogniser = self._recogniser
        self._recogniser = recogniser
        self._report(recogniser.ref, waited_s)
        return recogniser

    def _activate(self, switch: ModelSwitch) -> Recogniser:
        if self._recogniser is not None and self._recogniser.ref == switch.serving:
            recogniser = self._recogniser
        else:
            try:
                recogniser = self._loader.load(switch.serving)
            except (PackageError, NotFound) as error:
                _log.warning("model %s does not load: %s", switch.serving, error)
                self._settle(switch, switch.failed(str(error), self._now()))
                return self._recogniser or self._last_resort(switch)
        if switch.state is SwitchState.SWITCHING:
            self._settle(switch, switch.succeeded(self._now()))
        return recogniser

    def _settle(self, switch: ModelSwitch, settled: ModelSwitch) -> None:
        """Record how the switch went, unless another worker did or a newer request came."""
        self._registry.replace(settled, expected=switch)

    def _last_resort(self, switch: ModelSwitch) -> Recogniser:
        """A worker that starts while the wanted model is broken serves the last one that worked."""
        try:
            return self._loader.load(switch.active)
        except (PackageError, NotFound):
            return self._loader.builtin()

    def _report(self, model: ModelRef, waited_s: int | None) -> None:
        now, last = self._now(), self._reported
        self.reported = False
        if last is None or last.model != model or now - last.reported_at > _REPORT_EVERY:
            self._reported = WorkerReport(
                worker=self._worker, model=model, reported_at=now, waited_s=waited_s
            )
            self._registry.report(self._reported)
            self.reported = True
