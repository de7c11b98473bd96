"""Models change between two batches, and a bad one never replaces one that works."""

from collections.abc import Callable
from pathlib import Path

import pytest

from smartscale.domain.errors import Conflict, InvalidInput
from smartscale.domain.registry import ImportHints, SwitchState
from smartscale.domain.weighing import ModelRef
from smartscale.operations.messages import WAKE_UP
from smartscale.operations.models.switch import ActivateModel, ActiveModel, Loader
from smartscale.recognition.package import PackageError
from tests.fakes import Clock, FakeLedger, FakePackages, FakeQueue, FakeRecogniser, FakeRegistry

BUILTIN = ModelRef(id="builtin", revision="1")
GOOD = ModelRef(id="them/good", revision="a1")
BROKEN = ModelRef(id="them/broken", revision="b2")


class Site:
    """A registry, packages, the operator's request, and workers."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.registry = FakeRegistry()
        self.packages = FakePackages([GOOD, BROKEN])
        self.queue = FakeQueue()
        self.imports = FakeQueue()
        self.loads: list[ModelRef] = []
        self.operator = ActivateModel(
            self.registry,
            self.packages,
            FakeLedger(),
            self.queue,
            self.imports,
            BUILTIN,
            self.clock,
        )
        self.activate = self.operator.activate

    def worker(self, name: str = "worker-1") -> Callable[[], ModelRef]:
        """A worker; calling it is a batch, and gives the model that answers it."""
        serve = ActiveModel(
            name,
            self.registry,
            Loader(self.packages, lambda: self._load(BUILTIN), lambda ref, _: self._load(ref)),
            self.clock,
        )
        return lambda: serve.refresh(self.registry.current()).ref

    def _load(self, ref: ModelRef, _folder: Path | None = None) -> FakeRecogniser:
        self.loads.append(ref)
        if ref == BROKEN:
            raise PackageError("sha256 of model.tflite differs")
        return FakeRecogniser(ref)


@pytest.fixture
def site() -> Site:
    return Site()


def test_without_a_wish_the_built_in_model_serves_and_is_loaded_once(site: Site) -> None:
    batch = site.worker()
    assert [batch(), batch()] == [BUILTIN, BUILTIN]
    assert site.loads == [BUILTIN]


def test_a_wish_is_served_from_the_next_batch_on(site: Site) -> None:
    batch = site.worker()
    assert batch() == BUILTIN
    assert site.activate("them/good", "a1").state is SwitchState.SWITCHING
    assert [batch(), batch()] == [GOOD, GOOD]
    assert site.registry.switch is not None
    assert site.registry.switch.state is SwitchState.ACTIVE
    assert site.registry.switch.active == GOOD
    assert site.loads == [BUILTIN, GOOD]
    assert site.queue.messages == [(WAKE_UP, None)]


def test_a_package_that_does_not_verify_replaces_nothing(site: Site) -> None:
    batch = site.worker()
    site.activate("them/good", "a1")
    batch()
    site.activate("them/broken", "b2")
    assert [batch(), batch()] == [GOOD, GOOD]
    switch = site.registry.switch
    assert switch is not None
    assert (switch.state, switch.active) == (SwitchState.FAILED, GOOD)
    assert "sha256" in str(switch.error)
    assert site.worker("worker-2")() == GOOD, "a new worker serves the last one that works"
    assert site.loads.count(BROKEN) == 1


def test_a_worker_that_starts_during_a_bad_switch_serves_the_active_model(site: Site) -> None:
    site.activate("them/broken", "b2")
    assert site.worker()() == BUILTIN


def test_the_last_wish_wins(site: Site) -> None:
    batch = site.worker()
    site.activate("them/broken", "b2")
    site.activate("them/good", "a1")
    assert batch() == GOOD
    site.activate("builtin", "main")
    assert batch() == BUILTIN


def test_a_model_that_is_not_there_is_imported_while_the_active_one_serves(site: Site) -> None:
    batch = site.worker()
    assert site.activate("them/good", "main").state is SwitchState.IMPORTING
    assert (site.imports.messages, site.queue.messages) == ([(WAKE_UP, None)], [])
    assert [batch(), site.worker("worker-2")()] == [BUILTIN, BUILTIN]
    assert site.registry.switch is not None
    site.registry.switch = site.registry.switch.imported(GOOD, site.clock())
    assert batch() == GOOD
    assert site.registry.switch.state is SwitchState.ACTIVE


def test_what_the_operator_says_of_a_model_is_kept_until_it_is_imported(site: Site) -> None:
    hints = ImportHints(labels=("Apple", "Pear"), preprocessing="caffe")
    assert site.activate("them/good", "a1", hints).hints == hints
    assert site.registry.switch is not None
    assert site.registry.switch.state is SwitchState.IMPORTING
    assert site.activate("them/good", "a1").hints is None


@pytest.mark.parametrize(
    ("model_id", "revision"),
    [("../etc", "main"), ("a/b/c", "main"), ("", "main"), ("a/b", ".."), ("a/b", "x y")],
)
def test_what_no_repository_is_called_is_refused(site: Site, model_id: str, revision: str) -> None:
    with pytest.raises(InvalidInput):
        site.activate(model_id, revision)
    assert site.registry.switch is None


def test_workers_tell_what_they_have_loaded(site: Site) -> None:
    site.worker("worker-1")()
    site.activate("them/good", "a1")
    site.worker("worker-2")()
    assert {r.worker: r.model for r in site.registry.workers()} == {
        "worker-1": BUILTIN,
        "worker-2": GOOD,
    }


def test_going_back_serves_what_served_before(site: Site) -> None:
    batch = site.worker()
    with pytest.raises(Conflict, match="nothing to go back to"):
        site.operator.roll_back()
    site.activate(GOOD.id, GOOD.revision)
    assert batch() == GOOD
    site.activate(BROKEN.id, BROKEN.revision)
    assert batch() == GOOD, "a model that failed is not one to go back to"

    site.operator.roll_back()
    assert batch() == BUILTIN
    site.operator.roll_back()
    assert batch() == GOOD
    states = {one.ref: (one.active, one.previous) for one in site.operator.packages()}
    assert states == {BUILTIN: (False, True), GOOD: (True, False), BROKEN: (False, False)}


def test_a_package_that_is_gone_cannot_be_gone_back_to(site: Site) -> None:
    batch = site.worker()
    site.activate(GOOD.id, GOOD.revision)
    batch()
    site.activate(BUILTIN.id, "main")
    batch()
    site.packages.refs.remove(GOOD)
    with pytest.raises(Conflict, match="is gone"):
        site.operator.roll_back()


def test_a_wish_that_nobody_can_fulfil_is_refused(site: Site) -> None:
    operator = ActivateModel(
        site.registry, site.packages, FakeLedger(), site.queue, None, BUILTIN, site.clock
    )
    with pytest.raises(InvalidInput, match="smartscale model import"):
        operator.activate("them/new", "main")
    assert site.registry.switch is None
    operator.activate(GOOD.id, GOOD.revision)
    assert site.worker()() == GOOD


def test_the_memory_of_a_model_that_is_gone_is_given_back_once(site: Site) -> None:
    given: list[int] = []
    loader = Loader(
        site.packages,
        lambda: FakeRecogniser(BUILTIN),
        lambda ref, _: FakeRecogniser(ref),
        lambda: given.append(1),
    )
    serve = ActiveModel("worker", site.registry, loader, site.clock)
    for wanted in (BUILTIN, GOOD, GOOD, BUILTIN):
        site.activate(wanted.id, wanted.revision)
        assert serve.refresh(site.registry.current()).ref == wanted
        loader.tidy()
    assert len(given) == 2
