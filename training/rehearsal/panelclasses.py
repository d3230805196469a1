"""What class a spot is of, by the genes it measured: evidence beside that of its neighbours.

The latent of a query with few genes is poor, and neighbours in it vote at random. A ridge
regression of the classes on the square roots of the panel's counts, the spot's own and those summed
over its spatial neighbours, needs no latent; its scores join the votes in `training.mapping.votes`.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from training.mapping.encoding.pooling import pool
from training.mapping.reading.genecounts import GeneCounts
from training.processes.cores import share_cores
from training.rehearsal.rehearsal import Rehearsal
from training.rehearsal.ridge import Floats, Ridge, centre

MOST_GENES = 750
"""Genes of the panel that are used at most, those with most counts; each enters twice."""
POOLED = 0.5
"""Weight of pooled counts: a spot pools about seven, whose square roots are that much larger."""
BLOCK = 2048


class PanelClassifier:
    """Regression of classes on a panel, learnt from reference spots of a rehearsal."""

    def __init__(self, rehearsal: Rehearsal) -> None:
        totals = np.asarray(rehearsal.counts.sum(axis=0)).ravel()
        everywhere = rehearsal.seen[np.unique(rehearsal.slices)].all(axis=0)
        order = np.argsort(-np.where(everywhere, totals, -1.0), kind="stable")
        self._columns = np.sort(order[: min(MOST_GENES, int(everywhere.sum()))])
        self.genes = [rehearsal.panel[column] for column in self._columns]
        self._folds = rehearsal.folds
        own, pooled = (
            part[:, self._columns].toarray() for part in (rehearsal.counts, rehearsal.pooled)
        )
        described = np.hstack([np.sqrt(own), POOLED * np.sqrt(pooled)])
        self._ridge = Ridge(centre(described, rehearsal.folds), rehearsal.folds)

    def held_out(self, codes: NDArray[np.integer], n_classes: int) -> Floats:
        """Scores (m, C) of the rehearsal's spots with classes (m,), each slice from the others."""
        return self._ridge.held_out(_indicate(codes, n_classes))

    def coefficients(self, codes: NDArray[np.integer], n_classes: int) -> Floats:
        """Coefficients (2P, C) for `score`."""
        return self._ridge.coefficients(_indicate(codes, n_classes))


def score(
    counts: sparse.csr_matrix | GeneCounts,
    adjacency: sparse.csr_matrix,
    sections: NDArray[np.integer],
    coefficients: Sequence[Floats],
) -> list[Floats]:
    """Scores (n, C) of a query's spots, for each set of coefficients (2P, C).

    Args:
        counts: (n, P) raw counts of the classifier's genes; adjacency: (n, n) of `connect`.
        sections: (n,).
    """
    joint = np.hstack(list(coefficients))
    n, half = counts.shape[0], counts.shape[1]

    def score_block(rows: NDArray[np.int64]) -> Floats:
        own = np.sqrt(counts[rows].toarray().astype(np.float32, copy=False))
        pooled = np.sqrt(pool(counts, adjacency, rows))
        return np.asarray(own @ joint[:half] + POOLED * (pooled @ joint[half:]))

    blocks = [np.arange(at, min(at + BLOCK, n)) for at in range(0, n, BLOCK)]
    with share_cores() as for_each:
        found = np.concatenate(for_each(score_block, blocks))
    ends = np.cumsum([part.shape[1] for part in coefficients])[:-1]
    return list(np.split(centre(found, sections), ends, axis=1))


def _indicate(codes: NDArray[np.integer], n_classes: int) -> Floats:
    """Indicators (m, C) less their mean; 0 for spots without a class."""
    known = codes >= 0
    found = np.zeros((len(codes), n_classes), dtype=np.float32)
    found[np.flatnonzero(known), codes[known]] = 1
    found[known] -= found[known].mean(axis=0)
    return found
