"""How well genes came out where they are known, and intervals that follow from it.

Intervals are split-conformal: the error of a spot is set against a width that depends on the
imputed value, and the quantiles of that ratio over held-out slices, which no estimate was made
from, bound the errors of a new section, as far as it is a slice like the others.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

COVERAGE = 0.9
TAIL = (1 - COVERAGE) / 2
LEAST_SPOTS = 2 / TAIL
LEAST_SHARE = 0.01
"""Of a slice's spots that must have a gene for it to be judged there, and 5 spots."""


@dataclass(frozen=True)
class Accuracy:
    """Of g genes, from spots whose slices were left out.

    Attributes:
        pearson, spearman, rmse: (g,) means over slices of the figure within a slice; log1p counts
            per 10,000; NaN for a gene that no slice could be judged by.
        slices: (g,) number of slices judged.
        by_stage: (stages, g) mean Pearson correlation over the slices of a stage, NaN without.
        base, slope: (g,) of the width s(v)^2 = base + slope v.
        low, high: (g,) quantiles of (measured - imputed) / s(imputed); an interval for an imputed
            value v is v + low s(v) to v + high s(v), not below 0.
        coverage: (g,) share, 0..1, of left-out values inside of intervals whose ends the other
            slices gave; NaN where these are too few.
    """

    pearson: NDArray[np.float32]
    spearman: NDArray[np.float32]
    rmse: NDArray[np.float32]
    slices: NDArray[np.int64]
    by_stage: NDArray[np.float32]
    base: NDArray[np.float32]
    slope: NDArray[np.float32]
    low: NDArray[np.float32]
    high: NDArray[np.float32]
    coverage: NDArray[np.float32]

    def of(self, genes: slice) -> Accuracy:
        """Of some of the genes."""
        return Accuracy(*(getattr(self, each.name)[..., genes] for each in fields(self)))


def judge(
    imputed: NDArray[np.floating],
    measured: NDArray[np.floating],
    folds: NDArray[np.integer],
    stages: NDArray[np.integer],
    n_stages: int,
) -> Accuracy:
    """Judge imputed (m, g) by measured values (m, g), NaN where a slice did not measure a gene.

    Args:
        folds: (m,) slices; stages: (m,).
    """
    # SciPy's statistics take most of a second to import, and who imputes nothing needs none.
    from scipy.stats import rankdata

    n_genes = measured.shape[1]
    names = np.unique(folds)
    figures = np.full((3, len(names), n_genes), np.nan)
    of_stage = np.empty(len(names), dtype=np.int64)
    for place, fold in enumerate(names):
        inside = folds == fold
        of_stage[place] = stages[inside][0]
        truth = measured[inside]
        judged = judged_genes(truth)
        if len(judged):
            found, known = imputed[inside][:, judged], truth[:, judged]
            figures[0, place, judged] = correlate(found, known)
            ranks = rankdata(found, axis=0), rankdata(known, axis=0)
            figures[1, place, judged] = correlate(*ranks)
            figures[2, place, judged] = np.sqrt(((found - known) ** 2).mean(axis=0))
    by_stage = np.full((n_stages, n_genes), np.nan, dtype=np.float32)
    for stage in np.unique(of_stage):
        by_stage[stage] = mean_known(figures[0, of_stage == stage])
    base, slope, low, high, coverage = _find_intervals(imputed, measured, folds)
    return Accuracy(
        pearson=mean_known(figures[0]),
        spearman=mean_known(figures[1]),
        rmse=mean_known(figures[2]),
        slices=np.isfinite(figures[2]).sum(axis=0),
        by_stage=by_stage,
        base=base,
        slope=slope,
        low=low,
        high=high,
        coverage=coverage,
    )


def correlate_slices(
    imputed: NDArray[np.floating], measured: NDArray[np.floating], folds: NDArray[np.integer]
) -> NDArray[np.float64]:
    """Pearson correlation (folds, g) within each fold, NaN where it cannot be judged."""
    names = np.unique(folds)
    found = np.full((len(names), measured.shape[1]), np.nan)
    for place, fold in enumerate(names):
        inside = folds == fold
        judged = judged_genes(measured[inside])
        found[place, judged] = correlate(imputed[inside][:, judged], measured[inside][:, judged])
    return found


def judged_genes(measured: NDArray[np.floating]) -> NDArray[np.intp]:
    """Genes that a slice (m, g) can be judged by: measured there, and expressed by spots enough."""
    least = max(5, LEAST_SHARE * len(measured))
    known = np.isfinite(measured).all(axis=0)
    return np.flatnonzero(known & ((measured > 0).sum(axis=0) >= least))


def bound(
    imputed: NDArray[np.floating], accuracy: Accuracy
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Lower and upper ends (n, g) of intervals around imputed values (n, g)."""
    width = np.sqrt(accuracy.base + accuracy.slope * np.maximum(imputed, 0))
    low = np.maximum(imputed + accuracy.low * width, 0)
    return low.astype(np.float32), (imputed + accuracy.high * width).astype(np.float32)


def hold_against(
    imputed: NDArray[np.floating],
    measured: NDArray[np.floating],
    accuracy: Accuracy,
    sections: NDArray[np.integer],
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Imputed (n, g) beside what the same spots measured (n, g), NaN for genes they did not.

    Args:
        sections: (n,) of the spots.

    Returns:
        correlation (g,), mean over sections of that within one; share of spots (g,), 0..1, whose
        measured value lies in the interval. NaN without measured values, or without an interval.
    """
    known = np.isfinite(measured).all(axis=0)
    pearson, inside = (np.full(measured.shape[1], np.nan, dtype=np.float32) for _ in range(2))
    if known.any():
        rows = [np.flatnonzero(sections == section) for section in np.unique(sections)]
        within = [correlate(imputed[own][:, known], measured[own][:, known]) for own in rows]
        pearson[known] = np.mean(within, axis=0)
        low, high = bound(imputed, accuracy)
        held = ((measured >= low) & (measured <= high)).mean(axis=0)
        bounded = known & np.isfinite(high).all(axis=0)
        inside[bounded] = held[bounded]
    return pearson, inside


def correlate(found: NDArray[np.floating], known: NDArray[np.floating]) -> NDArray[np.float64]:
    """Pearson correlation of each column; 0 where one of them does not vary."""
    a, b = (part - part.mean(axis=0, dtype=np.float64) for part in (found, known))
    size = np.sqrt((a**2).sum(axis=0) * (b**2).sum(axis=0))
    return (a * b).sum(axis=0) / np.where(size > 1e-12, size, np.inf)


def _find_intervals(
    imputed: NDArray[np.floating], measured: NDArray[np.floating], folds: NDArray[np.integer]
) -> tuple[NDArray[np.float32], ...]:
    n_genes = measured.shape[1]
    found = np.full((5, n_genes), np.nan, dtype=np.float32)
    for gene in range(n_genes):
        known = np.isfinite(measured[:, gene])
        # Fewer spots bound nothing at this coverage.
        if known.sum() < LEAST_SPOTS:
            continue
        value = np.asarray(imputed[known, gene], dtype=np.float64)
        error = measured[known, gene] - value
        base, slope = _fit_width(value, error**2)
        ratio = error / np.sqrt(base + slope * np.maximum(value, 0))
        order = np.argsort(ratio)
        ratio, of_fold = ratio[order], folds[known][order]
        found[:, gene] = base, slope, *_ends(ratio), _cover(ratio, of_fold)
    return tuple(found)


def _ends(ratio: NDArray[np.floating]) -> tuple[float, float]:
    """Low and high end of sorted ratios (n,): finite-sample quantiles of conformal prediction, of
    rank (n + 1) q, outwards."""
    n = len(ratio)
    low = max(int(np.floor((n + 1) * TAIL)) - 1, 0)
    high = min(int(np.ceil((n + 1) * (1 - TAIL))) - 1, n - 1)
    # An interval holds its imputed value, also where nearly all counts are zero.
    return min(float(ratio[low]), 0.0), max(float(ratio[high]), 0.0)


def _cover(ratio: NDArray[np.floating], folds: NDArray[np.integer]) -> float:
    """Share of sorted ratios (n,) within the ends that the other folds (n,) give."""
    inside = 0
    for fold in np.unique(folds):
        own = folds == fold
        others = ratio[~own]
        if len(others) < LEAST_SPOTS:
            return np.nan
        low, high = _ends(others)
        inside += int(((ratio[own] >= low) & (ratio[own] <= high)).sum())
    return inside / len(ratio)


def _fit_width(value: NDArray[np.float64], square: NDArray[np.float64]) -> tuple[float, float]:
    """Base and slope, neither negative, of squared errors over values; the base not quite 0."""
    mean, level = float(square.mean()), float(value.mean())
    spread = float(((value - level) ** 2).mean())
    slope = 0.0
    if spread > 1e-12:
        slope = float(((value - level) * (square - mean)).mean()) / spread
    # A line through the mean point that stays above a tenth of it at a value of 0.
    slope = min(max(slope, 0.0), 0.9 * mean / max(level, 1e-9))
    return max(mean - slope * level, 1e-6), slope


def mean_known(values: NDArray[np.floating]) -> NDArray[np.float32]:
    """Mean over rows of what is known, NaN for columns without."""
    known = np.isfinite(values)
    total = np.where(known, values, 0).sum(axis=0)
    count = known.sum(axis=0)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan).astype(np.float32)
