"""Weighs the discriminant, and makes the confidence of network and discriminant mean accuracy."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from smartscale.recognition.memory import Head, Vectors, log_shares
from training.calibrate import confirm_threshold, fit_temperature
from training.heads.seen import Seen

logger = logging.getLogger(__name__)

DISCRIMINANTS = (0.0, 5.0, 10.0, 15.0, 20.0, 30.0, 45.0, 70.0, 100.0, 150.0)
"""Weights of the discriminant that are tried, beside the network's logits."""
AS_GOOD = 1.01
"""A log-loss that is within one in a hundred is as good."""


@dataclass(frozen=True)
class Calibration:
    """What makes the confidence of a package with a head mean accuracy."""

    discriminant: float
    temperature: float
    confirm: float


@dataclass(frozen=True)
class Unseen:
    """What a network and the discriminant say of produce that neither has seen."""

    logits: NDArray[np.float64]
    """The network's, before calibration, (N, labels)."""
    alike: NDArray[np.float64]
    """The discriminant's, from `Head.alike`, (N, labels)."""
    truths: NDArray[np.int64]
    """The index of each photo's label."""


@dataclass(frozen=True)
class Balance:
    """What photos of unseen scenes say of how a head is to be weighed."""

    share: float
    """The discriminant's weight beside the network's logits."""
    confirm: float
    """The confidence from which on as few answers are wrong as may be."""
    n: int
    top1: float
    top1_of_the_network: float
    log_loss: float
    log_loss_of_the_network: float
    unasked: float
    unasked_of_the_network: float

    @classmethod
    def of(cls, findings: Sequence[Mapping[str, Any]]) -> Self | None:
        """What the findings of a package say of it; None where none does."""
        known = [finding["balance"] for finding in findings if "balance" in finding]
        return cls(**known[-1]) if known else None


@dataclass(frozen=True)
class _Tried:
    """One weight of the discriminant, at its best temperature."""

    share: float
    temperature: float
    log_loss: float
    top1: float
    confirm: float
    unasked: float
    """The share of answers from `confirm` on."""


def balance(folds: Sequence[Unseen], error: float) -> Balance:
    """Weigh the discriminant on photos of scenes that their fold's network has not seen.

    A network is sure of what it has learned by heart, and so it is of other photos of those days
    and shops. How much the discriminant adds shows where both are strangers only. Networks that
    learned longer need it less, so it is the least of the weights that are as good as the best.

    Args:
        folds: of a cross-validation.
        error: the share of wrong answers wanted among those nobody is asked to confirm.
    """
    logits, alike, truths = (
        np.concatenate([getattr(fold, part) for fold in folds])
        for part in ("logits", "alike", "truths")
    )
    tried = _tried(logits, alike, truths, error)
    found = min(_as_good(tried), key=lambda one: one.share)
    alone = tried[0]
    return Balance(
        share=found.share,
        confirm=round(found.confirm, 4),
        n=len(truths),
        top1=round(found.top1, 4),
        top1_of_the_network=round(alone.top1, 4),
        log_loss=round(found.log_loss, 4),
        log_loss_of_the_network=round(alone.log_loss, 4),
        unasked=round(found.unasked, 4),
        unasked_of_the_network=round(alone.unasked, 4),
    )


def calibrate(
    head: Head,
    logits: NDArray[np.float64],
    embeddings: Vectors,
    truths: NDArray[np.int64],
    error: float,
    share: float | None = None,
) -> Calibration:
    """Weigh the discriminant and find temperature and threshold on photos of produce.

    Args:
        head: of the package.
        logits: the network's, before calibration, (N, labels).
        embeddings: of the same photos, (N, E).
        truths: the index of each photo's label.
        error: the share of wrong answers wanted among those nobody is asked to confirm.
        share: of the discriminant, from `balance`; None finds it on these photos too.
    """
    shares = DISCRIMINANTS if share is None else (share,)
    tried = _tried(logits, head.alike(head.within(embeddings)), truths, error, shares)
    # As many answers as can pass, where the probabilities are as good as the best.
    found = max(_as_good(tried), key=lambda one: one.unasked)
    return Calibration(
        round(found.share / found.temperature, 5),
        round(found.temperature, 4),
        round(found.confirm, 4),
    )


def unseen_by(head: Head, seen: Seen, truths: NDArray[np.int64]) -> Unseen:
    """What a head and its network say of photos that neither has seen; `truths` are labels' places
    (N,)."""
    return Unseen(seen.logits, head.alike(head.within(seen.embeddings)), truths)


def _tried(
    logits: NDArray[np.float64],
    alike: NDArray[np.float64],
    truths: NDArray[np.int64],
    error: float,
    shares: Sequence[float] = DISCRIMINANTS,
) -> list[_Tried]:
    found = []
    for share in shares:
        added = logits + share * alike
        temperature = fit_temperature(added, truths)
        logs = log_shares(added / temperature)
        right, sure = logs.argmax(axis=1) == truths, np.exp(logs.max(axis=1))
        threshold = confirm_threshold(sure, right, error)
        one = _Tried(
            share=share,
            temperature=temperature,
            log_loss=-float(logs[np.arange(len(truths)), truths].mean()),
            top1=float(right.mean()),
            confirm=threshold,
            unasked=float((sure >= threshold).mean()),
        )
        logger.info("%s", one)
        found.append(one)
    return found


def _as_good(tried: Sequence[_Tried]) -> list[_Tried]:
    """Those whose log-loss is as good as the best one's."""
    least = min(one.log_loss for one in tried)
    return [one for one in tried if one.log_loss <= least * AS_GOOD]
