"""What known loadings explain of many spots' counts, in blocks that stay in a processor's cache."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from training.processes.cores import share_cores

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
    from training.processes.tensors import to_tensor

    found = np.empty((counts.shape[0], len(loadings)), dtype=np.float32)
    known: dict[int, _Weights] = {}
    for index in np.unique(slices):
        scale = np.exp(effects[index])
        if measured is not None:
            scale = scale * measured[index]
        known[int(index)] = _weigh(to_tensor(loadings * scale[None, :]))

    def decode_block(rows: NDArray[np.intp]) -> None:
        observed = to_tensor(counts[rows].toarray())
        weights, even = known[int(slices[rows[0]])], _begin(observed, len(loadings))
        found[rows] = _update(weights, iterations, observed, even).numpy()

    members = [np.flatnonzero(slices == index) for index in known]
    with share_cores() as for_each:
        for_each(
            decode_block,
            [rows[at : at + BLOCK] for rows in members for at in range(0, len(rows), BLOCK)],
        )
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

    from training.processes.tensors import to_tensor

    observed, plain = to_tensor(counts), to_tensor(loadings)
    amounts = _begin(observed, len(plain))
    scale, sums = torch.ones(counts.shape[1]), observed.sum(dim=0)
    first = iterations // 2 + 1 if estimate_effects else iterations
    with share_cores() as for_each:
        for updates in [first] + [1] * (iterations - first):
            update = partial(_update, _weigh(plain * scale), updates)
            amounts = torch.cat(for_each(update, observed.split(BLOCK), amounts.split(BLOCK)))
            if estimate_effects:
                scale = (sums + prior) / (amounts.sum(dim=0) @ plain + prior)
    return amounts.numpy(), scale.log().numpy()


class _Weights(NamedTuple):
    """Loadings times effects (K, G), the same transposed, and their sums over genes (K,)."""

    plain: Tensor
    transposed: Tensor
    total: Tensor


def _weigh(weights: Tensor) -> _Weights:
    from training.factors.factorise import FLOOR

    return _Weights(weights, weights.T.contiguous(), weights.sum(dim=1) + FLOOR)


def _begin(observed: Tensor, n_factors: int) -> Tensor:
    """Amounts (b, K) that share the counts (b, G) of a spot evenly."""
    return observed.sum(dim=1, keepdim=True).expand(-1, n_factors) / n_factors


def _update(weights: _Weights, times: int, observed: Tensor, amounts: Tensor) -> Tensor:
    """Amounts (b, K) of counts (b, G), updated so many times."""
    import torch

    from training.factors.factorise import FLOOR

    rates = torch.empty_like(observed)
    for _ in range(times):
        torch.mm(amounts, weights.plain, out=rates)
        torch.div(observed, rates.add_(FLOOR), out=rates)
        amounts = amounts * (rates @ weights.transposed) / weights.total
    return amounts
