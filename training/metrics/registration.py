"""How well two registered slices show the same expression at the same place."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.spatial import cKDTree

NEIGHBOURS = 6
BLOCK = 1_024
"""Spots compared at a time: bounds the memory to BLOCK x NEIGHBOURS rows of expression."""


def best_correlations(
    expression: sparse.csr_matrix,
    positions: NDArray[np.floating],
    other_expression: sparse.csr_matrix,
    other_positions: NDArray[np.floating],
    neighbours: int = NEIGHBOURS,
) -> NDArray[np.float64]:
    """Best Pearson correlation of each spot with its nearest spots of another slice.

    The registration score of the paper (Zhao et al., Nat Genet 58, 1138, 2026) is the mean of it.

    Args:
        expression: (n, G) normalised expression of the slice.
        positions: (n, 2) coordinates in the common frame.
        other_expression, other_positions: (m, G) and (m, 2) of the other slice.
        neighbours: spots of the other slice compared with; all where it has fewer.

    Returns:
        (n,) values in [-1, 1]; NaN where a spot, or all it is compared with, is constant.
    """
    k = min(neighbours, len(other_positions))
    near = cKDTree(other_positions).query(positions, k=k)[1].reshape(len(positions), k)
    left, right = sparse.csr_matrix(expression), sparse.csr_matrix(other_expression)
    mean, spread = _moments(left)
    other_mean, other_spread = _moments(right)
    best = np.full(len(positions), np.nan)
    for start in range(0, len(positions), BLOCK):
        rows = np.arange(start, min(start + BLOCK, len(positions)))
        ask, answer = np.repeat(rows, k), near[rows].ravel()
        dense = left[rows].toarray()
        # Each row of the other slice's block is multiplied where it has counts, and only there.
        block = right[answer]
        owner = np.repeat(np.repeat(np.arange(len(rows)), k), np.diff(block.indptr))
        product = block.data * dense[owner, block.indices]
        at = np.repeat(np.arange(len(ask)), np.diff(block.indptr))
        together = np.bincount(at, weights=product, minlength=len(ask)) / left.shape[1]
        with np.errstate(invalid="ignore", divide="ignore"):
            r = (together - mean[ask] * other_mean[answer]) / (spread[ask] * other_spread[answer])
        table = np.where(np.isfinite(r), r, -np.inf).reshape(len(rows), k).max(axis=1)
        best[rows] = np.where(np.isfinite(table), np.clip(table, -1, 1), np.nan)
    return best


def registration_score(correlations: NDArray[np.floating]) -> float | None:
    """Mean of the defined values; None when there is none."""
    known = correlations[np.isfinite(correlations)]
    return float(known.mean()) if len(known) else None


def _moments(expression: sparse.csr_matrix) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Mean and standard deviation over genes of each spot; the latter NaN where constant."""
    mean = np.asarray(expression.mean(axis=1, dtype=np.float64)).ravel()
    square = np.asarray(expression.multiply(expression).mean(axis=1, dtype=np.float64)).ravel()
    variance = square - mean**2
    return mean, np.sqrt(np.where(variance > 1e-12 * np.maximum(square, 1e-300), variance, np.nan))
