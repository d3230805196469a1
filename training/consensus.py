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
    loadings is the next template, until the matching stays. The template that all runs resemble
    most is taken.

    Args:
        runs: R loadings of one shape (K, G), at least 0, rows that sum to 1.

    Raises:
        ValueError: without a run.
    """
    if not len(runs):
        raise ValueError("a consensus needs at least one run")
    stacked = np.stack([np.asarray(run, dtype=np.float64) for run in runs])
    best, agreement = stacked[0], -np.inf
    for first in stacked:
        template, before = first, np.empty(0)
        for _ in range(ROUNDS):
            matched, similarity = zip(*(match_factors(template, run) for run in stacked))
            order = np.stack(matched)
            if np.array_equal(order, before):
                break
            before = order
            median = np.median([run[own] for run, own in zip(stacked, order)], axis=0) + FLOOR
            template = median / median.sum(axis=1, keepdims=True)
        if np.mean(similarity) > agreement:
            best, agreement = template, float(np.mean(similarity))
    return Consensus(best.astype(np.float32), measure_stability(best, stacked))


def measure_stability(loadings: ArrayLike, runs: Sequence[ArrayLike]) -> NDArray[np.float64]:
    """Mean similarity (K,) of each factor with the factor of each run that it is matched with.

    A run may have fewer factors than K, or more; a factor without a partner has similarity 0 there.
    Negative means count as 0: 0 is a factor that no other run has, 1 one that all runs have alike.

    Args:
        loadings: (K, G); runs: loadings (any, G) each.
    """
    return np.maximum(np.mean([match_factors(loadings, run)[1] for run in runs], axis=0), 0.0)


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
