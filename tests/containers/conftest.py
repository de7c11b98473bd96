"""An engine, the images of others, a clean clone, and in it everything of docker-compose.yml.

What can be done at the same time is: images are made together, and both emulators come up together.
"""

import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest

from tests.conftest import Deployed
from tests.containers.engine import Engine, an_engine, what_is_missing
from tests.containers.images import (
    LAMBDA,
    PYTHON,
    Image,
    images_of_others,
    provide,
)
from tests.containers.system import BUILT, System, asked_often, clone, lambda_registry
from tests.e2e.conftest import browser, camera_picture, chromium, headless
from tests.flow import Flow
from tests.integration.conftest import Api, samples
from tests.sam.conftest import Gateway
from tests.support import eventually

__all__ = ["browser", "camera_picture", "chromium", "headless", "samples"]

TOLD = pytest.StashKey[list[str]]()
PROFILES = ("localstack", "ministack")
TOKEN, ROTATED = "changeme", "a-rotated-token"


@pytest.fixture(scope="session")
def told(pytestconfig: pytest.Config) -> list[str]:
    """Lines for the end of the output."""
    return pytestconfig.stash.setdefault(TOLD, [])


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """Tell which images were real, and what took how long."""
    for line in config.stash.get(TOLD, []):
        terminalreporter.write_line(line)


@pytest.fixture(scope="session")
def engine(told: list[str]) -> Iterator[Engine]:
    """A Docker engine; without one nothing can be tried."""
    missing = what_is_missing()
    if missing is not None:
        pytest.exit(missing, returncode=1)
    with an_engine() as found:
        told.append("Engine: " + ("one of our own" if found.own else "the one that runs here"))
        yield found


def together(calls: Iterable[Callable[[], object]]) -> None:
    """Call all of them at once; the first error is raised, and the others are not waited for."""
    pool = ThreadPoolExecutor(8)
    try:
        for begun in [pool.submit(call) for call in calls]:
            begun.result()
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


@contextmanager
def timed(told: list[str], what: str) -> Iterator[None]:
    """Tell how long something took."""
    begun = time.monotonic()
    yield
    told.append(f"{what}: {time.monotonic() - begun:.0f} s")


@pytest.fixture(scope="session")
def built(engine: Engine, told: list[str]) -> Iterator[list[System]]:
    """A clean clone whose images are built, with both emulators, of which none runs yet."""
    folder = clone(engine.work / "clone")
    images: dict[str, Image] = {}

    def have(name: str) -> None:
        with timed(told, name):
            images[name] = provide(engine, name)

    plain = System.at_free_ports(engine, folder, "localstack", ())
    with timed(told, "All images"):
        have(PYTHON)  # of which the others are made
        together(
            [
                *(partial(have, name) for name in images_of_others() if name != PYTHON),
                *(partial(build, plain, name, told) for name in BUILT),
            ]
        )
    told += [str(image) for image in images.values()]
    for name in ("smartscale/app:0.1.0", "smartscale/deployer:0.1.0"):
        size = int(engine.docker("inspect", "--format", "{{.Size}}", name))
        told.append(f"{name}: {size / 1e6:.0f} MB")
    with ExitStack() as stack:
        overrides: tuple[Path, ...] = (asked_often(engine.work),)
        if not images[LAMBDA].public:
            overrides += (stack.enter_context(lambda_registry(engine)),)
        yield [System.at_free_ports(engine, folder, name, overrides) for name in PROFILES]


def build(system: System, service: str, told: list[str]) -> None:
    """Build the image of a service, and tell how long that took."""
    with timed(told, f"image of {service}"):
        system.build(service)


@pytest.fixture(scope="session")
def systems(built: list[System], told: list[str]) -> Iterator[dict[str, System]]:
    """Everything of docker-compose.yml, up on both emulators."""

    def up(system: System) -> None:
        with timed(told, f"{system.profile}, until it is well"):
            system.up()

    try:
        together([partial(up, system) for system in built])
        yield {system.profile: system for system in built}
    finally:
        for system in built:
            system.down(forget=True)


@dataclass(frozen=True)
class Reached:
    """A stack, and clients of it: making them takes a while."""

    stack: Deployed
    api: Api
    admin: Api


@pytest.fixture(scope="session")
def reached(systems: dict[str, System]) -> dict[str, Reached]:
    """The stacks in the emulators."""

    def reach(stack: Deployed) -> Reached:
        api, admin = Gateway(stack), Gateway(stack)
        admin.headers["X-Admin-Token"] = TOKEN
        return Reached(stack, api, admin)

    return {profile: reach(system.deployed()) for profile, system in systems.items()}


@pytest.fixture(params=PROFILES)
def system(request: pytest.FixtureRequest, systems: dict[str, System]) -> System:
    """It on one emulator, and then on the other."""
    return systems[str(request.param)]


@pytest.fixture(scope="session")
def next_version(systems: dict[str, System], told: list[str]) -> str:
    """The images of a version after the one that runs; the version."""
    system = systems["localstack"]
    before = system.version()
    source = system.folder / "layers/smartscale/python/smartscale/__init__.py"
    text = source.read_text(encoding="utf-8")
    source.write_text(text.replace(f'"{before}"', f'"{before}.1"'), encoding="utf-8")
    with timed(told, "All images of new code"):
        together([partial(build, system, name, told) for name in BUILT])
    return f"{before}.1"


@pytest.fixture(scope="session")
def rotated(systems: dict[str, System], told: list[str]) -> None:
    """Another admin token is deployed, on both."""
    for system in systems.values():
        system.variables["ADMIN_TOKEN"] = ROTATED
    with timed(told, "A changed setting"):
        together([system.up for system in systems.values()])


@dataclass(frozen=True)
class Upgrade:
    """What went on while new code was deployed."""

    version: str
    sent: list[str]
    """The weighings that were dropped into the bucket meanwhile."""


@pytest.fixture(scope="session")
def upgraded(
    systems: dict[str, System],
    reached: dict[str, Reached],
    next_version: str,
    samples: dict[str, bytes],
    told: list[str],
) -> dict[str, Upgrade]:
    """The next version is deployed while messages flow, on both."""
    found: dict[str, Upgrade] = {}

    def upgrade(system: System) -> None:
        one = reached[system.profile]
        assert system.version() != next_version
        with Flow(one.stack, samples["Banana"]) as dropped:
            system.up()
            eventually(lambda: one.api.get("/health").json()["version"] == next_version, 120)
        found[system.profile] = Upgrade(next_version, dropped.sent)

    with timed(told, "New code"):
        together([partial(upgrade, system) for system in systems.values()])
    return found


@pytest.fixture(scope="session")
def taken_down(systems: dict[str, System], told: list[str]) -> None:
    """Both are taken down as the guide says, with their state."""
    with timed(told, "down --volumes"):
        together([partial(system.down, forget=True) for system in systems.values()])
