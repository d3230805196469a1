"""Gene sets that an atlas brings: its builder's, genes of its factors, markers of its domains."""

from __future__ import annotations

from typing import Any

from atlas_app.genesets.address import GIVEN
from atlas_app.genesets.names import MOST_GENES
from training.store import Atlas, StoreError

# As many as Seurat and scanpy users take of a marker list: few enough to read, enough to average.
GENES = 25


def offered_sets(atlas: Atlas) -> list[dict[str, Any]]:
    """Named sets, each {"name", "kind", "genes"} with the kind "given", "factor" or "domain"; kinds
    that the atlas does not hold are left out.

    A given set may be one of many thousands, so its genes are left out: `n_genes` is their number,
    and `address` what the other routes call it, '' where it is too large to be scored.
    """
    given: list[dict[str, Any]] = [
        {
            "name": each.name,
            "kind": "given",
            "description": each.description,
            "source": each.source,
            "n_genes": len(each.genes),
            "address": GIVEN + each.name if len(each.genes) <= MOST_GENES else "",
        }
        for each in atlas.gene_sets
    ]
    sets: list[dict[str, Any]] = given + [
        {
            "name": f"Factor {factor} · {name}",
            "kind": "factor",
            "genes": [weight.gene for weight in atlas.factor_genes(factor, n=GENES)],
        }
        for factor, name in enumerate(atlas.factor_names)
    ]
    try:
        markers = atlas.table("markers")
        rows = list(zip(markers["domain"].tolist(), markers["gene"].tolist(), strict=True))
    except (StoreError, KeyError):
        return sets
    best: dict[str, list[str]] = {}
    for domain, gene in rows:
        genes = best.setdefault(str(domain), [])
        if gene and len(genes) < GENES:
            genes.append(str(gene))
    domains = atlas.obs_columns["domain"].categories
    named = [(domain, best[domain]) for domain in domains if best.get(domain)]
    return sets + [
        {"name": f"Markers of {domain}", "kind": "domain", "genes": genes}
        for domain, genes in named
    ]
