"""Gene sets against the genes of factors: by the top genes of each, and by the ranks of all."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from training.store.genes.genesets import GeneSet
from training.store.genes.rankedgenes import specificity
from training.store.genes.significance import adjust_p

if TYPE_CHECKING:
    from training.store.reader import Atlas

BLOCK = 50_000
"""Tests whose sums are held at a time: with 50 genes a few tens of MiB."""
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class SetTests:
    """Every tested set (m) in every factor (K); arrays (K, m) unless said otherwise.

    Attributes:
        tested: (m,) positions of the sets that have a fitted gene; the others are not tested.
        members: positions of each tested set's fitted genes.
        sizes: (m,) their numbers.
        universe: fitted genes.
        top: (K, N) positions of the top genes of each factor, by falling score.
        overlap: genes of the set among the top genes.
        fold: (overlap / N) / (size / universe).
        p: hypergeometric probability of at least this overlap.
        area: probability that a gene of the set has a higher score than one that is not in it;
            0.5 where all or none are in it.
        p_rank: of the one-sided rank-sum test that they are higher.
        q, q_rank: after Benjamini–Hochberg over all sets and factors.
    """

    tested: NDArray[np.int64]
    members: list[NDArray[np.int64]]
    sizes: NDArray[np.int64]
    universe: int
    top: NDArray[np.int64]
    overlap: NDArray[np.int64]
    fold: Floats
    p: Floats
    q: Floats
    area: Floats
    p_rank: Floats
    q_rank: Floats


def assess_sets(atlas: Atlas, sets: Sequence[GeneSet], top: int = 50) -> SetTests:
    """Gene sets in the factors of an atlas, the fitted genes being the universe.

    Genes of a set are known by name, symbol or Ensembl id; those that were not fitted do not
    count. Scores are loading times specificity, the top genes those of the highest.
    """
    fitted = np.flatnonzero(atlas.highly_variable)
    place = {atlas.genes[gene]: gene for gene in fitted.tolist()}
    known = {name: atlas.resolve_gene(name) for each in sets for name in each.genes}
    found = [
        np.array(sorted({place[g] for n in each.genes if (g := known[n]) in place}), dtype=np.int64)
        for each in sets
    ]
    tested = np.array([i for i, genes in enumerate(found) if len(genes)], dtype=np.int64)
    members = [found[i] for i in tested.tolist()]
    sizes = np.array([len(genes) for genes in members], dtype=np.int64)
    loadings = np.asarray(atlas.loadings, dtype=np.float64)
    scores = np.where(np.isnan(loadings), -np.inf, loadings * specificity(loadings))
    drawn = min(top, len(fitted))
    best = np.argsort(-scores, axis=0, kind="stable")[:drawn].T
    in_top = np.zeros((atlas.n_factors, atlas.n_genes), dtype=bool)
    np.put_along_axis(in_top, best, True, axis=1)
    shape = (atlas.n_factors, len(members))
    overlap = np.zeros(shape, dtype=np.int64)
    for column, genes in enumerate(members):
        overlap[:, column] = in_top[:, genes].sum(axis=1)
    p = np.stack([tail_probability(row, len(fitted), sizes, drawn) for row in overlap])
    area, p_rank = rank_sums(scores, fitted, members)
    return SetTests(
        tested=tested,
        members=members,
        sizes=sizes,
        universe=len(fitted),
        top=best,
        overlap=overlap,
        fold=overlap * len(fitted) / (drawn * np.maximum(sizes, 1)),
        p=p,
        q=adjust_p(p.ravel()).reshape(shape),
        area=area,
        p_rank=p_rank,
        q_rank=adjust_p(p_rank.ravel()).reshape(shape),
    )


def tail_probability(
    overlap: NDArray[np.integer], universe: int, sizes: NDArray[np.integer], drawn: int
) -> Floats:
    """P(X >= overlap) of a hypergeometric X: Σ_x C(n, x) C(M − n, N − x) / C(M, N).

    Args:
        overlap: (m,) genes found of each set.
        universe: M genes in all.
        sizes: (m,) genes n of each set, at most M.
        drawn: N genes drawn without replacement.
    """
    logarithm = np.concatenate([[0.0], np.cumsum(np.log(np.arange(1, universe + 1)))])

    def choose(n: Any, k: Any) -> Floats:
        possible = (k >= 0) & (k <= n)
        k = np.where(possible, k, 0)
        ways: Floats = logarithm[n] - logarithm[k] - logarithm[n - k]
        return np.where(possible, ways, -np.inf)

    overlap, sizes = np.asarray(overlap, dtype=np.int64), np.asarray(sizes, dtype=np.int64)
    p = np.ones(len(overlap))
    whole = choose(universe, drawn)
    values = np.arange(1, drawn + 1)
    asked = np.flatnonzero(overlap > 0)
    for start in range(0, len(asked), BLOCK):
        rows = asked[start : start + BLOCK]
        own = sizes[rows, None]
        terms = np.exp(choose(own, values) + choose(universe - own, drawn - values) - whole)
        p[rows] = np.where(values >= overlap[rows, None], terms, 0).sum(axis=1)
    return np.minimum(p, 1)


def rank_sums(
    scores: Floats, fitted: NDArray[np.int64], members: Sequence[NDArray[np.int64]]
) -> tuple[Floats, Floats]:
    """(area, p), each (K, m), of the rank-sum test of Wilcoxon, Mann and Whitney by its normal
    approximation with ties and a continuity correction, one-sided: higher in the set.

    Args:
        scores: (G, K).
        fitted: positions of the genes that count.
        members: positions of each set's genes, all of them among `fitted`.
    """
    n_factors, n = scores.shape[1], len(fitted)
    ranks = np.zeros(scores.shape)
    ties = np.zeros(n_factors)
    for k in range(n_factors):
        _, level, counts = np.unique(scores[fitted, k], return_inverse=True, return_counts=True)
        ends = np.cumsum(counts)
        ranks[fitted, k] = ((ends - counts + 1 + ends) / 2)[level]
        ties[k] = (counts.astype(np.float64) ** 3 - counts).sum()
    sizes = np.array([len(genes) for genes in members], dtype=np.float64)
    sums = np.array([ranks[genes].sum(axis=0) for genes in members]).reshape(-1, n_factors).T
    others = n - sizes
    u = sums - sizes * (sizes + 1) / 2
    pairs = sizes * others
    area = np.divide(u, pairs, out=np.full(u.shape, 0.5), where=pairs > 0)
    spread = np.sqrt(np.maximum(pairs / 12 * ((n + 1) - ties[:, None] / max(n * (n - 1), 1)), 0.0))
    z = np.divide(u - pairs / 2 - 0.5, spread, out=np.full(u.shape, -np.inf), where=spread > 0)
    p = np.array([0.5 * math.erfc(each / math.sqrt(2)) for each in z.ravel().tolist()])
    return area, p.reshape(z.shape)
