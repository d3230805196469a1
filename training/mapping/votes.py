"""What the neighbours of a spot say it is, and how often such a vote is right.

Shares of votes are not probabilities: a vote of 20 neighbours in a latent that mixes slices may be
surer, or less sure, than it is right. On slices that were left out the truth is known, and there

    p_c ~ (s_c + f)^a exp(b r_c)

is fitted to it: s the shares of votes, a their sharpness, f a floor that none falls below, and r
the scores of a regression on the measured genes, which weigh b.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

SHARPNESS = np.array([0.0, 0.25, 0.35, 0.5, 0.7, 1.0, 1.4, 2.0, 2.8, 4.0])
FLOORS = np.array([0.001, 0.01, 0.1])
WEIGHTS = np.array([0.0, 1.0, 2.0, 4.0, 6.0, 8.0, 12.0, 16.0, 24.0])
BINS = 10
LARGEST_LOSS = -np.log(1e-12)


@dataclass(frozen=True)
class Calibration:
    """How evidence becomes probabilities, and how these did on slices they were not fitted to.

    Attributes:
        sharpness, floor, weight: a, f and b.
        error: expected calibration error, 0..1: the mean over spots of the distance between what
            was promised and what came true, in ten bins; NaN with a single slice.
        accuracy: share of spots whose likeliest class is the right one; NaN likewise.
    """

    sharpness: float
    floor: float
    weight: float
    error: float
    accuracy: float

    def apply(
        self, shares: NDArray[np.floating], scores: NDArray[np.floating] | None = None
    ) -> NDArray[np.float32]:
        """Probabilities (n, C) of shares (n, C) and scores (n, C)."""
        return _join(shares, scores, self.sharpness, self.floor, self.weight)


def count_votes(
    codes: NDArray[np.integer],
    n_classes: int,
    neighbours: NDArray[np.integer],
    weights: NDArray[np.floating],
) -> NDArray[np.float32]:
    """Shares (n, C) of weighted votes; those without a class, code -1, do not vote.

    A spot whose neighbours all abstain has equal shares.
    """
    n = len(neighbours)
    shares = np.zeros((n, n_classes + 1), dtype=np.float32)
    rows = np.arange(n)
    for column in range(neighbours.shape[1]):
        # The last column takes the abstentions.
        np.add.at(shares, (rows, codes[neighbours[:, column]]), weights[:, column])
    shares = shares[:, :-1]
    total = shares.sum(axis=1, keepdims=True)
    return np.where(total > 1e-6, shares / np.maximum(total, 1e-6), 1 / n_classes)


def calibrate(
    shares: NDArray[np.floating],
    truth: NDArray[np.integer],
    folds: NDArray[np.integer],
    scores: NDArray[np.floating] | None = None,
) -> Calibration:
    """The likeliest a, f and b for shares (m, C) and scores (m, C) of spots whose class is known.

    Args:
        truth: (m,) codes, -1 where unknown; folds: (m,) slices, each of which counts alike.
        scores: of regressions that have not seen the slice; without them b is 0.
    """
    known = truth >= 0
    shares, truth, folds = shares[known], truth[known], folds[known]
    scores = None if scores is None else scores[known]
    if not len(truth):
        return Calibration(1.0, float(FLOORS[0]), 0.0, np.nan, np.nan)
    weights = WEIGHTS if scores is not None else WEIGHTS[:1]
    settings = [
        (float(sharpness), float(floor), float(weight))
        for sharpness in SHARPNESS
        for floor in FLOORS
        for weight in weights
    ]
    names, rows = np.unique(folds), np.arange(len(truth))
    by_fold = np.empty((len(settings), len(names)))
    where = np.searchsorted(names, folds)
    sizes = np.bincount(where)
    logs = {float(floor): np.log(shares.astype(np.float32) + np.float32(floor)) for floor in FLOORS}
    for place, (sharpness, floor, weight) in enumerate(settings):
        logits = sharpness * logs[floor]
        if scores is not None and weight:
            logits = logits + weight * scores
        top = logits.max(axis=1)
        whole = np.log(np.exp(logits - top[:, None]).sum(axis=1))
        losses = np.minimum(whole + top - logits[rows, truth], LARGEST_LOSS)
        by_fold[place] = np.bincount(where, weights=losses) / sizes
    error = accuracy = np.nan
    if len(names) > 1:
        promised = np.empty(len(truth))
        right = np.empty(len(truth), dtype=bool)
        for place, fold in enumerate(names):
            inside = folds == fold
            best = int(np.delete(by_fold, place, axis=1).mean(axis=1).argmin())
            own = None if scores is None else scores[inside]
            found = _join(shares[inside], own, *settings[best])
            promised[inside] = found.max(axis=1)
            right[inside] = found.argmax(axis=1) == truth[inside]
        error, accuracy = calibration_error(promised, right), float(right.mean())
    return Calibration(*settings[int(by_fold.mean(axis=1).argmin())], error, accuracy)


def calibration_error(promised: NDArray[np.floating], right: NDArray[np.bool_]) -> float:
    """Expected calibration error of promised probabilities (n,), in bins of equal width."""
    place = np.minimum((promised * BINS).astype(np.int64), BINS - 1)
    counts = np.bincount(place, minlength=BINS)
    gap = np.abs(
        np.bincount(place, weights=promised, minlength=BINS)
        - np.bincount(place, weights=right, minlength=BINS)
    )
    return float(gap.sum() / max(counts.sum(), 1))


def error_by_chance(promised: NDArray[np.floating]) -> float:
    """What `calibration_error` is to be expected of promises (n,) that are exactly right.

    In a bin of few spots what came true differs from what was promised by chance alone, and the
    error takes no sign: of 150 spots it is .06 or so, and says nothing against the promises. Spots
    count as independent, which neighbours are not, so that chance does more than this.
    """
    place = np.minimum((promised * BINS).astype(np.int64), BINS - 1)
    variance = np.bincount(place, weights=promised * (1 - promised), minlength=BINS)
    # The mean distance of a normal variable from its mean.
    return float(np.sqrt(2 / np.pi * variance).sum() / max(len(promised), 1))


def _join(
    shares: NDArray[np.floating],
    scores: NDArray[np.floating] | None,
    sharpness: float,
    floor: float,
    weight: float,
) -> NDArray[np.float32]:
    logits = sharpness * np.log(np.asarray(shares, dtype=np.float32) + np.float32(floor))
    if scores is not None and weight:
        logits = logits + weight * scores
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return (powers / powers.sum(axis=1, keepdims=True)).astype(np.float32)
