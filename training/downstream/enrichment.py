"""Over-representation of gene sets among the top genes of factors."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import astuple, dataclass, fields
from pathlib import Path

import numpy as np

from training.errors import AtlasError
from training.store import Atlas
from training.store.derived.overrepresentation import assess_sets
from training.store.genes.genesets import GeneSet

SHOWN = 0.05
"""Sets of no top gene are told when their genes rank high at this false discovery rate."""


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
        area: probability that a gene of the set has a higher score than one outside it.
        p_rank, q_rank: of a rank-sum test of that, over all fitted genes.
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
    area: float
    p_rank: float
    q_rank: float
    genes: str


def enrich_factors(atlas: Atlas, sets: Sequence[GeneSet], top: int = 50) -> list[Enrichment]:
    """Gene sets in the top genes of every factor, as `overrepresentation.assess_sets` tests them.

    Returns:
        Sets that have at least one gene among the top genes, or whose genes rank high (q_rank
        below 0.05), by factor and rising p. The q-values count the others too.

    Raises:
        AtlasError: when no gene of any set was fitted.
    """
    found = assess_sets(atlas, sets, top)
    if not len(found.tested):
        names = sorted({name for each in sets for name in each.genes})
        fitted = [g for g, kept in zip(atlas.genes, atlas.highly_variable, strict=True) if kept]
        raise AtlasError(
            f"no gene of the {len(sets):,} sets is among the {found.universe:,} fitted genes: "
            f"found {', '.join(names[:5])}; expected names such as "
            f"{', '.join(sorted(fitted)[:5])}. Take sets of the atlas's species."
        )
    rows = []
    for factor, best in enumerate(found.top):
        shown = (found.overlap[factor] > 0) | (found.q_rank[factor] < SHOWN)
        for at in np.flatnonzero(shown).tolist():
            own = set(found.members[at].tolist())
            each = sets[int(found.tested[at])]
            rows.append(
                Enrichment(
                    factor=factor,
                    set=each.name,
                    description=each.description,
                    overlap=int(found.overlap[factor, at]),
                    top=len(best),
                    set_size=int(found.sizes[at]),
                    universe=found.universe,
                    fold=float(found.fold[factor, at]),
                    p=float(found.p[factor, at]),
                    q=float(found.q[factor, at]),
                    area=float(found.area[factor, at]),
                    p_rank=float(found.p_rank[factor, at]),
                    q_rank=float(found.q_rank[factor, at]),
                    genes=" ".join(atlas.genes[g] for g in best.tolist() if g in own),
                )
            )
    return sorted(rows, key=lambda row: (row.factor, row.p, -row.fold))


def own_sets(atlas: Atlas) -> Sequence[GeneSet]:
    """The gene sets that the builder gave with `atlas`. Raises AtlasError where there are none."""
    if not atlas.gene_sets:
        raise AtlasError(
            f"{atlas.id} brings no gene sets: found none in its store; expected a file of them. "
            "Name a GMT file, or give the atlas one with `atlas annotate --gene-sets SETS.gmt`."
        )
    return atlas.gene_sets


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
