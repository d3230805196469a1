"""A section to try mapping with: one of the atlas's own, thinned, and called what it is."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from training.store import Atlas, SliceInfo

if TYPE_CHECKING:
    from anndata import AnnData

# Part of the counts that is kept: like a section sequenced half as deep.
KEPT = 0.5
MOST_SPOTS = 3_000
GENES_AT_ONCE = 500
NAME = "demo-{slice}-thinned.h5ad"


def demonstration_slice(atlas: Atlas) -> SliceInfo:
    """The slice in the middle of the atlas's order, which is that of stages."""
    return atlas.slices[len(atlas.slices) // 2]


def write_demonstration(atlas: Atlas, folder: Path) -> Path:
    """Write a thinned section of the atlas as a query; returns its file in `folder`."""
    part = demonstration_slice(atlas)
    safe = "".join(c if c.isalnum() or c in "._-" else "_" for c in part.name)[:60]
    path = folder / NAME.format(slice=safe)
    thin_section(atlas, part).write_h5ad(path)
    return path


def thin_section(atlas: Atlas, part: SliceInfo, seed: int = 0) -> AnnData:
    """A slice of an atlas as if sequenced half as deep: each count is kept with p = KEPT.

    Thinning keeps Poisson counts Poisson. Of a slice of more than MOST_SPOTS spots those nearest
    to its middle are taken. It brings nothing but counts, names and positions; the genes are those
    that the slice measured.
    """
    import anndata as ad
    from anndata.io import sparse_dataset
    from scipy import sparse

    positions = atlas.coordinates("spatial")[part.start : part.stop]
    rows = part.start + central(positions, MOST_SPOTS)
    measured = atlas.measured
    at = [each.name for each in atlas.slices].index(part.name)
    columns = np.arange(atlas.n_genes) if measured is None else np.flatnonzero(measured[:, at])
    # Gene-major: read some genes at a time, so that a large atlas is never in memory.
    stored: Any = sparse_dataset(atlas.reference_group["X"])
    blocks = []
    for start in range(0, atlas.n_genes, GENES_AT_ONCE):
        block = sparse.csc_matrix(stored[:, start : start + GENES_AT_ONCE])
        blocks.append(block[rows])
    counts = sparse.csr_matrix(sparse.hstack(blocks, format="csr")[:, columns])
    counts.sort_indices()
    generator = np.random.default_rng(seed)
    counts.data = generator.binomial(counts.data.astype(np.int64), KEPT).astype(np.float32)
    counts.eliminate_zeros()
    section = ad.AnnData(counts, obsm={"spatial": atlas.coordinates("spatial")[rows]})
    section.obs_names = [atlas.spot_names[row] for row in rows]
    section.var_names = [atlas.genes[column] for column in columns]
    return section


def central(positions: NDArray[np.floating], most: int) -> NDArray[np.int64]:
    """Rows of the `most` positions nearest to their median, in order; all where there are fewer."""
    if len(positions) <= most:
        return np.arange(len(positions))
    distances = np.linalg.norm(positions - np.median(positions, axis=0), axis=1)
    return np.sort(np.argpartition(distances, most)[:most])
