"""Expression of reference genes that a query did not measure. Needs no torch."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from training.store import Atlas

GENE_BLOCK = 64


def impute(
    atlas: Atlas,
    genes: Sequence[str],
    neighbours: NDArray[np.integer],
    weights: NDArray[np.floating],
    proportions: NDArray[np.floating],
    rates: NDArray[np.floating],
) -> Iterator[tuple[slice, NDArray[np.float32]]]:
    """Impute genes in blocks, so that all genes of an atlas need no more memory than a few.

    The mean of two estimates with different faults: the weighted mean of the nearest reference
    spots, which keeps what the factors miss, and the decoding of the factors, which is free of the
    neighbours' noise. The decoding is brought to the neighbours' mean, gene by gene: the log of an
    expected count lies above the mean log of shallow counts.

    Args:
        genes: names of reference genes.
        neighbours, weights: (n, k) reference rows and their weights, which sum to 1 in a row.
        proportions: (n, K) factors of the query.
        rates: (K, all reference genes) expected counts per unit of amount.

    Yields:
        the place of a block in `genes` and its values (n, block), log1p counts per 10,000.
    """
    n, k = neighbours.shape
    mean = sparse.csr_matrix(
        (weights.ravel().astype(np.float32), (np.repeat(np.arange(n), k), neighbours.ravel())),
        shape=(n, atlas.n_spots),
    )
    position = {name: index for index, name in enumerate(atlas.genes)}
    total = np.maximum(proportions @ rates.sum(axis=1), 1e-12)
    for start in range(0, len(genes), GENE_BLOCK):
        names = genes[start : start + GENE_BLOCK]
        columns = [position[name] for name in names]
        decoded = np.log1p(1e4 * (proportions @ rates[:, columns]) / total[:, None])
        near = _average(mean, np.column_stack([atlas.gene(name) for name in names]), decoded)
        decoded *= near.mean(axis=0) / np.maximum(decoded.mean(axis=0), 1e-12)
        yield slice(start, start + len(names)), ((near + decoded) / 2).astype(np.float32)


def _average(
    mean: sparse.csr_matrix, values: NDArray[np.floating], otherwise: NDArray[np.floating]
) -> NDArray[np.floating]:
    """Weighted means (n, genes) over neighbours that measured a gene; `otherwise` without any."""
    known = np.isfinite(values)
    if known.all():
        return np.asarray(mean @ values)
    weight = mean @ known.astype(np.float32)
    near = (mean @ np.where(known, values, 0)) / np.maximum(weight, 1e-12)
    return np.where(weight > 1e-6, near, otherwise)
