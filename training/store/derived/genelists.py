"""The genes of an atlas's factors, as CSV and as GMT."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from training.store.reader import Atlas

COLUMNS = ("rank", "factor", "gene", "loading", "specificity", "score", "atlas")


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
