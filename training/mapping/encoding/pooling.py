"""Counts summed over spatial neighbours, some spots at a time."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from training.mapping.reading.genecounts import GeneCounts


def pool(
    counts: sparse.csr_matrix | GeneCounts, adjacency: sparse.csr_matrix, rows: NDArray[np.integer]
) -> NDArray[np.float32]:
    """Counts (m, G) of some spots, each summed over its neighbours.

    Sums of many sparse rows are hardly sparse: those that are reached are made dense, which is
    faster than a product of sparse matrices, and of all spots would take too much memory.

    Args:
        counts: (n, G); adjacency: (n, n) with self loops; rows: (m,).
    """
    near = adjacency[rows]
    reached = np.unique(near.indices)
    shape = (len(rows), len(reached))
    own = sparse.csr_matrix((near.data, np.searchsorted(reached, near.indices), near.indptr), shape)
    return np.asarray(own @ counts[reached].toarray(), dtype=np.float32)
