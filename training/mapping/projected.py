"""A query in the terms of its reference."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from training.mapping.classes import Named


@dataclass(frozen=True)
class Projection:
    """A query in the reference's terms; n query spots.

    Attributes:
        latent: (n, d); proportions: (n, K).
        effects: (sections, G) slice-gene effects, NaN for fitted genes not measured.
        neighbours, weights: (n, k) nearest reference spots and weights that sum to 1.
        domain, stage: names with their probabilities (0..1) as confidence, 0 in empty spots.
        domain_probabilities: (n, domains) in the order of the atlas.
        annotations: the likeliest value of each of the atlas's annotations, by its column.
        out_of_reference_score: how far from the reference, or how unlike its own factors, a spot
            is; above 1 it is out of reference.
        report: counts of genes and spots, verdict on sections that are not of the atlas's tissue,
            posterior over stages, warnings.
    """

    latent: NDArray[np.float32]
    proportions: NDArray[np.float32]
    effects: NDArray[np.float32]
    neighbours: NDArray[np.int64]
    weights: NDArray[np.float32]
    domain: NDArray[np.str_]
    domain_confidence: NDArray[np.float32]
    domain_probabilities: NDArray[np.float32]
    annotations: dict[str, Named]
    stage: NDArray[np.str_]
    stage_confidence: NDArray[np.float32]
    out_of_reference: NDArray[np.bool_]
    out_of_reference_score: NDArray[np.float32]
    report: dict[str, Any]
