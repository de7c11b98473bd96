"""A package is used only if it is exactly what its description says."""

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from smartscale.recognition.package import (
    DESCRIPTION_FILE,
    LABELS_FILE,
    MODEL_FILE,
    ModelPackage,
    PackageError,
    load_package,
    write_package,
)
from smartscale.recognition.preprocessing import Preprocessing

NETWORK = b"not a network, but bytes are all that matters here"


@pytest.fixture
def package(tmp_path: Path) -> ModelPackage:
    described = ModelPackage(
        model_id="maker/fruit",
        revision="1.0",
        labels=("Banana", "Orange", "unknown", "empty"),
        preprocessing=Preprocessing(size=224, channels="bgr", mirrored_view=True),
        folder=tmp_path / "package",
        output="probabilities",
        temperature=0.7,
        confirm=0.85,
        source={"data": ["photos"]},
        licence="MIT",
        evaluation={"top1": 0.9},
    )
    return write_package(described, NETWORK, {"README.md": "# Card\n"})


def change_description(folder: Path, change: Callable[[dict[str, Any]], object]) -> None:
    path = folder / DESCRIPTION_FILE
    description = json.loads(path.read_text())
    change(description)
    path.write_text(json.dumps(description))


def test_what_was_written_is_what_is_loaded(package: ModelPackage) -> None:
    loaded = load_package(package.folder)

    assert loaded == package
    assert loaded.input_size == 224
    assert loaded.thresholds == {"confirm": 0.85}
    assert loaded.model_path.read_bytes() == NETWORK


@pytest.mark.parametrize("name", [MODEL_FILE, LABELS_FILE, "README.md"])
def test_an_altered_file_is_found(package: ModelPackage, name: str) -> None:
    path = package.folder / name
    path.write_bytes(path.read_bytes() + b" ")

    with pytest.raises(PackageError, match=f"{name} is not what"):
        load_package(package.folder)


@pytest.mark.parametrize("name", [MODEL_FILE, LABELS_FILE, DESCRIPTION_FILE, "README.md"])
def test_a_missing_file_is_found(package: ModelPackage, name: str) -> None:
    (package.folder / name).unlink()

    with pytest.raises(PackageError, match=f"{name} is missing"):
        load_package(package.folder)


@pytest.mark.parametrize("name", ["code.py", "weights.pkl", "LICENCE.md"])
def test_a_file_nobody_described_is_refused(package: ModelPackage, name: str) -> None:
    (package.folder / name).write_text("surprise")

    with pytest.raises(PackageError, match=f"{name} is not listed"):
        load_package(package.folder)


def test_a_file_that_no_package_has_is_refused_even_if_described(package: ModelPackage) -> None:
    change_description(package.folder, lambda d: d["files"].update({"code.py": "0" * 64}))

    with pytest.raises(PackageError, match=r"no file code\.py"):
        load_package(package.folder)


def test_a_link_is_no_file(package: ModelPackage, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    shutil.move(package.model_path, elsewhere)
    package.model_path.symlink_to(elsewhere)

    with pytest.raises(PackageError, match="missing"):
        load_package(package.folder)


@pytest.mark.parametrize(
    "change",
    [
        lambda d: d.pop("id"),
        lambda d: d.update(id="../../etc"),
        lambda d: d.update(id="a/b/c"),
        lambda d: d.update(revision="x/y"),
        lambda d: d["input"].update(size=0),
        lambda d: d["input"].update(size="224"),
        lambda d: d["input"].update(size=100_000),
        lambda d: d["input"].update(channels="grey"),
        lambda d: d["preprocessing"].update(scale=[0, 1, 1]),
        lambda d: d["preprocessing"].update(mean=[0, 1]),
        lambda d: d["preprocessing"].update(max_aspect=0.5),
        lambda d: d["output"].update(kind="code"),
        lambda d: d["calibration"].update(temperature=0),
        lambda d: d["calibration"].update(temperature=float("nan")),
        lambda d: d["calibration"].update(temperature=True),
        lambda d: d["thresholds"].update(confirm=1.5),
        lambda d: d.pop("thresholds"),
        lambda d: d.update(input=[]),
        lambda d: d.update(evaluation="good"),
        lambda d: d.pop("files"),
        lambda d: d["files"].pop(MODEL_FILE),
    ],
)
def test_a_description_that_makes_no_sense_is_refused(
    package: ModelPackage, change: Callable[[dict[str, Any]], object]
) -> None:
    change_description(package.folder, change)

    with pytest.raises(PackageError):
        load_package(package.folder)


@pytest.mark.parametrize("content", ["", "[]", "{", '"text"', "\ufeff"])
def test_a_description_that_is_no_object_is_refused(package: ModelPackage, content: str) -> None:
    (package.folder / DESCRIPTION_FILE).write_text(content)

    with pytest.raises(PackageError, match=r"model\.json"):
        load_package(package.folder)


@pytest.mark.parametrize("labels", [(), ("Banana", "Banana"), ("",), ("x" * 81,)])
def test_labels_that_are_none_are_refused(package: ModelPackage, labels: tuple[str, ...]) -> None:
    with pytest.raises(PackageError, match=r"labels\.json"):
        write_package(replace(package, labels=labels), NETWORK)


def test_only_known_documents_are_written(package: ModelPackage) -> None:
    with pytest.raises(PackageError, match=r"no file run\.sh"):
        write_package(package, NETWORK, {"run.sh": "#!"})
