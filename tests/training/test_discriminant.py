"""What tells classes apart is found where photos of one class vary least, wherever that is."""

import numpy as np
import pytest
from numpy.typing import NDArray

from training.discriminant import directions, of_several, within_classes

CLASSES = ("Lemon", "Lime", "Orange")
EACH = 40


@pytest.fixture(scope="module")
def class_of() -> NDArray[np.str_]:
    return np.repeat(CLASSES, EACH)


@pytest.fixture(scope="module")
def moved() -> NDArray[np.float32]:
    """Photos that vary much in light and little in what they show, in six numbers."""
    rng = np.random.default_rng(5)
    light = rng.normal(size=(3 * EACH, 4))
    shown = np.repeat(np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]]), EACH, axis=0)
    vectors = np.c_[light, shown + rng.normal(scale=0.08, size=shown.shape)]
    return np.asarray(vectors - vectors.mean(axis=0), np.float32)


def test_photos_of_a_class_are_together_in_the_directions_that_tell(
    moved: NDArray[np.float32], class_of: NDArray[np.str_]
) -> None:
    seen = moved @ directions(moved, class_of)
    assert seen.shape == (3 * EACH, 2), "one direction fewer than there are classes"
    means = np.stack([seen[class_of == name].mean(axis=0) for name in CLASSES])
    far = ((seen[:, np.newaxis] - means) ** 2).sum(axis=2)
    assert (np.array(CLASSES)[far.argmin(axis=1)] == class_of).all()
    largest = np.linalg.svd(moved, full_matrices=False)[2][:2].T
    assert np.abs(largest[4:]).max() < 0.1, "the principal components say nothing of it"


def test_the_directions_are_the_same_in_whatever_units_photos_are_measured(
    moved: NDArray[np.float32], class_of: NDArray[np.str_]
) -> None:
    seen, thousandfold = (
        moved * units @ directions(moved * units, class_of) for units in (1.0, 1000.0)
    )
    np.testing.assert_allclose(seen @ seen.T, thousandfold @ thousandfold.T, rtol=1e-3, atol=1e-3)


def test_in_those_directions_photos_of_a_class_vary_by_one(
    moved: NDArray[np.float32], class_of: NDArray[np.str_]
) -> None:
    seen = moved @ directions(moved, class_of)
    spread = within_classes(seen, class_of)
    assert np.linalg.eigvalsh(spread).max() <= 1 + 1e-3
    assert np.linalg.eigvalsh(spread).min() > 0.05, "less by what is shrunk"


def test_a_class_of_a_single_photo_says_nothing(
    moved: NDArray[np.float32], class_of: NDArray[np.str_]
) -> None:
    with_one = np.append(class_of, "Kaki")
    vectors = np.r_[moved, np.full((1, 6), 50, np.float32)]
    assert of_several(with_one) == list(CLASSES)
    np.testing.assert_allclose(within_classes(vectors, with_one), within_classes(moved, class_of))
    np.testing.assert_allclose(directions(vectors, with_one), directions(moved, class_of))
