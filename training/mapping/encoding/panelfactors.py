"""Factors of a section that measured a part of the genes: the encoder's beside a regression's.

The encoder was trained on compositions of all fitted genes. From a panel its input is noisier than
any it has seen, and it answers as for ordinary spots. A Poisson regression of a neighbourhood's
counts on the known loadings needs no training, and its errors are others: their mean comes nearer
to what all genes would have told. How far to lean on the regression is learnt in rehearsal, where
the factors that all genes gave are known; with all genes the encoder gives just these.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from training.mapping.encoding.pooling import pool
from training.mapping.reading.genecounts import GeneCounts

COVERED = 0.95
"""Share of the loadings' mass on measured genes from which the encoder is left alone."""
BLOCK = 4096


def is_panel(loadings: NDArray[np.floating], visible: NDArray[np.integer]) -> bool:
    """Whether measured genes (their columns in the loadings (K, G)) cover so little that the
    regression is worth its time."""
    return bool(loadings[:, visible].sum() < COVERED * loadings.sum())


def regress_factors(
    counts: GeneCounts,
    adjacency: sparse.csr_matrix,
    slices: NDArray[np.integer],
    loadings: NDArray[np.float32],
    effects: NDArray[np.float32],
) -> NDArray[np.float32]:
    """Proportions (n, K) that known loadings have in the counts of each spot's neighbourhood.

    Args:
        counts: (n, g) of the measured genes; adjacency: (n, n) with self loops; slices: (n,).
        loadings: (K, g) of these genes; effects: (S, g) slice-gene effects gamma.
    """
    from training.factors.composition import decode_many

    found = np.empty((len(slices), len(loadings)), dtype=np.float32)
    for start in range(0, len(slices), BLOCK):
        rows = np.arange(start, min(start + BLOCK, len(slices)))
        around = sparse.csr_matrix(pool(counts, adjacency, rows))
        amounts = decode_many(around, slices[rows], loadings, effects) + 1e-9
        found[rows] = amounts / amounts.sum(axis=1, keepdims=True)
    return found


def learn_lean(
    encoded: NDArray[np.floating], regressed: NDArray[np.floating], known: NDArray[np.floating]
) -> float:
    """The weight w in 0..1 with which (1 - w) encoded + w regressed comes nearest to what is known.

    Args:
        encoded, regressed, known: (m, K); rows of NaN, not regressed, take no part.
    """
    there = np.isfinite(regressed).all(axis=1)
    difference = (regressed - encoded)[there].astype(np.float64)
    missing = (known - encoded)[there].astype(np.float64)
    size = float(np.square(difference).sum())
    return float(np.clip((difference * missing).sum() / size, 0, 1)) if size > 0 else 0.0


def lean(
    encoded: NDArray[np.float32], regressed: NDArray[np.float32] | None, weight: float
) -> NDArray[np.float32]:
    """Proportions (n, K) that lean on the regression by `weight`."""
    if regressed is None or not weight:
        return encoded
    return np.asarray((1 - weight) * encoded + weight * regressed, dtype=np.float32)
