"""Cheap rows: what linear algebra alone reaches, the floor a fit must be measured against."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np
import scipy.sparse as sp
from numpy.typing import ArrayLike, NDArray
from scipy.spatial import cKDTree

from training.errors import MissingExtraError
from training.metrics.labels import Codes, slice_codes

ROW_BLOCK = 4_096

Points = NDArray[np.float64]


def log_expression(counts: Any, genes: ArrayLike, target_sum: float = 1e4) -> sp.csr_array:
    """x = log1p(count / total of the spot over all genes × target_sum), for chosen genes.

    Args:
        counts: (n, n_genes) raw counts, array or sparse.
        genes: (G,) indices, or a mask (n_genes,).

    Returns:
        (n, G) float64 CSR. Spots without counts are zero.
    """
    rows = sp.csr_array(counts, dtype=np.float64)
    totals = np.asarray(rows.sum(axis=1)).ravel()
    chosen = np.asarray(genes)
    chosen = np.flatnonzero(chosen) if chosen.dtype == bool else chosen
    expression = sp.csr_array(rows[:, chosen])
    scale = target_sum / np.where(totals > 0, totals, 1.0)
    expression.data = np.log1p(expression.data * np.repeat(scale, np.diff(expression.indptr)))
    return expression


def neighbour_means(
    values: Any, slices: ArrayLike, spatial: ArrayLike, hops: int = 1, neighbours: int = 6
) -> Any:
    """Mean over each spot and its nearest spots of the same slice, `hops` times over.

    Args:
        values: (n, G) array or sparse; the result is of the same kind.
        slices: (n,) slice of each spot.
        spatial: (n, 2) coordinates, compared within a slice only.
        neighbours: nearest spots besides the spot itself; a smaller slice takes all its spots.
    """
    average = _averaging(slices, spatial, neighbours)
    for _ in range(hops):
        values = average @ values
    return values


def plain_pca(
    counts: Any,
    slices: ArrayLike,
    genes: ArrayLike,
    n: int = 30,
    *,
    centred: bool = False,
    target_sum: float = 1e4,
) -> Points:
    """Principal components (n_spots, ≤ n) of log expression; genes centred per slice on request."""
    return _components(log_expression(counts, genes, target_sum), slices, n, centred)


def smoothed_centred_pca(
    counts: Any,
    slices: ArrayLike,
    spatial: ArrayLike,
    genes: ArrayLike,
    hops: int = 1,
    neighbours: int = 6,
    n: int = 30,
    *,
    target_sum: float = 1e4,
) -> Points:
    """Principal components (n_spots, ≤ n) of spatially averaged log expression,
    with genes centred per slice.
    """
    expression = log_expression(counts, genes, target_sum)
    smooth = neighbour_means(expression, slices, spatial, hops, neighbours)
    return _components(smooth, slices, n, centred=True)


def multi_hop_pca(
    counts: Any,
    slices: ArrayLike,
    spatial: ArrayLike,
    genes: ArrayLike,
    hops: int = 3,
    neighbours: int = 6,
    n: int = 30,
    reduced: int | None = 20,
    *,
    centred: bool = True,
    target_sum: float = 1e4,
    seed: int = 0,
) -> Points:
    """Harmonised components beside their neighbour means of 1 to `hops` hops, reduced by PCA.

    Args:
        reduced: components kept; None keeps all hops side by side, as CellCharter does.
        centred: whether genes are centred per slice before the first PCA.

    Returns:
        (n_spots, ≤ reduced), or (n_spots, (hops + 1) · n).

    Raises:
        MissingExtraError: Harmony is not installed.
    """
    expression = log_expression(counts, genes, target_sum)
    latent = harmonised(_components(expression, slices, n, centred), slices, seed)
    average = _averaging(slices, spatial, neighbours)
    stack = [latent]
    for _ in range(hops):
        stack.append(average @ stack[-1])
    hopped = np.hstack(stack)
    return hopped if reduced is None else _components(hopped, slices, reduced, centred=False)


def harmonised(latent: Points, slices: ArrayLike, seed: int = 0) -> Points:
    """Harmony on a latent (n, d), slices as batches.

    Raises:
        MissingExtraError: Harmony is not installed.
    """
    try:
        import harmonypy
    except ImportError as error:
        raise MissingExtraError("The Harmony row", "bench") from error
    import pandas as pd

    codes, names = slice_codes(slices)
    if len(names) < 2:
        return latent
    batch = pd.DataFrame({"slice": [names[code] for code in codes]})
    corrected = np.asarray(
        harmonypy.run_harmony(latent, batch, "slice", random_state=seed, verbose=False).Z_corr
    )
    return corrected if corrected.shape == latent.shape else corrected.T


def nmf(
    counts: Any,
    slices: ArrayLike,
    genes: ArrayLike,
    n_factors: int = 20,
    *,
    target_sum: float = 1e4,
    seed: int = 0,
    steps: int = 300,
) -> tuple[Points, NDArray[np.float64]]:
    """Non-negative factorisation (Frobenius) of log expression, blind to slices.

    Returns:
        Proportions (n_spots, K), rows of sum 1, and loadings (n_genes, K), columns of sum 1 and NaN
        outside `genes`.
    """
    from sklearn.decomposition import NMF
    from sklearn.exceptions import ConvergenceWarning

    expression = log_expression(counts, genes, target_sum)
    model = NMF(n_factors, init="nndsvda", random_state=seed, max_iter=steps, tol=1e-4)
    with warnings.catch_warnings():
        # A cheap row is stopped when it is good enough to compare with.
        warnings.simplefilter("ignore", ConvergenceWarning)
        weight = model.fit_transform(expression)
    programme = model.components_
    mass = programme.sum(axis=1)
    weight = weight * mass
    total = weight.sum(axis=1, keepdims=True)
    proportions = np.where(total > 0, weight / np.where(total > 0, total, 1.0), 1.0 / n_factors)
    loadings = np.full((counts.shape[1], n_factors), np.nan)
    loadings[np.asarray(genes)] = (programme / np.where(mass > 0, mass, 1.0)[:, None]).T
    return proportions, loadings


def _averaging(slices: ArrayLike, spatial: ArrayLike, neighbours: int) -> sp.csr_array:
    """Row-stochastic (n, n) matrix over each spot and its nearest in the slice."""
    codes, _ = slice_codes(slices)
    positions = np.asarray(spatial, dtype=np.float64)
    counts = np.zeros(len(codes), dtype=np.int64)
    pieces: list[tuple[NDArray[np.intp], NDArray[np.intp]]] = []
    for code in np.unique(codes):
        rows = np.flatnonzero(codes == code)
        k = min(neighbours + 1, len(rows))
        near = cKDTree(positions[rows]).query(positions[rows], k=k)[1].reshape(len(rows), k)
        pieces.append((np.repeat(rows, k), rows[near].ravel()))
        counts[rows] = k
    row = np.concatenate([piece[0] for piece in pieces])
    column = np.concatenate([piece[1] for piece in pieces])
    return sp.csr_array((1.0 / counts[row], (row, column)), shape=(len(codes), len(codes)))


def _components(values: Any, slices: ArrayLike, n: int, centred: bool) -> Points:
    """PCA by the exact eigenvectors of the gene covariance, in blocks of rows.

    Memory is G² and a block of rows, whatever the number of spots. Signs are fixed: the entry of
    largest size of each eigenvector is positive.
    """
    codes, names = slice_codes(slices)
    codes = codes if centred else np.zeros_like(codes)
    means = _group_means(values, codes, len(names) if centred else 1)
    covariance = np.zeros((values.shape[1], values.shape[1]))
    for rows, block in _blocks(values):
        block -= means[codes[rows]]
        covariance += block.T @ block
    size, vectors = np.linalg.eigh(covariance)
    keep = np.argsort(-size, kind="stable")[:n]
    basis = vectors[:, keep]
    basis *= np.sign(basis[np.abs(basis).argmax(axis=0), np.arange(len(keep))])
    scores = np.empty((values.shape[0], len(keep)))
    for rows, block in _blocks(values):
        scores[rows] = (block - means[codes[rows]]) @ basis
    return scores


def _group_means(values: Any, codes: Codes, n_groups: int) -> NDArray[np.float64]:
    member = sp.csr_array(
        (np.ones(len(codes)), (codes, np.arange(len(codes)))), shape=(n_groups, len(codes))
    )
    sums = member @ values
    sums = sums.toarray() if sp.issparse(sums) else np.asarray(sums)
    return sums / np.bincount(codes, minlength=n_groups)[:, None]


def _blocks(values: Any) -> Iterator[tuple[slice, NDArray[np.float64]]]:
    for at in range(0, values.shape[0], ROW_BLOCK):
        rows = slice(at, min(at + ROW_BLOCK, values.shape[0]))
        block = values[rows]
        yield rows, block.toarray() if sp.issparse(block) else np.array(block, dtype=np.float64)
