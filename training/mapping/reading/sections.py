"""One section as it was given: checked, and put right where nothing has to be guessed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from training.errors import DataError, Problem
from training.mapping.reading.genematching import KnownGenes, match_genes, repeated
from training.mapping.reading.normalised import undo_normalisation
from training.mapping.reading.sectioncolumn import OWN, SectionColumn, find_section_column
from training.slices.readers.source import Source, Unreadable
from training.slices.validation import check_coordinates, check_counts, check_names

if TYPE_CHECKING:
    import pandas as pd

SPOT_NAMES_REMEDY = "give each spot its own name"
GENE_NAMES_REMEDY = "sum or rename the repeated genes"
# Genes that share a name are set aside up to this share of all; more are a fault of the file.
MOST_REPEATED = 0.05
# Fewer matches than this on one side and more on the other: the matrix lies the wrong way round.
LEAST_GENES = 10
EMPTY_REMEDY = "look at adata.shape: a filter may have left nothing, or the file was never filled"


@dataclass(frozen=True)
class Section:
    """Spots of one file or folder that passed all checks; n spots.

    `counts` (n, its own genes) CSR; `positions` (n, 2) float32; `notes`, what was put right.
    `labels` (n,) name the section of each spot, None where there is one without a name; `column` of
    the file says so, "" for none. `unit` of length of the positions, "" where nothing says so.
    """

    name: str
    obs: pd.DataFrame
    var: pd.DataFrame
    counts: sparse.csr_matrix
    positions: NDArray[np.float32]
    notes: list[str] = field(default_factory=list)
    labels: NDArray[np.object_] | None = None
    column: str = ""
    unit: str = ""


def read_section(source: Source, atlas: KnownGenes, section_column: str = "") -> Section:
    """Check a source and put right what can be. `section_column` is as of `find_section_column`.

    Raises:
        DataError: all its problems together.
    """
    notes: list[str] = []
    problems: list[Problem] = []
    source, turned = turn_if_transposed(source, atlas)
    if turned:
        notes.append("genes and spots were exchanged in this file; the matrix was turned")
    obs, var = source.obs, source.var
    if len(obs) == 0 or len(var) == 0:
        found = f"{len(obs)} spots × {len(var)} genes"
        raise DataError([Problem(source.place, found, "at least one of each", remedy=EMPTY_REMEDY)])
    positions, faults = check_coordinates(
        source.place, source.coordinates, obs.index, "spatial", source.coordinates_hint
    )
    told = SectionColumn("", None, [])
    try:
        told = find_section_column(
            source.place, obs, positions, named=section_column, region=source.region_column
        )
    except DataError as fault:
        problems += fault.problems
    notes += told.notes
    obs = name_by_section(obs, told.labels, notes)
    problems += check_names(source.place, obs.index, "spot", SPOT_NAMES_REMEDY)
    problems += faults
    var, faults = rename_repeated(source.place, var, notes)
    problems += faults
    try:
        counts, var, faults = find_counts(source, obs, var, notes)
    except Unreadable as fault:
        raise DataError([*problems, fault.problem]) from fault
    problems += faults
    if problems or positions is None:
        raise DataError(problems)
    if source.n_outside:
        notes.append(f"{source.n_outside:,} spots without tissue or counts were left out")
    unit = source.coordinate_unit
    return Section(source.stem, obs, var, counts, positions, notes, told.labels, told.name, unit)


def turn_if_transposed(source: Source, atlas: KnownGenes) -> tuple[Source, bool]:
    """The source with spots along obs, and whether it had to be turned."""
    if len(match_genes(source.var, atlas)[1]) >= LEAST_GENES:
        return source, False
    if len(match_genes(source.obs, atlas)[1]) < LEAST_GENES:
        return source, False
    read, others = source.counts, source.alternatives
    turned = replace(
        source,
        obs=source.var,
        var=source.obs,
        coordinates=source.var_coordinates,
        counts=lambda: read().T.tocsr(),
        # `raw` has genes of its own along its other side, and cannot be turned with the rest.
        alternatives=lambda: [
            (place, source.obs, matrix.T.tocsr())
            for place, var, matrix in others()
            if var is source.var
        ],
        coordinates_hint="the matrix lies the wrong way round: write adata.T, with spots along obs",
    )
    return turned, True


def name_by_section(
    obs: pd.DataFrame, labels: NDArray[np.object_] | None, notes: list[str]
) -> pd.DataFrame:
    """Spots whose names repeat between sections, each with its section before its name."""
    if obs.index.is_unique or labels is None:
        return obs
    names = labels.astype(str).astype(object) + ":" + obs.index.astype(str)
    if not names.is_unique:
        return obs
    notes.append("spot names repeat between slices; each got its slice's name before its own")
    return obs.set_axis(names)


def rename_repeated(
    place: str, var: pd.DataFrame, notes: list[str]
) -> tuple[pd.DataFrame, list[Problem]]:
    """Genes with names of their own: repeated ones are numbered, so that none is matched."""
    names = var.index.astype(str).to_numpy(dtype=object)
    twice = repeated(names.astype(str))
    if not twice.any():
        return var, []
    if twice.mean() > MOST_REPEATED:
        return var, check_names(place, var.index, "gene", GENE_NAMES_REMEDY)
    kinds = list(dict.fromkeys(names[twice].tolist()))
    seen: dict[str, int] = {}
    taken = set(names.tolist())
    renamed = names.copy()
    for at in np.flatnonzero(twice).tolist():
        number = seen.get(names[at], 0) + 1
        while f"{names[at]}__{number}" in taken:
            number += 1
        seen[names[at]] = number
        renamed[at] = f"{names[at]}__{number}"
    notes.append(
        f"{len(kinds):,} gene names occur more than once ({', '.join(kinds[:5])}); these genes are "
        "numbered in the result and were not used for mapping"
    )
    return var.set_axis(renamed), []


def find_counts(
    source: Source, obs: pd.DataFrame, var: pd.DataFrame, notes: list[str]
) -> tuple[sparse.csr_matrix, pd.DataFrame, list[Problem]]:
    """Raw counts: those of X, else those the file keeps elsewhere, else computed back from X.

    Returns:
        counts, the genes along them, and what is wrong with X where none could be had.
    """
    counts = tidy(source.counts())
    faults = check_counts(source.place, counts, obs.index, var.index)
    if not faults:
        return _single(counts), var, []
    held = faults[0].found
    for place, genes, matrix in source.alternatives():
        matrix = tidy(matrix)
        if matrix.shape != (len(obs), len(genes)):
            continue
        own: list[str] = []
        genes, wrong = (var, []) if genes is source.var else rename_repeated(place, genes, own)
        if wrong or not matrix.nnz or check_counts(place, matrix, obs.index, genes.index):
            continue
        notes.append(f"X holds {held}; the raw counts of {place} were used")
        notes += own
        return _single(matrix), genes, []
    undone = undo_normalisation(counts)
    if undone is not None:
        found, form = undone
        notes.append(
            f"X holds {form}, not raw counts; the counts were computed back, and every value of "
            "every spot came out whole (but for a factor that all counts of a spot may share)"
        )
        return found, var, []
    return (
        counts,
        var,
        check_counts(source.place, counts, obs.index, var.index, source.counts_hint()),
    )


def _single(counts: sparse.csr_matrix) -> sparse.csr_matrix:
    """Counts in single precision on the same places: of integers and doubles no second matrix is
    held beside the first for long."""
    data = counts.data.astype(np.float32, copy=False)
    return sparse.csr_matrix((data, counts.indices, counts.indptr), counts.shape)


def tidy(counts: sparse.csr_matrix) -> sparse.csr_matrix:
    """The matrix with each entry once and no stored zeros."""
    counts.sum_duplicates()
    counts.eliminate_zeros()
    return counts


def join_sections(sections: Sequence[Section]) -> Section:
    """Sections under each other over the genes that all have, told apart by a column `slice`: files
    of one name in different folders too, with a number behind it.

    Raises:
        DataError: when they share too few genes.
    """
    import pandas as pd
    from anndata.utils import make_index_unique

    first = sections[0]
    if len(sections) == 1:
        return first
    names = make_index_unique(pd.Index([section.name for section in sections]))
    sections = [
        replace(section, name=str(name)) for section, name in zip(sections, names, strict=True)
    ]
    genes = first.var.index
    for section in sections[1:]:
        genes = genes[genes.isin(section.var.index)]
    notes = [f"{section.name}: {note}" for section in sections for note in section.notes]
    most = max(len(section.var) for section in sections)
    if len(genes) < LEAST_GENES:
        names = [f"{section.name} ({len(section.var):,} genes)" for section in sections]
        remedy = "map them one by one"
        found = f"{len(sections)} sections that share {len(genes)} genes"
        raise DataError([Problem("sections", found, "sections of one panel", names[:5], remedy)])
    if len(genes) < most:
        notes.append(f"the sections measured different genes; the {len(genes):,} they share count")
    labels = [own_labels(section) for section in sections]
    tables = [
        section.obs.assign(**{OWN: own}).set_axis(
            [f"{section.name}:{spot}" for spot in section.obs.index]
        )
        for section, own in zip(sections, labels, strict=True)
    ]
    return Section(
        name=first.name,
        obs=pd.concat(tables),
        var=first.var.loc[genes],
        counts=sparse.vstack(
            [section.counts[:, section.var.index.get_indexer(genes)] for section in sections],
            format="csr",
        ),
        positions=np.concatenate([section.positions for section in sections]),
        notes=notes,
        labels=np.concatenate(labels),
        column=OWN,
        unit=first.unit if len({section.unit for section in sections}) == 1 else "",
    )


def own_labels(section: Section) -> NDArray[np.object_]:
    """Names (n,) of a file's sections among other files: the file's, and its own where it has
    several."""
    names = np.full(len(section.obs), section.name, dtype=object)
    if section.labels is None or len(set(section.labels)) < 2:
        return names
    return names + ":" + section.labels


def number_sections(
    labels: NDArray[np.object_] | None, n: int
) -> tuple[NDArray[np.int64], list[str]]:
    """Section (n,) of each spot, from 0 in the order of their names, and the names."""
    if labels is None:
        return np.zeros(n, dtype=np.int64), []
    names, slices = np.unique(labels.astype(str), return_inverse=True)
    return slices.astype(np.int64), [str(name) for name in names]
