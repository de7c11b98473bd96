"""What is weighed is what serves, and a head of photos tells their classes apart."""

from dataclasses import replace

import numpy as np
import pytest

from smartscale.recognition.memory import Head, Weights, log_shares
from training.head_fit import AT, Seen, calibrate, fused, head_of, loss, search, trial_of

LABELS = ("Banana", "Lemon", "unknown")
LENGTH = 12


@pytest.fixture(scope="module")
def seen() -> Seen:
    """Photos of two labels and two kinds of carton, each around a place of its own."""
    rng = np.random.default_rng(3)
    names = np.repeat([f"{name}{AT}shelf" for name in ("Banana", "Lemon", "Milk", "Tea")], 12)
    places = np.repeat(np.eye(4, LENGTH), 12, axis=0)
    vectors = places + rng.normal(scale=0.08, size=(48, LENGTH))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    logits = 3 * places[:, [0, 1, 2]] + rng.normal(size=(48, 3))
    return Seen(logits, vectors.astype(np.float32), names, names)


@pytest.fixture(scope="module")
def head(seen: Seen) -> Head:
    label_of = {
        str(name): {"Banana": "Banana", "Lemon": "Lemon"}.get(str(name).partition(AT)[0], "unknown")
        for name in seen.names
    }
    return head_of(seen, label_of, LABELS)


def test_each_class_has_its_mean_and_each_label_its_photos(head: Head, seen: Seen) -> None:
    assert head.label_of.tolist() == [0, 1, 2, 2]
    logits = np.zeros(3)
    weighed = replace(head, weights=replace(head.weights, discriminant=0.5))
    for row, label in ((0, 0), (12, 1), (24, 2), (36, 2)):
        assert weighed.learn({}).fuse(logits, seen.embeddings[row])[1].argmax() == label


def test_what_is_searched_is_what_serves(head: Head, seen: Seen) -> None:
    taught = {"Kaki": seen.embeddings[30:33], "Lemon": seen.embeddings[13:15]}
    weighed = replace(head, weights=replace(Weights(), gate=0.3, new=0.4))
    base = np.array([log_shares(one) for one in seen.logits])
    trial = trial_of(weighed, taught, seen, 1.0, base)
    memory = weighed.learn({label: list(vectors) for label, vectors in taught.items()})
    for row, logs in enumerate(fused(trial, weighed.weights)):
        served = memory.fuse(seen.logits[row], seen.embeddings[row])[1]
        assert logs == pytest.approx(served, abs=1e-4)


def test_the_search_never_ends_worse_than_it_began(head: Head, seen: Seen) -> None:
    plain = replace(seen, names=np.array([str(name).partition(AT)[0] for name in seen.names]))
    base = np.array([log_shares(one) for one in seen.logits])
    taught = {"Milk": seen.embeddings[24:27], "Lemon": seen.embeddings[12:14]}
    trials = [trial_of(head, taught, plain, 1.0, base)]
    assert loss(trials, search(trials, Weights())) <= loss(trials, Weights())


def test_calibration_leaves_some_answers_sure(head: Head, seen: Seen) -> None:
    truths = np.repeat([0, 1, 2, 2], 12)
    found = calibrate(head, seen.logits, seen.embeddings, truths, 0.01)
    assert found.temperature > 0
    assert 0 < found.confirm <= 1
