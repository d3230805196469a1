"""A query section as a user has it: read, checked, its genes found in the atlas."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from training.errors import DataError, Problem
from training.slices.readers.discovery import find_sources
from training.slices.readers.source import Unreadable
from training.slices.validation import check_coordinates, check_counts, check_names
from training.store import Atlas

if TYPE_CHECKING:
    import pandas as pd

LEAST_GENES = 10
SPOT_NAMES_REMEDY = "give each spot its own name"
GENE_NAMES_REMEDY = "sum or rename the repeated genes"


@dataclass(frozen=True)
class Query:
    """A section that passed all checks.

    Attributes:
        counts: (n, its own genes) CSR counts as they were.
        obs, var: the file's own tables.
        positions: (n, 2) float32.
        slices: (n,) index of the section a spot belongs to.
        columns: for each matched gene its column in `counts`.
        genes: for each matched gene its name in the atlas.
        convention: where the matching names were found.
        warnings: what a reader of the result should know.
    """

    counts: sparse.csr_matrix
    obs: pd.DataFrame
    var: pd.DataFrame
    positions: NDArray[np.float32]
    slices: NDArray[np.int64]
    columns: NDArray[np.intp]
    genes: list[str]
    convention: str
    warnings: list[str] = field(default_factory=list)


def read_query(path: Path, atlas: Atlas, fitted_genes: list[str]) -> Query:
    """Read and check a query; all its problems are reported together.

    Raises:
        DataError: what was found, expected, five examples and the remedy, per problem.
    """
    path = Path(path)
    if not path.exists():
        raise DataError([Problem(str(path), "no such file", "an .h5ad file of one section")])
    sources, problems = find_sources(path, spatial_key="spatial")
    if not sources:
        raise DataError(problems)
    if len(sources) > 1:
        raise DataError([Problem(str(path), f"{len(sources)} files", "one file at a time")])
    source = sources[0]
    obs, var = source.obs, source.var
    if len(obs) == 0 or len(var) == 0:
        raise DataError([Problem(source.place, f"{len(obs)} spots × {len(var)} genes", "some")])
    problems += check_names(source.place, obs.index, "spot", SPOT_NAMES_REMEDY)
    problems += check_names(source.place, var.index, "gene", GENE_NAMES_REMEDY)
    positions, faults = check_coordinates(
        source.place, source.coordinates, obs.index, "spatial", source.coordinates_hint
    )
    problems += faults
    try:
        counts = source.counts()
    except Unreadable as fault:
        raise DataError([*problems, fault.problem]) from fault
    counts.sum_duplicates()
    counts.eliminate_zeros()
    if check_counts(source.place, counts, obs.index, var.index):
        hint = source.counts_hint()
        problems += check_counts(source.place, counts, obs.index, var.index, hint)
    matched = match_genes(var, atlas)
    problems += check_shared(source.place, var, matched[1], fitted_genes)
    if problems or positions is None:
        raise DataError(problems)
    return make_query(counts, obs, var, positions, _slice_indices(obs), matched, fitted_genes)


def make_query(
    counts: sparse.csr_matrix,
    obs: pd.DataFrame,
    var: pd.DataFrame,
    positions: NDArray[np.float32],
    slices: NDArray[np.int64],
    matched: tuple[NDArray[np.intp], list[str], str],
    fitted_genes: Sequence[str],
) -> Query:
    """A query of sections that were checked. `matched` is what `match_genes` found in `var`."""
    columns, genes, convention = matched
    shared = len(set(genes) & set(fitted_genes))
    return Query(
        counts=counts.astype(np.float32),
        obs=obs,
        var=var,
        positions=positions,
        slices=slices,
        columns=columns,
        genes=genes,
        convention=convention,
        warnings=_warnings(counts, shared, len(fitted_genes)),
    )


def check_shared(
    place: str, var: pd.DataFrame, genes: Sequence[str], fitted_genes: Sequence[str]
) -> list[Problem]:
    """A section shares at least LEAST_GENES of its matched `genes` with the fitted ones."""
    shared = len(set(genes) & set(fitted_genes))
    if shared >= LEAST_GENES:
        return []
    return [
        Problem(
            place,
            f"{shared} of its {len(var):,} genes among the {len(fitted_genes):,} fitted ones",
            f"at least {LEAST_GENES} shared genes, named like {', '.join(fitted_genes[:5])}",
            [str(name) for name in var.index[:5]],
            "use the atlas's gene symbols or Ensembl ids as names, and the same species",
        )
    ]


class KnownGenes(Protocol):
    """Genes that can be found by whatever people call them, such as those of an atlas."""

    @property
    def n_genes(self) -> int: ...

    def resolve_gene(self, name: str) -> str | None: ...


def match_genes(var: pd.DataFrame, atlas: KnownGenes) -> tuple[NDArray[np.intp], list[str], str]:
    """The query's genes that the atlas has, by the column of names that finds most of them.

    Symbols and Ensembl ids, with or without a version, in any case.

    Returns:
        columns in the query, names in the atlas, and a word on where the names were found.
    """
    candidates: dict[str, Any] = {"gene names": var.index}
    for name in var.columns:
        if var[name].dtype.name in ("object", "string", "str", "category"):
            candidates[f"var['{name}']"] = var[name].astype(str)
    best: tuple[list[int], list[str], str] = ([], [], "nowhere")
    for where, names in candidates.items():
        columns, genes, taken = [], [], set()
        for column, name in enumerate(names):
            gene = atlas.resolve_gene(str(name))
            if gene is not None and gene not in taken:
                taken.add(gene)
                columns.append(column)
                genes.append(gene)
        if len(genes) > len(best[1]):
            best = (columns, genes, where)
        if len(genes) > 0.5 * min(len(var), atlas.n_genes):
            break
    return np.asarray(best[0], dtype=np.intp), best[1], best[2]


def _slice_indices(obs: pd.DataFrame) -> NDArray[np.int64]:
    """One section, or several where a slice column says so."""
    if "slice" in obs and obs["slice"].nunique(dropna=True) > 1 and not obs["slice"].isna().any():
        return np.unique(obs["slice"].astype(str), return_inverse=True)[1].astype(np.int64)
    return np.zeros(len(obs), dtype=np.int64)


def _warnings(counts: sparse.csr_matrix, shared: int, n_fitted: int) -> list[str]:
    notes = []
    if shared < 0.5 * n_fitted:
        notes.append(
            f"only {shared:,} of {n_fitted:,} fitted genes were measured; the rest was filled in"
        )
    empty = int((np.diff(counts.indptr) == 0).sum())
    if empty:
        notes.append(f"{empty:,} spots have no counts; they are marked as out of reference")
    if counts.shape[0] < 20:
        notes.append(
            f"{counts.shape[0]} spots are too few to estimate how this section's technology "
            "differs from the atlas's"
        )
    return notes
