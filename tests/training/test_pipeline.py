"""The real pipeline on pictures made here: interrupted, resumed, packaged, used."""

import csv
import importlib.util
import logging
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from smartscale.recognition.package import load_package
from smartscale.recognition.recogniser import Recogniser

if importlib.util.find_spec("tensorflow") is None:
    pytest.skip("TensorFlow is not installed: uv sync --group training", allow_module_level=True)

from training import pipeline
from training.fit import Progress, Recipe, Trained, fit

pytestmark = pytest.mark.training

PRODUCE = {"Lemon": "yellow", "Lime": "green"}
CARTONS = {"Milk": "white", "Juice": "orange"}
TINY = Recipe(
    epochs=2,
    early_epochs=1,
    size=48,
    early_size=32,
    batch=4,
    frozen_blocks=14,
    shares=(("empty", 2), ("steel", 2)),
)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder laid out as the real one."""
    folder = tmp_path_factory.mktemp("data")
    grocery = folder / "grocery"
    rng = np.random.default_rng(0)
    names = [*PRODUCE, *CARTONS]
    for split, count in (("train", 4), ("val", 2)):
        lines = []
        for index, (name, colour) in enumerate({**PRODUCE, **CARTONS}.items()):
            kind = "Fruit" if name in PRODUCE else "Packages"
            for number in range(count):
                path = grocery / split / kind / name / f"{name}_{number}.jpg"
                path.parent.mkdir(parents=True, exist_ok=True)
                picture = np.asarray(Image.new("RGB", (80, 80), colour)).astype(int)
                noisy = (picture + rng.integers(-40, 40, picture.shape)).clip(0, 255)
                Image.fromarray(noisy.astype(np.uint8)).save(path)
                lines.append(f"{path.relative_to(grocery)}, {index}, {index}")
        (grocery / f"{split}.txt").write_text("\n".join(lines) + "\n")
    with (grocery / "classes.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["Class Name (str)", "Class ID (int)"])
        writer.writerows([name, index] for index, name in enumerate(names))
    plate = folder / "steel_plate" / "_empty" / "plate.png"
    plate.parent.mkdir(parents=True)
    Image.new("RGB", (80, 80), "silver").save(plate)
    return folder


def test_an_interrupted_run_ends_as_it_would_have_ended(
    data: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    material = pipeline.stage(data, TINY, hold_out=False)
    assert material.classes.labels == ("Lemon", "Lime", "unknown", "empty")

    def run(folder: Path, *, stop: bool = False) -> Trained:
        def on_epoch(_: Progress) -> None:
            if stop:
                raise KeyboardInterrupt

        return fit(
            material.train,
            plates=material.plates,
            validation=pipeline.seen_validation(material),
            classes=len(material.classes.targets),
            cartons=material.cartons,
            recipe=TINY,
            run=folder,
            on_epoch=on_epoch,
            verbose=0,
        )

    whole = run(tmp_path / "whole")
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path / "cut", stop=True)
    resumed = run(tmp_path / "cut")

    assert "Going on after epoch 1 of 2" in caplog.text
    assert [progress.epoch for progress in resumed.history] == [0, 1]
    for expected, found in zip(whole.history, resumed.history, strict=True):
        assert found.loss == pytest.approx(expected.loss, rel=1e-3)
        assert found.val_loss == pytest.approx(expected.val_loss, rel=1e-2)

    package_folder = tmp_path / "package"
    pipeline.main(
        data,
        tmp_path / "cut",
        package_folder,
        epochs=None,
        precision="float16",
        error=0.01,
        hold_out=False,
        held_out_run=None,
        recipe=TINY,
    )

    package = load_package(package_folder)
    assert package.evaluation["n"] == 4
    assert package.evaluation["n_negatives"] == 4
    assert "Lite0" in (package_folder / "README.md").read_text()
    for picture in ("learning-curve.png", "reliability.png", "confusion.png"):
        assert (tmp_path / "cut" / picture).is_file()
    photo = data / "grocery" / "val" / "Fruit" / "Lemon" / "Lemon_0.jpg"
    scores = Recogniser(package).recognise(photo.read_bytes())
    assert {score.label for score in scores} == {"Lemon", "Lime", "unknown", "empty"}


def test_other_settings_do_not_go_on_with_a_run(data: Path, tmp_path: Path) -> None:
    (tmp_path / "history.json").write_text('{"recipe": {"epochs": 1}, "history": []}')

    with pytest.raises(ValueError, match="other settings"):
        pipeline.train(pipeline.stage(data, TINY, hold_out=False), TINY, tmp_path, verbose=0)
