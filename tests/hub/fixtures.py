"""The repositories made by `tests.hub.make_models`, and a hub that serves them."""

import importlib.util
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from infra.settings import ROOT
from tests.hub.server import StandInHub


@pytest.fixture(scope="session")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a repository's files in each of its folders."""
    if importlib.util.find_spec("tf_keras") is None:
        pytest.skip("TensorFlow is not installed: `make tensorflow`")
    folder = tmp_path_factory.mktemp("models")
    made = subprocess.run(
        [sys.executable, "-m", "tests.hub.make_models", str(folder)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert made.returncode == 0, made.stderr[-3000:]
    return folder


@pytest.fixture
def hub() -> Iterator[StandInHub]:
    """A hub that is there, with nothing on it."""
    it = StandInHub()
    it.start()
    yield it
    it.stop()
