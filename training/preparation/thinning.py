"""Counts split at random: what a model sees of a spot, and what it has to explain."""

from __future__ import annotations

from collections.abc import Mapping
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
    from training.preparation.reference import Prepared


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
    start: Mapping[str, NDArray],
    settings: TrainConfig,
) -> Features:
    """Features to train on: compositions of a part of the counts, and the others' counts.

    A model that sees the counts which it has to explain is paid for copying their noise: it trusts
    a spot more than the spot deserves, and its neighbourhood less. With independent parts the best
    answer is what the tissue is, and how far to listen to the neighbours is learnt from the data.

    Args:
        features: of all counts; returned as they are where the encoder sees more than
            compositions, or `settings.thinned` is 0.
        start: `blunt` loadings (K, G) and `effects` (S, G), those of the compositions.
        settings: the part `thinned` that is seen, and the seed.
    """
    if not features.composed or not settings.thinned:
        return features
    from training.preparation.reference import compose

    chance = np.random.default_rng(settings.seed)
    first, second = split_counts(prepared.counts, chance, settings.thinned)
    composition = compose(
        first,
        prepared.slices,
        normalise_adjacency(prepared.adjacency),
        start["blunt"],
        start["effects"],
        measured=prepared.measured,
    )
    if features.correction is not None:
        composition = correct(features.correction, composition, prepared.slices)
    second.eliminate_zeros()
    return replace(features, counts=second, composition=composition)
