"""TensorFlow is fetched when a model first needs it, from an index that is a folder here."""

import hashlib
import importlib.util
from pathlib import Path
from zipfile import ZipFile

import pytest

from functions.model_import.app import TENSORFLOW
from smartscale.adapters.converter import ConverterProcess
from smartscale.adapters.tensorflow_folder import TensorFlowFolder
from smartscale.domain.errors import ImportFailed
from smartscale.domain.registry import ImportHints, ImportProgress, ImportStep
from smartscale.domain.weighing import ModelRef
from smartscale.importing.order import ConversionOrder
from smartscale.importing.repository import Listing, RepositoryFile, choose_source


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the one package, and the requirements that name it; none is installed."""
    folder = tmp_path / "index"
    folder.mkdir()
    wheel = folder / "tensorflow-2.21.0-py3-none-any.whl"
    about = "tensorflow-2.21.0.dist-info"
    with ZipFile(wheel, "w") as archive:
        archive.writestr("tensorflow/__init__.py", "WHERE = __file__\n")
        archive.writestr(
            f"{about}/METADATA", "Metadata-Version: 2.1\nName: tensorflow\nVersion: 2.21.0\n"
        )
        archive.writestr(
            f"{about}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        archive.writestr(f"{about}/RECORD", "")
    digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
    requirements = tmp_path / "requirements.txt"
    requirements.write_text(f"tensorflow==2.21.0 --hash=sha256:{digest}\n", encoding="utf-8")
    monkeypatch.setenv("UV_NO_INDEX", "1")
    monkeypatch.setenv("UV_FIND_LINKS", str(folder))
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    return requirements


def test_it_is_fetched_once_and_says_so(index: Path, tmp_path: Path) -> None:
    said: list[ImportProgress] = []
    folder = TensorFlowFolder(tmp_path / "cache", index)

    first = folder.ready(said.append)

    assert first is not None
    assert (first / "tensorflow" / "__init__.py").exists()
    assert {progress.step for progress in said} == {ImportStep.PREPARING}
    assert "TensorFlow" in said[0].detail
    assert list((tmp_path / "cache").iterdir()) == [first], "nothing else is left"
    said.clear()
    assert folder.ready(said.append) == first
    assert not said


def test_the_process_that_converts_finds_it(
    index: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "converts.py").write_text(
        "import json, tensorflow; print(json.dumps({'refused': tensorflow.WHERE}))", "utf-8"
    )
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    cache = tmp_path / "cache"

    with pytest.raises(ImportFailed) as refused:
        ConverterProcess("converts", TensorFlowFolder(cache, index)).convert(
            _order(tmp_path), lambda _: None
        )

    assert str(refused.value).startswith(str(cache))


def test_without_a_network_one_sentence_says_what_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("UV_INDEX_URL", "http://127.0.0.1:1/simple")
    monkeypatch.setenv("UV_HTTP_RETRIES", "0")
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    cache = tmp_path / "cache"

    with pytest.raises(ImportFailed, match="connect this machine to the internet"):
        TensorFlowFolder(cache, TENSORFLOW).ready(lambda _: None)

    assert list(cache.iterdir()) == []


def _order(folder: Path) -> ConversionOrder:
    files = (RepositoryFile(name="model.keras", size=1),)
    return ConversionOrder(
        ref=ModelRef(id="them/model", revision="c" * 40),
        commit="c" * 40,
        source=choose_source(Listing(commit="c" * 40, files=files)),
        repository=folder,
        package=folder,
        hints=ImportHints(),
        samples=folder,
    )
