"""Finds what each part of a memory counts for: for a package, and for one shop by its own lessons.

A shop's lessons are labelled pictures of its own scale. Each is recognised by all the others, as if
it had not been given, in closed form; and as if its whole item had not been, since what nobody has
taught lies on the same scale. A sample of training photos stands for what the network knows. The
weights that make all of them least surprising, drawn towards the package's, are the shop's.

A picture's probability is that of a mixture (the network's answer, or the lessons'), so the search
is expectation maximisation: whose answer was it, then two logistic regressions.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from smartscale.domain.memory import LESSONS_PER_LABEL
from smartscale.recognition.memory import (
    GATE_PARTS,
    LESSON_PARTS,
    Head,
    LeftOut,
    Memory,
    Parts,
    Vectors,
    lesson_shares,
)

PICTURES = 400
"""How many lessons are recognised by the others."""
LIKELIEST = 40
"""Of more items than this a search compares those that a picture is likeliest of: what the others
share is next to nothing."""
OF_TRAINING = 200
UNTAUGHT = 150
TRAINING_COUNTS = 3.0
"""How much the training photos count, all together, as a multiple of the lessons."""
UNTAUGHT_COUNTS = 0.1
TRUST = 5.0
"""How strongly the package's weights hold: as inverse squares of how far they may be off."""
SURER = 50
"""From so many lessons on that were recognised by others they have a say in the threshold."""
CLAIMS = 100
"""As how many pictures, of which as many as `WANTED` are wrong, the rule of experience counts
beside what became of the lessons."""
WANTED = 0.01
"""The share of wrong answers among those that pass, which a threshold is found for."""
TOLERATED = 0.015
"""The share at which it is raised: what became of few lessons is uncertain."""
LOWEST = 0.9
"""A threshold never falls below it: lessons that were given in one go are too alike."""
HIGHEST = 0.985
"""A threshold never rises above it: with one lesson less each item is harder than it will be."""
SET_UP = 5
"""From so many items on a shop is set up by lessons, and the threshold is theirs."""
SLOPE = 0.0037
"""How far experience lets a threshold fall from `HIGHEST` with the third power of the logarithm of
the number of lessons an item: on shops that nothing was trained for at most about one and a half in
a hundred passed wrongly at 0.985 with one lesson, at 0.98 with three and at 0.94 with ten."""
FEW, FEWER = 16, 0.009
"""With fewer items than so many there is less to take a picture for, and experience (shops of five
to twelve items) lets a threshold fall by so much with the logarithm of how many times fewer they
are and with that of the number of lessons an item."""
MOST_GROWTH = float(np.log(LESSONS_PER_LABEL))
"""The logarithm of the number of lessons that an item can have."""
ROUNDS = 10
ENOUGH = 1e-4
_SMALLEST = 1e-6
_SEED = 17
_FARTHER = (20, 10)
"""Which of the nearest training photos stand for the nearest ones."""


@dataclass(frozen=True)
class Trial:
    """Pictures of which it is known what they show. N pictures, L labels in all, T taught."""

    parts: Parts
    """Of all taught items, or of those that each picture is likeliest of."""
    right: NDArray[np.bool_]
    """Which labels are right, (N, L)."""
    right_items: NDArray[np.bool_]
    """Which of the items in `parts` are right and possible, (N, T)."""
    counts: NDArray[np.float64]
    """What each picture counts for (N,)."""
    growth: float
    """The mean logarithm of the number of lessons an item."""


@dataclass(frozen=True)
class Found:
    """The weights that were found. `lessons` may have the growth of each of its parts behind it."""

    lessons: NDArray[np.float64]
    gate: NDArray[np.float64]
    loss: float
    """The mean surprise at what the pictures show."""


@dataclass(frozen=True)
class Start:
    """Where a search begins, and how strongly it is drawn back: inverse variances."""

    lessons: NDArray[np.float64]
    gate: NDArray[np.float64]
    holds_lessons: NDArray[np.float64]
    holds_gate: NDArray[np.float64]


def search(trials: Sequence[Trial], start: Start, rounds: int = ROUNDS) -> Found:
    """The weights by which what the pictures show is least surprising.

    Args:
        trials: what is known.
        start: where the search begins. Where its `lessons` are twice as many as there are parts,
            the second half grows with the logarithm of the number of lessons an item.
        rounds: at most so many steps.
    """
    lessons, gate = start.lessons.copy(), start.gate.copy()
    grows = len(lessons) > len(LESSON_PARTS)
    before = np.inf
    loss = 0.0
    for _ in range(rounds):
        bend = np.diag(start.holds_lessons)
        pull = start.holds_lessons * (start.lessons - lessons)
        gate_bend = np.diag(start.holds_gate)
        gate_pull = start.holds_gate * (start.gate - gate)
        loss = total = 0.0
        for trial in trials:
            parts, counts = trial.parts, trial.counts
            spread = np.eye(len(LESSON_PARTS))
            if grows:
                spread = np.vstack([spread, trial.growth * spread])
            logs = lesson_shares(parts, spread.T @ lessons)
            shares = np.exp(logs)
            towards = parts.gate @ gate
            known = trial.right[:, : parts.base.shape[1]]
            right = trial.right_items
            by_network = (np.exp(parts.base) * known).sum(axis=1)
            by_network = by_network * np.exp(-np.logaddexp(0, towards))
            of_right = np.where(right, shares, 0.0)
            by_lessons = of_right.sum(axis=1) * np.exp(-np.logaddexp(0, -towards))
            probable = np.maximum(by_network + by_lessons, _SMALLEST)
            whose = by_lessons / probable
            loss -= float(counts @ np.log(probable))
            total += float(counts.sum())
            # Whose answer it was.
            opened = np.exp(-np.logaddexp(0, -towards))
            gate_pull = gate_pull + parts.gate.T @ (counts * (whose - opened))
            steep = counts * np.maximum(opened * (1 - opened), 0.12)
            gate_bend = gate_bend + (parts.gate * steep[:, np.newaxis]).T @ parts.gate
            # Which item, where it was the lessons'.
            mass = counts * whose * right.any(axis=1)
            wanted = of_right / np.maximum(of_right.sum(axis=1, keepdims=True), 1e-12)
            surplus = ((wanted - shares) * mass[:, np.newaxis]).astype(np.float32).ravel()
            flat = parts.evidence.reshape(len(LESSON_PARTS), -1)
            weighed = parts.evidence * shares.astype(np.float32)
            mean = weighed.sum(axis=2)
            weighed *= mass.astype(np.float32)[:, np.newaxis]
            inner = weighed.reshape(flat.shape) @ flat.T - (mean * mass) @ mean.T
            bend = bend + spread @ inner @ spread.T
            pull = pull + spread @ (flat @ surplus)
        lessons = evidence_for(lessons + 0.8 * np.linalg.solve(bend, pull))
        gate = gate + np.linalg.solve(gate_bend, gate_pull)
        loss /= max(total, 1.0)
        if abs(before - loss) < ENOUGH * abs(loss):
            break
        before = loss
    return Found(lessons, gate, loss)


def evidence_for(lessons: NDArray[np.float64]) -> NDArray[np.float64]:
    """Such weights, with none by which likeness to an item's lessons speaks against the item.

    Few shops cannot tell two kinds of likeness apart, and a search may then set one against the
    other; in another shop that is wrong. That an item is new may speak against it.
    """
    parts = len(LESSON_PARTS)
    weights = lessons.copy()
    likeness = slice(0, parts - 1)
    weights[likeness] = np.maximum(weights[likeness], 0)
    if len(weights) > parts:
        growth = weights[parts:][likeness]
        growth[:] = np.maximum(growth, -weights[likeness] / MOST_GROWTH)
    return weights


def learn(head: Head, lessons: Mapping[str, Sequence[Vectors]]) -> Memory:
    """What is known when these embeddings have been taught, by label."""
    taught = {label: np.stack(vectors) for label, vectors in lessons.items() if len(vectors)}
    memory = Memory(head, taught)
    if taught:
        adapt(memory)
    return memory


def adapt(memory: Memory) -> None:
    """Weigh a new memory's parts as its own lessons suggest, and find what is sure enough.

    Called once, before anybody has the memory. Items of a single lesson say nothing: without it
    there is nothing to recognise it by.
    """
    usual = usual_threshold(memory.growth, len(memory.counts))
    if len(memory.counts) >= SET_UP:
        memory.lowest = usual
    rng = np.random.default_rng(_SEED)
    several = np.flatnonzero(memory.counts[memory.owner] > 1)
    if not len(several) or len(memory.counts) == 1:
        return
    picked = np.sort(rng.permutation(several)[:PICTURES])
    items = memory.owner[picked]
    own = memory.parts(memory.lessons[picked], out=LeftOut(lesson=picked))
    trial = _trial(memory, own, memory.columns[items], 1.0 * len(picked))
    trials = [trial, _training(memory, rng, TRAINING_COUNTS * len(picked))]
    known = np.flatnonzero(memory.columns[memory.owner] < len(memory.head.labels))
    if len(known):
        lacking = np.sort(rng.permutation(known)[:UNTAUGHT])
        items = memory.owner[lacking]
        parts = memory.parts(memory.lessons[lacking], out=LeftOut(item=items))
        trials.append(_trial(memory, parts, memory.columns[items], UNTAUGHT_COUNTS * len(picked)))
    holds = np.full(len(LESSON_PARTS), TRUST / (1 + memory.growth**2))
    holds[-1] = TRUST
    start = Start(
        memory.weights,
        memory.gate,
        holds,
        TRUST * np.array([1.0] + [9.0] * (len(GATE_PARTS) - 1)),
    )
    found = search(trials, start)
    memory.weights, memory.gate = found.lessons, found.gate
    if len(picked) >= SURER:
        logs = memory.assured(own, memory.weigh(own))
        right = trial.right[np.arange(len(logs)), logs.argmax(axis=1)]
        memory.lowest = lowest(np.exp(logs.max(axis=1)), right, usual)


def usual_threshold(growth: float, items: int) -> float:
    """From which confidence on an answer may pass, by experience with other shops.

    Args:
        growth: the mean logarithm of the number of lessons an item.
        items: how many were taught.
    """
    fewer = float(np.log(max(1.0, FEW / items)))
    return max(LOWEST, HIGHEST - SLOPE * growth**3 - FEWER * growth * fewer)


def lowest(confidences: NDArray[np.float64], right: NDArray[np.bool_], start: float) -> float:
    """From which confidence on few enough answers are wrong, by what became of some answers and by
    experience.

    Args:
        confidences: of the answers.
        right: whether they were.
        start: what experience says, from `usual_threshold`.
    """
    for threshold in np.arange(start, HIGHEST, 0.005):
        passing = confidences >= threshold
        wrong = float((~right[passing]).sum()) + CLAIMS * WANTED
        if wrong / (int(passing.sum()) + CLAIMS) <= TOLERATED:
            return float(threshold)
    return HIGHEST


def _training(memory: Memory, rng: np.random.Generator, counts: float) -> Trial:
    """A sample of the training photos, which must stay what they are."""
    head = memory.head
    picked = np.sort(rng.permutation(len(head.known))[:OF_TRAINING])
    pictures = head.known[picked]
    similar = pictures @ head.known.T
    # Not its neighbours of the same day in the same shop: no other photo will have such.
    near = (
        np.partition(similar, (-_FARTHER[0], -_FARTHER[1]), axis=1)[:, -_FARTHER[0] : -_FARTHER[1]]
        if len(head.known) > _FARTHER[0]
        else similar
    )
    parts = memory.parts(pictures, usual=np.asarray(near.mean(axis=1), np.float64))
    return _trial(memory, parts, parts.base.argmax(axis=1), counts)


def trial_of(
    memory: Memory,
    parts: Parts,
    right: NDArray[np.bool_],
    counts: NDArray[np.float64],
) -> Trial:
    """Pictures of which it is known what they show, with what a search needs of them.

    Args:
        memory: what was taught.
        parts: what it knows of the pictures.
        right: which labels are right, (N, L).
        counts: what each picture counts for, (N,).
    """
    items = right[:, memory.columns] & parts.possible
    if items.shape[1] > LIKELIEST:
        spoken = np.where(items, -np.inf, -lesson_shares(parts, memory.weights))
        likely = np.sort(np.argpartition(spoken, LIKELIEST, axis=1)[:, :LIKELIEST], axis=1)
        rows = np.arange(len(likely))[:, np.newaxis]
        items = items[rows, likely]
        parts = replace(
            parts, evidence=parts.evidence[:, rows, likely], possible=parts.possible[rows, likely]
        )
    return Trial(parts, right, items, counts, memory.growth)


def _trial(memory: Memory, parts: Parts, truths: NDArray[np.int64], counts: float) -> Trial:
    right = np.zeros((len(truths), len(memory.labels)), bool)
    right[np.arange(len(truths)), truths] = True
    each = np.full(len(truths), counts / len(truths))
    return trial_of(memory, parts, right, each)
