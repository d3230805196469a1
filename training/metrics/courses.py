"""Comparison with a known truth: whether a tissue's change over stages stands in the factors."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from training.metrics.truth import column_correlations

LEAST_GENES = 5
"""Fitted genes of a programme from which it is judged."""
FLOOR = 0.1
"""Added to expression before its logarithm, in terms of an even share of the genes: what a gene
next to nobody has says nothing."""
RIDGE = 1e-4
"""Penalty of the regression on proportions, in terms of the spots of a stage: types that a stage
hardly holds stay near nothing instead of anywhere."""


def programme_correlation(
    proportions: ArrayLike,
    loadings: ArrayLike,
    truth: ArrayLike,
    stages: NDArray[np.integer],
    times: ArrayLike,
    slopes: ArrayLike,
    members: NDArray[np.bool_],
) -> NDArray[np.float64]:
    """How well factors tell the genes that change over stages inside some cell types.

    A programme is a slope of log expression over time for each gene, mostly 0, planted in the
    cell types that are its members. In each stage the proportions of factors are regressed on the
    true proportions of cell types; by the loadings that gives the expression of every type in this
    stage, whatever changes in number. That of the members, in the same mixture at all stages, has
    a slope of its logarithm over time in every gene, and compared is that with the planted one, by
    Pearson's correlation over the genes that no other programme has. A factorisation in which the
    members look alike at all stages has about 0.

    Args:
        proportions: (n, K) factor proportions.
        loadings: (n_genes, K), NaN for genes that were not fitted.
        truth: (n, T) true proportions of cell types.
        stages: (n,) index of each spot's stage; times: (S,) of the stages.
        slopes: (P, n_genes) planted slopes.
        members: (P, T) cell types that each programme is planted in.

    Returns:
        (P,): NaN for a programme of which fewer than 5 genes were fitted, or of whose cell types
        none is there at all stages.
    """
    beta, cells = np.asarray(proportions, float), np.asarray(truth, float)
    weights, planted = np.asarray(loadings, float), np.asarray(slopes, float)
    fitted = np.isfinite(weights).all(axis=1)
    weights, planted = weights[fitted], planted[:, fitted]
    seen = np.unique(stages)
    when = np.asarray(times, float)[seen]
    found = np.full(len(planted), np.nan)
    if len(seen) < 2 or not len(weights):
        return found
    there = np.array([cells[stages == stage].mean(axis=0) for stage in seen]).min(axis=0)
    shares = np.array([_type_shares(cells[stages == s], beta[stages == s]) for s in seen])
    for index, (slope, own) in enumerate(zip(planted, members, strict=True)):
        mixture = there * own
        if (slope != 0).sum() < LEAST_GENES or mixture.sum() <= 0:
            continue
        course = _course(shares.transpose(0, 2, 1) @ mixture @ weights.T, when)
        alone = (slope != 0) | (planted == 0).all(axis=0)
        found[index] = column_correlations(course[alone, None], slope[alone, None])[0, 0]
    return found


def _type_shares(cells: NDArray[np.float64], beta: NDArray[np.float64]) -> NDArray[np.float64]:
    """Proportions (T, K) of factors in each of the cell types (n, T), rows of sum 1."""
    gram = cells.T @ cells + RIDGE * len(cells) * np.eye(cells.shape[1])
    shares = np.maximum(np.linalg.solve(gram, cells.T @ beta), 1e-12)
    return np.asarray(shares / shares.sum(axis=1, keepdims=True))


def _course(expression: NDArray[np.float64], times: NDArray[np.float64]) -> NDArray[np.float64]:
    """Slope over time (G,) of the logarithm of shares of expression (S, G)."""
    shares = expression / np.maximum(expression.sum(axis=1, keepdims=True), 1e-300)
    logs = np.log2(shares + FLOOR / shares.shape[1])
    centred = times - times.mean()
    slope: NDArray[np.float64] = centred @ logs / np.square(centred).sum()
    return slope
