"""What the neighbours of a spot say it is, and how often such a vote is right.

Shares of votes are not probabilities: a vote of 20 neighbours in a latent that mixes slices may be
surer, or less sure, than it is right. On slices that were left out the truth is known, and there

    p_c = (s_c + f)^a / sum_c' (s_c' + f)^a

is fitted to it: a the sharpness, f a floor that no share falls below.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

SHARPNESS = np.exp(np.linspace(np.log(0.25), np.log(4), 17))
FLOORS = np.array([0.001, 0.003, 0.01, 0.03, 0.1])
BINS = 10


@dataclass(frozen=True)
class Calibration:
    """Sharpness and floor of probabilities, and how they did on slices they were not fitted to.

    Attributes:
        error: expected calibration error, 0..1: the mean over spots of the distance between what
            was promised and what came true, in ten bins; NaN with a single slice.
        accuracy: share of spots whose likeliest class is the right one; NaN likewise.
    """

    sharpness: float
    floor: float
    error: float
    accuracy: float

    def apply(self, shares: NDArray[np.floating]) -> NDArray[np.float32]:
        """Probabilities (n, C) of shares (n, C)."""
        return _sharpen(shares, self.sharpness, self.floor)


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
    shares: NDArray[np.floating], truth: NDArray[np.integer], folds: NDArray[np.integer]
) -> Calibration:
    """The likeliest sharpness and floor for shares (m, C) of spots whose class is known.

    Args:
        truth: (m,) codes, -1 where unknown; folds: (m,) slices, each of which counts alike.
    """
    known = truth >= 0
    shares, truth, folds = shares[known], truth[known], folds[known]
    if not len(truth):
        return Calibration(1.0, float(FLOORS[0]), np.nan, np.nan)
    losses = np.stack(
        [[_losses(shares, truth, sharpness, floor) for floor in FLOORS] for sharpness in SHARPNESS]
    )
    names = np.unique(folds)
    by_fold = np.stack([losses[:, :, folds == fold].mean(axis=2) for fold in names])
    error = accuracy = np.nan
    if len(names) > 1:
        promised = np.empty(len(truth))
        right = np.empty(len(truth), dtype=bool)
        for place, fold in enumerate(names):
            inside = folds == fold
            others = np.delete(by_fold, place, axis=0).mean(axis=0)
            found = _sharpen(shares[inside], *_best(others))
            promised[inside] = found.max(axis=1)
            right[inside] = found.argmax(axis=1) == truth[inside]
        error, accuracy = calibration_error(promised, right), float(right.mean())
    return Calibration(*_best(by_fold.mean(axis=0)), error, accuracy)


def calibration_error(promised: NDArray[np.floating], right: NDArray[np.bool_]) -> float:
    """Expected calibration error of promised probabilities (n,), in bins of equal width."""
    place = np.minimum((promised * BINS).astype(np.int64), BINS - 1)
    counts = np.bincount(place, minlength=BINS)
    gap = np.abs(
        np.bincount(place, weights=promised, minlength=BINS)
        - np.bincount(place, weights=right, minlength=BINS)
    )
    return float(gap.sum() / max(counts.sum(), 1))


def _best(losses: NDArray[np.floating]) -> tuple[float, float]:
    row, column = np.unravel_index(losses.argmin(), losses.shape)
    return float(SHARPNESS[row]), float(FLOORS[column])


def _losses(
    shares: NDArray[np.floating], truth: NDArray[np.integer], sharpness: float, floor: float
) -> NDArray[np.float64]:
    found = _sharpen(shares, sharpness, floor)
    return -np.log(np.maximum(found[np.arange(len(truth)), truth], 1e-12))


def _sharpen(shares: NDArray[np.floating], sharpness: float, floor: float) -> NDArray[np.float32]:
    powers = (np.asarray(shares, dtype=np.float64) + floor) ** sharpness
    return (powers / powers.sum(axis=1, keepdims=True)).astype(np.float32)
