"""A query's genes found in the atlas, how they are named, and which that matter are missing."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import pandas as pd

    from training.store.given.orthologs import Orthologs

ENSEMBL = re.compile(r"ens[a-z]*g\d{11}(\.\d+)?", re.IGNORECASE)
NAMED_MISSING = 10

Matched = tuple[NDArray[np.intp], list[str], str]


class KnownGenes(Protocol):
    """Genes that can be found by whatever people call them, such as those of an atlas."""

    @property
    def n_genes(self) -> int: ...

    @property
    def orthologs(self) -> Orthologs | None: ...

    def resolve_gene(self, name: str) -> str | None: ...


def match_genes(var: pd.DataFrame, atlas: KnownGenes) -> Matched:
    """The query's genes that the atlas has, by the column of names that finds most of them.

    Symbols and Ensembl ids, with or without a version, in any case. Where more genes are found by
    the atlas's table of orthologs than directly, it is the table that tells. A name that the query
    has more than once says nothing, and is not matched.

    Returns:
        columns in the query, names in the atlas, and a word on where the names were found and of
        which kind they are.
    """
    candidates: dict[str, Any] = {"gene names": var.index}
    for name in var.columns:
        if var[name].dtype.name in ("object", "string", "str", "category"):
            candidates[f"var['{name}']"] = var[name].astype(str)
    best: Matched = (np.empty(0, dtype=np.intp), [], "nowhere")
    table = atlas.orthologs
    for where, names in candidates.items():
        known = np.asarray(names, dtype=object).astype(str)
        columns, genes = _look_up(known, atlas.resolve_gene)
        kind = name_kind(known[columns].tolist(), genes)
        if table is not None:
            others = _look_up(known, table.resolve)
            if len(others[1]) > len(genes):
                columns, genes = others
                kind = f"orthologs of {table.organism}, by {_ids_or_symbols(known[columns])}"
        if len(genes) > len(best[1]):
            best = (columns, genes, f"{where}: {kind}")
        if len(genes) > 0.5 * min(len(var), atlas.n_genes):
            break
    return best


def _look_up(
    names: NDArray[Any], resolve: Callable[[str], str | None]
) -> tuple[NDArray[np.intp], list[str]]:
    """Places of the names that mean a gene which none before it means, and these genes."""
    columns, genes, taken = [], [], set()
    for column in np.flatnonzero(~repeated(names)).tolist():
        gene = resolve(names[column])
        if gene is not None and gene not in taken:
            taken.add(gene)
            columns.append(column)
            genes.append(gene)
    return np.asarray(columns, dtype=np.intp), genes


def _ids_or_symbols(names: NDArray[Any]) -> str:
    ids = sum(ENSEMBL.fullmatch(name) is not None for name in names)
    return "Ensembl ids" if 2 * ids > len(names) else "symbols"


def repeated(names: NDArray[Any]) -> NDArray[np.bool_]:
    """(n,) whether a name occurs more than once."""
    _, inverse, count = np.unique(names, return_inverse=True, return_counts=True)
    return np.asarray(count[inverse] > 1)


def name_kind(names: Sequence[str], genes: Sequence[str]) -> str:
    """What most of the query's `names` of the atlas's `genes` are, in words."""
    matches = [ENSEMBL.fullmatch(name) for name in names]
    if 2 * sum(match is not None for match in matches) > len(names):
        versions = sum(match is not None and match.group(1) is not None for match in matches)
        with_version = " with version" if 2 * versions > len(names) else ""
        lower = 2 * sum(name.startswith("ens") for name in names) > len(names)
        return f"Ensembl ids{with_version}" + (", in lower case" if lower else "")
    same = sum(name == gene for name, gene in zip(names, genes, strict=True))
    if 2 * same > len(names):
        return "symbols"
    for word, changed in (("upper", str.isupper), ("lower", str.islower)):
        if 2 * sum(changed(name) for name in names) > len(names):
            return f"symbols, in {word} case"
    return "symbols, as the atlas knows them beside its own names"


def missing_genes(
    genes: Sequence[str], atlas_genes: Sequence[str], loadings: NDArray[Any]
) -> list[tuple[str, float]]:
    """Fitted genes that are not among the matched `genes`, each with its share of all loading
    mass, 0..1, the weightiest first.

    Args:
        atlas_genes: G names; loadings: (G, K), NaN or 0 for genes that were not fitted.
    """
    mass = np.nansum(np.asarray(loadings, dtype=np.float64), axis=1)
    share = mass / max(float(mass.sum()), 1e-12)
    measured = set(genes)
    lacking = [at for at, gene in enumerate(atlas_genes) if share[at] > 0 and gene not in measured]
    lacking.sort(key=lambda at: -share[at])
    return [(atlas_genes[at], float(share[at])) for at in lacking]


def missing_note(missing: Sequence[tuple[str, float]]) -> str:
    """What `missing_genes` found, in words, the weightiest by name; "" if none."""
    if not missing:
        return ""
    named = ", ".join(f"{gene} ({share:.1%})" for gene, share in missing[:NAMED_MISSING])
    most = ", of which weigh most" if len(missing) > NAMED_MISSING else ""
    return (
        f"{len(missing):,} fitted genes are missing, {sum(share for _, share in missing):.1%} of "
        f"what the factors load on{most}: {named}"
    )
