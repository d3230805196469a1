"""What is matched to register slices: neighbours in order, and their spots near in the latent."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from training.neighbours.nearest import nearest

NEIGHBOURS = 5
"""Latent neighbours among which two spots must find each other."""
WINDOW = 3
"""A slice is matched with this many that follow it in order."""


def pairs_in_order(
    stages: Sequence[int], depths: Sequence[float] | None = None
) -> list[tuple[int, int]]:
    """Pairs of slices to match: up to WINDOW apart in order, of one stage or neighbouring ones.

    The order is by stage, then by depth where it is given, then as the slices come.
    """
    deep = np.zeros(len(stages)) if depths is None else np.asarray(depths, dtype=np.float64)
    order = np.lexsort((np.arange(len(stages)), deep, np.asarray(stages)))
    ranks = np.unique(np.asarray(stages), return_inverse=True)[1]
    return [
        (int(order[a]), int(order[b]))
        for a in range(len(order))
        for b in range(a + 1, min(a + WINDOW + 1, len(order)))
        if ranks[order[b]] - ranks[order[a]] <= 1
    ]


def mutual_neighbours(
    first: NDArray[np.floating], second: NDArray[np.floating], k: int = NEIGHBOURS
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Rows (i, j) such that j is among the k nearest to i and i among the k nearest to j.

    Args:
        first, second: (n, d) and (m, d) latents of two slices.
    """

    def links(ask: NDArray[np.floating], answer: NDArray[np.floating]) -> sparse.csr_matrix:
        near = min(k, len(answer))
        found, _ = nearest(answer, near, 0, ask)
        bounds = np.arange(len(ask) + 1) * near
        ones = np.ones(found.size, dtype=np.int8)
        return sparse.csr_matrix((ones, found.ravel(), bounds), shape=(len(ask), len(answer)))

    both = links(first, second).multiply(links(second, first).T).tocoo()
    return both.row.astype(np.int64), both.col.astype(np.int64)
