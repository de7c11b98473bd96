"""A candidate beside the active model: it answers when it may, is counted once, and is taken back
when it does badly. Whatever it does, every weighing has its outcome."""

from collections.abc import Callable
from decimal import Decimal

import pytest

from smartscale.domain.errors import Conflict, InvalidInput
from smartscale.domain.prediction import Scored
from smartscale.domain.registry import SwitchState
from smartscale.domain.trial import Limits, Mode, Tallies, Trial, TrialState
from smartscale.domain.upload import upload_key
from smartscale.domain.weighing import ModelRef, Status, Weighing
from smartscale.operations.learning.remember import Remember
from smartscale.operations.messages import WAKE_UP, Arrival
from smartscale.operations.models.switch import ActivateModel, ActiveModel, Loader
from smartscale.operations.models.trial import ManageTrial, TryModel
from smartscale.operations.ports.metrics import Metric
from smartscale.operations.weighing.recognise import Recognise
from smartscale.recognition.package import PackageError
from smartscale.recognition.photo import CorruptImage
from tests.examples import scores
from tests.fakes import FakePackages, FakeQueue, FakeRecogniser
from tests.shop import Shop

BUILTIN = ModelRef(id="builtin", revision="1")
MODEL = ModelRef(id="them/vgg", revision="a1")
OTHER = ModelRef(id="them/other", revision="b2")
ALL = Decimal(1)


class Candidate(FakeRecogniser):
    """Answers lemons; a test may let something happen first."""

    def __init__(self) -> None:
        super().__init__(MODEL, answer=scores(Lemon=0.95, Banana=0.05))
        self.before: Callable[[], None] = lambda: None

    def recognise(self, image: bytes) -> list[Scored]:
        self.before()
        return super().recognise(image)


class Site(Shop):
    """A shop whose operator tries models, and its workers."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.candidate = Candidate()
        self.loads: list[ModelRef] = []
        self.packages = FakePackages([MODEL, OTHER])
        self.broken: set[ModelRef] = set()
        self.models = ActivateModel(
            self.registry,
            self.packages,
            self.ledger,
            self.queue,
            FakeQueue(),
            BUILTIN,
            self.clock,
        )
        self.manage = ManageTrial(self.trials, self.models, self.ledger, self.queue, self.clock)
        self.batch = self.worker()

    def worker(self) -> Callable[..., list[Metric]]:
        """A worker; calling it with job ids is a batch."""
        loader = Loader(self.packages, lambda: self.recogniser, lambda ref, _: self._load(ref))
        serve = ActiveModel("worker", self.registry, loader, self.clock)
        trying = TryModel(
            self.trials,
            self.registry,
            self.ledger,
            loader,
            Remember(self.memories),
            self.clock,
            lambda: self.clock().timestamp(),
        )

        def batch(*job_ids: str, again: bool = False) -> list[Metric]:
            operation = Recognise(
                self.uploads,
                self.ledger,
                self.weighings,
                self.announce,
                self.clock,
            )
            active = serve.refresh(self.registry.current())
            newest = self.memories.newest()
            memory = 0 if newest is None else newest.number
            trial = trying.begin(active, self.trials.current(), memory)
            catalogue, told = self.catalogue.all(), []
            for job_id in job_ids:
                arrival = Arrival(upload_key(job_id), again=again)
                told += operation.process(arrival, active, catalogue, trial)
            return told + (trial.finish() if trial else [])

        return batch

    def _load(self, ref: ModelRef) -> FakeRecogniser:
        self.loads.append(ref)
        if ref in self.broken:
            raise PackageError("sha256 of model.tflite differs")
        return self.candidate if ref == MODEL else FakeRecogniser(ref)

    def tries(self, mode: Mode, share: Decimal = ALL, **limits: object) -> Trial:
        return self.manage.begin(
            MODEL.id, MODEL.revision, mode, share, Limits.model_validate(limits)
        )

    def weigh(
        self, count: int = 1, scale: str = "till-1", *, again: bool = False
    ) -> list[Weighing]:
        ids = [self.upload({"weight-kg": "1.000", "scale-id": scale}) for _ in range(count)]
        self.batch(*ids, again=again)
        return [self.weighings.rows[job_id] for job_id in ids]

    @property
    def tallies(self) -> Tallies:
        return self.manage.tallies(self.trial)

    @property
    def trial(self) -> Trial:
        assert self.trials.trial is not None
        return self.trials.trial

    def breaks(self, error: Exception) -> None:
        def fail() -> None:
            raise error

        self.candidate.before = fail


@pytest.fixture
def site() -> Site:
    return Site()


# ---------------------------------------------------------------------- shadow


def test_a_shadow_is_counted_and_changes_nothing(site: Site) -> None:
    site.tries(Mode.SHADOW)
    job_id = site.upload()
    told = site.batch(job_id)
    weighing = site.weighings.rows[job_id]
    assert (weighing.model, weighing.label, weighing.price) == (BUILTIN, "Banana", Decimal("2.00"))
    tallies = site.tallies
    assert (tallies.compared, tallies.agreed) == (1, 0)
    assert (tallies.active.confidence, tallies.candidate.confidence) == (
        Decimal("0.9"),
        Decimal("0.95"),
    )
    assert {metric.name: metric.value for metric in told if "Candidate" in metric.name} == {
        "CandidateErrors": 0,
        "CandidateConfidence": 0.95,
        "CandidateLatency": 0,
        "CandidateLowConfidence": 0,
        "CandidateAgreement": 0,
    }


def test_a_shadow_is_asked_after_every_outcome_of_the_batch_is_stored(site: Site) -> None:
    site.tries(Mode.SHADOW)
    stored: list[int] = []
    site.candidate.before = lambda: stored.append(len(site.weighings.rows))
    site.weigh(3)
    assert stored == [3, 3, 3]


def test_a_shadow_that_fails_is_an_error_and_nothing_else(site: Site) -> None:
    site.tries(Mode.SHADOW)
    site.breaks(MemoryError("no more"))
    [weighing] = site.weigh()
    assert (weighing.status, weighing.label) == (Status.DONE, "Banana")
    assert (site.tallies.candidate.errors, site.tallies.compared) == (1, 0)


def test_a_shadow_whose_scores_make_no_sense_is_an_error(site: Site) -> None:
    site.tries(Mode.SHADOW)
    site.candidate.answer = [Scored("Lemon", Decimal("NaN")), Scored("Banana", Decimal("NaN"))]
    site.weigh()
    assert site.tallies.candidate.errors == 1


def test_a_shadow_of_a_share_answers_the_same_share_everywhere(site: Site) -> None:
    trial = site.tries(Mode.SHADOW, Decimal("0.5"))
    weighings = site.weigh(40)
    assert site.tallies.compared == sum(trial.shadows(one.job_id) for one in weighings)
    assert 0 < site.tallies.compared < 40


def test_a_shadow_is_not_asked_while_shoppers_wait(site: Site) -> None:
    site.tries(Mode.SHADOW)
    job_id = site.upload()
    site.clock.advance(seconds=3)
    site.batch(job_id)
    assert (site.tallies.compared, site.tallies.skipped) == (0, 1)
    assert site.candidate.seen == []


def test_a_slow_shadow_gives_a_batch_back_in_time(site: Site) -> None:
    site.tries(Mode.SHADOW)
    site.candidate.before = lambda: site.clock.advance(seconds=2)
    site.weigh(10)
    assert (site.tallies.compared, site.tallies.skipped) == (2, 8)
    assert site.tallies.candidate.mean_latency_ms == 2000


# ---------------------------------------------------------------------- canary


def test_a_canary_answers_for_its_scales_and_says_so(site: Site) -> None:
    trial = site.tries(Mode.CANARY, Decimal("0.5"))
    scales = [f"till-{n}" for n in range(12)]
    chosen = [scale for scale in scales if trial.answers_for(scale)]
    assert 0 < len(chosen) < 12
    for _ in range(2):
        for scale in scales:
            [weighing] = site.weigh(scale=scale)
            expected = (MODEL, "Lemon") if scale in chosen else (BUILTIN, "Banana")
            assert (weighing.model, weighing.label) == expected
    tallies = site.tallies
    assert tallies.candidate.answers == 2 * len(chosen)
    assert tallies.active.answers == 2 * (12 - len(chosen))
    assert site.ledger.events[weighing.job_id, "done"] == weighing


@pytest.mark.parametrize("error", [RuntimeError("broken"), CorruptImage("no picture")])
def test_where_a_canary_fails_the_active_model_answers(site: Site, error: Exception) -> None:
    site.tries(Mode.CANARY)
    site.breaks(error)
    [weighing] = site.weigh()
    assert (weighing.model, weighing.label) == (BUILTIN, "Banana")
    assert (site.tallies.candidate.errors, site.tallies.active.answers) == (1, 1)


def test_a_canary_that_took_its_worker_along_is_not_asked_again(site: Site) -> None:
    site.tries(Mode.CANARY)
    [weighing] = site.weigh(again=True)
    assert weighing.model == BUILTIN
    assert (site.candidate.seen, site.tallies.candidate.errors) == ([], 1)


def test_an_answer_that_the_ledger_has_already_is_the_canarys_own(site: Site) -> None:
    site.tries(Mode.CANARY)
    [weighing] = site.weigh()
    del site.weighings.rows[weighing.job_id]  # the worker ended between the ledger and the table
    site.batch(weighing.job_id, again=True)
    assert site.weighings.rows[weighing.job_id] == weighing
    assert site.tallies.candidate.errors == 0


@pytest.mark.parametrize("mode", Mode)
def test_the_same_event_twice_counts_once(site: Site, mode: Mode) -> None:
    site.tries(mode)
    job_id = site.upload()
    for _ in range(3):
        site.batch(job_id, job_id)
    assert site.tallies.candidate.asked == 1


def test_the_tallies_of_all_workers_add_up_and_outlive_them(site: Site) -> None:
    site.tries(Mode.SHADOW)
    for _ in range(3):
        site.worker()(*[site.upload() for _ in range(4)])
    assert site.tallies.compared == 12


# ---------------------------------------------------------------------- its end


def test_a_candidate_with_too_many_errors_is_taken_back(site: Site) -> None:
    site.tries(Mode.CANARY, minimum_answers=5)
    site.breaks(RuntimeError("broken"))
    site.weigh(4)
    assert site.trial.running
    site.weigh(1)
    assert site.trial.state is TrialState.ROLLED_BACK
    assert site.trial.reason == "100 % errors in 5 weighings; the limit is 5 %."
    assert site.ledger.trials[-1] == site.trial
    before = site.tallies
    assert site.weigh()[0].model == BUILTIN
    assert site.tallies == before


def test_a_candidate_that_begins_to_fail_late_is_taken_back_soon(site: Site) -> None:
    site.tries(Mode.CANARY, minimum_answers=5)
    site.weigh(200)
    site.clock.advance(hours=1)
    site.breaks(RuntimeError("broken"))
    site.weigh(5)
    assert site.trial.state is TrialState.ROLLED_BACK
    assert site.trial.reason == "100 % errors in 5 weighings; the limit is 5 %."


def test_a_candidate_that_is_never_sure_is_taken_back(site: Site) -> None:
    site.tries(Mode.CANARY, minimum_answers=3)
    site.candidate.answer = scores(Papaya=0.99, Banana=0.01)
    weighings = site.weigh(3)
    assert {one.label for one in weighings} == {"Banana"}, "papayas are not sold here"
    assert all(one.needs_confirmation for one in weighings)
    assert site.trial.state is TrialState.ROLLED_BACK
    assert "low confidence" in str(site.trial.reason)


@pytest.mark.parametrize("mode", Mode)
def test_a_package_that_does_not_verify_answers_nothing(site: Site, mode: Mode) -> None:
    site.broken.add(MODEL)
    site.tries(mode)
    assert {one.model for one in site.weigh(2)} == {BUILTIN}
    assert site.trial.state is TrialState.ROLLED_BACK
    assert "sha256" in str(site.trial.reason)


def test_a_candidate_that_cannot_be_used_now_is_tried_by_the_next_batch(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    site.tries(Mode.CANARY)
    with monkeypatch.context() as patch:
        patch.setattr(site, "_load", lambda _ref: 1 / 0)
        assert site.weigh()[0].model == BUILTIN
    assert site.trial.running
    assert site.weigh()[0].model == MODEL


def test_taking_over_serves_the_candidate_without_loading_it_again(site: Site) -> None:
    site.tries(Mode.CANARY)
    site.weigh()
    assert site.manage.promote().state is TrialState.PROMOTED
    assert site.weigh()[0].model == MODEL
    assert site.models.current().active == MODEL
    assert site.models.current().state is SwitchState.ACTIVE
    assert (site.loads, site.trial.state) == ([MODEL], TrialState.PROMOTED)
    with pytest.raises(Conflict, match="No candidate"):
        site.manage.promote()


def test_a_candidate_that_is_stopped_is_asked_no_more(site: Site) -> None:
    site.tries(Mode.CANARY)
    site.weigh()
    assert site.manage.stop().state is TrialState.STOPPED
    assert site.weigh()[0].model == BUILTIN
    with pytest.raises(Conflict, match="No candidate"):
        site.manage.stop()


@pytest.mark.parametrize(("serves", "state"), [(MODEL, "promoted"), (OTHER, "stopped")])
def test_another_model_that_serves_ends_the_trial(site: Site, serves: ModelRef, state: str) -> None:
    site.tries(Mode.CANARY)
    site.models.activate(serves.id, serves.revision)
    assert site.weigh()[0].model == serves
    assert site.trial.state.value == state


def test_a_switch_that_fails_does_not_end_the_trial(site: Site) -> None:
    site.tries(Mode.SHADOW)
    site.broken.add(OTHER)
    site.models.activate(OTHER.id, OTHER.revision)
    site.weigh(2)
    assert (site.trial.running, site.tallies.compared) == (True, 2)


def test_a_trial_replaces_the_one_before_and_counts_from_nothing(site: Site) -> None:
    first = site.tries(Mode.SHADOW)
    site.weigh(2)
    second = site.tries(Mode.CANARY)
    assert (first.number, second.number) == (1, 2)
    assert site.tallies == Tallies()
    assert [trial.state for trial in site.ledger.trials] == ["running", "stopped", "running"]
    assert site.queue.messages == [(WAKE_UP, None)] * 2


def test_what_cannot_be_tried_is_told(site: Site) -> None:
    with pytest.raises(InvalidInput, match="there are: builtin@1, them/vgg@a1"):
        site.manage.begin("them/vgg", "main", Mode.SHADOW, ALL, Limits())
    with pytest.raises(Conflict, match="serves already"):
        site.manage.begin("builtin", "main", Mode.SHADOW, ALL, Limits())
    site.models.activate(OTHER.id, "main")
    with pytest.raises(Conflict, match="under way"):
        site.tries(Mode.SHADOW)
    assert site.trials.trial is None


def test_the_built_in_model_can_be_the_candidate(site: Site) -> None:
    site.models.activate(MODEL.id, MODEL.revision)
    site.weigh()
    site.manage.begin("builtin", "main", Mode.CANARY, ALL, Limits())
    assert site.weigh()[0].model == BUILTIN


def test_a_lost_trial_is_restored_from_the_ledger(site: Site) -> None:
    site.tries(Mode.SHADOW)
    running = site.trial
    site.trials.trial = None
    assert site.reconcile().run().trial_restored
    assert site.trials.trial == running
    site.manage.stop()
    stopped, site.trials.trial = site.trials.trial, running
    assert site.reconcile().run().trial_restored
    assert site.trials.trial == stopped
    assert not site.reconcile().run().trial_restored
