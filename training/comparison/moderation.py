"""How far query slices lie from reference slices, many quantities at once.

Slices are the replicates. What the slices of one stage differ by tells the variance between slices;
stages are judged together, as one stage often has a single slice. Variances of single quantities
are drawn towards their common scale (Smyth, Stat. Appl. Genet. Mol. Biol. 2004).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
LEVEL = 0.95
# Beyond so large a variance between slices nothing is told apart.
MOST_VARIANCE = 1e6
LEAST_VARIANCE = 1e-8


@dataclass(frozen=True)
class Distance:
    """Query less reference of M quantities, each (M,).

    Attributes:
        effect: NaN where either side has no slice.
        low, high: 95 % interval of the effect. Of one query slice it is a prediction interval: a
            slice like those of the reference has 0 within it 19 times in 20. NaN where no two
            slices of a stage tell the variance.
        p: two-sided; NaN but where query and matched stage have two slices each.
        n_query, n_reference: slices that count.
    """

    effect: Floats
    low: Floats
    high: Floats
    p: Floats
    n_query: NDArray[np.int64]
    n_reference: NDArray[np.int64]


def measure_distance(
    query: ArrayLike,
    reference: ArrayLike,
    stages: NDArray[np.integer],
    matched: int,
    query_noise: ArrayLike = 0.0,
    reference_noise: ArrayLike = 0.0,
) -> Distance:
    """Mean of query slices less that of the reference's slices at the `matched` stage.

    Values of counting noise v have weight w = 1 / (v + τ²), with the one τ² at which the weighted
    squares about the means of their stages are 1 per degree of freedom on average. With s² the
    same of one quantity, drawn towards all others', the variance of the effect is
    s² (1 / Σ w of the query + 1 / Σ w of the stage), on the degrees of freedom of s² and the prior.

    Args:
        query: (Q, M); reference: (R, M). NaN does not count.
        stages: (R,) stage of each slice of the reference.
        query_noise, reference_noise: variances that counting gives the values.
    """
    from scipy.special import stdtr, stdtrit

    values = [np.asarray(query, dtype=np.float64), np.asarray(reference, dtype=np.float64)]
    noise = [
        np.broadcast_to(np.asarray(each, dtype=np.float64), table.shape)
        for each, table in zip((query_noise, reference_noise), values, strict=True)
    ]
    sides = [(values[0], noise[0])]
    sides += [(values[1][stages == s], noise[1][stages == s]) for s in np.unique(stages)]
    place = 1 + int(np.searchsorted(np.unique(stages), matched))
    counts = np.stack([np.isfinite(side).sum(axis=0) for side, _ in sides])
    d = np.maximum(counts - 1, 0).sum(axis=0).astype(np.float64)
    known = (d > 0) & (counts[0] > 0) & (counts[place] > 0)
    extra = common_variance([(v[:, known], n[:, known]) for v, n in sides], d[known])
    means, weights, squares = weigh_sides(sides, extra)
    with np.errstate(divide="ignore", invalid="ignore"):
        effect = means[0] - means[place]
        spread = 1 / weights[0] + 1 / weights[place]
    error, degrees = np.full((2, len(d)), np.nan)
    if known.any():
        drawn, degrees[known] = draw_variances(squares[known] / d[known], d[known])
        # Nothing varies less than counting alone makes it, however well few slices agree.
        least = 1.0 if extra <= LEAST_VARIANCE else 0.0
        error[known] = np.sqrt(np.maximum(drawn, least) * spread[known])
    half = stdtrit(degrees, (1 + LEVEL) / 2) * error
    tested = np.minimum(counts[0], counts[place]) >= 2
    with np.errstate(divide="ignore", invalid="ignore"):
        p = np.where(tested & (error > 0), 2 * stdtr(degrees, -np.abs(effect / error)), np.nan)
    return Distance(effect, effect - half, effect + half, p, counts[0], counts[place])


def weigh_sides(
    sides: list[tuple[Floats, Floats]], extra: float
) -> tuple[list[Floats], list[Floats], Floats]:
    """Weighted means and sums of weights of each side, and the weighted squares about the means."""
    means, totals, squares = [], [], np.zeros(sides[0][0].shape[1])
    for values, noise in sides:
        counting = np.isfinite(values)
        weight = np.where(counting, 1 / (noise + extra), 0.0)
        given = np.where(counting, values, 0.0)
        total = weight.sum(axis=0)
        with np.errstate(divide="ignore", invalid="ignore"):
            mean = (weight * given).sum(axis=0) / total
        squares += (weight * (given - np.nan_to_num(mean)) ** 2).sum(axis=0)
        means.append(mean)
        totals.append(total)
    return means, totals, squares


def common_variance(sides: list[tuple[Floats, Floats]], d: Floats) -> float:
    """τ² at which weighted squares over `d` are 1 on average, by bisection (after Paule and
    Mandel, 1982); 1 where counting gives no noise, as weights are alike then."""
    if not len(d) or all((noise == 0).all() for _, noise in sides):
        return 1.0

    def excess(extra: float) -> float:
        return float((weigh_sides(sides, extra)[2] / d).mean()) - 1

    low, high = LEAST_VARIANCE, 1.0
    if excess(low) <= 0:
        return low
    while excess(high) > 0 and high < MOST_VARIANCE:
        high *= 4
    for _ in range(40):
        middle = float(np.sqrt(low * high))
        low, high = (middle, high) if excess(middle) > 0 else (low, middle)
    return high


def draw_variances(variance: Floats, d: Floats) -> tuple[Floats, Floats]:
    """Variances (M,) on `d` degrees of freedom drawn towards their scaled inverse χ² prior, which
    is fitted by the moments of their logarithms, and the degrees of freedom that they then have."""
    from scipy.optimize import brentq
    from scipy.special import digamma, polygamma

    usable = variance > 0
    if usable.sum() < 3:
        return variance, d
    half = d[usable] / 2
    logs = np.log(variance[usable]) - digamma(half) + np.log(half)
    excess = float(logs.var(ddof=1) - polygamma(1, half).mean())
    if excess <= 2 / MOST_VARIANCE:
        return np.full(variance.shape, np.exp(logs.mean())), np.full(d.shape, d.sum())
    prior = 2 * brentq(lambda x: float(polygamma(1, x)) - excess, 1e-3, MOST_VARIANCE)
    scale = np.exp(logs.mean() + digamma(prior / 2) - np.log(prior / 2))
    return (prior * scale + d * variance) / (prior + d), np.minimum(prior + d, d.sum())
