"""What slices with different gene panels can expect of the genes that they did not measure.

A table `measured` (S, G) says which slice measured which gene. Nothing here is of the size of spots
times genes: a gene that a slice did not measure has no entries, and is left out of every sum.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

ROUNDS = 50
FLOOR = 1e-12


def read_measured(spots: object) -> NDArray[np.bool_] | None:
    """(S, genes) of a collection: its varm['measured'] turned; None where all is measured."""
    varm = spots.varm  # type: ignore[attr-defined]
    if "measured" not in varm:
        return None
    measured = np.asarray(varm["measured"], dtype=bool).T
    return None if measured.all() else measured


def sum_slices(counts: sparse.csr_matrix, slices: NDArray[np.integer]) -> NDArray[np.float64]:
    """Counts (S, G) of each slice, summed over its spots."""
    n = len(slices)
    members = sparse.csr_matrix((np.ones(n), (slices, np.arange(n))), (int(slices.max()) + 1, n))
    return np.asarray((members @ counts).todense(), dtype=np.float64)


def mean_profile(
    sums: NDArray[np.floating], measured: NDArray[np.bool_], rounds: int = ROUNDS
) -> NDArray[np.float64]:
    """Share of each gene (G,) in the counts of a mean spot that all genes were measured in.

    The factorisation of rank one of the measured entries: sums_sg ~ Poisson(L_s p_g). A slice of
    few genes has a depth L_s of its counts over the share of its genes, and a gene of few slices a
    share of its counts over their depths. Where all is measured it is the share of the counts.

    Args:
        sums: (S, G) counts of each slice, 0 where not measured.
        measured: (S, G).
    """
    seen = measured.astype(np.float64)
    of_genes, of_slices = sums.sum(axis=0), sums.sum(axis=1)
    profile = np.full(sums.shape[1], 1 / sums.shape[1])
    for _ in range(rounds):
        depths = of_slices / np.maximum(seen @ profile, FLOOR)
        profile = of_genes / np.maximum(depths @ seen, FLOOR)
        profile /= max(profile.sum(), FLOOR)
    return profile


def measured_shares(
    amounts: NDArray[np.floating],
    rates: NDArray[np.floating],
    measured: NDArray[np.bool_],
    slices: NDArray[np.integer],
) -> NDArray[np.float32]:
    """Share (n,) of the counts of each spot that is expected on the genes its slice measured, 0..1.

    Args:
        amounts: (n, K) factors of the spots, in any unit.
        rates: (K, G) expected counts of each gene per unit of amount.
        measured: (S, G); slices: (n,).
    """
    seen = np.asarray(rates @ measured.T, dtype=np.float64).T
    part = np.einsum("nk,nk->n", amounts, seen[slices])
    whole = np.asarray(amounts @ rates.sum(axis=1), dtype=np.float64)
    shares = np.clip(part / np.maximum(whole, FLOOR), 1e-6, 1.0).astype(np.float32)
    complete = np.flatnonzero(measured.all(axis=1))
    shares[np.isin(slices, complete)] = 1.0
    return shares
