"""What the campaign against a whole run needs: bounds, a run, and a place for what it measured."""

import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType

import pytest

from tests.running import Run

LIMIT_S = 20 * 60
TOKEN = "a-token-for-tests"
MEASURED = pytest.StashKey[list[str]]()


@pytest.fixture(scope="session", autouse=True)
def bounded(pytestconfig: pytest.Config) -> Iterator[None]:
    """`make chaos` takes 20 minutes at most, whatever hangs."""
    if "not chaos" in pytestconfig.option.markexpr or not hasattr(signal, "SIGALRM"):
        yield
        return

    def over(_signal: int, _frame: FrameType | None) -> None:
        pytest.exit(f"The campaign took longer than {LIMIT_S // 60} minutes", returncode=1)

    former = signal.signal(signal.SIGALRM, over)
    signal.alarm(int(os.environ.get("CHAOS_LIMIT_S", LIMIT_S)))
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, former)


@pytest.fixture
def measured(pytestconfig: pytest.Config) -> Callable[[str], None]:
    """Keep a line of what was measured for the end of the output."""
    return pytestconfig.stash.setdefault(MEASURED, []).append


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """Say what was measured."""
    if lines := config.stash.get(MEASURED, []):
        terminalreporter.section("measured")
        for line in lines:
            terminalreporter.write_line(line)


@pytest.fixture(scope="module")
def started(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    """A whole run, in a home of its own."""
    home: Path = tmp_path_factory.mktemp("chaos") / "home"
    run = Run(home, ADMIN_TOKEN=TOKEN)
    run.start()
    yield run
    run.end()
