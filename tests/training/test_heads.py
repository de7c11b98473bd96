"""What is weighed is what serves, and a head of photos tells their classes apart."""

from dataclasses import replace

import numpy as np
import pytest

from smartscale.recognition.memory import Head, Memory, Weights, linear
from smartscale.recognition.memory_fit import learn
from training.heads.calibration import Balance, Unseen, balance, calibrate, unseen_by
from training.heads.labels import shares_of
from training.heads.seen import Seen
from training.heads.statistics import head_of, readout_of
from training.heads.strangers import (
    HOME,
    UNHEARD,
    Abroad,
    elsewhere_of,
    place_of,
    scaled,
    strangeness,
)
from training.heads.trials import trial_on, weigh

LABELS = ("Banana", "Lemon", "unknown")
LABEL_OF = {"Banana": "Banana", "Lemon": "Lemon", "Milk": "unknown", "Tea": "unknown"}
LENGTH = 12


@pytest.fixture(scope="module")
def seen() -> Seen:
    """Photos of two labels and two kinds of carton, each around a place of its own."""
    rng = np.random.default_rng(3)
    names = np.repeat(["Banana", "Lemon", "Milk", "Tea"], 12)
    places = np.repeat(np.eye(4, LENGTH), 12, axis=0)
    vectors = places + rng.normal(scale=0.08, size=(48, LENGTH))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    logits = 3 * places[:, [0, 1, 2]] + rng.normal(size=(48, 3))
    return Seen(logits, vectors.astype(np.float32), names, names, np.repeat("shelf", 48))


@pytest.fixture(scope="module")
def head(seen: Seen) -> Head:
    return head_of(seen, LABEL_OF, LABELS, readout_of([seen]))


def test_each_class_has_its_mean_and_each_label_its_photos(head: Head, seen: Seen) -> None:
    assert head.label_of.tolist() == [0, 1, 2, 2]
    logits = np.zeros(3)
    weighed = replace(head, weights=replace(head.weights, discriminant=0.5))
    for row, label in ((0, 0), (12, 1), (24, 2), (36, 2)):
        assert learn(weighed, {}).fuse(logits, seen.embeddings[row])[1].argmax() == label


def test_the_search_ends_better_than_it_began(head: Head, seen: Seen) -> None:
    taught = {"Milk": seen.embeddings[24:27], "Lemon": seen.embeddings[12:14]}
    memory = Memory(head, taught)
    trials = [trial_on(memory, seen, 1.0)]

    def loss(weights: Weights) -> float:
        lessons = np.array(weights.lessons) + np.array(weights.growth) * memory.growth
        memory.weights, memory.gate = lessons, np.array(weights.gate)
        shares = np.exp(memory.weigh(trials[0].parts))
        return -float(np.log((shares * trials[0].right).sum(axis=1)).clip(-9).mean())

    known = np.isin(seen.names, ["Banana", "Lemon", "Milk"])
    trials = [trial_on(memory, seen.at(np.flatnonzero(known)), 1.0)]
    assert loss(weigh(trials)) < loss(Weights())


def test_about_what_the_network_says_is_read_from_an_embedding(seen: Seen) -> None:
    readout = readout_of([seen])
    said = seen.embeddings @ readout[:-1] + readout[-1]
    assert (said.argmax(axis=1) == seen.logits.argmax(axis=1)).mean() > 0.6


def test_calibration_leaves_some_answers_sure(head: Head, seen: Seen) -> None:
    truths = np.repeat([0, 1, 2, 2], 12)
    found = calibrate(head, seen.logits, seen.embeddings, truths, 0.01)
    assert found.temperature > 0
    assert 0 < found.confirm <= 1


def test_what_has_one_name_in_two_places_has_two_means(seen: Seen) -> None:
    places = np.where(np.arange(48) % 2, "shelf", "plate")
    found = head_of(replace(seen, places=places), LABEL_OF, LABELS, readout_of([seen]))
    assert found.label_of.tolist() == [0, 0, 1, 1, 2, 2, 2, 2]


def test_networks_that_guess_need_the_discriminant_and_those_that_know_do_not(
    head: Head, seen: Seen
) -> None:
    truths = np.repeat([0, 1, 2, 2], 12)
    alike = head.alike(head.within(seen.embeddings))
    rng = np.random.default_rng(5)
    guessed = Unseen(rng.normal(size=(48, 3)), alike, truths)
    known = Unseen(6 * np.eye(3)[truths], np.zeros((48, 3)), truths)

    needed = balance([guessed], 0.01)
    assert needed.share > 0
    assert needed.log_loss < needed.log_loss_of_the_network
    assert needed.top1 > needed.top1_of_the_network
    assert balance([known], 0.01).share == 0
    assert balance([guessed, known], 0.01).n == 96


def test_the_weight_that_unseen_scenes_ask_for_is_the_one_that_counts(
    head: Head, seen: Seen
) -> None:
    truths = np.repeat([0, 1, 2, 2], 12)
    found = calibrate(head, seen.logits, seen.embeddings, truths, 0.01, share=20.0)
    assert found.discriminant == pytest.approx(20 / found.temperature, rel=1e-2)
    finding = {"left_out": "scenes", "balance": vars(balance([unseen(head, seen)], 0.01))}
    weighed = Balance.of([{"left_out": "steel"}, finding])
    assert weighed == balance([unseen(head, seen)], 0.01)
    assert Balance.of([{"left_out": "steel"}]) is None


def unseen(head: Head, seen: Seen) -> Unseen:
    return unseen_by(head, seen, np.repeat([0, 1, 2, 2], 12))


def test_a_folder_teaches_its_label_or_its_whole_kind_or_nothing() -> None:
    labels = ("Anjou", "Conference", "Corn", "unknown")
    shares = shares_of(
        ["Anjou", "Pear", "Corn-In-Husk", "Milk", "Lychee"], {"Milk": "unknown"}, labels
    )
    assert shares.tolist() == [
        [1, 0, 0, 0],
        [0.5, 0.5, 0, 0],
        [0, 0, 1, 0],
        [0, 0, 0, 1],
        [0, 0, 0, 0],
    ]


def test_a_classifier_of_many_places_says_nothing_of_what_it_has_no_photos_of(seen: Seen) -> None:
    labels = (*LABELS, "Kaki")
    shares = shares_of(seen.names.tolist(), {"Milk": "unknown", "Tea": "unknown"}, labels)
    layer = scaled(elsewhere_of(seen, shares), 8.0, shares, (*LABELS, "Kaki"))
    said = seen.embeddings @ layer[:-1] + layer[-1]
    assert (said.argmax(axis=1) == shares.argmax(axis=1)).all()
    assert (said[:, 3] == UNHEARD).all()


def test_photos_of_home_are_told_from_those_of_any_other_place() -> None:
    rng = np.random.default_rng(8)
    vectors = rng.normal(scale=0.1, size=(600, LENGTH))
    vectors[:, 0] += np.repeat([1.0, -1.0, 0.0], [400, 150, 50])
    vectors[:, 1] += np.repeat([0.0, 0.0, 1.0], [400, 150, 50])
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    embeddings = vectors.astype(np.float32)
    places = np.repeat([HOME, "market", "stall"], [400, 150, 50])
    said = linear(embeddings, place_of(Seen(vectors, embeddings, places, places, places)))[:, 0]
    assert (said[places == HOME] < 0).all()
    assert (said[places != HOME] > 0).all()


def test_where_the_network_errs_another_answers(head: Head) -> None:
    """At home the network is right, abroad the classifier; nearness tells the two apart."""
    right, none = np.tile([True, False, False], (40, 1)), np.zeros((40, 3))

    def parts(least: float, most: float) -> np.ndarray:
        usual = np.linspace(least, most, 40)
        rest = (np.full(40, part) for part in (-3.0, -0.1, 0.0))
        return np.stack([np.ones(40), 10 * usual, *rest], axis=-1)

    knows, says_all = np.tile([0.4, 0.0, 0.0], (40, 1)), np.zeros(3, bool)
    home, away = (
        Abroad(np.full(40, here), says, none, says_all, right, parts(*usual), head, 40.0)
        for here, says, usual in ((0.95, -knows, (0.8, 0.9)), (0.02, knows, (0.4, 0.5)))
    )
    weights = np.array(strangeness([home, away]).strange[:-1])  # neither shows what is new
    assert (away.parts @ weights > 1).all()
    assert (home.parts @ weights < -1).all()


def test_what_is_new_opens_the_gate_where_nothing_else_does(head: Head) -> None:
    """The network has labels for all but the last, and is as sure of what is new as of the rest."""
    usual = np.tile([1.0, 8.0, -3.0, -0.1, 0.0], (40, 1))
    head = replace(head, label_of=np.array([0, 1]), labels=("Banana", "Lemon", "Fig"))
    known, new = np.tile([True, False, False], (40, 1)), np.tile([False, False, True], (40, 1))
    lemons = np.tile([0.0, 0.5, 0.0], (40, 1))
    none, says_all = np.zeros((40, 3)), np.zeros(3, bool)
    home = Abroad(np.full(40, 0.9), lemons, none, says_all, known, usual, head, 40.0)
    away = Abroad(np.zeros(40), 0.5 * new, none, says_all, new, usual, head, 40.0)
    found = strangeness([home, away])
    at_home, far = (one.weighed(found.scale, 0.0)[1] @ found.strange for one in (home, away))
    assert (far > 1).all()
    assert (at_home < -1).all()


def test_a_label_that_nothing_was_fitted_on_is_never_said(head: Head) -> None:
    none, right = np.zeros((4, 3)), np.tile([False, False, True], (4, 1))
    silent = np.array([False, False, True])
    place = Abroad(np.zeros(4), none, none, silent, right, np.ones((4, 5)), head, 1.0)
    assert place.weighed(1.0, 0.0)[0] == pytest.approx(np.zeros(4), abs=1e-9)
