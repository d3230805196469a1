"""Which genes are fitted, and expression as the encoder sees it."""

from __future__ import annotations

import re
import warnings
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

OWN = 0.2
"""Part of the fitted genes that each slice has measured at least, if it measured so many."""
NORMALISED_BLOCK = 16_384
"""Spots normalised at a time: bounds what is held beside the values themselves."""


def rank_variable_genes(
    counts: sparse.csr_matrix, slices: NDArray[np.integer]
) -> NDArray[np.float64]:
    """Rank of each gene's variability in each slice (0 = most variable), NaN where undetected.

    The variance-stabilised ranking known as seurat_v3: a loess fit of log variance on log mean,
    then the variance of clipped standardised counts (Stuart et al., Cell 2019).

    Returns:
        (S, G) ranks.
    """
    import anndata as ad
    import scanpy as sc

    n_slices = int(slices.max()) + 1
    ranks = np.full((n_slices, counts.shape[1]), np.nan)
    for index in range(n_slices):
        part = counts[slices == index]
        detected = np.flatnonzero(part.getnnz(axis=0) > 0)
        if part.shape[0] < 3 or len(detected) < 2:
            continue
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            spread = _standardised_variance(sc, ad.AnnData(part[:, detected]))
        ranks[index, detected] = np.argsort(np.argsort(-spread, kind="stable"), kind="stable")
    return ranks


def _standardised_variance(sc: object, slice_: object) -> NDArray[np.float64]:
    # The loess fit is singular where many genes share one mean, as in small or shallow slices;
    # a wider span is the usual way out.
    for span in (0.3, 0.6, 1.0):
        try:
            table = sc.pp.highly_variable_genes(  # type: ignore[attr-defined]
                slice_, flavor="seurat_v3", n_top_genes=1, span=span, inplace=False
            )
        except ValueError:
            continue
        return np.nan_to_num(table["variances_norm"].to_numpy(dtype=np.float64))
    counts = slice_.X  # type: ignore[attr-defined]
    mean = np.asarray(counts.mean(axis=0)).ravel()
    square = np.asarray(counts.multiply(counts).mean(axis=0)).ravel()
    return (square - mean**2) / np.maximum(mean, 1e-12)


def choose_genes(
    counts: sparse.csr_matrix,
    slices: NDArray[np.integer],
    names: Sequence[str],
    n_genes: int,
    exclude: str = "",
    measured: NDArray[np.bool_] | None = None,
) -> NDArray[np.intp]:
    """Shared variable genes, in the order of the input.

    The number of shared genes is fixed and not the number per slice, because the intersection of
    per-slice lists collapses when there are many slices: genes are ordered by how many slices
    have them among their `n_genes` most variable, then by median rank. Genes matching `exclude`
    and genes seen in fewer than half of the slices are never chosen unless too few are left.

    Where slices measured different genes, a gene is judged by those that measured it: genes are
    ordered by the slices that select it over one more than those that measured it, so that of genes
    selected by all the widely measured come first. And every slice keeps its best genes, a fifth of
    `n_genes`: a small panel would be left with few otherwise.

    Args:
        measured: (S, G) where some slices did not measure all genes.

    Returns:
        indices of at most `n_genes` genes, ascending.
    """
    ranks = rank_variable_genes(counts, slices)
    allowed = np.ones(len(names), dtype=bool)
    if exclude:
        pattern = re.compile(exclude)
        allowed = np.array([pattern.search(name) is None for name in names])
    selecting = (ranks < n_genes).sum(axis=0)
    seen = np.isfinite(ranks).mean(axis=0)
    if measured is not None:
        known = measured.sum(axis=0)
        seen = np.isfinite(ranks).sum(axis=0) / np.maximum(known, 1)
        selecting = selecting / (known + 1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        median = np.nan_to_num(np.nanmedian(ranks, axis=0), nan=np.inf)
    usable = allowed & (seen > 0)
    widely = usable & (seen >= 0.5)
    if widely.sum() >= min(n_genes, usable.sum() / 2):
        usable = widely
    candidates = np.flatnonzero(usable)
    order = np.lexsort((median[candidates], -selecting[candidates]))
    ordered = candidates[order]
    if measured is not None:
        ordered = _serve_slices(ordered, measured, n_genes)
    return np.sort(ordered[:n_genes])


def _serve_slices(
    ordered: NDArray[np.intp], measured: NDArray[np.bool_], n_genes: int
) -> NDArray[np.intp]:
    """Genes in order, but the best OWN of each slice before all others."""
    own = max(int(OWN * n_genes), 1)
    rank = np.array([np.cumsum(row[ordered]) * row[ordered] for row in measured])
    served = ((rank > 0) & (rank <= own)).any(axis=0)
    return np.concatenate([ordered[served], ordered[~served]])


def normalise(
    counts: sparse.csr_matrix,
    totals: NDArray[np.floating],
    target_sum: float,
    effects: NDArray[np.floating] | None = None,
    slices: NDArray[np.integer] | None = None,
) -> sparse.csr_matrix:
    """log1p of counts scaled per spot to `target_sum`, divided by exp(effect) of slice and gene.

    Taking the slice-gene effect gamma off the input, and not the mean of each slice, keeps what a
    slice has and another lacks: a mean also holds the slice's share of each tissue.

    Args:
        counts: (n, G) counts of the fitted genes.
        totals: (n,) total counts of each spot over all its genes.
        effects: (S, G) natural-log effects gamma; needs `slices`, the (n,) slice indices.

    Returns:
        (n, G) CSR float32 on the indices of `counts`; zero stays zero.
    """
    # The places of the counts are shared with the result: only values are made anew.
    plain = sparse.csr_matrix(counts)
    if not plain.has_canonical_format:
        plain = plain.copy()
        plain.sum_duplicates()
    values = np.array(plain.data, dtype=np.float32)
    scale = (target_sum / np.maximum(totals, 1.0)).astype(np.float32)
    factors = None if effects is None else np.exp(-effects).astype(np.float32)
    for start in range(0, plain.shape[0], NORMALISED_BLOCK):
        rows = np.arange(start, min(start + NORMALISED_BLOCK, plain.shape[0]))
        inside = slice(plain.indptr[rows[0]], plain.indptr[rows[-1] + 1])
        lengths = np.diff(plain.indptr[rows[0] : rows[-1] + 2])
        values[inside] *= np.repeat(scale[rows], lengths)
        if factors is not None and slices is not None:
            values[inside] *= factors[np.repeat(slices[rows], lengths), plain.indices[inside]]
    np.log1p(values, out=values)
    return sparse.csr_matrix((values, plain.indices, plain.indptr), plain.shape, copy=False)
