"""A query through the frozen encoder and loadings, as the reference went through them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from threading import Lock
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from training.inputs.correction import correct
from training.inputs.graph import choose_radius, normalise_adjacency, radius_graph
from training.inputs.preprocess import normalise
from training.mapping.encoding.panelfactors import is_panel, regress_factors
from training.mapping.encoding.parameters import Parameters
from training.mapping.encoding.pooling import pool
from training.mapping.familiarity import agreement
from training.mapping.reading.genecounts import GeneCounts
from training.mapping.reading.query import LEAST_SPOTS, Query
from training.preparation.reference import compose
from training.processes.cores import share_cores
from training.progress import Progress, silent

BLOCK = 4096
AGREEMENT_BLOCK = 256
EFFECT_SPOTS = 4096
"""Spots of a section that its effects are estimated on, at most, each with its neighbours: the
counts of a gene over so many say as much as those over all."""


@dataclass(frozen=True)
class Encoded:
    """A query through the frozen encoder and loadings.

    Attributes:
        latent: (n, d); proportions: (n, K).
        agreement: (n,) correlation of measured with decoded expression.
        empty: (n,) spots without a count of a fitted gene.
        effects: (sections, G) slice-gene effects, NaN for fitted genes not measured.
        adjacency: (n, n) of `connect`.
        regressed: (n, K) proportions by regression, where that was asked for, the query measured a
            panel and the encoder sees compositions; else None.
    """

    latent: NDArray[np.float32]
    proportions: NDArray[np.float32]
    agreement: NDArray[np.float32]
    empty: NDArray[np.bool_]
    effects: NDArray[np.float32]
    adjacency: sparse.csr_matrix
    regressed: NDArray[np.float32] | None = None


def encode_query(
    genes: Sequence[str],
    parameters: Parameters,
    query: Query,
    progress: Progress = silent,
    *,
    regress: bool = False,
) -> Encoded:
    """Latent and factors of every spot of a query.

    Args:
        genes: all those of the reference.
        regress: whether the factors of a panel are regressed too, for whoever leans on them.
    """
    import torch

    from training.inputs.features import arrange_features
    from training.network.encoders import encode

    progress("Encoding", 0.0)
    settings = parameters.config
    fitted = {gene: index for index, gene in enumerate(parameters.genes)}
    seen = [gene for gene in query.genes if gene in fitted]
    visible = np.array([fitted[gene] for gene in seen])
    counts = query.counts_of(seen)
    empty = counts.expressed() == 0
    slices = query.slices
    adjacency = connect(parameters, query.positions, slices)
    known = parameters.start[:, visible].copy()
    composed = parameters.encoding.composed
    amounts, effects = _explain(
        counts, adjacency, slices, known, float(settings["prior"]), amounts_wanted=not composed
    )
    progress("Encoding", 0.4)
    propagation = normalise_adjacency(adjacency)
    composition = compose(counts, slices, propagation, known, effects, many=0)
    if parameters.correction is not None:
        composition = correct(parameters.correction, composition, slices)
    expression: Any = counts
    if not composed:
        totals = _totals(genes, parameters, query, amounts)
        # The paper's encoder is fed plain expression, of the reference and so of a query.
        taken_off = np.zeros_like(effects) if parameters.encoding.paper else effects
        expression = normalise(counts.whole(), totals, settings["target_sum"], taken_off, slices)
        expression = _fill(expression, visible, amounts, parameters, settings["target_sum"])
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
    done, telling = 0, Lock()

    def place(rows: NDArray[np.int64]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        nonlocal done
        with torch.no_grad():
            latent = encode(encoder, features.gather(rows, torch.device("cpu"), hops=1))
            found = parameters.proportions(latent).numpy()
        with telling:
            done += len(rows)
            progress("Encoding", 0.4 + 0.5 * done / len(slices))
        return latent.numpy(), found

    with share_cores() as for_each:
        placed = for_each(place, _blocks(len(slices), BLOCK))
        latents, proportions = (np.concatenate(part) for part in zip(*placed, strict=True))
        near, shown = adjacency @ proportions, parameters.loadings[:, visible]

        def judge(rows: NDArray[np.int64]) -> NDArray[np.float32]:
            return agreement(pool(counts, adjacency, rows), near[rows], shown)

        agreements = np.concatenate(for_each(judge, _blocks(len(slices), AGREEMENT_BLOCK)))
    regressed = None
    if regress and composed and is_panel(parameters.loadings, visible):
        regressed = regress_factors(counts, adjacency, slices, shown, effects)
    progress("Encoding", 1.0)
    own_effects = np.full((len(effects), len(parameters.genes)), np.nan, dtype=np.float32)
    own_effects[:, visible] = effects
    return Encoded(latents, proportions, agreements, empty, own_effects, adjacency, regressed)


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


def _explain(
    counts: GeneCounts,
    adjacency: sparse.csr_matrix,
    slices: NDArray[np.integer],
    loadings: NDArray[np.float32],
    prior: float,
    amounts_wanted: bool,
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """What known loadings explain of pooled counts: amounts (n, K), where they are wanted, and
    slice-gene effects (S, G). Sections have nothing in common here, and are taken one by one."""
    from training.factors.composition import decode_many, decode_section

    amounts = np.zeros((len(slices), len(loadings)), dtype=np.float32)
    effects = np.zeros((int(slices.max()) + 1, counts.shape[1]), dtype=np.float32)
    for index in np.unique(slices):
        own = np.flatnonzero(slices == index)
        chosen = own
        if len(own) > EFFECT_SPOTS:
            generator = np.random.default_rng(0)
            chosen = np.sort(generator.choice(own, EFFECT_SPOTS, replace=False))
        amounts[chosen], effects[index] = decode_section(
            pool(counts, adjacency, chosen),
            loadings,
            # Pseudo-counts stand against the counts of all spots of the section.
            prior * len(chosen) / len(own),
            estimate_effects=len(own) >= LEAST_SPOTS,
        )
        if not amounts_wanted or len(chosen) == len(own):
            continue
        for rows in np.array_split(own, -(-len(own) // BLOCK)):
            pooled = sparse.csr_matrix(pool(counts, adjacency, rows))
            one = np.zeros(len(rows), dtype=np.int64)
            amounts[rows] = decode_many(pooled, one, loadings, effects[index : index + 1])
    return amounts, effects


def _blocks(n: int, size: int) -> list[NDArray[np.int64]]:
    return [np.arange(start, min(start + size, n)) for start in range(0, n, size)]


def _totals(
    genes: Sequence[str], parameters: Parameters, query: Query, amounts: NDArray[np.floating]
) -> NDArray[np.float32]:
    """Counts each spot would have over all reference genes, so that depth means the same.

    A panel sees a share of them; the factors of the neighbourhood say which share.
    """
    measured = query.counts_of(query.genes).totals().astype(np.float32)
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
