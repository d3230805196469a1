"""Counts computed back from normalised values, where nothing was lost."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

# A value is a whole multiple of its spot's unit within this, plus a share of it for the rounding of
# single precision.
TOLERANCE = 0.02
RELATIVE = 2e-5
# The least count of a spot is looked for up to this.
LEAST_COUNTS = 8
# Values beyond the first of each spot that must fit, over all spots: chance passes no such number.
LEAST_EVIDENCE = 100
SAMPLED_SPOTS = 200
# Spots whose sums agree within this share were scaled to one total over the genes given.
SAME_TOTAL = 1e-3
# Of logarithms larger than this the rounding hides single counts.
LARGEST_LOG = 16.0

Inverse = Callable[[NDArray[np.float64]], NDArray[np.float64]]
FORMS: tuple[tuple[str, Inverse], ...] = (
    ("log1p of ", np.expm1),
    ("log2(1 + x) of ", lambda values: np.exp2(values) - 1),
    ("log10(1 + x) of ", lambda values: 10**values - 1),
    ("", lambda values: values),
)


def undo_normalisation(values: sparse.csr_matrix) -> tuple[sparse.csr_matrix, str] | None:
    """Counts of which `values` are each spot's multiples or their logarithm, and a word on it.

    Dividing a spot by its total keeps the ratios of its counts: where all values of a spot are
    whole multiples of one unit, the multiples are its counts, but for a factor that all counts of
    the spot share. None where any spot has values that are no multiples, or where there are too
    few values to tell.

    Args:
        values: (n, G) finite or not; explicit zeros do no harm.
    """
    stored = values.data
    if not stored.size or not np.isfinite(stored).all() or stored.min() < 0:
        return None
    kept = sparse.csr_matrix(values, dtype=np.float64, copy=True)
    kept.eliminate_zeros()
    filled = np.flatnonzero(np.diff(kept.indptr))
    sample = kept[filled[:: max(1, len(filled) // SAMPLED_SPOTS)]]
    for name, inverse in FORMS:
        if name and kept.data.max() > LARGEST_LOG:
            continue
        if _multiples(sample, inverse) is None:
            continue
        whole = _whole(kept, inverse)
        if whole is not None:
            return whole, f"{name}counts"
        found = _multiples(kept, inverse)
        if found is not None:
            return found, name + _scaling(kept, inverse)
    return None


def _whole(values: sparse.csr_matrix, inverse: Inverse) -> sparse.csr_matrix | None:
    """Counts that were not scaled, where all values are whole already."""
    plain = inverse(values.data)
    counts = np.rint(plain)
    if not (np.abs(plain - counts) <= TOLERANCE + RELATIVE * counts).all() or counts.min() < 1:
        return None
    data = counts.astype(np.float32)
    return sparse.csr_matrix((data, values.indices, values.indptr), shape=values.shape)


def _multiples(values: sparse.csr_matrix, inverse: Inverse) -> sparse.csr_matrix | None:
    """The least whole numbers that every spot's values are multiples by."""
    plain = inverse(values.data)
    sizes = np.diff(values.indptr)
    filled = np.flatnonzero(sizes)
    if not filled.size or int((sizes[filled] - 1).sum()) < min(LEAST_EVIDENCE, 10 * len(filled)):
        return None
    least = np.minimum.reduceat(plain, values.indptr[filled])
    if not (least > 0).all():
        return None
    ratios = plain / np.repeat(least, sizes[filled])
    owner = np.repeat(np.arange(len(filled)), sizes[filled])
    counts = np.zeros_like(ratios)
    left = np.ones(len(filled), dtype=bool)
    for least_count in range(1, LEAST_COUNTS + 1):
        scaled = ratios * least_count
        whole = np.rint(scaled)
        wrong = np.abs(scaled - whole) > TOLERANCE + RELATIVE * whole
        fits = left & (np.bincount(owner, weights=wrong, minlength=len(filled)) == 0)
        chosen = fits[owner]
        counts[chosen] = whole[chosen]
        left &= ~fits
        if not left.any():
            shape = values.shape
            data = counts.astype(np.float32)
            return sparse.csr_matrix((data, values.indices, values.indptr), shape=shape)
    return None


def _scaling(values: sparse.csr_matrix, inverse: Inverse) -> str:
    plain = sparse.csr_matrix((inverse(values.data), values.indices, values.indptr), values.shape)
    totals = np.asarray(plain.sum(axis=1)).ravel()
    totals = totals[totals > 0]
    middle = float(np.median(totals))
    if np.abs(totals / middle - 1).max() < SAME_TOTAL:
        return f"counts per {middle:,.0f}"
    return "counts divided by a number of each spot"
