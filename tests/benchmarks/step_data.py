"""Spots for timing training steps, drawn at random in seconds, and a trainer that steps over them.

Needs torch, numpy and scipy only. The cost of a step depends on sizes and on how sparse counts are,
not on what the tissue looks like: spots lie on a square grid, counts follow no anatomy.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import sparse

from training.inputs.encoding import Encoding
from training.inputs.features import Features, arrange_features
from training.inputs.graph import normalise_adjacency, radius_graph
from training.inputs.preprocess import normalise
from training.network.model import Model
from training.network.trainer import Trainer

DEPTH = 600
"""Counts of a spot, as in the preset embryo-atlas."""
N_FACTORS = 60
"""Factors of the published embryo atlas."""


@dataclass(frozen=True)
class Shape:
    """Sizes of the networks, by the names of the settings `model`; values are the defaults."""

    encoder: str = "lgcn"
    inputs: str = "composition"
    n_latent: int = 32
    n_hidden: int = 128
    n_critic: int = 128
    n_slice_embedding: int = 4
    across_platforms: bool = False


@dataclass(frozen=True)
class Training:
    """The settings `train` that steps follow; values are the defaults but for batch and steps."""

    batch: int
    steps: int = 10_000
    learning_rate: float = 2e-3
    encoder_rate: float = 1e-4
    critic_rate: float = 5e-4
    loading_rate: float = 1e-2
    weight_decay: float = 1e-4
    margin: float = 5.0
    warmup: int = 100
    seed: int = 0
    precision: str = "float32"
    deterministic: bool = False


@dataclass(frozen=True)
class Weights:
    """The settings `loss`."""

    poisson: float = 1.0
    feature: float = 1.0
    geometry: float = 300.0
    usage: float = 1.0
    adversarial: float = 4.0


@dataclass(frozen=True)
class Spots:
    """Simulated spots.

    Attributes:
        counts, expression: (n, G) CSR; adjacency: (n, n) with self loops, eight neighbours each.
        slices: (n,) slice index, ascending.
    """

    counts: sparse.csr_matrix
    expression: sparse.csr_matrix
    adjacency: sparse.csr_matrix
    slices: NDArray[np.int64]


def make_spots(n_slices: int, n_per_slice: int, n_genes: int, seed: int = 0) -> Spots:
    """Slices of one size, with DEPTH counts a spot over genes of uneven popularity."""
    rng = np.random.default_rng(seed)
    popularity = rng.dirichlet(np.full(n_genes, 0.7))
    blocks = [
        _draw_counts(min(10_000, n_per_slice - start), popularity, rng)
        for _ in range(n_slices)
        for start in range(0, n_per_slice, 10_000)
    ]
    counts = sparse.vstack(blocks, format="csr")
    slices = np.repeat(np.arange(n_slices), n_per_slice)
    side = int(np.ceil(np.sqrt(n_per_slice)))
    place = np.tile(np.arange(n_per_slice), n_slices)
    positions = np.stack([place % side, place // side], axis=1).astype(np.float32)
    totals = np.asarray(counts.sum(axis=1)).ravel()
    return Spots(
        counts,
        normalise(counts, totals, 1e4),
        radius_graph(positions, slices, np.full(n_slices, 1.5)),
        slices,
    )


def _draw_counts(
    n: int, popularity: NDArray[np.float64], rng: np.random.Generator
) -> sparse.csr_matrix:
    genes = rng.choice(len(popularity), n * DEPTH, p=popularity)
    rows = np.repeat(np.arange(n), DEPTH)
    ones = np.ones(n * DEPTH, dtype=np.float32)
    return sparse.coo_matrix((ones, (rows, genes)), shape=(n, len(popularity))).tocsr()


def make_trainer(
    spots: Spots,
    shape: Shape,
    batch: int,
    device: torch.device,
    n_factors: int = N_FACTORS,
    seed: int = 0,
    **settings: Any,
) -> Trainer:
    """Our trainer on simulated spots; compositions and loadings are drawn at random.

    `settings` are further ones of Training.
    """
    rng = np.random.default_rng(seed)
    n_genes, n_slices = spots.counts.shape[1], int(spots.slices.max()) + 1
    own = np.sqrt(rng.dirichlet(np.full(n_factors, 0.3), len(spots.slices))).astype(np.float32)
    near = np.asarray(normalise_adjacency(spots.adjacency) @ own, dtype=np.float32)
    features: Features = arrange_features(
        Encoding(shape.encoder, inputs=shape.inputs),
        spots.counts,
        spots.expression,
        spots.adjacency,
        np.hstack([own, near]),
        spots.slices,
    )
    generator = torch.Generator().manual_seed(seed)
    loadings = torch.softmax(torch.randn(n_factors, n_genes, generator=generator), dim=1)
    model = Model(shape, n_slices, loadings, torch.zeros(n_slices, n_genes), generator)
    training = Training(batch, seed=seed, **settings)
    return Trainer(features, model, training, Weights(), shape.n_critic, generator, device)
