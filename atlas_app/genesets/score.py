"""The score of a gene set in every spot, after Tirosh et al. (Science 2016) as Seurat's
AddModuleScore and scanpy's score_genes have it, with each gene scaled to its own spread.

With v the log-normalised expression, z_gi = (v_gi − mean_g) / sd_g over the spots that measured g:

    score_i = mean_{g in set} z_gi − Σ_b w_b · mean_{c in C_b} z_ci

w_b is the share of the set's genes in bin b of mean expression, and C_b are the control genes of
that bin that are not in the set. In every slice only genes that it measured count, on both sides.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
MOST_BINS = 25
CONTROLS = 50
"""As Seurat and scanpy have them: bins of mean expression, control genes of each."""
MISSING = 255
TOP_BYTE = 254


@dataclass(frozen=True)
class Bins:
    """Genes by mean expression.

    Attributes:
        of: (G,) bin of each gene, −1 of one that no spot expresses.
        controls: positions of the control genes of each bin, rising.
    """

    of: NDArray[np.int64]
    controls: tuple[NDArray[np.int64], ...]


def bin_genes(means: NDArray[np.float64], names: Sequence[str]) -> Bins:
    """Bins of as many genes each, by rank of `means` (G,) of at least 0, NaN where not measured.

    At most 25 bins, fewer where they would hold fewer than 50 genes. Controls are drawn by a
    hash of their names, so that the same atlas has the same ones always.
    """
    expressed = np.flatnonzero(means > 0)
    of = np.full(len(means), -1, dtype=np.int64)
    n_bins = int(np.clip(len(expressed) // CONTROLS, 1, MOST_BINS))
    order = expressed[np.argsort(means[expressed], kind="stable")]
    of[order] = np.arange(len(order)) * n_bins // max(1, len(order))
    draw = np.array([zlib.crc32(names[gene].encode()) for gene in range(len(names))])
    controls = []
    for each in range(n_bins):
        members = np.flatnonzero(of == each)
        drawn = members[np.argsort(draw[members], kind="stable")[:CONTROLS]]
        controls.append(np.sort(drawn))
    return Bins(of, tuple(controls))


def standardised(data: NDArray[np.uint8], hi: float) -> Floats:
    """(256,) the value z of every byte of one gene; 0 for missing and where nothing varies.

    `data` are its bytes as the view has them: value = byte / 254 · `hi`.
    """
    counts = np.bincount(data, minlength=256)[:MISSING].astype(np.float64)
    values = np.arange(MISSING) / TOP_BYTE * hi
    n = counts.sum()
    table = np.zeros(256, dtype=np.float32)
    if n == 0:
        return table
    mean = (counts * values).sum() / n
    spread = np.sqrt((counts * (values - mean) ** 2).sum() / n)
    if spread > 0:
        table[:MISSING] = (values - mean) / spread
    return table


@dataclass(frozen=True)
class Weights:
    """What every gene and every bin contributes to the score, slice by slice.

    Attributes:
        genes: (m, S) factor of each gene of the set.
        bins: (B, S) factor of the summed controls of each bin.
        measured: (S,) genes of the set that each slice measured; there is no score where 0.
        controls: (S,) control genes that the score rests on.
    """

    genes: Floats
    bins: Floats
    measured: NDArray[np.int64]
    controls: NDArray[np.int64]


def weigh(
    chosen: NDArray[np.int64], bins: Bins, measured: NDArray[np.bool_] | None, n_slices: int
) -> Weights:
    """Weights of the set of genes at the positions `chosen`, each expressed by some spot.

    The controls of a bin are summed once and for all; those of the set are taken off again by the
    weight of the gene itself. A bin whose controls are all in the set, or not measured in the
    slice, hands its share to the nearest that has some. `measured` (G, S), None where every slice
    measured every gene.
    """
    of = bins.of[chosen]
    there = np.ones((len(bins.of), n_slices), bool) if measured is None else measured
    own = there[chosen]
    n_genes = own.sum(axis=0)
    is_control = np.array(
        [gene in set(bins.controls[b].tolist()) for gene, b in zip(chosen, of, strict=True)],
        dtype=bool,
    )
    n_bins = len(bins.controls)
    left = np.stack([there[genes].sum(axis=0) for genes in bins.controls])
    share = np.zeros((n_bins, n_slices))
    for row, b in enumerate(of.tolist()):
        share[b] += own[row]
        if is_control[row]:
            left[b] -= own[row]
    share /= np.maximum(n_genes, 1)
    factor = np.zeros((n_bins, n_slices))
    used = np.zeros(n_slices, dtype=np.int64)
    for part in range(n_slices):
        usable = np.flatnonzero(left[:, part] > 0)
        if not len(usable):
            continue
        for b in np.flatnonzero(share[:, part] > 0).tolist():
            nearest = usable[np.argmin(np.abs(usable - b))]
            factor[nearest, part] += share[b, part] / left[nearest, part]
        used[part] = left[factor[:, part] > 0, part].sum()
    genes = own / np.maximum(n_genes, 1)
    # z less its part of the controls' sum, which holds it.
    genes = genes + np.where(is_control[:, None], own * factor[of], 0.0)
    return Weights(genes.astype(np.float32), factor.astype(np.float32), n_genes, used)
