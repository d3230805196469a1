"""Spatially variable genes: Moran's I of every gene on the neighbour graph of each slice."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from training.inputs.normalised import Normalised
from training.store.genes.significance import adjust_p

BLOCK_VALUES = 2**19
"""Values of one dense block of genes, 4 MiB: it stays in the cache through all its sums."""
FEWEST = 4
"""Spots below which the variance of Moran's I is not defined."""


@dataclass(frozen=True)
class Autocorrelation:
    """Moran's I of each gene (G,), its z-score, one-sided p-value and q-value.

    NaN for a gene that is constant in every slice.
    """

    moran_i: NDArray[np.float64]
    z: NDArray[np.float64]
    p: NDArray[np.float64]
    q: NDArray[np.float64]


def measure_autocorrelation(
    expression: sparse.csr_matrix | Normalised,
    adjacency: sparse.csr_matrix,
    slices: NDArray[np.integer],
) -> Autocorrelation:
    """Moran's I per slice, averaged over slices with their numbers of spots as weights.

    In a slice of n spots with weights w_ij (w_ii = 0), z = x − mean x and W = Σ_ij w_ij,
    I = (n / W) Σ_ij w_ij z_i z_j / Σ_i z_i² (Moran, Biometrika 1950). The null is randomisation:
    all orders of the values over the spots are equally likely (Cliff & Ord, Spatial Processes,
    1981), slices independent of one another. Large I means that neighbours are alike, and only
    that side is tested. A slice in which a gene is constant does not count for it.

    Memory is that of one slice and a block of genes, whatever the number of spots times genes.

    Args:
        expression: (n, G) log1p counts per 10,000.
        adjacency: (n, n) symmetric weights, 0 between slices; entries of the diagonal are ignored.
        slices: (n,) slice of each spot.
    """
    from scipy.stats import norm

    n_genes = expression.shape[1]
    weight, mean, expected, variance = (np.zeros(n_genes) for _ in range(4))
    for index in np.unique(slices):
        rows = np.flatnonzero(slices == index)
        weights = sparse.csr_matrix(adjacency[rows][:, rows], dtype=np.float64)
        weights.setdiag(0)
        weights.eliminate_zeros()
        if len(rows) < FEWEST or not weights.nnz:
            continue
        found, deviation = _measure_slice(expression[rows].tocsc(), weights)
        counted = np.isfinite(found)
        size = len(rows)
        weight[counted] += size
        mean[counted] += size * found[counted]
        expected[counted] -= size / (size - 1)
        variance[counted] += size**2 * deviation[counted]
    with np.errstate(invalid="ignore", divide="ignore"):
        statistic = mean / weight
        # A graph that joins all spots leaves nothing to chance: no variance, no test.
        z = np.where(variance > 1e-12, (mean - expected) / np.sqrt(variance), np.nan)
    p = norm.sf(z)
    return Autocorrelation(statistic, z, p, adjust_p(p))


def _measure_slice(
    expression: sparse.csc_matrix, weights: sparse.csr_matrix
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Moran's I and its variance under randomisation of every gene (G,) of one slice."""
    n, n_genes = expression.shape
    s0 = float(weights.sum())
    s1 = float((weights + weights.T).power(2).sum()) / 2
    ends = np.asarray(weights.sum(axis=1)).ravel() + np.asarray(weights.sum(axis=0)).ravel()
    s2 = float((ends**2).sum())
    statistic, kurtosis = np.full(n_genes, np.nan), np.full(n_genes, np.nan)
    step = max(BLOCK_VALUES // n, 1)
    for start in range(0, n_genes, step):
        genes = slice(start, min(start + step, n_genes))
        values = expression[:, genes].toarray(order="C").astype(np.float64)
        level = values.mean(axis=0)
        values -= level
        product = (weights @ values) * values
        np.square(values, out=values)
        second = values.sum(axis=0)
        np.square(values, out=values)
        # A constant differs from its own mean by rounding.
        varies = second > 1e-12 * n * level**2
        safe = np.where(varies, second, np.nan)
        statistic[genes] = n / s0 * product.sum(axis=0) / safe
        kurtosis[genes] = n * values.sum(axis=0) / safe**2
    first = n * ((n**2 - 3 * n + 3) * s1 - n * s2 + 3 * s0**2)
    fourth = kurtosis * ((n**2 - n) * s1 - 2 * n * s2 + 6 * s0**2)
    square = (first - fourth) / ((n - 1) * (n - 2) * (n - 3) * s0**2)
    return statistic, square - 1 / (n - 1) ** 2
