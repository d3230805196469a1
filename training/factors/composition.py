"""What known loadings explain of many spots' counts, in blocks that stay in a processor's cache."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

if TYPE_CHECKING:
    from torch import Tensor

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
            amounts = observed.sum(dim=1, keepdim=True).expand(-1, len(loadings)) / len(loadings)
            for _ in range(iterations):
                amounts = _update(observed, amounts, weights, transposed, total, rates)
            found[chosen] = amounts.numpy()
    return found


def decode_section(
    counts: NDArray[np.float32],
    loadings: NDArray[np.float32],
    prior: float,
    iterations: int = ITERATIONS,
    estimate_effects: bool = True,
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Amounts (m, K) in the counts (m, G) of one section, and its effects gamma (G,), which are 0
    where they are not to be estimated; as `factorise.decode` gives them to rounding.

    Effects follow from sums of amounts, so that a block stays in the cache until they begin to be
    estimated, half-way.

    Args:
        loadings: (K, G); prior: pseudo-counts that hold gamma of rare genes at 0.
    """
    import torch

    from training.factors.factorise import FLOOR
    from training.inputs.tensors import to_tensor

    observed, known = to_tensor(counts), to_tensor(loadings)
    amounts = observed.sum(dim=1, keepdim=True).expand(-1, len(known)) / len(known)
    scale, sums = torch.ones(counts.shape[1]), observed.sum(dim=0)
    rates = torch.empty(BLOCK, counts.shape[1])
    first = iterations // 2 + 1 if estimate_effects else iterations
    for updates in [first] + [1] * (iterations - first):
        weights = known * scale
        transposed, total = weights.T.contiguous(), weights.sum(dim=1) + FLOOR
        parts = []
        for start in range(0, len(observed), BLOCK):
            rows = slice(start, start + BLOCK)
            part = amounts[rows]
            for _ in range(updates):
                part = _update(observed[rows], part, weights, transposed, total, rates)
            parts.append(part)
        amounts = torch.cat(parts)
        if estimate_effects:
            scale = (sums + prior) / (amounts.sum(dim=0) @ known + prior)
    return amounts.numpy(), scale.log().numpy()


def _update(
    observed: Tensor,
    amounts: Tensor,
    weights: Tensor,
    transposed: Tensor,
    total: Tensor,
    rates: Tensor,
) -> Tensor:
    """Amounts (b, K) updated once; rates (at least b, G) is room to compute in."""
    import torch

    from training.factors.factorise import FLOOR

    rate = rates[: len(observed)]
    torch.mm(amounts, weights, out=rate)
    torch.div(observed, rate.add_(FLOOR), out=rate)
    return amounts * (rate @ transposed) / total
