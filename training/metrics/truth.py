"""Comparison with a known truth: which factor is which programme, and what stays at home."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from training.metrics.labels import as_points, label_codes, slice_codes

LEAKAGE_SAMPLE = 20_000


@dataclass(frozen=True)
class Matched:
    """For each true programme: its factor (T,), −1 for none, and their correlation (T,)."""

    factor: NDArray[np.int64]
    correlation: NDArray[np.float64]

    @property
    def mean(self) -> float:
        """Mean correlation over the true programmes; one without a factor counts 0."""
        return float(self.correlation.mean())


def matched_correlation(found: ArrayLike, truth: ArrayLike) -> Matched:
    """Pearson correlation of true programmes with factors, paired one to one to the largest sum.

    Args:
        found: (n, K) factor proportions.
        truth: (n, T) true programme proportions. With T > K some programmes stay without a factor
            and have correlation 0.

    A constant column has correlation 0 with everything.
    """
    from scipy.optimize import linear_sum_assignment

    correlation = column_correlations(np.asarray(truth, float), np.asarray(found, float))
    programme, factor = linear_sum_assignment(correlation, maximize=True)
    matched = np.full(len(correlation), -1, dtype=np.int64)
    value = np.zeros(len(correlation))
    matched[programme] = factor
    value[programme] = correlation[programme, factor]
    return Matched(matched, value)


def loading_correlation(
    found: ArrayLike, truth: ArrayLike, factor: NDArray[np.integer]
) -> NDArray[np.float64]:
    """Pearson correlation over genes of loadings with the profiles of the programmes they match.

    Compared is what sets a programme apart from the others: B_gk / mean_k B_gk, in [0, K], of the
    loadings and likewise of the profiles. Levels that a gene has in all programmes would correlate
    whatever was found.

    Args:
        found: (n_genes, K) loadings, NaN for genes that were not fitted.
        truth: (T, n_genes) profiles, at least 0.
        factor: (T,) factor of each programme, −1 for none; see `matched_correlation`.

    Returns:
        (T,): 0 for programmes without a factor.
    """
    loadings = np.asarray(found, float)
    fitted = np.isfinite(loadings).all(axis=1)
    correlation = column_correlations(
        _specificity(np.asarray(truth, float).T[fitted]), _specificity(loadings[fitted])
    )
    value = np.zeros(len(correlation))
    matched = factor >= 0
    value[matched] = correlation[matched, factor[matched]]
    return value


def exclusive_leakage(
    found: ArrayLike, truth: ArrayLike, slices: ArrayLike, least: float = 0.05
) -> NDArray[np.float64]:
    """How far a factor shows in slices where its programme does not exist.

    For a programme t with factor f: the mean of f over slices where no spot has t above `least`,
    divided by the mean of f over the spots that have it.

    Args:
        found: (n, K) factor proportions.
        truth: (n, T) true programme proportions.
        slices: (n,) slice of each spot.
        least: proportion from which a programme counts as present.

    Returns:
        (T,): 0 where the factor stays at home, 1 where it is as strong abroad; NaN for programmes
        of every slice or none, and for those without a factor.
    """
    proportions = np.asarray(found, float)
    present = np.asarray(truth, float) > least
    slice_of, names = slice_codes(slices)
    at_home = np.zeros((len(names), present.shape[1]), dtype=bool)
    np.logical_or.at(at_home, slice_of, present)
    leakage = np.full(present.shape[1], np.nan)
    for programme, factor in enumerate(matched_correlation(found, truth).factor):
        abroad = ~at_home[slice_of, programme]
        if factor < 0 or not abroad.any() or not present[:, programme].any():
            continue
        strength = proportions[present[:, programme], factor].mean()
        if strength > 0:
            leakage[programme] = proportions[abroad, factor].mean() / strength
    return leakage


def label_leakage(
    latent: ArrayLike,
    labels: ArrayLike,
    slices: ArrayLike,
    drop: Collection[str] = (),
    *,
    neighbours: int = 15,
    sample: int = LEAKAGE_SAMPLE,
    seed: int = 0,
) -> dict[str, float]:
    """How far tissue of some slices only is mixed with slices that lack it.

    For each label absent from at least one slice: the fraction of its spots' nearest neighbours in
    the latent that lie in slices without it, divided by the fraction of all other spots there.

    Args:
        latent: (n, d), finite.
        labels: (n,) annotation.
        slices: (n,) slice of each spot.
        sample: at most so many spots of a label are looked at, drawn at random by `seed`.

    Returns:
        By label: 0 where kept apart, 1 where mixed as if slices meant nothing.
    """
    from sklearn.neighbors import NearestNeighbors

    codes, kept = label_codes(labels, drop)
    slice_of, names = slice_codes(slices)
    points = as_points(latent, len(codes))
    generator = np.random.default_rng(seed)
    count = min(neighbours, len(points) - 1)
    if count < 1:
        return {}
    search = NearestNeighbors(n_neighbors=count + 1).fit(points)
    leakage: dict[str, float] = {}
    for code, name in enumerate(kept):
        rows = np.flatnonzero(codes == code)
        abroad = np.ones(len(names), dtype=bool)
        abroad[slice_of[rows]] = False
        expected = abroad[slice_of].sum() / (len(points) - 1)
        if expected == 0:
            continue
        if len(rows) > sample:
            rows = np.sort(generator.choice(rows, sample, replace=False))
        near = search.kneighbors(points[rows], return_distance=False)
        # The spot itself is at home, so it never counts; only the divisor leaves it out.
        share = abroad[slice_of[near]].sum() / (len(rows) * count)
        leakage[name] = float(share / expected)
    return leakage


def _specificity(values: NDArray[np.float64]) -> NDArray[np.float64]:
    mean = values.mean(axis=1, keepdims=True)
    return np.where(mean > 0, values / np.where(mean > 0, mean, 1.0), 1.0)


def column_correlations(
    rows: NDArray[np.float64], columns: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Pearson correlations (a, b) of columns (n, a) with columns (n, b); 0 for constant ones."""
    return _standard(rows).T @ _standard(columns)


def _standard(values: NDArray[np.float64]) -> NDArray[np.float64]:
    centred = values - values.mean(axis=0)
    length = np.sqrt(np.square(centred).sum(axis=0))
    scale = np.abs(values).max(axis=0, initial=0.0) * np.sqrt(len(values))
    constant = length <= 1e-12 * np.maximum(scale, 1e-300)
    return np.where(constant, 0.0, centred / np.where(constant, 1.0, length))
