"""What was taught is fused with what the network says."""

import numpy as np
import pytest

from smartscale.recognition.memory import Memory, Vectors

LABELS = ("Banana", "Lemon")
LOGITS = np.array([3.0, 1.0])


def direction(*parts: float) -> Vectors:
    """A vector of unit length."""
    vector = np.array(parts, np.float32)
    return np.asarray(vector / np.linalg.norm(vector), np.float32)


KNOWN = np.stack([direction(1, 0.1 * step, 0) for step in range(8)])
KAKI = direction(0, 0, 1)


@pytest.fixture
def memory() -> Memory:
    """A shop that has taught kakis, and another picture of a lemon."""
    return Memory.of({"Kaki": [KAKI, direction(0, 0.2, 1)], "Lemon": [direction(0, 1, 0)]}, KNOWN)


def test_what_is_near_to_a_taught_picture_is_that(memory: Memory) -> None:
    labels, logits = memory.fuse(LABELS, LOGITS, KAKI)
    assert labels == ("Banana", "Lemon", "Kaki")
    assert labels[int(logits.argmax())] == "Kaki"


def test_what_is_near_to_what_the_network_learned_from_stays_what_it_was(memory: Memory) -> None:
    labels, logits = memory.fuse(LABELS, LOGITS, KNOWN[0])
    assert labels[int(logits.argmax())] == "Banana"
    assert logits[:2] == pytest.approx(LOGITS, abs=1e-3)


def test_a_label_that_the_network_knows_gains_by_its_own_pictures(memory: Memory) -> None:
    labels, logits = memory.fuse(LABELS, LOGITS, direction(0, 1, 0))
    assert labels[int(logits.argmax())] == "Lemon"


def test_who_has_taught_nothing_hears_the_network() -> None:
    labels, logits = Memory.of({}, KNOWN).fuse(LABELS, LOGITS, KAKI)
    assert labels == LABELS
    assert logits is LOGITS
