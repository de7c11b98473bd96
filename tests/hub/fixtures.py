"""The repositories made by `tests.hub.make_models`, and a hub that serves them."""

import fcntl
import importlib.util
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from infra.settings import ROOT
from tests.hub.server import StandInHub


@pytest.fixture(scope="session")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a repository's files in each of its folders; nobody writes there.

    All processes that share the tests have one: whichever comes first makes it.
    """
    if importlib.util.find_spec("tf_keras") is None:
        pytest.skip("TensorFlow is not installed: `make tensorflow`")
    own = tmp_path_factory.getbasetemp()
    shared = own.parent if "PYTEST_XDIST_WORKER" in os.environ else own
    folder, new = shared / "models", shared / "models.new"
    with (shared / "models.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.exists():
            made = subprocess.run(
                [sys.executable, "-m", "tests.hub.make_models", str(new)],
                cwd=ROOT,
                capture_output=True,
                text=True,
                check=False,
            )
            assert made.returncode == 0, made.stderr[-3000:]
            new.rename(folder)
    return folder


@pytest.fixture
def hub() -> Iterator[StandInHub]:
    """A hub that is there, with nothing on it."""
    it = StandInHub()
    it.start()
    yield it
    it.stop()
