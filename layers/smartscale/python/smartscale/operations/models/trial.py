"""Try a candidate model beside the active one: begin, count, promote, stop, or roll back."""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from smartscale.domain.errors import Conflict, InvalidInput, NotFound
from smartscale.domain.registry import BUILTIN, SwitchState
from smartscale.domain.trial import Limits, Mode, Tallies, Tally, Trial, TrialState
from smartscale.domain.weighing import ModelRef, Weighing
from smartscale.operations.learning.remember import Remember
from smartscale.operations.messages import WAKE_UP
from smartscale.operations.metrics.figures import candidate_metrics
from smartscale.operations.models.switch import ActivateModel, Loader
from smartscale.operations.ports.ledger import Ledger
from smartscale.operations.ports.metrics import Metric
from smartscale.operations.ports.models import Recogniser, Registry, Trials
from smartscale.operations.ports.queues import Queue
from smartscale.operations.weighing.recognise import RecognitionTask, outcome
from smartscale.recognition.package import PackageError
from smartscale.recognition.photo import ImageError

_SHADOW_S = 2.0
"""How long a batch's shadow may take, of the few seconds that the function has for a batch."""
_WAITED_MS = 2000
"""A weighing that waited this long in the queue means that shoppers are waiting."""
_log = logging.getLogger(__name__)


class ManageTrial:
    """The operator's side."""

    def __init__(
        self,
        trials: Trials,
        models: ActivateModel,
        ledger: Ledger,
        queue: Queue,
        now: Callable[[], datetime],
    ) -> None:
        self._trials = trials
        self._models = models
        self._ledger = ledger
        self._queue = queue
        self._now = now

    def current(self) -> Trial | None:
        """The last trial; None before the first."""
        return self._trials.current()

    def tallies(self, trial: Trial) -> Tallies:
        """How both models did in a trial."""
        return self._trials.tallies(trial.number)

    def begin(
        self, model_id: str, revision: str, mode: Mode, share: Decimal, limits: Limits
    ) -> Trial:
        """Try a package that is there beside the active one; a running trial ends by that.

        Raises:
            InvalidInput: there is no such package.
            Conflict: it serves already, or a switch is under way.
        """
        there = {package.ref: package.active for package in self._models.packages()}
        switch = self._models.current()
        ref = ModelRef(id=model_id, revision=revision)
        if model_id == BUILTIN:
            ref = next(one for one in there if one.id == BUILTIN)
        if ref not in there:
            names = ", ".join(f"{one.id}@{one.revision}" for one in there)
            raise InvalidInput(
                f"There is no package {model_id}@{revision}; there are: {names}. "
                "`smartscale model import` puts one here without serving it."
            )
        if there[ref]:
            raise Conflict(f"{ref.id} {ref.revision} serves already: try another one beside it.")
        if switch.state in {SwitchState.IMPORTING, SwitchState.SWITCHING}:
            raise Conflict(
                f"A switch to {switch.wanted.id} {switch.wanted.revision} is under way: "
                "wait until it has ended."
            )
        while True:
            last = self._last()
            if last is not None and last.running:
                self._end(last, TrialState.STOPPED, "Another trial was begun.")
                continue
            trial = Trial(
                number=1 if last is None else last.number + 1,
                model=ref,
                against=self._models.serving(),
                mode=mode,
                share=share,
                limits=limits,
                started_at=self._now(),
            )
            if self._ledger.record_trial(trial) != trial:
                continue  # another trial has this number, and goes into the table first
            self._trials.replace(trial, expected=last)
            self._queue.send(WAKE_UP)
            return trial

    def _last(self) -> Trial | None:
        """The last trial as the ledger knows it.

        A table that was just restored to an earlier day would give its number a second time.
        """
        stored = self._trials.current()
        later = (
            self._ledger.later_trial(0, ended=True)
            if stored is None
            else self._ledger.later_trial(stored.number, ended=not stored.running)
        )
        if later is None:
            return stored
        self._trials.replace(later, expected=stored)
        return self._trials.current()

    def promote(self) -> Trial:
        """Activate the candidate.

        Raises:
            Conflict: none is tried.
        """
        trial = self._running()
        self._models.activate(trial.model.id, trial.model.revision)
        return self._end(trial, TrialState.PROMOTED)

    def stop(self) -> Trial:
        """End the trial without activating the candidate.

        Raises:
            Conflict: none is tried.
        """
        trial = self._end(self._running(), TrialState.STOPPED)
        self._queue.send(WAKE_UP)
        return trial

    def _running(self) -> Trial:
        trial = self._last()
        if trial is None or not trial.running:
            raise Conflict("No candidate is tried just now.")
        return trial

    def _end(self, trial: Trial, state: TrialState, reason: str | None = None) -> Trial:
        """End a trial unless it has ended already; return its final state."""
        ended = trial.ended(state, self._now(), reason)
        if _end(self._trials, self._ledger, trial, ended):
            return ended
        return self._trials.current() or ended


class TryModel:
    """The worker's side: holds the candidate, asks it, counts, and takes it back."""

    def __init__(
        self,
        trials: Trials,
        registry: Registry,
        ledger: Ledger,
        loader: Loader,
        remember: Remember,
        now: Callable[[], datetime],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._trials = trials
        self._registry = registry
        self._ledger = ledger
        self._loader = loader
        self._remember = remember
        self._now = now
        self._clock = clock
        self._candidate: Recogniser | None = None
        self._memory = 0

    def begin(self, active: Recogniser, trial: Trial | None, memory: int) -> "TrialBatch | None":
        """What tries the candidate in the next batch; None where none is tried.

        Args:
            active: the model that serves.
            trial: the last trial.
            memory: the number of the memory's newest version.
        """
        self._memory = memory
        if trial is not None and trial.running and active.ref != trial.against:
            self._overtaken(trial, active.ref)
            trial = None
        if trial is None or not trial.running:
            self._candidate = None
            return None
        if self._candidate is not None and self._candidate.ref != trial.model:
            self._candidate = None
        canary = self.candidate(trial) if trial.mode is Mode.CANARY else None
        return TrialBatch(self, trial, canary, self._now, self._clock)

    def candidate(self, trial: Trial) -> Recogniser | None:
        """The loaded candidate, with the shop's memory; None where it cannot be loaded.

        A package that can never be loaded ends the trial; a store that is away does not.
        """
        try:
            candidate = self._candidate or self._loader.load(trial.model)
            self._remember.refresh(candidate, self._memory)
        except (PackageError, NotFound) as error:
            self.end(trial, TrialState.ROLLED_BACK, f"It cannot be loaded: {error}")
            return None
        except Exception:  # noqa: BLE001  the weighings go on without it, the next batch tries
            _log.exception("the candidate %s cannot be used now", trial.model)
            return None
        self._candidate = candidate
        return candidate

    def count(self, trial: Trial, tallies: Tallies) -> None:
        """Add what a batch has brought, and take the candidate back beyond its limits."""
        for summed in self._trials.add(trial.number, tallies, self._now()):
            if (reason := trial.verdict(summed.candidate)) is not None:
                self.end(trial, TrialState.ROLLED_BACK, reason)
                return

    def end(self, trial: Trial, state: TrialState, reason: str) -> None:
        """End a trial, unless somebody has."""
        self._candidate = None
        if _end(self._trials, self._ledger, trial, trial.ended(state, self._now(), reason)):
            _log.warning("the trial of %s ended as %s: %s", trial.model, state.value, reason)

    def _overtaken(self, trial: Trial, loaded: ModelRef) -> None:
        """The worker has another model loaded than the one the trial compares with."""
        switch = self._registry.current()
        if switch is not None and switch.state is SwitchState.SWITCHING:
            return  # a switch may still fail; then the trial goes on
        # The built-in package changes with the code, without a switch.
        serving = loaded if switch is None or switch.active.id == BUILTIN else switch.active
        if serving == trial.model:
            self.end(trial, TrialState.PROMOTED, "It serves now.")
        elif serving != trial.against:
            self.end(trial, TrialState.STOPPED, f"{serving.id} {serving.revision} serves now.")


@dataclass
class TrialBatch:
    """One batch of a trial."""

    owner: TryModel
    trial: Trial
    canary: Recogniser | None
    now: Callable[[], datetime]
    clock: Callable[[], float]
    tallies: Tallies = field(default_factory=Tallies)
    metrics: list[Metric] = field(default_factory=list)
    _shadowed: list[tuple[RecognitionTask, Weighing]] = field(default_factory=list)
    _failed: set[str] = field(default_factory=set)
    """The weighings that the canary did not answer."""

    def answer(self, task: RecognitionTask) -> Weighing | None:
        """The canary's answer for one of its scales; None where the active model has to answer.

        A weighing that is delivered again may have crashed the worker that asked the canary
        before, so the canary is not asked a second time.
        """
        if self.canary is None or not self.trial.answers_for(task.upload.scale_id):
            return None
        weighing = None if task.again else self._ask(self.canary, task)
        if weighing is None:
            self._failed.add(task.upload.job_id)
        return weighing

    def stored(self, task: RecognitionTask, weighing: Weighing) -> None:
        """Count an answer. This is called once per weighing, by the worker that stored it."""
        by_candidate = weighing.model == self.trial.model
        if self.trial.shadows(weighing.job_id):
            self._shadowed.append((task, weighing))
        elif self.trial.mode is Mode.CANARY:
            tally = _tally(weighing)
            if by_candidate:
                self._note(Tallies(candidate=tally), candidate_metrics(weighing))
            else:
                self._note(Tallies(active=tally), [])
                if weighing.job_id in self._failed:
                    self._note(Tallies(candidate=Tally(errors=1)), candidate_metrics(None))

    def finish(self) -> list[Metric]:
        """Ask the shadow, now that every outcome of the batch is stored, and count."""
        if self.trial.mode is Mode.SHADOW:
            self._shadow()
            self._shadowed.clear()  # the pictures
        if self.tallies != Tallies():
            self.owner.count(self.trial, self.tallies)
        return self.metrics

    def _shadow(self) -> None:
        if any(weighing.timings["queue_ms"] > _WAITED_MS for _, weighing in self._shadowed):
            self._note(Tallies(skipped=len(self._shadowed)), [])
            return
        candidate = self.owner.candidate(self.trial)
        if candidate is None:
            return
        began = self.clock()
        for task, weighing in self._shadowed:
            if self.clock() - began > _SHADOW_S:
                self._note(Tallies(skipped=1), [])
                continue
            answer = self._ask(candidate, task)
            if answer is None:
                errors = Tallies(active=_tally(weighing), candidate=Tally(errors=1))
                self._note(errors, candidate_metrics(None))
                continue
            same = answer.label == weighing.label
            both = Tallies(
                active=_tally(weighing), candidate=_tally(answer), compared=1, agreed=same
            )
            self._note(both, candidate_metrics(answer, agrees=same))

    def _ask(self, candidate: Recogniser, task: RecognitionTask) -> Weighing | None:
        """The candidate's answer; None for an error, which must not fail the weighing."""
        began = self.clock()
        try:
            weighing = outcome(task, candidate.recognise(task.image), candidate, self.now())
        except ImageError:
            _log.info("the candidate cannot use the picture of %s", task.upload.job_id)
            return None
        except Exception:  # noqa: BLE001  whatever its fault is, the active model answers
            _log.exception("the candidate %s failed", candidate.ref)
            return None
        spent = Decimal(round(1000 * (self.clock() - began)))
        return weighing.model_copy(update={"timings": {"inference_ms": spent}})

    def _note(self, tallies: Tallies, metrics: list[Metric]) -> None:
        self.tallies += tallies
        self.metrics += metrics


def _end(trials: Trials, ledger: Ledger, trial: Trial, ended: Trial) -> bool:
    """Record and store the end of a trial; False where another process has ended it."""
    recorded = ledger.record_trial(ended)
    trials.replace(recorded, expected=trial)
    return recorded == ended


def _tally(weighing: Weighing) -> Tally:
    return Tally.of_answer(
        weighing.confidence or Decimal(0),
        weighing.timings["inference_ms"],
        low=weighing.needs_confirmation,
    )
