"""The time of a section by the mean time that its spots vote for, its stage in the atlas or not.

The latent mixes stages, so that votes are spread over all of them and their mean time is drawn to
the middle: for sections of the last stage, and more so of one that the reference lacks, it is days
before. It is drawn so for the reference's own slices too, over which it rises with their true time
t as

    m = a + b t.

Fitted that way round and read the other way, t = (m - a) / b, it is drawn to the middle no more
(classical calibration), and may lie beyond the stages. How far t is off is learnt on slices of one
stage after the other that all votes and the line do without: that is as much as is to be expected
of a section whose stage the reference lacks, and no less than of another.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from training.mapping.staging.conformal import reach

LEAST_STAGES = 4
"""With a stage left out three are needed that a line can be told from noise by."""

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class VotedTime:
    """How the mean voted time rises with the true one in a reference.

    Attributes:
        start, slope: a, in the unit of times, and b, above 0.
        errors: (slices,) of times, each found without the slice's own stage.
    """

    start: float
    slope: float
    errors: Floats

    def read(self, votes: NDArray[np.floating], times: Floats) -> float:
        """Time of a section by its mean votes (stages,) on stages of `times` (stages,)."""
        return float((_mean(votes, times) - self.start) / self.slope)


def learn_voted_time(
    votes: NDArray[np.floating], truth: NDArray[np.integer], times: Floats
) -> VotedTime | None:
    """From mean votes (slices, stages) of slices placed by the others, and their stages (slices,).

    A slice that no other shares its stage with is voted elsewhere, and has no part in a line. None
    where fewer than LEAST_STAGES stages of different times are shared, where mean voted times do
    not rise with true ones, or where the slices are further off than the stages are apart.
    """
    shared = np.bincount(truth, minlength=len(times))[truth] > 1
    if not np.isfinite(times).all() or len(np.unique(times[truth[shared]])) < LEAST_STAGES:
        return None
    known = times[truth]
    start, slope = _fit(known[shared], _mean(votes, times)[shared])
    errors = np.empty(len(truth))
    for stage in np.unique(truth):
        own = truth == stage
        means = _mean(np.where(np.arange(len(times)) == stage, 0, votes), times)
        a, b = _fit(known[shared & ~own], means[shared & ~own])
        errors[own] = (means[own] - a) / b - times[stage] if b > 0 else np.inf
    if not slope > 0 or reach(errors) > np.ptp(times):
        return None
    return VotedTime(start, slope, errors)


def _mean(votes: NDArray[np.floating], times: Floats) -> Floats:
    """Mean voted time of votes (..., stages)."""
    values = np.asarray(votes, dtype=np.float64)
    return np.asarray(values @ times / np.maximum(values.sum(axis=-1), 1e-12))


def _fit(times: Floats, means: Floats) -> tuple[float, float]:
    """Least-squares a and b of means (n,) over times (n,), which differ."""
    apart = times - times.mean()
    slope = float(apart @ means / (apart @ apart))
    return float(means.mean() - slope * times.mean()), slope
