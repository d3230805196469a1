"""Means, intervals and tests with slices as the replicates.

Spots of one section are no independent samples: the section was drawn, not the spot. So every
slice gives one number, whatever its spots, and one slice alone gives neither interval nor test.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from training.statistics.moderation import (
    Floats,
    common_variance,
    draw_variances,
    weigh_sides,
)
from training.store.genes.significance import adjust_p

LEVEL = 0.95


@dataclass(frozen=True)
class Summary:
    """Mean over slices with Student's interval, (T, M); `n` (T,) slices that count.

    `low` and `high` are NaN where fewer than two slices count, `mean` where none does.
    """

    mean: Floats
    low: Floats
    high: Floats
    n: NDArray[np.int64]


@dataclass(frozen=True)
class Difference:
    """B less A of M quantities, each (M,).

    `low`, `high`, `p` and `q` are NaN where either side has fewer than two slices, and of a
    quantity that does not vary at all. `q` is `p` after Benjamini and Hochberg.
    """

    effect: Floats
    low: Floats
    high: Floats
    p: Floats
    q: Floats


def summarise(
    values: ArrayLike, group: ArrayLike, n_groups: int, least: float = 0.0, most: float = np.inf
) -> Summary:
    """Mean and 95% interval of each group of slices.

    The interval is mean ± t(n − 1) · s / √n, cut at `least` and `most`.

    Args:
        values: (S, M), one row per slice; a row of NaN does not count.
        group: (S,) group of each slice, 0 to `n_groups` − 1.
    """
    table, group_of = np.asarray(values, dtype=np.float64), np.asarray(group)
    shape = (n_groups, table.shape[1])
    mean, half = np.full(shape, np.nan), np.full(shape, np.nan)
    n = np.zeros(n_groups, dtype=np.int64)
    for each in range(n_groups):
        rows = table[(group_of == each) & ~np.isnan(table).any(axis=1)]
        n[each] = len(rows)
        if len(rows):
            mean[each] = rows.mean(axis=0)
        if len(rows) > 1:
            half[each] = t_quantile(len(rows) - 1) * rows.std(axis=0, ddof=1) / np.sqrt(len(rows))
    return Summary(mean, np.maximum(mean - half, least), np.minimum(mean + half, most), n)


def welch(first: ArrayLike, second: ArrayLike) -> Difference:
    """Difference of means of two sets of slices with unequal variances (Welch, Biometrika 1947).

    Args:
        first, second: (S, M) values of the slices of either side.
    """
    a, b = np.asarray(first, dtype=np.float64), np.asarray(second, dtype=np.float64)
    effect = b.mean(axis=0) - a.mean(axis=0)
    if min(len(a), len(b)) < 2:
        return _untested(effect)
    errors = [side.var(axis=0, ddof=1) / len(side) for side in (a, b)]
    total = errors[0] + errors[1]
    with np.errstate(invalid="ignore", divide="ignore"):
        degrees = total**2 / (errors[0] ** 2 / (len(a) - 1) + errors[1] ** 2 / (len(b) - 1))
    return _tested(effect, np.sqrt(total), degrees)


def moderated(
    first: ArrayLike,
    second: ArrayLike,
    first_noise: ArrayLike = 0.0,
    second_noise: ArrayLike = 0.0,
) -> Difference:
    """Difference of means of many quantities at once, variances drawn towards their common scale.

    Few slices say little of one gene's variance, but thousands of genes say much of variances:
    with s² the pooled variance on d degrees of freedom, a scaled inverse χ² prior (d0, s0²) is
    fitted to all genes by the moments of log s², and t has d0 + d degrees of freedom with
    variance (d0 s0² + d s²) / (d0 + d) (Smyth, Stat. Appl. Genet. Mol. Biol. 2004).

    Values of known noise v are weighted by w = 1 / (v + τ²), with one τ² ≥ 0 for all quantities
    at which the mean of s² = Σ w (y − weighted mean of its side)² / d is 1 (after Paule and
    Mandel, 1982). Without noise all weights are alike, and s² is the plain pooled variance.

    Args:
        first, second: (S, M) values of the slices of either side. A slice does not count for a
            quantity of which its value is NaN; a quantity with fewer than two slices on a side is
            not tested.
        first_noise, second_noise: (S, M) variances of the values that their counting has.
    """
    sides = [np.asarray(side, dtype=np.float64) for side in (first, second)]
    means, error, degrees = _moderate(sides, [first_noise, second_noise])
    return _tested(means[1] - means[0], error, degrees)


def moderated_paired(differences: ArrayLike, noise: ArrayLike = 0.0) -> Difference:
    """Mean of many quantities that every slice gives as a difference of its own, tested against 0.

    As `moderated`, on n − 1 degrees of freedom: with n slices of weights w = 1 / (v + τ²), the
    effect is the weighted mean and its variance that of the prior and of s² together, over Σ w.

    Args:
        differences: (S, M), one row per slice; NaN does not count.
        noise: (S, M) variances of the differences that counting has.
    """
    values = np.asarray(differences, dtype=np.float64)
    means, error, degrees = _moderate([values], [noise])
    return _tested(means[0], error, degrees)


def _moderate(sides: list[Floats], noise: list[ArrayLike]) -> tuple[list[Floats], Floats, Floats]:
    """Means of each side, the standard error of their sum or difference, and its degrees of
    freedom, each (M,); the error is NaN of what is not tested."""
    variances = [
        np.broadcast_to(np.asarray(given, dtype=np.float64), side.shape)
        for given, side in zip(noise, sides, strict=True)
    ]
    counting = [(~np.isnan(side)).sum(axis=0) for side in sides]
    tested = np.flatnonzero(np.min(counting, axis=0) >= 2)
    few = [side[:, tested] for side in sides]
    known = [variance[:, tested] for variance in variances]
    d = np.sum(counting, axis=0)[tested].astype(np.float64) - len(sides)
    error, freedom = np.full((2, sides[0].shape[1]), np.nan)
    if not len(tested):
        plain = [np.zeros(side.shape) for side in sides]
        return weigh_sides(sides, plain, 1.0)[0], error, freedom
    extra = common_variance(few, known, d)
    means, weights, _ = weigh_sides(sides, variances, extra)
    squares = weigh_sides(few, known, extra)[2]
    drawn, degrees = draw_variances(squares / d, d)
    error[tested] = np.sqrt(drawn * np.sum([1 / weight[tested] for weight in weights], axis=0))
    freedom[tested] = degrees
    return means, error, freedom


def t_quantile(degrees: ArrayLike, level: float = LEVEL) -> Floats:
    """Half width in standard errors of an interval of `level` on that many degrees of freedom."""
    from scipy.special import stdtrit

    return np.asarray(stdtrit(degrees, (1 + level) / 2))


def _tested(effect: Floats, error: Floats, degrees: Floats) -> Difference:
    from scipy.special import stdtr

    with np.errstate(invalid="ignore", divide="ignore"):
        known = error > 0
        p = np.where(known, 2 * stdtr(degrees, -np.abs(effect / error)), np.nan)
        half = np.where(known, t_quantile(degrees) * error, np.nan)
    return Difference(effect, effect - half, effect + half, p, adjust_p(p))


def _untested(effect: Floats) -> Difference:
    missing = np.full(effect.shape, np.nan)
    return Difference(effect, missing, missing, missing, missing)
