"""Over-representation of gene sets among the top genes of factors."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import astuple, dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from training.downstream.genesets import GeneSet
from training.downstream.significance import adjust_p
from training.errors import AtlasError
from training.store import Atlas

BLOCK = 50_000
"""Tests whose sums are held at a time: with 50 genes a few tens of MiB."""


@dataclass(frozen=True)
class Enrichment:
    """One gene set in one factor.

    Attributes:
        factor: number of the factor, from 0.
        set, description: as in the GMT file.
        overlap: genes of the set among the top genes.
        top: top genes of the factor looked at.
        set_size: genes of the set among the fitted genes.
        universe: fitted genes.
        fold: (overlap / top) / (set_size / universe).
        p: hypergeometric probability of at least this overlap.
        q: the same after Benjamini–Hochberg over all sets and factors.
        genes: the overlap, by falling score, with blanks between.
    """

    factor: int
    set: str
    description: str
    overlap: int
    top: int
    set_size: int
    universe: int
    fold: float
    p: float
    q: float
    genes: str


def tail_probability(
    overlap: NDArray[np.integer], universe: int, sizes: NDArray[np.integer], drawn: int
) -> NDArray[np.float64]:
    """P(X >= overlap) of a hypergeometric X: Σ_x C(n, x) C(M − n, N − x) / C(M, N).

    Args:
        overlap: (m,) genes found of each set.
        universe: M genes in all.
        sizes: (m,) genes n of each set, at most M.
        drawn: N genes drawn without replacement.
    """
    from scipy.special import gammaln

    logarithm = gammaln(np.arange(universe + 1) + 1.0)

    def choose(n: Any, k: Any) -> NDArray[np.float64]:
        possible = (k >= 0) & (k <= n)
        k = np.where(possible, k, 0)
        ways: NDArray[np.float64] = logarithm[n] - logarithm[k] - logarithm[n - k]
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


def enrich_factors(atlas: Atlas, sets: Sequence[GeneSet], top: int = 50) -> list[Enrichment]:
    """Gene sets in the top genes of every factor, the fitted genes being the universe.

    Genes of a set are known by name, symbol or Ensembl id; those that were not fitted do not
    count, and a set without any fitted gene is not tested. Top genes are those of the highest
    score, loading times specificity.

    Returns:
        Sets that have at least one gene among the top genes, by factor and rising p. The
        q-values count the others too.

    Raises:
        AtlasError: when no gene of any set was fitted.
    """
    universe = int(atlas.highly_variable.sum())
    fitted = {gene for gene, kept in zip(atlas.genes, atlas.highly_variable, strict=True) if kept}
    names = {name for each in sets for name in each.genes}
    known = {name: atlas.resolve_gene(name) for name in names}
    members = [{known[name] for name in each.genes} & fitted for each in sets]
    tested = [index for index, genes in enumerate(members) if genes]
    if not tested:
        raise AtlasError(
            f"no gene of the {len(sets):,} sets is among the {universe:,} fitted genes: found "
            f"{', '.join(sorted(names)[:5])}; expected names such as "
            f"{', '.join(sorted(fitted)[:5])}. Take sets of the atlas's species."
        )
    sizes = np.array([len(members[index]) for index in tested])
    found: list[tuple[int, int, list[str]]] = []
    p = []
    for factor in range(atlas.n_factors):
        best = [weight.gene for weight in atlas.factor_genes(factor, n=top)]
        shared = [[gene for gene in best if gene in members[index]] for index in tested]
        found += [(factor, index, genes) for index, genes in zip(tested, shared, strict=True)]
        overlap = np.array([len(genes) for genes in shared])
        p.append(tail_probability(overlap, universe, sizes, len(best)))
    probability = np.concatenate(p)
    rows = [
        Enrichment(
            factor=factor,
            set=sets[index].name,
            description=sets[index].description,
            overlap=len(genes),
            top=min(top, universe),
            set_size=len(members[index]),
            universe=universe,
            fold=len(genes) * universe / (min(top, universe) * len(members[index])),
            p=float(own),
            q=float(adjusted),
            genes=" ".join(genes),
        )
        for (factor, index, genes), own, adjusted in zip(
            found, probability, adjust_p(probability), strict=True
        )
        if genes
    ]
    return sorted(rows, key=lambda row: (row.factor, row.p, -row.fold))


def write_enrichment(to: Path, rows: Sequence[Enrichment], atlas: Atlas) -> None:
    """The rows as CSV; the last column names the atlas and the start of its digest.

    Raises AtlasError for another ending than .csv and for a file that cannot be written.
    """
    if to.suffix.lower() != ".csv":
        raise AtlasError(f"--to {to}: found the ending {to.suffix!r}; expected .csv")
    try:
        with to.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow([*(field.name for field in fields(Enrichment)), "atlas"])
            for row in rows:
                cells = [
                    f"{cell:.6g}" if isinstance(cell, float) else cell for cell in astuple(row)
                ]
                writer.writerow([*cells, f"{atlas.id}@{atlas.digest[:12]}"])
    except OSError as error:
        raise AtlasError(f"{to} cannot be written: {error}") from error
