"""An engine, the images of others, a clean clone, and in it everything of docker-compose.yml."""

import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.containers.engine import Engine, an_engine, what_is_missing
from tests.containers.images import (
    LAMBDA,
    Image,
    images_of_others,
    provide,
)
from tests.containers.system import System, clone, lambda_registry
from tests.e2e.conftest import browser, camera_picture, chromium
from tests.integration.conftest import samples

__all__ = ["browser", "camera_picture", "chromium", "samples"]

TOLD = pytest.StashKey[list[str]]()


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


@pytest.fixture(scope="session")
def images(engine: Engine, told: list[str]) -> list[Image]:
    """The images of others."""
    found = []
    for name in images_of_others():
        begun = time.monotonic()
        found.append(provide(engine, name))
        told.append(f"{found[-1]} ({time.monotonic() - begun:.0f} s)")
    return found


@pytest.fixture(scope="session")
def overrides(engine: Engine, images: list[Image]) -> Iterator[tuple[Path, ...]]:
    """Compose files that stand-ins need."""
    with ExitStack() as stack:
        real = next(image.public for image in images if image.name == LAMBDA)
        yield () if real else (stack.enter_context(lambda_registry(engine)),)


@pytest.fixture(scope="session")
def built(
    engine: Engine, overrides: tuple[Path, ...], told: list[str]
) -> tuple[Engine, Path, tuple[Path, ...]]:
    """A clean clone whose images are built."""
    folder = clone(engine.work / "clone")
    begun = time.monotonic()
    for profile in ("localstack", "ministack"):
        System.at_free_ports(engine, folder, profile, overrides).build()
    told.append(f"Our images: built in {time.monotonic() - begun:.0f} s")
    for image in ("smartscale/app:0.1.0", "smartscale/deployer:0.1.0"):
        size = int(engine.docker("inspect", "--format", "{{.Size}}", image))
        told.append(f"{image}: {size / 1e6:.0f} MB")
    return engine, folder, overrides


@pytest.fixture(scope="module", params=["localstack", "ministack"])
def system(
    request: pytest.FixtureRequest,
    built: tuple[Engine, Path, tuple[Path, ...]],
    told: list[str],
) -> Iterator[System]:
    """Everything of docker-compose.yml, up on one emulator and then on the other."""
    engine, folder, overrides = built
    profile = str(request.param)
    files = overrides if profile == "localstack" else ()
    running = System.at_free_ports(engine, folder, profile, files)
    begun = time.monotonic()
    try:
        running.up()
        told.append(f"{profile}: well after {time.monotonic() - begun:.0f} s")
        yield running
        told.append(f"{profile}: tried for {time.monotonic() - begun:.0f} s")
    finally:
        running.down(forget=True)
