"""The genes of a factor: ranked, as CSV and as GMT."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from training.store.records import GeneWeight

if TYPE_CHECKING:
    from training.store.reader import Atlas

GENES_NAMED = 2
LONGEST_NAME = 12
"""Genes that name a factor, and the most it takes to tell it from another."""
COLUMNS = ("rank", "factor", "gene", "loading", "specificity", "score", "atlas")


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


def factors_csv(atlas: Atlas, k: int | None = None) -> str:
    """All fitted genes of factor `k`, or of every factor, as CSV with a header line.

    Where the builder annotated the atlas, columns `name` and `terms` follow the numbers.
    The last column names the atlas and the start of its digest, so that a table that has gone
    its own way can be traced; a comment line would trouble most readers of CSV.
    """
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    said = ("name", "terms") if atlas.annotations else ()
    writer.writerow((*COLUMNS[:-1], *said, COLUMNS[-1]))
    origin = f"{atlas.id}@{atlas.digest[:12]}"
    for factor in _chosen(atlas, k):
        told = (atlas.factor_names[factor], " ".join(_terms(atlas, factor))) if said else ()
        for w in atlas.factor_genes(factor, atlas.n_genes):
            numbers = (f"{value:.6g}" for value in (w.loading, w.specificity, w.score))
            writer.writerow((w.rank, factor, w.gene, *numbers, *told, origin))
    return text.getvalue()


def factors_gmt(atlas: Atlas, n: int = 50, k: int | None = None) -> str:
    """The first `n` genes of factor `k`, or of every factor, one GMT line each.

    A line is name, description, genes, split by tabs; the description carries the atlas and its
    digest.
    """
    lines = []
    names = [" ".join(name.split()) for name in atlas.factor_names]
    for factor in _chosen(atlas, k):
        genes = [" ".join(w.gene.split()) for w in atlas.factor_genes(factor, n)]
        name = ", ".join([names[factor], *_terms(atlas, factor)])
        about = f"Factor {factor} ({name}) of atlas {atlas.id}, sha256:{atlas.digest}"
        lines.append("\t".join([f"{atlas.id}_factor_{factor}", about, *genes]) + "\n")
    return "".join(lines)


def _terms(atlas: Atlas, factor: int) -> tuple[str, ...]:
    told = atlas.annotations.get(("factor", str(factor)))
    return told.terms if told else ()


def _chosen(atlas: Atlas, k: int | None) -> range:
    if k is None:
        return range(atlas.n_factors)
    atlas.factor_genes(k, 1)
    return range(int(k), int(k) + 1)
