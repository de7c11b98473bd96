"""The real pipeline on pictures made here: interrupted, resumed, packaged, used."""

import csv
import gc
import json
import logging
from collections.abc import Callable, Iterator
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast
from unittest.mock import Mock

import numpy as np
import pytest
from PIL import Image

from smartscale.recognition.package import load_package
from smartscale.recognition.recogniser import NetworkRecogniser
from tests.support import HAS_TENSORFLOW, loaded_when_used

if not HAS_TENSORFLOW:
    pytest.skip("TensorFlow is not installed: uv sync --group training", allow_module_level=True)

from training.errors import TrainingError
from training.omission import LeftOut
from training.recipe import Progress, Recipe
from training.teacher import Teacher

if TYPE_CHECKING:
    import keras
    import tensorflow as tf

    from training import (
        classifier,
        embedding,
        fit,
        material,
        network,
        pipeline,
        probes,
        sights,
        widen,
    )
else:
    tf = loaded_when_used("tensorflow")
    classifier, embedding, fit, material, network, pipeline, probes, sights, widen = (
        loaded_when_used(f"training.{name}")
        for name in (
            *("classifier", "embedding", "fit", "material", "network", "pipeline", "probes"),
            *("sights", "widen"),
        )
    )

pytestmark = pytest.mark.training

PRODUCE = {"Lemon": "yellow", "Lime": "green"}
CARTONS = {"Milk": "white", "Juice": "orange"}
COARSE = {"Lemon": "Citrus", "Lime": "Citrus", "Milk": "Milk", "Juice": "Juice"}
TINY = Recipe(
    epochs=2,
    early_epochs=1,
    size=48,
    early_size=32,
    head_epochs=1,
    batch=16,
    frozen_blocks=1,
    shares=(("empty", 2), ("steel", 2)),
)


def same_each_time(model: "keras.Model", *_: object) -> None:
    """Weights of a network that has seen nothing: whoever sorts photos by it twice sorts alike."""
    rng = np.random.default_rng(3)
    model.set_weights([rng.normal(0, 0.2, one.shape) for one in model.get_weights()])


@pytest.fixture(autouse=True)
def two_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """A network of two blocks that has seen nothing: tracing and converting sixteen of them
    takes minutes, and shows no more of what is done with a network."""
    stages = tuple(replace(stage, repeats=1) for stage in network.STAGES[:2])
    monkeypatch.setattr(network, "STAGES", stages)
    monkeypatch.setattr(network, "load_imagenet", same_each_time)


@pytest.fixture(autouse=True)
def few_examples(monkeypatch: pytest.MonkeyPatch) -> None:
    """A handful of what is slow to draw or to convert with, as each stage of each run does it."""
    monkeypatch.setattr(material, "RENDERED_OBJECTS", 6)
    monkeypatch.setattr(material, "HANDS", 6)
    monkeypatch.setattr(material, "RENDERED_PLATES", 40)
    monkeypatch.setattr(embedding, "LENGTH", 32)
    monkeypatch.setattr(classifier, "PASSES", 2)
    for name, few in (("LENGTH", 32), ("EXAMPLES_FOR_INT8", 4), ("UNSEEN_PLATES", 8)):
        monkeypatch.setattr(pipeline, name, few)
    monkeypatch.setattr(pipeline, "ALTERED_VIEWS", 2)


@pytest.fixture(autouse=True)
def no_graphs(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Compute at once what is computed a few times: to trace it first takes longer."""
    # What `tf.data.experimental.enable_debug_mode` sets, which nothing takes back.
    monkeypatch.setattr(import_module("tensorflow.python.data.ops.debug_mode"), "DEBUG_MODE", True)
    tf.config.run_functions_eagerly(True)
    yield
    tf.config.run_functions_eagerly(False)


def at_once(steps: int, alter: Callable[[Any], tuple[Any, Any]]) -> Any:
    """Batches that are altered before the first is learned from: to do it meanwhile is traced anew
    for each epoch, which takes seconds."""
    made = [alter(tf.constant(step, tf.int64)) for step in range(steps)]
    pictures, targets = (np.concatenate(parts) for parts in zip(*made, strict=True))
    return tf.data.Dataset.from_tensor_slices((pictures, targets)).batch(len(made[0][1]))


@pytest.fixture(scope="module", autouse=True)
def imported_for_good() -> None:
    """What imports left behind is no garbage: each conversion looks for some."""
    gc.collect()
    gc.freeze()


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
        writer.writerow(["Class Name (str)", "Class ID (int)", "Coarse Class Name (str)"])
        writer.writerows([name, index, COARSE[name]] for index, name in enumerate(names))
    plate = folder / "steel_plate" / "_empty" / "plate.png"
    plate.parent.mkdir(parents=True)
    Image.new("RGB", (80, 80), "silver").save(plate)
    return folder


def test_an_interrupted_run_ends_as_it_would_have_ended(
    data: Path,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    caplog.set_level(logging.INFO)
    streamed = fit.streamed
    monkeypatch.setattr(fit, "streamed", at_once)
    staged = material.stage(data, TINY)
    assert staged.classes.labels == ("Lemon", "Lime", "unknown", "empty")

    def run(folder: Path, *, stop: bool = False) -> fit.Trained:
        def on_epoch(_: Progress) -> None:
            if stop:
                raise KeyboardInterrupt

        return fit.fit(
            staged.train,
            scenery=staged.scenery,
            validation=pipeline.seen_validation(staged),
            coarse_of=staged.classes.coarse_of,
            cartons=staged.cartons,
            recipe=TINY,
            run=folder,
            on_epoch=on_epoch,
            verbose=0,
        )

    whole = run(tmp_path / "whole")
    with pytest.raises(KeyboardInterrupt):
        run(tmp_path / "cut" / "1-lite0" / "seed7", stop=True)
    resumed = run(tmp_path / "cut" / "1-lite0" / "seed7")

    assert "Going on after epoch 1 of 2" in caplog.text
    [as_a_whole], [in_two] = whole.histories, resumed.histories
    assert [progress.epoch for progress in in_two] == [0, 1]
    for expected, found in zip(as_a_whole, in_two, strict=True):
        assert found.loss == pytest.approx(expected.loss, rel=1e-3)
        assert found.val_loss == pytest.approx(expected.val_loss, rel=1e-2)

    package_folder = tmp_path / "package"
    pipeline.main(
        data,
        tmp_path / "cut",
        package_folder,
        members=(TINY, replace(TINY, epochs=1, early_epochs=0, runs=2)),
        precision="float16",
    )

    package = load_package(package_folder)
    assert package.evaluation["n"] == 4
    assert package.evaluation["n_negatives"] == 4
    card = (package_folder / "README.md").read_text()
    assert "Lite0: 2 epochs, the best of them" in card
    once = "1 epochs, the best of them 1"
    assert f"Lite0: the mean of 2 networks ({once}; {once})" in card
    page = (package_folder / "report.html").read_text()
    assert page == (tmp_path / "cut" / "report.html").read_text()
    for part in ("How EfficientNet-Lite0 learned", "Precision, speed and size", "Class by class"):
        assert part in page
    assert "<img" not in page, "no photo is part of a package"
    photo = data / "grocery" / "val" / "Fruit" / "Lemon" / "Lemon_0.jpg"
    scores = NetworkRecogniser(package).recognise(photo.read_bytes())
    assert {score.label for score in scores} == {"Lemon", "Lime", "unknown", "empty"}

    # A teacher is asked amid the stream that a real run has; what it taught is packed as above.
    monkeypatch.setattr(fit, "streamed", streamed)
    pack = Mock(return_value=package)
    monkeypatch.setattr(pipeline, "pack", pack)
    pipeline.main(
        data,
        tmp_path / "taught",
        tmp_path / "pupil",
        members=(replace(TINY, epochs=1, teacher_weight=0.6),),
        teacher=package_folder,
    )
    _, [pupil], [recipe], *_ = pack.call_args.args
    assert [progress.epoch for [progress] in pupil.histories] == [0]
    assert recipe.teacher == f"{package.model_id}@{package.revision}"
    assert recipe.teacher_weight > 0


def test_who_gives_a_teacher_no_weight_has_none() -> None:
    heavy = replace(TINY, teacher_weight=0.6)
    assert [one.teacher_weight for one in pipeline.taught((heavy, TINY), None)] == [0, 0]

    teacher = SimpleNamespace(name="shop@1")
    pupil, other = pipeline.taught((heavy, TINY), cast("Teacher", teacher))
    assert (pupil.teacher, pupil.label_smoothing) == ("shop@1", 0)
    assert other == TINY


def test_garbage_may_be_collected_between_two_batches(data: Path) -> None:
    recipe = replace(TINY, batch=4)
    staged = material.stage(data, recipe)
    stream = fit.batches(
        staged.train,
        scenery=staged.scenery,
        cartons=staged.cartons,
        recipe=recipe,
        epoch=0,
        classes=len(staged.classes.labels),
    )
    drawn = 0
    for pictures, targets in stream:
        gc.collect()
        assert len(pictures) == len(targets)
        drawn += 1
    assert drawn == len(stream) > 1


def test_other_settings_do_not_go_on_with_a_run(data: Path, tmp_path: Path) -> None:
    (tmp_path / "history.json").write_text('{"recipe": {"epochs": 1}, "history": []}')

    with pytest.raises(ValueError, match="other settings"):
        pipeline.train(material.stage(data, TINY), TINY, tmp_path, verbose=0)


def test_a_probe_measures_every_photo_once_by_a_network_that_has_not_seen_it(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fit, "streamed", at_once)
    monkeypatch.setattr(widen, "SURFACE", {1: sights.Part(8, 0.35)})  # the last stage there is
    finding = probes.probe(
        data, tmp_path / "scenes", LeftOut.SCENES, (replace(TINY, epochs=1),), folds=2
    )

    assert finding["n"] == 8  # all training photos of produce
    assert len(finding["folds"]) == 2
    assert 0 <= finding["top1"] <= finding["top3"] <= 1
    assert finding["balance"]["n"] == 8, "each says how a head is to be weighed"
    assert finding["balance"]["top1_of_the_network"] == finding["top1"]
    stored = json.loads((tmp_path / "scenes" / "finding.json").read_text())
    assert stored == json.loads(json.dumps(finding))


def test_a_part_that_is_not_there_cannot_be_left_out(data: Path, tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="no steel_plate/"):
        probes.probe(data, tmp_path, LeftOut.STEEL, (TINY,))
