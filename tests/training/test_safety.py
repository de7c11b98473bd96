"""What holds without TensorFlow: weights are data, and the command line costs nothing to import."""

import pickle
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from training.calibrate import claimed_threshold, confirm_threshold, fit_temperature
from training.plates import render_plates
from training.weights import LEGACY_MAGIC, WeightsError, read_legacy_checkpoint


class Evil:
    """Pickles into a call."""

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return exec, ("raise AssertionError('the pickle was executed')",)


def test_a_pickle_that_calls_is_refused_unexecuted(tmp_path: Path) -> None:
    path = tmp_path / "weights.pth"
    parts: tuple[object, ...] = (LEGACY_MAGIC, 1001, {}, Evil(), [])
    path.write_bytes(b"".join(pickle.dumps(part) for part in parts))

    with pytest.raises(WeightsError, match="no business"):
        read_legacy_checkpoint(path)


@pytest.mark.parametrize("content", [b"", pickle.dumps(7), b"PK\x03\x04", b"text"])
def test_what_is_no_legacy_checkpoint_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "weights.pth"
    path.write_bytes(content)

    with pytest.raises(WeightsError):
        read_legacy_checkpoint(path)


def test_the_command_line_is_imported_without_tensorflow() -> None:
    check = (
        "import sys, training.cli; sys.exit('tensorflow' in sys.modules or 'keras' in sys.modules)"
    )

    assert subprocess.run([sys.executable, "-c", check], check=False).returncode == 0


def test_plates_are_repeatable_and_differ() -> None:
    plates = render_plates(10, 48, seed=1)

    assert plates.shape == (10, 48, 48, 3)
    assert np.array_equal(plates, render_plates(10, 48, seed=1))
    assert not np.array_equal(plates, render_plates(10, 48, seed=2))
    assert len({plate.tobytes() for plate in plates}) == 10


@pytest.mark.parametrize("temperature", [0.5, 1.0, 2.0])
def test_the_temperature_that_made_logits_is_found(temperature: float) -> None:
    rng = np.random.default_rng(4)
    honest = rng.normal(0, 2, (4000, 6))
    shares = np.exp(honest) / np.exp(honest).sum(axis=1, keepdims=True)
    truths = np.array([rng.choice(6, p=row) for row in shares])

    assert fit_temperature(honest * temperature, truths) == pytest.approx(temperature, rel=0.1)


def test_the_threshold_keeps_the_error_and_asks_as_little_as_it_can() -> None:
    confidences = np.linspace(1, 0, 100)
    correct = np.arange(100) < 50  # right in the upper half, wrong in the lower

    threshold = confirm_threshold(confidences, correct, error=0.1)

    sure = confidences >= threshold
    assert (~correct[sure]).mean() <= 0.1
    assert sure.sum() == 55


def test_a_threshold_by_claims_is_the_lowest_from_which_they_claim_few_enough_errors() -> None:
    confidences = np.array([0.99, 0.5, 0.97, 0.2])
    assert claimed_threshold(confidences, error=0.03) == 0.97
    assert claimed_threshold(confidences, error=0.2) == 0.5
    assert claimed_threshold(confidences, error=0.001) == 0.99


def test_where_no_threshold_is_good_enough_the_best_one_is_taken() -> None:
    confidences = np.linspace(1, 0, 100)
    correct = np.arange(100) % 2 == 0

    threshold = confirm_threshold(confidences, correct, error=0.01)

    assert (confidences >= threshold).sum() >= 5
