"""A query's genes found in the atlas, how they are named, and which that matter are missing."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import pandas as pd

ENSEMBL = re.compile(r"ens[a-z]*g\d{11}(\.\d+)?", re.IGNORECASE)
NAMED_MISSING = 10

Matched = tuple[NDArray[np.intp], list[str], str]


class KnownGenes(Protocol):
    """Genes that can be found by whatever people call them, such as those of an atlas."""

    @property
    def n_genes(self) -> int: ...

    def resolve_gene(self, name: str) -> str | None: ...


def match_genes(var: pd.DataFrame, atlas: KnownGenes) -> Matched:
    """The query's genes that the atlas has, by the column of names that finds most of them.

    Symbols and Ensembl ids, with or without a version, in any case. A name that the query has more
    than once says nothing, and is not matched.

    Returns:
        columns in the query, names in the atlas, and a word on where the names were found and of
        which kind they are.
    """
    candidates: dict[str, Any] = {"gene names": var.index}
    for name in var.columns:
        if var[name].dtype.name in ("object", "string", "str", "category"):
            candidates[f"var['{name}']"] = var[name].astype(str)
    best: Matched = (np.empty(0, dtype=np.intp), [], "nowhere")
    for where, names in candidates.items():
        columns, genes, taken, found = [], [], set(), []
        known = np.asarray(names, dtype=object).astype(str)
        for column in np.flatnonzero(~repeated(known)).tolist():
            gene = atlas.resolve_gene(known[column])
            if gene is not None and gene not in taken:
                taken.add(gene)
                columns.append(column)
                genes.append(gene)
                found.append(known[column])
        if len(genes) > len(best[1]):
            kind = name_kind(found, genes)
            best = (np.asarray(columns, dtype=np.intp), genes, f"{where}: {kind}")
        if len(genes) > 0.5 * min(len(var), atlas.n_genes):
            break
    return best


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


def missing_note(genes: Sequence[str], atlas_genes: Sequence[str], loadings: NDArray[Any]) -> str:
    """What fitted genes are not among the matched `genes`, the weightiest by name; "" if none.

    Args:
        atlas_genes: G names; loadings: (G, K), NaN or 0 for genes that were not fitted.
    """
    mass = np.nansum(np.asarray(loadings, dtype=np.float64), axis=1)
    share = mass / max(float(mass.sum()), 1e-12)
    measured = set(genes)
    lacking = [at for at, gene in enumerate(atlas_genes) if share[at] > 0 and gene not in measured]
    if not lacking:
        return ""
    lacking.sort(key=lambda at: -share[at])
    named = ", ".join(f"{atlas_genes[at]} ({share[at]:.1%})" for at in lacking[:NAMED_MISSING])
    most = ", of which weigh most" if len(lacking) > NAMED_MISSING else ""
    return (
        f"{len(lacking):,} fitted genes are missing, {share[lacking].sum():.1%} of what the "
        f"factors load on{most}: {named}"
    )
