"""A query through the frozen encoder and loadings, as the reference went through them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from training.inputs.correction import correct
from training.inputs.graph import choose_radius, normalise_adjacency, radius_graph
from training.inputs.preprocess import normalise
from training.inputs.reference import compose
from training.mapping.familiarity import agreement
from training.mapping.parameters import Parameters
from training.mapping.query import Query
from training.progress import Progress, silent

BLOCK = 4096


@dataclass(frozen=True)
class Encoded:
    """A query through the frozen encoder and loadings.

    Attributes:
        latent: (n, d); proportions: (n, K).
        agreement: (n,) correlation of measured with decoded expression.
        empty: (n,) spots without a count of a fitted gene.
        effects: (sections, G) slice-gene effects, NaN for fitted genes not measured.
    """

    latent: NDArray[np.float32]
    proportions: NDArray[np.float32]
    agreement: NDArray[np.float32]
    empty: NDArray[np.bool_]
    effects: NDArray[np.float32]


def encode_query(
    genes: Sequence[str], parameters: Parameters, query: Query, progress: Progress = silent
) -> Encoded:
    """Latent and factors of every spot of a query. `genes` are all those of the reference."""
    import torch

    from training.factors.factorise import decode
    from training.inputs.features import arrange_features
    from training.inputs.tensors import to_tensor
    from training.network.encoders import encode

    settings = parameters.config
    fitted = {gene: index for index, gene in enumerate(parameters.genes)}
    pairs = [
        (fitted[gene], column)
        for gene, column in zip(query.genes, query.columns, strict=True)
        if gene in fitted
    ]
    visible = np.array([index for index, _ in pairs])
    counts = query.counts[:, [column for _, column in pairs]]
    empty = np.diff(counts.indptr) == 0
    slices = query.slices
    adjacency = connect(parameters, query.positions, slices)
    loadings = to_tensor(parameters.start[:, visible].copy())
    index = to_tensor(slices)
    n_sections = int(slices.max()) + 1
    flat = torch.zeros(n_sections, len(visible))
    pooled = to_tensor((adjacency @ counts).toarray().astype(np.float32))
    amounts, effects = decode(
        pooled,
        index,
        loadings,
        flat,
        estimate_effects=len(query.obs) >= 20,
        prior=float(settings["prior"]),
    )
    progress("Encoding", 0.4)
    known = parameters.start[:, visible].copy()
    composition = compose(counts, slices, normalise_adjacency(adjacency), known, effects.numpy())
    if parameters.correction is not None:
        composition = correct(parameters.correction, composition, slices)
    expression = counts
    if not parameters.encoding.composed:
        totals = _totals(genes, parameters, query, amounts.numpy())
        # The paper's encoder is fed plain expression, of the reference and so of a query.
        taken_off = torch.zeros_like(effects) if parameters.encoding.paper else effects
        expression = normalise(counts, totals, settings["target_sum"], taken_off.numpy(), slices)
        expression = _fill(expression, visible, amounts.numpy(), parameters, settings["target_sum"])
    features = arrange_features(
        parameters.encoding,
        expression,
        expression,
        adjacency,
        composition,
        slices,
        parameters.scaling,
    )
    encoder = parameters.build_encoder()
    latents, proportions = [], []
    with torch.no_grad():
        for start in range(0, len(slices), BLOCK):
            rows = np.arange(start, min(start + BLOCK, len(slices)))
            latent = encode(encoder, features.gather(rows, torch.device("cpu"), hops=1))
            latents.append(latent.numpy())
            proportions.append(parameters.proportions(latent).numpy())
            progress("Encoding", 0.4 + 0.6 * (start + len(rows)) / len(slices))
    found = np.concatenate(proportions)
    agreements = agreement(pooled.numpy(), adjacency @ found, parameters.loadings[:, visible])
    own_effects = np.full((n_sections, len(parameters.genes)), np.nan, dtype=np.float32)
    own_effects[:, visible] = effects.numpy()
    return Encoded(np.concatenate(latents), found, agreements, empty, own_effects)


def connect(
    parameters: Parameters, positions: NDArray[np.floating], slices: NDArray[np.integer]
) -> sparse.csr_matrix:
    """Spatial neighbours within sections, self loops included, as in the fit."""
    settings, generator = parameters.config, np.random.default_rng(0)
    radii = (
        np.full(int(slices.max()) + 1, float(settings["radius"]))
        if settings["radius"] > 0
        else choose_radius(positions, slices, settings["neighbours"], generator)
    )
    return radius_graph(positions, slices, radii)


def _totals(
    genes: Sequence[str], parameters: Parameters, query: Query, amounts: NDArray[np.floating]
) -> NDArray[np.float32]:
    """Counts each spot would have over all reference genes, so that depth means the same.

    A panel sees a share of them; the factors of the neighbourhood say which share.
    """
    measured = np.asarray(query.counts[:, query.columns].sum(axis=1)).ravel()
    position = {gene: index for index, gene in enumerate(genes)}
    columns = [position[gene] for gene in query.genes]
    share = (amounts @ parameters.rates[:, columns].sum(axis=1) + 1e-9) / (
        amounts @ parameters.rates.sum(axis=1) + 1e-9
    )
    return (measured / np.clip(share, 1e-6, 1.0)).astype(np.float32)


def _fill(
    expression: sparse.csr_matrix,
    visible: NDArray[np.intp],
    amounts: NDArray[np.floating],
    parameters: Parameters,
    target_sum: float,
) -> sparse.csr_matrix:
    """Expression over all fitted genes (n, G); missing genes get what the factors expect."""
    n, n_genes = expression.shape[0], len(parameters.genes)
    if len(visible) == n_genes:
        order = np.argsort(visible)
        return sparse.csr_matrix(expression[:, order])
    missing = np.setdiff1d(np.arange(n_genes), visible)
    total = np.maximum(amounts @ parameters.rates.sum(axis=1), 1e-9)
    expected = np.log1p(target_sum * (amounts @ parameters.loadings[:, missing]) / total[:, None])
    columns = np.concatenate([visible, missing])
    joined = sparse.hstack([expression, sparse.csr_matrix(expected.astype(np.float32))]).tocsc()
    return sparse.csr_matrix(joined[:, np.argsort(columns)], shape=(n, n_genes))
