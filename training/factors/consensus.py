"""What several factorisations agree on: their factors matched, averaged, and judged for stability.

After cNMF (Kotliar et al., eLife 2019), with a matching in which each run has each factor once in
place of clusters of free size.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

FLOOR = 1e-9
"""Least loading of a consensus: multiplicative updates never leave zero."""
ROUNDS = 20


@dataclass(frozen=True)
class Consensus:
    """Loadings (K, G), rows that sum to 1, and the stability (K,) of each factor, 0..1."""

    loadings: NDArray[np.float32]
    stability: NDArray[np.float64]


def find_consensus(runs: Sequence[ArrayLike]) -> Consensus:
    """The median of factors that are matched one to one over runs.

    Every run in turn is the first template: all runs are matched to it, the median of the matched
    loadings is the next template, until the matching stays. The matching is taken in which the
    runs' factors resemble one another most.

    Args:
        runs: R loadings of one shape (K, G), at least 0, rows that sum to 1.

    Raises:
        ValueError: without a run.
    """
    if not len(runs):
        raise ValueError("a consensus needs at least one run")
    stacked = np.stack([np.asarray(run, dtype=np.float64) for run in runs])
    found = [_match_runs(stacked, template) for template in stacked]
    best = max(found, key=lambda matched: float(np.sum(measure_stability(matched))))
    return Consensus(_median(best).astype(np.float32), measure_stability(best))


def measure_stability(matched: ArrayLike) -> NDArray[np.float64]:
    """Mean similarity (K,) of a factor in one run with the same factor in another, over all pairs.

    1 is a factor that is alike in all runs, 0 one that is no more alike than any two factors are;
    negative means count as 0. Pairs of runs are compared, and not the runs with their consensus,
    which resembles each of them because it was made from them.

    Args:
        matched: (R, K, G) loadings of R runs, factor k of each run being the same. With one run
            nothing can be said: NaN.
    """
    directions = np.stack([_directions(run) for run in np.asarray(matched, dtype=np.float64)])
    n_runs, n_factors, _ = directions.shape
    if n_runs < 2:
        return np.full(n_factors, np.nan)
    whole = np.square(directions.sum(axis=0)).sum(axis=1)
    own = np.square(directions).sum(axis=(0, 2))
    return np.clip((whole - own) / (n_runs * (n_runs - 1)), 0.0, 1.0)


def match_factors(
    loadings: ArrayLike, other: ArrayLike
) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    """Factors of one fit paired with those of another to the largest sum of similarities.

    Returns:
        For each factor of `loadings`: its partner in `other`, -1 for none, and their similarity.
    """
    from scipy.optimize import linear_sum_assignment

    similarity = compare_factors(loadings, other)
    partner = np.full(len(similarity), -1, dtype=np.intp)
    value = np.zeros(len(similarity))
    rows, columns = linear_sum_assignment(similarity, maximize=True)
    partner[rows], value[rows] = columns, similarity[rows, columns]
    return partner, value


def compare_factors(loadings: ArrayLike, other: ArrayLike) -> NDArray[np.float64]:
    """Cosine (K, L) of the square roots of loadings, the mean of each side's factors taken off.

    Loadings themselves are alike for any two factors, as a few genes are high in all of them. The
    square root evens out the noise of counts; what is left after the mean is what tells a factor
    from the others.
    """
    return _directions(loadings) @ _directions(other).T


def _directions(loadings: ArrayLike) -> NDArray[np.float64]:
    roots = np.sqrt(np.asarray(loadings, dtype=np.float64))
    if len(roots) > 1:
        roots = roots - roots.mean(axis=0)
    return roots / np.maximum(np.linalg.norm(roots, axis=1, keepdims=True), 1e-12)


def _match_runs(runs: NDArray[np.float64], template: NDArray[np.float64]) -> NDArray[np.float64]:
    """Runs (R, K, G) with their factors in the order of a template that follows them."""
    before: list[list[int]] = []
    matched = runs
    for _ in range(ROUNDS):
        partners = [match_factors(template, run)[0] for run in runs]
        matched = np.stack([run[own] for run, own in zip(runs, partners, strict=True)])
        order = [own.tolist() for own in partners]
        if order == before:
            break
        before, template = order, _median(matched)
    return matched


def _median(matched: NDArray[np.float64]) -> NDArray[np.float64]:
    median = np.median(matched, axis=0) + FLOOR
    return median / median.sum(axis=1, keepdims=True)
