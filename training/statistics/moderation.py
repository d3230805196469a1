"""Variances between slices of many quantities at once, drawn towards their common scale.

Few slices say little of one gene's variance, but thousands of genes say much of variances. Values
may come with the variance that counting alone gives them.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
LEAST_VARIANCE = 1e-8
# Beyond so large a variance nothing is told apart; beyond so many prior degrees of freedom the
# variances are one and the same.
MOST = 1e6
BISECTIONS = 40


def weigh_sides(
    sides: Sequence[Floats], noise: Sequence[Floats], extra: float
) -> tuple[list[Floats], list[Floats], Floats]:
    """Means of each side's slices with weights 1 / (noise + extra), sums of these weights, and the
    weighted squares about the means over all sides.

    Args:
        sides: each (S, M), one row per slice; NaN does not count.
        noise: variances of these values, each (S, M).

    Returns:
        Means, each (M,), NaN where no slice counts; sums of weights, each (M,); squares (M,).
    """
    means, totals, squares = [], [], np.zeros(sides[0].shape[1])
    for values, variance in zip(sides, noise, strict=True):
        counting = np.isfinite(values)
        given = np.where(counting, values, 0.0)
        weight = np.where(counting, 1 / (variance + extra), 0.0)
        total = weight.sum(axis=0)
        with np.errstate(invalid="ignore", divide="ignore"):
            mean = (weight * given).sum(axis=0) / total
        squares += (weight * (given - np.nan_to_num(mean)) ** 2).sum(axis=0)
        means.append(mean)
        totals.append(total)
    return means, totals, squares


def common_variance(sides: Sequence[Floats], noise: Sequence[Floats], d: Floats) -> float:
    """The one variance τ² between slices at which the weighted squares over their degrees of
    freedom `d` (M,) are 1 on average, by bisection (after Paule and Mandel, 1982).

    1 where counting gives no noise, as all weights are alike then.
    """
    if not len(d) or all((each == 0).all() for each in noise):
        return 1.0

    def excess(extra: float) -> float:
        return float((weigh_sides(sides, noise, extra)[2] / d).mean()) - 1

    low, high = LEAST_VARIANCE, 1.0
    if excess(low) <= 0:
        return low
    while excess(high) > 0 and high < MOST:
        high *= 4
    for _ in range(BISECTIONS):
        middle = float(np.sqrt(low * high))
        low, high = (middle, high) if excess(middle) > 0 else (low, middle)
    return high


def draw_variances(variance: Floats, d: Floats) -> tuple[Floats, Floats]:
    """Variances (M,) on `d` degrees of freedom (M,) drawn towards their prior (d0, s0²):
    (d0 s0² + d s²) / (d0 + d), and the degrees of freedom d0 + d that they then have.

    Smyth, Stat. Appl. Genet. Mol. Biol. 2004.
    """
    d0, s0 = prior_variance(variance, d)
    drawn = np.full(variance.shape, s0) if np.isinf(d0) else (d0 * s0 + d * variance) / (d0 + d)
    # No more degrees of freedom than all quantities together have.
    return drawn, np.minimum(d0 + d, d.sum())


def prior_variance(variance: Floats, d: ArrayLike) -> tuple[float, float]:
    """(d0, s0²) of the scaled inverse χ² prior of variances (M,) on `d` degrees of freedom.

    With e = log s² − ψ(d/2) + log(d/2): trigamma(d0/2) = var(e) − mean of trigamma(d/2), and
    s0² = exp(mean(e) + ψ(d0/2) − log(d0/2)); d0 may be infinite. Of fewer than three variances
    above 0 there is no prior, d0 = 0.

    Args:
        d: one number, or (M,).
    """
    from scipy.special import digamma, polygamma

    usable = variance > 0
    if usable.sum() < 3:
        return 0.0, float(variance[usable].mean()) if usable.any() else 0.0
    half = np.broadcast_to(np.asarray(d, dtype=np.float64) / 2, variance.shape)[usable]
    e = np.log(variance[usable]) - digamma(half) + np.log(half)
    excess = float(e.var(ddof=1) - polygamma(1, half).mean())
    if excess <= 2 / MOST:
        return np.inf, float(np.exp(e.mean()))
    d0 = 2 * inverse_trigamma(excess)
    return d0, float(np.exp(e.mean() + digamma(d0 / 2) - np.log(d0 / 2)))


def inverse_trigamma(value: float) -> float:
    """x > 0 with trigamma(x) = `value` > 0, by Newton's method on 1 / trigamma."""
    from scipy.special import polygamma

    x = 0.5 + 1 / value
    for _ in range(50):
        found = float(polygamma(1, x))
        step = found * (1 - found / value) / float(polygamma(2, x))
        x += step
        if abs(step) < 1e-8 * x:
            break
    return x
