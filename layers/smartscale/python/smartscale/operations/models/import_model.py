"""Imports a model from the hub: downloads it, converts it and stores a package in the bucket.

The registry holds the request; a queue message only wakes a worker. So an import whose worker died
is begun again by the next worker, and one that was replaced by another request ends at its next
step.
"""

import logging
import tempfile
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from smartscale.domain.errors import DomainError, StoreUnavailable
from smartscale.domain.registry import (
    ImportHints,
    ImportProgress,
    ImportStep,
    ModelSwitch,
    SwitchState,
)
from smartscale.domain.weighing import ModelRef
from smartscale.importing.order import ConversionOrder
from smartscale.importing.repository import choose_source
from smartscale.operations.messages import WAKE_UP
from smartscale.operations.ports.ledger import Ledger
from smartscale.operations.ports.models import (
    Converter,
    Hub,
    PackageStore,
    Registry,
    ReportProgress,
)
from smartscale.operations.ports.queues import Queue

MAX_ATTEMPTS = 3
_TELL_EVERY_S = 1.0
_log = logging.getLogger(__name__)


class ImportModel:
    """Imports one model.

    Args:
        samples: a folder of photos that the conversion is checked with, beside made-up pictures.
    """

    def __init__(
        self,
        hub: Hub,
        converter: Converter,
        packages: PackageStore,
        samples: Path | None = None,
    ) -> None:
        self._hub = hub
        self._converter = converter
        self._packages = packages
        self._samples = samples

    def run(
        self, model_id: str, revision: str, hints: ImportHints | None, report: ReportProgress
    ) -> ModelRef:
        """Make sure that the bucket has a package of a branch, tag or commit; return its name.

        Raises:
            ImportFailed, InvalidInput: it does not become one; the text says why.
        """
        report(ImportProgress(step=ImportStep.RESOLVING, detail=f"{model_id} {revision}"))
        listing = self._hub.resolve(model_id, revision)
        ref, there = self._place(ModelRef(id=model_id, revision=listing.commit), hints)
        if there:
            return ref
        source = choose_source(listing)
        folder = self._hub.download(model_id, listing.commit, source.files, report)
        with tempfile.TemporaryDirectory() as package:
            order = ConversionOrder(
                ref=ref,
                commit=listing.commit,
                source=source,
                repository=folder,
                package=Path(package),
                hints=hints or ImportHints(),
                licence=listing.licence,
                samples=self._samples,
            )
            self._converter.convert(order, report)
            report(ImportProgress(step=ImportStep.STORING, detail=f"{ref.id} {ref.revision}"))
            self._packages.store(ref, Path(package))
        return ref

    def _place(self, ref: ModelRef, hints: ImportHints | None) -> tuple[ModelRef, bool]:
        """The name of the package to make, and whether it exists already.

        A package never changes, so importing a commit again with other hints makes a package
        with a revision of its own.
        """
        stored = self._packages.describe(ref)
        if stored is None:
            return ref, False
        if hints is None or stored["source"].get("hints") == hints.fingerprint:
            return ref, True
        other = ModelRef(id=ref.id, revision=f"{ref.revision}-{hints.fingerprint}")
        return other, self._packages.describe(other) is not None


class Superseded(Exception):
    """Another request has replaced the one that is being carried out."""


class ImportRequested:
    """The worker's side of a request for a model that is not there yet."""

    def __init__(
        self,
        importer: ImportModel,
        registry: Registry,
        ledger: Ledger,
        queue: Queue,
        now: Callable[[], datetime],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._importer = importer
        self._registry = registry
        self._ledger = ledger
        self._queue = queue
        self._now = now
        self._clock = clock

    def run(self) -> None:
        """Import the requested model, if there is one, then any that was requested meanwhile."""
        while (switch := self._wanted()) is not None:
            try:
                self._carry_out(switch)
            except Superseded:
                _log.info("the import of %s is no longer wanted", switch.wanted)

    def _wanted(self) -> ModelSwitch | None:
        switch = self._registry.current()
        return switch if switch and switch.state is SwitchState.IMPORTING else None

    def _carry_out(self, switch: ModelSwitch) -> None:
        if switch.attempts >= MAX_ATTEMPTS:
            self._fail(
                switch,
                f"The import was begun {switch.attempts} times, and its process ended each time "
                "before it could say why; see the log of the importer.",
            )
            return
        self._change(switch, lambda current: current.begun(self._now()))
        wanted = switch.wanted
        try:
            ref = self._importer.run(
                wanted.id, wanted.revision, switch.hints, self._progress_reporter(switch)
            )
        except StoreUnavailable:
            raise  # the queue delivers the message again
        except (DomainError, OSError) as error:
            # Any other error is a bug: it is raised, and the queue delivers the message again, at
            # most three times.
            _log.warning("the import of %s failed: %s", wanted, error)
            self._fail(switch, str(error))
            return
        imported = self._change(switch, lambda current: current.imported(ref, self._now()))
        self._ledger.record_switch(imported)
        self._queue.send(WAKE_UP)

    def _progress_reporter(self, switch: ModelSwitch) -> ReportProgress:
        """Write progress into the registry, each step at once and its details now and then; also
        the moment at which an import that is no longer wanted ends."""
        last: tuple[ImportStep | None, float] = (None, 0.0)

        def report(progress: ImportProgress) -> None:
            nonlocal last
            step, at = last
            if progress.step is step and self._clock() - at < _TELL_EVERY_S:
                return
            last = progress.step, self._clock()
            self._change(switch, lambda current: current.advanced(progress, self._now()))

        return report

    def _fail(self, switch: ModelSwitch, reason: str) -> None:
        failed = self._change(switch, lambda current: current.failed(reason, self._now()))
        self._ledger.record_switch(failed)

    def _change(
        self, request: ModelSwitch, change: Callable[[ModelSwitch], ModelSwitch]
    ) -> ModelSwitch:
        """Change the request's state in the registry.

        Raises:
            Superseded: there is a newer request, or this one has come further already.
        """
        while True:
            current = self._registry.current()
            if (
                current is None
                or current.generation != request.generation
                or current.state is not SwitchState.IMPORTING
            ):
                raise Superseded
            changed = change(current)
            if self._registry.replace(changed, expected=current):
                return changed
