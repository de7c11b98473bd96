"""What a teacher adds to the labels."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from smartscale.domain.prediction import EMPTY, NO_ITEM, UNKNOWN
from smartscale.recognition.builtin import builtin_package
from training.data import NOT_PRODUCE, Classes
from training.errors import TrainingError
from training.teacher import Teacher

PACKAGE = builtin_package()
TRAINED = PACKAGE.trained_labels
"""What its networks were trained to say; its head knows more."""
SAMPLES = Path(__file__).parents[2] / "sample_data"
CARTONS = ("Milk", "Juice")


def classes() -> Classes:
    """The labels of the built-in package's networks, two cartons as `unknown`."""
    produce = tuple(label for label in TRAINED if label not in NO_ITEM)
    targets = (*produce, *CARTONS, NOT_PRODUCE, EMPTY)
    place = TRAINED.index
    label_of = tuple(place(name if name in TRAINED else UNKNOWN) for name in targets)
    return Classes(targets, TRAINED, label_of, coarse=targets)


def sample(name: str, size: int) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    with Image.open(SAMPLES / f"{name}.jpg") as picture:
        return np.asarray(picture.convert("RGB").resize((size, size)), np.uint8)


def truth(*names: str) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    targets = classes().targets
    return np.eye(len(targets), dtype=np.float32)[[targets.index(name) for name in names]]


def test_a_teacher_says_what_it_sees() -> None:
    teacher = Teacher(PACKAGE.folder, classes())
    pictures = np.stack([sample("bananas", teacher.size)])
    wrong = truth("Leek")
    softened = teacher.soften(pictures, wrong, 0.5)
    assert softened.sum() == pytest.approx(1)
    assert softened[0, classes().targets.index("Leek")] == pytest.approx(0.5, abs=0.05)
    assert softened[0, classes().targets.index("Banana")] > 0.2
    assert teacher.soften(pictures, wrong, 0.0) == pytest.approx(wrong)


def test_a_teacher_leaves_to_the_label_which_carton_it_is() -> None:
    teacher = Teacher(PACKAGE.folder, classes())
    pictures = np.stack([sample("carton", teacher.size)] * 2)
    milk, nothing_known = teacher.soften(pictures, truth("Milk", "Leek"), 1.0)
    place = classes().targets.index
    assert milk[place("Milk")] > 100 * milk[place("Juice")]
    assert nothing_known[place("Milk")] == pytest.approx(nothing_known[place("Juice")])


def test_a_package_of_other_labels_or_none_cannot_teach(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="its labels are not those of the photos"):
        Teacher(PACKAGE.folder, classes().without(frozenset({"Leek"})))
    with pytest.raises(TrainingError, match="cannot teach"):
        Teacher(tmp_path, classes())
