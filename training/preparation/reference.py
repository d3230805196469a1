"""From a collection of slices to the arrays a model is fitted on."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from training.config import Config
from training.errors import AtlasError
from training.factors.composition import decode_many
from training.inputs.coherence import Width, choose_neighbours
from training.inputs.correction import correct, find_correction
from training.inputs.encoding import Encoding
from training.inputs.features import Features, Filling, arrange_features
from training.inputs.graph import choose_radius, normalise_adjacency, radius_graph
from training.inputs.panels import mean_profile, measured_shares, read_measured, sum_slices
from training.inputs.preprocess import choose_genes, normalise

if TYPE_CHECKING:
    from anndata import AnnData


MANY_SPOTS = 50_000
"""Collections of more spots are decoded in blocks of one slice, faster and equal to rounding."""


@dataclass(frozen=True)
class Prepared:
    """Fitted genes, counts and graph of all spots.

    Attributes:
        genes: indices of the fitted genes, ascending.
        counts: (n, G) CSR counts of the fitted genes.
        totals: (n,) counts of each spot over all genes; those it would have where its slice did
            not measure all.
        adjacency: (n, n) neighbours within slices, self loops included.
        radii: (S,) radius of each slice.
        slices: (n,) slice index.
        measured: (S, G) which slice measured which fitted gene; None where all did.
        fitted_share: share of the fitted genes in all counts of a mean spot, with `measured`.
        neighbours: number of neighbours that the radii were chosen for; 0 where they were given.
        width: how that number was chosen, if it was.
    """

    genes: NDArray[np.intp]
    counts: sparse.csr_matrix
    totals: NDArray[np.float32]
    adjacency: sparse.csr_matrix
    radii: NDArray[np.float64]
    slices: NDArray[np.int64]
    measured: NDArray[np.bool_] | None = None
    fitted_share: float = 1.0
    neighbours: float = 0.0
    width: Width | None = None


def prepare(spots: AnnData, config: Config) -> Prepared:
    """Choose genes and build the graph of a collection of slices."""
    counts = sparse.csr_matrix(spots.X, dtype=np.float32)
    slices = spots.obs["slice"].cat.codes.to_numpy().astype(np.int64)
    measured = read_measured(spots)
    genes = choose_genes(
        counts, slices, list(spots.var_names), config.genes.n_genes, config.genes.exclude, measured
    )
    positions = np.asarray(spots.obsm["spatial"])
    totals = np.asarray(counts.sum(axis=1)).ravel().astype(np.float32)
    fitted_share = 1.0
    if measured is not None:
        profile = mean_profile(sum_slices(counts, slices), measured)
        totals = (totals / np.maximum(measured @ profile, 1e-6)[slices]).astype(np.float32)
        fitted_share = float(profile[genes].sum())
        measured = measured[:, genes]
    # Where all genes are fitted the counts are not held twice.
    fitted = counts if len(genes) == counts.shape[1] else counts[:, genes]
    generator = np.random.default_rng(config.train.seed)
    width, neighbours = None, config.graph.neighbours
    if config.graph.radius > 0:
        radii = np.full(int(slices.max()) + 1, config.graph.radius)
    else:
        if not neighbours:
            width = choose_neighbours(fitted, totals, positions, slices, config.train.seed)
            neighbours = width.neighbours
        radii = choose_radius(positions, slices, neighbours, generator)
    return Prepared(
        genes=genes,
        counts=fitted,
        totals=totals,
        adjacency=radius_graph(positions, slices, radii),
        radii=radii,
        slices=slices,
        measured=measured,
        fitted_share=fitted_share,
        neighbours=neighbours,
        width=width,
    )


def pool_counts(prepared: Prepared, n_spots: int, seed: int) -> tuple[NDArray, NDArray]:
    """Counts summed over the neighbourhoods of at most `n_spots` spots, and their slices.

    Slices get shares ~ sqrt(N), as in training.

    Returns:
        (m, G) float32 and (m,) int64.
    """
    generator = np.random.default_rng(seed)
    slices = prepared.slices
    sizes = np.bincount(slices)
    if len(slices) > n_spots:
        shares = np.sqrt(sizes) / np.sqrt(sizes).sum() * n_spots
        rows = np.concatenate(
            [
                generator.choice(members, min(len(members), max(round(share), 1)), replace=False)
                for members, share in (
                    (np.flatnonzero(slices == index), shares[index]) for index in range(len(sizes))
                )
                if len(members)
            ]
        )
        rows.sort()
    else:
        rows = np.arange(len(slices))
    pooled = prepared.adjacency[rows] @ prepared.counts
    return pooled.toarray().astype(np.float32), slices[rows]


def make_features(
    prepared: Prepared,
    loadings: NDArray[np.float32],
    effects: NDArray[np.float32],
    target_sum: float,
    encoding: Encoding = Encoding(),
    seed: int = 0,
    corrected: bool = True,
) -> Features:
    """What the networks are fed, with the slice-gene effects (S, G) of the start taken off.

    Compositions are corrected for slices, if asked, where they are all that the encoder sees.
    """
    counts, slices, adjacency = prepared.counts, prepared.slices, prepared.adjacency
    measured, totals = prepared.measured, prepared.totals
    propagation = normalise_adjacency(adjacency)
    composition = compose(counts, slices, propagation, loadings, effects, measured=measured)
    filling = None
    if measured is not None:
        filling = _fill(prepared, composition, loadings, target_sum)
        totals = _refine_totals(prepared, filling.proportions, loadings)
    expression = normalise(counts, totals, target_sum, effects, slices)
    correction = None
    if encoding.composed and corrected:
        correction = find_correction(composition, slices, seed)
        composition = correct(correction, composition, slices)
    features = arrange_features(
        encoding, counts, expression, adjacency, composition, slices, filling=filling
    )
    return replace(features, correction=correction)


def _fill(
    prepared: Prepared,
    composition: NDArray[np.float32],
    loadings: NDArray[np.float32],
    target_sum: float,
) -> Filling:
    """What the factors of its neighbourhood expect of the genes that a spot lacks."""
    near = np.square(composition[:, len(loadings) :])
    near /= np.maximum(near.sum(axis=1, keepdims=True), 1e-12)
    assert prepared.measured is not None
    return Filling(near, loadings, prepared.measured, target_sum * prepared.fitted_share)


def _refine_totals(
    prepared: Prepared, proportions: NDArray[np.float32], loadings: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Totals (n,) by the share of its genes that each spot is expected to have, and not its slice:
    the markers of one tissue may be in a panel and those of another not."""
    assert prepared.measured is not None
    slices = prepared.slices
    shares = measured_shares(proportions, loadings, prepared.measured, slices)
    mean = np.bincount(slices, shares) / np.maximum(np.bincount(slices), 1)
    return (prepared.totals * mean[slices] / shares).astype(np.float32)


def make_paper_features(prepared: Prepared, target_sum: float, encoding: Encoding) -> Features:
    """What the paper's networks are fed: plain expression, nothing taken off.

    Raises:
        AtlasError: where some slices did not measure all genes.
    """
    if prepared.measured is not None:
        raise AtlasError(
            "model.paper=true: some slices did not measure all genes, and the published form needs "
            "every gene in every slice; use the shared genes, or model.paper=false"
        )
    expression = normalise(prepared.counts, prepared.totals, target_sum)
    nothing = np.zeros((len(prepared.slices), 0), dtype=np.float32)
    return arrange_features(
        encoding, prepared.counts, expression, prepared.adjacency, nothing, prepared.slices
    )


def compose(
    counts: sparse.csr_matrix,
    slices: NDArray[np.int64],
    propagation: sparse.csr_matrix,
    loadings: NDArray[np.float32],
    effects: NDArray[np.float32],
    block: int = 1024,
    measured: NDArray[np.bool_] | None = None,
    many: int | None = None,
) -> NDArray[np.float32]:
    """Square-root proportions (n, 2K) of known loadings in each spot and its neighbourhood.

    The square root evens out the noise of proportions. Spots without counts are even mixtures.
    With `measured` (S, G) each slice's proportions come from the genes that it measured. More than
    `many` spots, MANY_SPOTS unless told, are decoded in blocks of one slice.
    """
    from training.factors.factorise import decode
    from training.processes.tensors import to_tensor

    if counts.shape[0] > (MANY_SPOTS if many is None else many):
        own = decode_many(counts, slices, loadings, effects, measured=measured) + 1e-6
    else:
        parts = []
        for start in range(0, counts.shape[0], block):
            rows = slice(start, start + block)
            amounts, _ = decode(
                to_tensor(counts[rows].toarray()),
                to_tensor(slices[rows]),
                to_tensor(loadings),
                to_tensor(effects),
                measured=None if measured is None else to_tensor(measured),
            )
            parts.append(amounts.numpy())
        own = np.concatenate(parts) + 1e-6
    own = np.sqrt(own / own.sum(axis=1, keepdims=True)).astype(np.float32)
    return np.hstack([own, np.asarray(propagation @ own, dtype=np.float32)])
