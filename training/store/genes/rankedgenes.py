"""The genes of a factor, ranked by how much they are its own, and the name they give it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from training.store.records import GeneWeight

GENES_NAMED = 2
LONGEST_NAME = 12
"""Genes that name a factor, and the most it takes to tell it from another."""


def specificity(loadings: np.ndarray) -> np.ndarray:
    """How much of a gene's loading falls to each factor: B_gk / Σ_k B_gk, in [0, 1].

    `loadings` (genes, factors) of at least 0, NaN rows for genes not fitted, which stay NaN. A
    gene of no loading at all has specificity 0 everywhere.
    """
    values = np.asarray(loadings, dtype=np.float64)
    total = values.sum(axis=1, keepdims=True)
    return np.divide(values, total, out=np.where(np.isnan(values), np.nan, 0.0), where=total > 0)


def rank_genes(
    loadings: np.ndarray, genes: Sequence[str], k: int, n: int | None = None
) -> list[GeneWeight]:
    """Fitted genes of factor `k` by falling score B_gk² / Σ_k B_gk; ties keep the gene order."""
    own = np.asarray(loadings[:, k], dtype=np.float64)
    special = specificity(loadings)[:, k]
    score = own * special
    order = np.argsort(-score, kind="stable")
    order = order[~np.isnan(score[order])][:n]
    return [
        GeneWeight(rank, genes[g], float(own[g]), float(special[g]), float(score[g]))
        for rank, g in enumerate(order.tolist(), start=1)
    ]


def name_factors(loadings: np.ndarray, genes: Sequence[str]) -> list[str]:
    """A name for every factor: its first genes by score, two of them, more where two factors would
    have one name.

    A name follows from what the factor is, not from its place, so it stays when factors are put
    in another order. Factors with the same loadings get a number after the first.
    """
    score = np.asarray(loadings, dtype=np.float64) * specificity(loadings)
    ranked = np.argsort(np.where(np.isnan(score), np.inf, -score), axis=0, kind="stable")
    ranked = ranked[: min(int((~np.isnan(score[:, 0])).sum()), LONGEST_NAME)].T
    names = [""] * len(ranked)
    clashing, length = list(range(len(ranked))), GENES_NAMED
    while clashing and length <= max(ranked.shape[1], GENES_NAMED):
        for factor in clashing:
            names[factor] = " ".join(genes[gene] for gene in ranked[factor, :length].tolist())
        clashing = [factor for factor in clashing if names.count(names[factor]) > 1]
        length += 1
    for place, factor in enumerate(clashing):
        earlier = [names[other] for other in clashing[:place]]
        while names[factor] in earlier:
            names[factor] += f" ({place + 1})"
    return names
