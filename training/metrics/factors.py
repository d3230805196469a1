"""Quality of factors by their top genes: how distinct they are, and whether they occur together."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

TOP_GENES = 10

Detection = Callable[[int], NDArray[np.bool_]]


def top_genes(loadings: ArrayLike, top: int = TOP_GENES) -> NDArray[np.intp]:
    """Genes of largest loading per factor.

    Args:
        loadings: (n_genes, K); a gene that is NaN in any factor was not fitted and is left out.
        top: how many; fewer fitted genes give fewer.

    Returns:
        (K, ≤ top) gene indices, largest loading first, equal ones by index.
    """
    weights = np.asarray(loadings, dtype=np.float64)
    fitted = np.flatnonzero(np.isfinite(weights).all(axis=1))
    order = np.argsort(-weights[fitted], axis=0, kind="stable")[:top]
    return fitted[order].T


def factor_diversity(loadings: ArrayLike, top: int = TOP_GENES) -> float | None:
    """Mean fraction of a factor's top genes that are in no other factor's top genes.

    Args:
        loadings: (n_genes, K), NaN for genes that were not fitted.

    Returns:
        A value in [0, 1]; None without factors or fitted genes.
    """
    genes = top_genes(loadings, top)
    if not genes.size:
        return None
    _, codes, uses = np.unique(genes, return_inverse=True, return_counts=True)
    return float(np.mean(uses[codes] == 1))


def factor_coherence(loadings: ArrayLike, counts: Any, top: int = TOP_GENES) -> float | None:
    """Mean normalised pointwise mutual information of pairs of a factor's top genes.

    NPMI_gh = log(p_gh / (p_g p_h)) / −log p_gh, with p the fraction of spots that have a count of
    the gene, or of both. A pair never seen together has −1. A pair seen together in every spot
    says nothing of association and has 0.

    Args:
        loadings: (n_genes, K), NaN for genes that were not fitted.
        counts: (n_spots, n_genes) array or sparse matrix, at least 0.

    Returns:
        The mean over pairs, then over factors, in [−1, 1]; None without a pair or without spots.
    """
    import scipy.sparse as sp

    columns = sp.csc_array(counts)

    def detected(gene: int) -> NDArray[np.bool_]:
        present = np.zeros(columns.shape[0], dtype=bool)
        span = slice(columns.indptr[gene], columns.indptr[gene + 1])
        present[columns.indices[span][columns.data[span] > 0]] = True
        return present

    return coherence_of(top_genes(loadings, top), detected)


def coherence_of(
    genes: NDArray[np.intp], detected: Detection, measured: Detection | None = None
) -> float | None:
    """Coherence of given gene sets; see `factor_coherence`.

    Args:
        genes: (K, t) gene indices.
        detected: gives for a gene index the spots (n,) with a count of it. Each gene is asked for
            once and kept at one bit per spot.
        measured: gives the spots (n,) in which a gene was measured, where that is not all: a pair
            is judged by the spots in which both were, and one without such spots is left out.
    """
    if genes.ndim != 2 or genes.shape[0] == 0 or genes.shape[1] < 2:
        return None
    bits: dict[int, NDArray[np.uint8]] = {}
    seen: dict[int, NDArray[np.uint8]] = {}
    n_spots = 0
    for gene in np.unique(genes):
        present = detected(int(gene))
        n_spots = len(present)
        bits[int(gene)] = np.packbits(present)
        if measured is not None:
            seen[int(gene)] = np.packbits(measured(int(gene)))
    if n_spots == 0:
        return None
    if measured is not None:
        sets = [
            _coherence_of_panels([bits[int(g)] for g in row], [seen[int(g)] for g in row])
            for row in genes
        ]
        known = [value for value in sets if value is not None]
        return float(np.mean(known)) if known else None
    return float(np.mean([_set_coherence([bits[int(g)] for g in row], n_spots) for row in genes]))


def _set_coherence(bits: list[NDArray[np.uint8]], n_spots: int) -> float:
    alone = [_ones(b) / n_spots for b in bits]
    found = []
    for g in range(len(bits)):
        for h in range(g):
            together = _ones(bits[g] & bits[h]) / n_spots
            found.append(_npmi(together, alone[g], alone[h]))
    return float(np.mean(found))


def _coherence_of_panels(
    bits: list[NDArray[np.uint8]], seen: list[NDArray[np.uint8]]
) -> float | None:
    found = []
    for g in range(len(bits)):
        for h in range(g):
            n_both = _ones(seen[g] & seen[h])
            if n_both:
                alone = (_ones(bits[g] & seen[h]) / n_both, _ones(bits[h] & seen[g]) / n_both)
                found.append(_npmi(_ones(bits[g] & bits[h]) / n_both, *alone))
    return float(np.mean(found)) if found else None


def _npmi(together: float, one: float, other: float) -> float:
    if together == 0.0:
        return -1.0
    if together == 1.0:
        return 0.0
    return float(np.log(together / (one * other)) / -np.log(together))


def _ones(bits: NDArray[np.uint8]) -> int:
    return int(np.bitwise_count(bits).sum(dtype=np.int64))
