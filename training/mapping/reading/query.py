"""A query section as a user has it: read, checked, its genes found in the atlas."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from training.errors import DataError, Problem
from training.mapping.reading.genecounts import GeneCounts
from training.mapping.reading.genematching import match_genes, missing_genes, missing_note
from training.mapping.reading.queryfiles import open_sources
from training.mapping.reading.sections import (
    LEAST_GENES,
    Section,
    join_sections,
    number_sections,
    read_section,
)
from training.store import Atlas

if TYPE_CHECKING:
    import pandas as pd

LEAST_SPOTS = 20
"""A section of fewer spots says nothing of how its technology differs."""


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
        names: of the sections; [] where nothing names them.
        section_column: the column of `obs` that tells them apart, "" for none.
        several_files: sections came in files of their own, and no column of these is named so.
        coordinate_unit: unit of length that the files say the positions are in, "" for none.
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
    names: list[str] = field(default_factory=list)
    section_column: str = ""
    several_files: bool = False
    coordinate_unit: str = ""

    @property
    def n_sections(self) -> int:
        return int(self.slices.max()) + 1

    @property
    def section_names(self) -> list[str]:
        """A name for every section."""
        if self.names:
            return self.names
        n = self.n_sections
        return ["section"] if n == 1 else [f"section {number + 1}" for number in range(n)]

    def counts_of(self, genes: Sequence[str]) -> GeneCounts:
        """Counts (n, genes) of matched genes by their names in the atlas, without a copy."""
        place = dict(zip(self.genes, self.columns.tolist(), strict=True))
        columns = [place[gene] for gene in genes]
        if columns == list(range(self.counts.shape[1])):
            return GeneCounts(self.counts)
        return GeneCounts(self.counts, np.array(columns, dtype=np.intp))


def read_query(
    path: Path, atlas: Atlas, fitted_genes: list[str], section_column: str = ""
) -> Query:
    """Read and check a query; all problems of a section are reported together.

    `section_column` names the column that tells sections apart; "" looks for one, see
    `find_section_column`.

    Raises:
        DataError: what was found, expected, five examples and the remedy, per problem.
    """
    with open_sources(path) as sources:
        place = sources[0].place if len(sources) == 1 else Path(path).name
        sections: list[Section] = []
        problems: list[Problem] = []
        for source in sources:
            try:
                sections.append(read_section(source, atlas, section_column))
            except DataError as fault:
                problems += fault.problems
    if problems:
        raise DataError(problems)
    section = join_sections(sections)
    slices, names = number_sections(section.labels, len(section.obs))
    matched = match_genes(section.var, atlas)
    problems += check_shared(place, section.var, matched[1], fitted_genes)
    if problems:
        raise DataError(problems)
    query = make_query(
        section.counts,
        section.obs,
        section.var,
        section.positions,
        slices,
        matched,
        fitted_genes,
        names,
    )
    missing = missing_note(missing_genes(matched[1], atlas.genes, atlas.loadings))
    notes = [*section.notes, *query.warnings, *([missing] if missing else [])]
    return replace(
        query,
        warnings=notes,
        section_column=section.column,
        several_files=len(sections) > 1,
        coordinate_unit=section.unit,
    )


def make_query(
    counts: sparse.csr_matrix,
    obs: pd.DataFrame,
    var: pd.DataFrame,
    positions: NDArray[np.float32],
    slices: NDArray[np.int64],
    matched: tuple[NDArray[np.intp], list[str], str],
    fitted_genes: Sequence[str],
    names: Sequence[str] = (),
) -> Query:
    """A query of sections that were checked, called `names`.

    `matched` is what `match_genes` found in `var`.
    """
    columns, genes, convention = matched
    shared = len(set(genes) & set(fitted_genes))
    query = Query(
        counts=counts.astype(np.float32, copy=False),
        obs=obs,
        var=var,
        positions=positions,
        slices=slices,
        columns=columns,
        genes=genes,
        convention=convention,
        names=list(names),
    )
    return replace(query, warnings=_warnings(query, shared, len(fitted_genes)))


def drop_genes(query: Query, genes: Sequence[str]) -> Query:
    """The query as if it had not measured the genes; all that reads it goes by `genes`."""
    dropped = set(genes)
    kept = np.array([gene not in dropped for gene in query.genes], dtype=bool)
    rest = [gene for gene in query.genes if gene not in dropped]
    return replace(query, columns=query.columns[kept], genes=rest)


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
            "use the atlas's gene symbols or Ensembl ids as names, and the same species, or one "
            "that the atlas has a table of orthologs of",
        )
    ]


def _warnings(query: Query, shared: int, n_fitted: int) -> list[str]:
    notes, counts = [], query.counts
    if shared < 0.5 * n_fitted:
        notes.append(
            f"only {shared:,} of {n_fitted:,} fitted genes were measured; the rest was filled in"
        )
    empty = int((np.diff(counts.indptr) == 0).sum())
    if empty:
        spots = "1 spot has" if empty == 1 else f"{empty:,} spots have"
        notes.append(f"{spots} no counts, which is marked as out of reference")
    sizes = np.bincount(query.slices, minlength=query.n_sections)
    few = [f"{query.section_names[at]} ({sizes[at]})" for at in np.flatnonzero(sizes < LEAST_SPOTS)]
    if few and query.n_sections == 1:
        notes.append(
            f"{counts.shape[0]} spots are too few to estimate how this section's technology "
            "differs from the atlas's"
        )
    elif few:
        notes.append(
            f"sections of fewer than {LEAST_SPOTS} spots are too small to estimate how their "
            f"technology differs from the atlas's: {', '.join(few[:5])}"
        )
    return notes
