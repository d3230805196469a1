"""What a comparison rests on: counts, spots and factors of query and reference by slice and domain.

Both sides are summed over the genes that both measured, so that depths mean the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from training.errors import AtlasError
from training.mapping.reading.genecounts import GeneCounts
from training.mapping.reading.genematching import match_genes
from training.mapping.reading.sectioncolumn import section_labels
from training.mapping.reading.sections import number_sections
from training.mapping.verdict import FOREIGN
from training.store import Atlas
from training.store.mapped import find_sections

if TYPE_CHECKING:
    import pandas as pd

    from training.mapping.projected import Projection
    from training.mapping.reading.query import Query

BLOCK = 8192
"""Spots of a query summed at a time."""


@dataclass(frozen=True)
class Mapped:
    """A query that was mapped, n spots.

    Attributes:
        counts: (n, m) counts of its genes that the atlas has; genes: their names there (m).
        domains, stages: (n,) positions in the atlas's orders, -1 for none.
        slices: (n,) slice of each spot, 0 to the number of slices - 1.
        factors: (n, K) proportions; outside: (n,) out of reference.
    """

    counts: GeneCounts
    genes: list[str]
    domains: NDArray[np.int64]
    stages: NDArray[np.int64]
    slices: NDArray[np.int64]
    factors: NDArray[np.float32]
    outside: NDArray[np.bool_]


@dataclass(frozen=True)
class Side:
    """One side of a comparison: S slices, D domains, G genes that both sides measured.

    Attributes:
        stages: (S,) stage of each slice.
        spots: (S, D); counts: (S, D, G); factors: (S, D, K) mean proportions, NaN without spots.
        measured: (S, G).
    """

    stages: NDArray[np.int64]
    spots: NDArray[np.int64]
    counts: NDArray[np.float32]
    factors: NDArray[np.float64]
    measured: NDArray[np.bool_]


def sum_query(mapped: Mapped, genes: Sequence[str], n_domains: int) -> Side:
    """A query by slice and domain."""
    n_slices = int(mapped.slices.max()) + 1
    inside = np.flatnonzero(mapped.domains >= 0)
    cell = (mapped.slices * n_domains + mapped.domains)[inside]
    size = n_slices * n_domains
    column = {gene: index for index, gene in enumerate(mapped.genes)}
    counts = np.zeros((size, len(mapped.genes)))
    # In double precision, of which the counts of all spots would be a large copy.
    for at in range(0, len(inside), BLOCK):
        rows = inside[at : at + BLOCK]
        places = (cell[at : at + BLOCK], np.arange(len(rows)))
        members = sparse.csr_matrix((np.ones(len(rows)), places), (size, len(rows)))
        counts += (members @ mapped.counts[rows]).toarray()
    counts = counts[:, [column[gene] for gene in genes]]
    spots = np.bincount(cell, minlength=size)
    return Side(
        slice_stages(mapped),
        spots.reshape(n_slices, n_domains),
        counts.astype(np.float32).reshape(n_slices, n_domains, -1),
        average_factors(mapped.factors[inside], cell, (n_slices, n_domains)),
        np.ones((n_slices, len(genes)), dtype=bool),
    )


def slice_stages(mapped: Mapped) -> NDArray[np.int64]:
    """(S,) stage of each slice: that of most of its spots, as a section has one age."""
    slices = range(int(mapped.slices.max()) + 1)
    found = [np.bincount(np.maximum(mapped.stages[mapped.slices == s], 0)).argmax() for s in slices]
    return np.array(found, dtype=np.int64)


def sum_reference(atlas: Atlas, genes: Sequence[str]) -> Side:
    """The reference by slice and domain."""
    codes = domain_codes(atlas)
    slices = np.repeat(np.arange(len(atlas.slices)), [part.n_spots for part in atlas.slices])
    shape = (len(atlas.slices), len(atlas.obs_columns["domain"].categories))
    cell = slices * shape[1] + codes
    wanted = {gene: index for index, gene in enumerate(genes)}
    target = np.array([wanted.get(gene, -1) for gene in atlas.genes])
    counts = np.zeros((*shape, len(genes)), dtype=np.float32)
    for start, block in atlas.domain_counts():
        places = target[start : start + len(block)]
        kept = np.flatnonzero(places >= 0)
        counts[:, :, places[kept]] = np.moveaxis(block[kept], 0, 2)
    measured = np.ones((shape[0], len(genes)), dtype=bool)
    if atlas.measured is not None:
        row = {gene: index for index, gene in enumerate(atlas.genes)}
        measured = np.asarray(atlas.measured)[[row[gene] for gene in genes]].T
    order = [stage.name for stage in atlas.stages]
    return Side(
        np.array([order.index(part.stage) for part in atlas.slices]),
        np.bincount(cell, minlength=shape[0] * shape[1]).reshape(shape),
        counts,
        average_factors(np.asarray(atlas.factors), cell, shape),
        measured,
    )


def average_factors(
    factors: NDArray[np.floating], cell: NDArray[np.integer], shape: tuple[int, int]
) -> NDArray[np.float64]:
    """Mean proportions (S, D, K) of spots (n, K) by their cell (n,) of slice and domain."""
    members = sparse.csr_matrix(
        (np.ones(len(cell)), (cell, np.arange(len(cell)))), (shape[0] * shape[1], len(cell))
    )
    with np.errstate(invalid="ignore", divide="ignore"):
        means = (members @ factors) / np.asarray(members.sum(axis=1))
    return np.asarray(means, dtype=np.float64).reshape(*shape, -1)


def domain_codes(atlas: Atlas) -> NDArray[np.int64]:
    """(n,) domain of every spot of an atlas, as a position among its domains."""
    order = {name: index for index, name in enumerate(atlas.obs_columns["domain"].categories)}
    return np.array([order[str(name)] for name in atlas.obs("domain")], dtype=np.int64)


def of_projection(query: Query, projection: Projection, atlas: Atlas) -> Mapped:
    """A query that was just mapped."""
    return Mapped(
        query.counts_of(query.genes),
        list(query.genes),
        positions(projection.domain, atlas.obs_columns["domain"].categories),
        positions(projection.stage, [each.name for each in atlas.stages]),
        query.slices,
        projection.proportions,
        projection.out_of_reference,
    )


def read_mapped(path: Path, atlas: Atlas) -> Mapped:
    """A result of `atlas project`.

    Raises:
        AtlasError: for a file that is none, or one that was mapped onto another atlas.
    """
    import anndata as ad

    try:
        result = ad.read_h5ad(path)
        about: dict[str, Any] = dict(result.uns["projection"])
        factors = np.asarray(result.obsm["factors"])
        domain, stage = result.obs["domain"], result.obs["stage"]
    except (OSError, KeyError, ValueError) as error:
        raise AtlasError(
            f"{path}: found a file that cannot be read as a mapped section ({error}); expected a "
            "result of `atlas project`"
        ) from error
    if about.get("atlas_digest") != atlas.digest:
        raise AtlasError(
            f"{path}: found an atlas of digest {str(about.get('atlas_digest'))[:12]} that it was "
            f"mapped onto; expected this one, which has {atlas.digest[:12]}; map it again"
        )
    columns, genes, _ = match_genes(result.var, atlas)
    return Mapped(
        GeneCounts(sparse.csr_matrix(result.X), columns),
        genes,
        positions(domain, atlas.obs_columns["domain"].categories),
        positions(stage, [each.name for each in atlas.stages]),
        read_sections(result.obs, about),
        factors,
        result.obs["out_of_reference"].to_numpy(dtype=bool),
    )


def read_sections(obs: pd.DataFrame, about: dict[str, Any]) -> NDArray[np.int64]:
    """(n,) section of each spot of a result, as its report tells them apart."""
    place = find_sections(about, list(obs.columns))
    if not place or obs[place].isna().any():
        return np.zeros(len(obs), dtype=np.int64)
    return number_sections(section_labels(obs[place]), len(obs))[0]


def leave_out_foreign(mapped: Mapped) -> tuple[Mapped, int]:
    """The query without slices that are not of the atlas's tissue, whose domains say nothing of
    them, and how many these are; as it was where no other slice is left."""
    n_slices = int(mapped.slices.max()) + 1
    spots = np.bincount(mapped.slices, minlength=n_slices)
    outside = np.bincount(mapped.slices, mapped.outside, n_slices) / np.maximum(spots, 1)
    foreign = outside > FOREIGN
    if foreign.all() or not foreign.any():
        return mapped, 0
    rows = np.flatnonzero(~foreign[mapped.slices])
    number = np.cumsum(~foreign) - 1
    kept = Mapped(
        mapped.counts.keep(rows),
        mapped.genes,
        mapped.domains[rows],
        mapped.stages[rows],
        number[mapped.slices[rows]].astype(np.int64),
        mapped.factors[rows],
        mapped.outside[rows],
    )
    return kept, int(foreign.sum())


def join_mapped(parts: Sequence[Mapped]) -> Mapped:
    """Queries as slices of one, over the genes that all measured."""
    columns = [{gene: index for index, gene in enumerate(part.genes)} for part in parts]
    genes = [gene for gene in parts[0].genes if all(gene in column for column in columns)]
    first, slices = 0, []
    for part in parts:
        slices.append(part.slices + first)
        first += int(part.slices.max()) + 1
    counts = [
        part.counts.whole()[:, [column[gene] for gene in genes]]
        for part, column in zip(parts, columns, strict=True)
    ]
    return Mapped(
        GeneCounts(sparse.csr_matrix(sparse.vstack(counts, format="csr"))),
        genes,
        np.concatenate([p.domains for p in parts]),
        np.concatenate([p.stages for p in parts]),
        np.concatenate(slices),
        np.concatenate([p.factors for p in parts]),
        np.concatenate([p.outside for p in parts]),
    )


def positions(column: Iterable[object], order: Sequence[str]) -> NDArray[np.int64]:
    """(n,) places of names in their order, -1 for those that are not there."""
    place = {name: index for index, name in enumerate(order)}
    return np.array([place.get(str(name), -1) for name in column], dtype=np.int64)
