"""What known loadings explain of many spots' counts, in blocks that stay in a processor's cache."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

BLOCK = 128
"""Spots decoded at a time: their rates over 2,000 genes take 1 MB."""
ITERATIONS = 40


def decode_many(
    counts: sparse.csr_matrix,
    slices: NDArray[np.integer],
    loadings: NDArray[np.float32],
    effects: NDArray[np.float32],
    iterations: int = ITERATIONS,
    measured: NDArray[np.bool_] | None = None,
) -> NDArray[np.float32]:
    """Amounts (n, K) of known loadings, as `factorise.decode` gives them to rounding.

    All spots of a block are of one slice, so that effects are taken into the loadings once, and
    rates are computed in place: on half a million spots this takes half the time.

    Args:
        counts: (n, G) CSR; slices: (n,) slice index; loadings: (K, G); effects: (S, G).
        measured: (S, G) where some slices did not measure all genes.
    """
    import torch

    from training.factors.factorise import FLOOR
    from training.inputs.tensors import to_tensor

    n, n_genes = counts.shape
    found = np.empty((n, len(loadings)), dtype=np.float32)
    rates = torch.empty(BLOCK, n_genes)
    for index in np.unique(slices):
        rows = np.flatnonzero(slices == index)
        scale = np.exp(effects[index])
        if measured is not None:
            scale = scale * measured[index]
        weights = to_tensor(loadings * scale[None, :])
        transposed = weights.T.contiguous()
        total = weights.sum(dim=1) + FLOOR
        for start in range(0, len(rows), BLOCK):
            chosen = rows[start : start + BLOCK]
            observed = to_tensor(counts[chosen].toarray())
            rate = rates[: len(chosen)]
            amounts = observed.sum(dim=1, keepdim=True).expand(-1, len(loadings)) / len(loadings)
            for _ in range(iterations):
                torch.mm(amounts, weights, out=rate)
                torch.div(observed, rate.add_(FLOOR), out=rate)
                amounts = amounts * (rate @ transposed) / total
            found[chosen] = amounts.numpy()
    return found
