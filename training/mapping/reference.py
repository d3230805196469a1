"""Spots of a reference, read from a store or from a fitted collection."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from training.inputs.panels import read_measured

if TYPE_CHECKING:
    from anndata import AnnData

    from training.store import Atlas

GENES_AT_ONCE = 256


@dataclass(frozen=True)
class ReferenceSpots:
    """The n spots of a fitted reference.

    Attributes:
        genes: names of all genes.
        latent: (n, d).
        slices, stages: (n,) indices; rows are grouped by slice. n_stages: number of stages.
        positions: (n, 2).
        totals: (n,) counts of a spot that its log expression refers to.
        measured: (all genes, slices) which slice measured a gene; None where all did.
        read: raw counts (n, genes) of genes by name.
    """

    genes: list[str]
    latent: NDArray[np.float32]
    slices: NDArray[np.int64]
    stages: NDArray[np.int64]
    n_stages: int
    positions: NDArray[np.float32]
    totals: NDArray[np.float64]
    measured: NDArray[np.bool_] | None
    read: Callable[[Sequence[str]], sparse.csc_matrix]

    def read_rows(self, genes: Sequence[str], rows: NDArray[np.integer]) -> sparse.csr_matrix:
        """Raw counts (m, genes) of some spots: of a large reference never more than a part of the
        genes is held for all spots."""
        parts = [
            pick_rows(self.read(genes[start : start + GENES_AT_ONCE]), rows)
            for start in range(0, len(genes), GENES_AT_ONCE)
        ]
        return sparse.csr_matrix(sparse.hstack(parts, format="csc"))

    def expression(self, counts: sparse.csc_matrix) -> sparse.csc_matrix:
        """log1p counts per 10,000 (n, genes) of counts that `read` gave."""
        logs = counts.astype(np.float32)
        depth = np.maximum(self.totals, 1e-12)[counts.indices]
        logs.data = np.log1p(1e4 * counts.data / depth).astype(np.float32)
        return logs

    def seen_by(self, genes: Sequence[str]) -> NDArray[np.bool_]:
        """Which slices measured which of the genes: (slices, genes)."""
        n_slices = int(self.slices.max()) + 1
        if self.measured is None:
            return np.ones((n_slices, len(genes)), dtype=bool)
        place = {name: index for index, name in enumerate(self.genes)}
        return self.measured[[place[gene] for gene in genes]].T

    def known(self, genes: Sequence[str]) -> sparse.csc_matrix | None:
        """Ones (n, genes) where a spot's slice measured a gene; None where all did."""
        seen = self.seen_by(genes)
        return None if seen.all() else sparse.csc_matrix(seen[self.slices], dtype=np.float32)


def pick_rows(counts: sparse.csc_matrix, rows: NDArray[np.integer]) -> sparse.csc_matrix:
    """Some rows (m, genes) of counts, each named once: several times faster than by indexing."""
    place = np.full(counts.shape[0], -1, dtype=np.int32)
    place[rows] = np.arange(len(rows))
    places = place[counts.indices]
    kept = places >= 0
    bounds = np.concatenate([[0], np.cumsum(kept)])[counts.indptr]
    shape = (len(rows), counts.shape[1])
    return sparse.csc_matrix((counts.data[kept], places[kept], bounds), shape)


def of_atlas(atlas: Atlas) -> ReferenceSpots:
    """The spots of an open atlas; counts are read when asked for."""
    slices = np.empty(atlas.n_spots, dtype=np.int64)
    stages = np.empty(atlas.n_spots, dtype=np.int64)
    order = {stage.name: index for index, stage in enumerate(atlas.stages)}
    for index, piece in enumerate(atlas.slices):
        slices[piece.start : piece.stop] = index
        stages[piece.start : piece.stop] = order[piece.stage]

    def read(names: Sequence[str]) -> sparse.csc_matrix:
        offsets, spots, counts = atlas.count_columns(names)
        return sparse.csc_matrix((counts, spots, offsets), shape=(atlas.n_spots, len(names)))

    return ReferenceSpots(
        genes=atlas.genes,
        latent=atlas.latent,
        slices=slices,
        stages=stages,
        n_stages=len(atlas.stages),
        positions=atlas.coordinates(),
        totals=atlas.totals,
        measured=atlas.measured,
        read=read,
    )


def of_collection(spots: AnnData) -> ReferenceSpots:
    """The spots of a collection that was fitted: with obsm['latent'], obs['slice', 'stage']."""
    names = [str(name) for name in spots.var_names]
    place = {name: index for index, name in enumerate(names)}
    counts = sparse.csc_matrix(spots.X)
    totals = np.asarray(counts.sum(axis=1), dtype=np.float64).ravel()
    if "measured_share" in spots.obs:
        totals /= np.asarray(spots.obs["measured_share"], dtype=np.float64)
    measured = read_measured(spots)
    return ReferenceSpots(
        genes=names,
        latent=np.asarray(spots.obsm["latent"]),
        slices=spots.obs["slice"].cat.codes.to_numpy().astype(np.int64),
        stages=spots.obs["stage"].cat.codes.to_numpy().astype(np.int64),
        n_stages=len(spots.obs["stage"].cat.categories),
        positions=np.asarray(spots.obsm["spatial"], dtype=np.float32)[:, :2],
        totals=totals,
        measured=None if measured is None else measured.T,
        read=lambda genes: counts[:, [place[gene] for gene in genes]],
    )
