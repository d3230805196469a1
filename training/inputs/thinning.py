"""Counts split at random: what a model sees of a spot, and what it has to explain."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from training.inputs.correction import correct
from training.inputs.graph import normalise_adjacency

if TYPE_CHECKING:
    from training.config import TrainConfig
    from training.inputs.features import Features
    from training.inputs.reference import Prepared

COPIED = 20_000
"""Spots, copies included, up to which each spot is split anew: a few hundred steps see every spot
of a small collection a hundred times, and would learn what is noise in one split."""
MOST_COPIES = 8


def split_counts(
    counts: sparse.csr_matrix, generator: np.random.Generator, seen: float
) -> tuple[sparse.csr_matrix, sparse.csr_matrix]:
    """Two matrices that sum to `counts`: each molecule falls into the first with chance `seen`.

    Parts of a Poisson count are independent: what the first says of the second is tissue, not
    the noise of the count.

    Args:
        counts: (n, G) whole numbers of at least 0.
    """
    first, second = counts.copy(), counts.copy()
    whole = np.rint(counts.data).astype(np.int64)
    first.data = generator.binomial(whole, seen).astype(counts.data.dtype)
    second.data = (whole - first.data).astype(counts.data.dtype)
    return first, second


def thin_features(
    features: Features,
    prepared: Prepared,
    loadings: NDArray[np.float32],
    effects: NDArray[np.float32],
    settings: TrainConfig,
) -> Features:
    """Features to train on: compositions of a part of the counts, and the others' counts.

    A model that sees the counts which it has to explain is paid for copying their noise: it trusts
    a spot more than the spot deserves, and its neighbourhood less. With independent parts the best
    answer is what the tissue is, and how far to listen to the neighbours is learnt from the data.

    Small collections are split several times, each spot being there once for each.

    Args:
        features: of all counts; returned as they are where the encoder sees more than
            compositions, or `settings.thinned` is 0.
        loadings: (P, G); effects: (S, G), those of the compositions.
        settings: the part `thinned` that is seen, and the seed.
    """
    if not features.composed or not settings.thinned:
        return features
    from training.inputs.reference import compose

    chance = np.random.default_rng(settings.seed)
    propagation = normalise_adjacency(prepared.adjacency)
    unseen, compositions = [], []
    copies = int(np.clip(COPIED // max(features.n_spots, 1), 1, MOST_COPIES))
    for _ in range(copies):
        first, second = split_counts(prepared.counts, chance, settings.thinned)
        composition = compose(
            first, prepared.slices, propagation, loadings, effects, measured=prepared.measured
        )
        if features.correction is not None:
            composition = correct(features.correction, composition, prepared.slices)
        second.eliminate_zeros()
        unseen.append(second)
        compositions.append(composition)
    adjacency = features.adjacency
    if adjacency is not None:
        adjacency = sparse.block_diag([adjacency] * copies, format="csr")
    return replace(
        features,
        counts=sparse.vstack(unseen, format="csr"),
        expression=sparse.vstack([features.expression] * copies, format="csr"),
        neighbourhood=sparse.csr_matrix((features.n_spots * copies, 0), dtype=np.float32),
        composition=np.concatenate(compositions),
        slices=np.tile(features.slices, copies),
        adjacency=adjacency,
    )
