"""A section's time beyond the stages of a reference: where the fall of its votes points to.

A posterior over stages cannot name a time that no stage has. But votes fall off with the time
between a section and a stage, on the slices of the reference about as

    log v_s = a - b (t_s - t)^2,

and with b known from them the line of log v_s + b t_s^2 over t_s has the slope 2 b t, also where t
lies beyond the first or last stage. How far t is off is learnt on slices whose whole stage is left
out of the vote, as it is of one that the reference does not cover: that reaches one stage beyond
the others, and further out an error of b weighs more than the interval says.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from training.mapping.staging.conformal import interval
from training.store.mapped import EARLIER, LATER, UNJUDGED

LEAST_STAGES = 4
"""With a stage left out three are needed that a line can be told from noise by."""
LEAST_VOTE = 1e-3
INSIDE = "not outside for certain"


@dataclass(frozen=True)
class Trend:
    """How votes fall off with time in a reference.

    Attributes:
        fall: b, per squared unit of time; above 0.
        errors: (slices,) of times, each found without the slice's own stage.
        times: (stages,).
    """

    fall: float
    errors: NDArray[np.float64]
    times: NDArray[np.float64]

    def locate(self, votes: NDArray[np.floating]) -> dict[str, Any]:
        """Time of a section by its mean votes (stages,), anywhere on the axis.

        Returns:
            'estimate', 'low', 'high', 'coverage' and 'n_slices' as of `Placing.place`, and
            'verdict': 'earlier' or 'later' where the whole interval lies before the first or after
            the last stage, else INSIDE.
        """
        estimate = _place(votes, self.times, self.fall)
        told = interval(estimate, self.errors)
        verdict = INSIDE
        if told["high"] < self.times.min():
            verdict = EARLIER
        elif told["low"] > self.times.max():
            verdict = LATER
        return {**told, "verdict": verdict}


@dataclass(frozen=True)
class NoTrend:
    """A reference that cannot tell whether a section lies beyond its stages, for a `reason`."""

    reason: str

    def locate(self, votes: NDArray[np.floating]) -> dict[str, Any]:
        """As of `Trend`, with 'verdict' UNJUDGED and 'reason' alone."""
        return {"verdict": UNJUDGED, "reason": self.reason}


def learn_trend(
    votes: NDArray[np.floating], truth: NDArray[np.integer], times: Sequence[float]
) -> Trend | NoTrend:
    """From mean votes (slices, stages) of slices placed by the others, and their stages (slices,).

    It takes 4 stages of known and different times, and votes that fall off with time.
    """
    known = np.asarray(times, dtype=np.float64)
    present = np.unique(truth)
    least = f"it takes {LEAST_STAGES} stages of different times"
    if len(present) < LEAST_STAGES:
        count = "one stage" if len(present) == 1 else f"{len(present)} stages"
        return NoTrend(f"the atlas has {count}, and {least}")
    if not np.isfinite(known).all():
        return NoTrend(f"not all stages of the atlas have a time, and {least}")
    if len(np.unique(known[present])) < LEAST_STAGES:
        return NoTrend(f"stages of the atlas share their times, and {least}")
    flat = NoTrend("resemblance to the atlas's own slices does not fall off with time")
    hidden = np.asarray(votes, dtype=np.float64).copy()
    hidden[np.arange(len(truth)), truth] = 0
    errors = np.empty(len(truth))
    for index, stage in enumerate(truth):
        fall = _fall(hidden[truth != stage], known[truth[truth != stage]], known)
        if not fall > 0:
            return flat
        errors[index] = _place(hidden[index], known, fall) - known[stage]
    fall = _fall(hidden, known[truth], known)
    return Trend(fall, errors, known) if fall > 0 else flat


def _fall(
    votes: NDArray[np.float64], truth: NDArray[np.float64], times: NDArray[np.float64]
) -> float:
    """Least-squares b over slices (m, stages) of known times (m,), by the weight of votes; 0 where
    the distances of stages do not differ."""
    above = below = 0.0
    for own, time in zip(votes, truth, strict=True):
        weights, logs = _logs(own)
        square = (times - time) ** 2
        square = square - weights @ square
        above -= float(weights @ (square * (logs - weights @ logs)))
        below += float(weights @ square**2)
    return above / below if below > 0 else 0.0


def _place(votes: NDArray[np.floating], times: NDArray[np.float64], fall: float) -> float:
    weights, logs = _logs(votes)
    middle = weights @ times
    raised = logs + fall * times**2
    spread = weights @ (times - middle) ** 2
    slope = weights @ ((times - middle) * raised) / max(float(spread), 1e-12)
    return float(slope / (2 * fall))


def _logs(votes: NDArray[np.floating]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Weights (stages,) that sum to 1, 0 for stages that nobody could vote for, and log votes."""
    values = np.asarray(votes, dtype=np.float64)
    weights = np.maximum(values, 0) / max(float(values.sum()), 1e-12)
    return weights, np.log(np.maximum(weights, LEAST_VOTE))
