"""Ask for another model package, and load it in a worker, without a restart."""

import logging
import tempfile
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

from smartscale.domain.errors import InvalidInput, NotFound, StoreUnavailable
from smartscale.domain.registry import BUILTIN, ModelSwitch, SwitchState, WorkerReport
from smartscale.domain.weighing import ModelRef
from smartscale.operations.ports import Ledger, Packages, Queue, Recogniser, Registry
from smartscale.recognition.package import PackageError

WAKE_UP = '{"wake": "model"}'
"""A message that only makes a worker look at the registry, so that a switch needs no weighing."""

_REPORT_EVERY = timedelta(minutes=10)
_log = logging.getLogger(__name__)


class WishForModel:
    """The operator's side of a switch."""

    def __init__(
        self,
        registry: Registry,
        packages: Packages,
        ledger: Ledger,
        queue: Queue,
        builtin: ModelRef,
        now: Callable[[], datetime],
    ) -> None:
        self._registry = registry
        self._packages = packages
        self._ledger = ledger
        self._queue = queue
        self._builtin = builtin
        self._now = now

    def current(self) -> ModelSwitch:
        """The last wish and how it went."""
        return self._registry.current() or ModelSwitch.initial(self._builtin, self._now())

    def wish(self, model_id: str, revision: str) -> ModelSwitch:
        """Ask all workers to serve another package.

        Raises:
            InvalidInput: there is no such package in the bucket.
        """
        wanted = self._resolve(model_id, revision)
        while True:
            stored = self._registry.current()
            current = stored or ModelSwitch.initial(self._builtin, self._now())
            switch = current.wish(wanted, self._now())
            if self._registry.replace(switch, expected=stored):
                break
        self._ledger.record_switch(switch)
        self._queue.send(WAKE_UP)
        return switch

    def _resolve(self, model_id: str, revision: str) -> ModelRef:
        if model_id == BUILTIN:
            return self._builtin
        there = self._packages.revisions()
        for ref in there:
            if ref.id == model_id and ref.revision == revision:
                return ref
        known = ", ".join(f"{ref.id} {ref.revision}" for ref in there) or "none"
        raise InvalidInput(
            f"There is no package models/{model_id}/{revision}/ in the bucket. "
            f"Packages there: {known}; {BUILTIN!r} is always there."
        )


class ServeModel:
    """The worker's side: holds the recogniser that answers, and follows the registry."""

    def __init__(
        self,
        worker: str,
        registry: Registry,
        packages: Packages,
        load_builtin: Callable[[], Recogniser],
        load_folder: Callable[[ModelRef, Path], Recogniser],
        now: Callable[[], datetime],
    ) -> None:
        self._worker = worker
        self._registry = registry
        self._packages = packages
        self._load_builtin = load_builtin
        self._load_folder = load_folder
        self._now = now
        self._recogniser: Recogniser | None = None
        self._generation = -1
        self._reported: WorkerReport | None = None

    def refresh(self) -> Recogniser:
        """The recogniser for the next batch: the one that is wanted, else the one that works."""
        switch = self._registry.current()
        if switch is None:
            recogniser = self._recogniser or self._load_builtin()
        elif switch.generation == self._generation and self._recogniser is not None:
            recogniser = self._recogniser
        else:
            try:
                recogniser = self._follow(switch)
                self._generation = switch.generation
            except StoreUnavailable:
                # The next batch tries again; until then the model that is loaded goes on.
                if self._recogniser is None:
                    raise
                _log.warning("the package of %s cannot be read now", switch.serving)
                recogniser = self._recogniser
        self._recogniser = recogniser
        self._report(recogniser.ref)
        return recogniser

    def _follow(self, switch: ModelSwitch) -> Recogniser:
        if self._recogniser is not None and self._recogniser.ref == switch.serving:
            recogniser = self._recogniser
        else:
            try:
                recogniser = self._load(switch.serving)
            except (PackageError, NotFound) as error:
                _log.warning("model %s does not load: %s", switch.serving, error)
                self._settle(switch, switch.failed(str(error), self._now()))
                return self._recogniser or self._last_resort(switch)
        if switch.state is SwitchState.SWITCHING:
            self._settle(switch, switch.succeeded(self._now()))
        return recogniser

    def _settle(self, switch: ModelSwitch, settled: ModelSwitch) -> None:
        """Say how the switch went, unless another worker has or a newer wish came."""
        self._registry.replace(settled, expected=switch)

    def _last_resort(self, switch: ModelSwitch) -> Recogniser:
        """A worker that starts while the wanted model is broken serves the last one that worked."""
        try:
            return self._load(switch.active)
        except (PackageError, NotFound):
            return self._load_builtin()

    def _load(self, ref: ModelRef) -> Recogniser:
        if ref.id == BUILTIN:
            return self._load_builtin()
        with tempfile.TemporaryDirectory() as folder:
            self._packages.fetch(ref, Path(folder))
            return self._load_folder(ref, Path(folder))

    def _report(self, model: ModelRef) -> None:
        now, last = self._now(), self._reported
        if last is None or last.model != model or now - last.reported_at > _REPORT_EVERY:
            self._reported = WorkerReport(worker=self._worker, model=model, reported_at=now)
            self._registry.report(self._reported)
