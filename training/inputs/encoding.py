"""Which encoder a fit uses, and why."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

MANY_SPOTS = 50_000
"""More spots than this are encoded one by one: attention needs each spot's neighbours too."""
ARRAY_SPACING = 0.1
"""Spacing of an array varies by its printing and the pixels of its image, that of cells by 0.3."""
SAMPLE = 2000


@dataclass(frozen=True)
class Encoding:
    """Which encoder is fitted.

    Attributes:
        encoder: "lgcn" or "gat".
        paper: whether it is the paper's own form.
        inputs: what it is fed, "composition" or "genes"; the paper's form is fed genes.
    """

    encoder: str = "lgcn"
    paper: bool = False
    inputs: str = "composition"

    @property
    def composed(self) -> bool:
        """Whether the encoder sees compositions alone."""
        return self.inputs == "composition" and not self.paper


def choose_encoder(
    asked: str, spacing: float, n_spots: int, *, composed: bool = True
) -> tuple[str, str]:
    """The encoder to fit and the reason for it, in words for the model card.

    Fed compositions, of which the neighbourhood's are a half already, attention agrees better with
    no annotation by more than seeds differ, and costs each spot's neighbours at every step.

    Fed genes, spots of an array hold several cells each and few of them cover a section: attention
    to the six neighbours is affordable and smooths their noise. Single cells differ from their
    neighbours and come in large numbers: a cell and the mean of its neighbourhood stay apart.

    Args:
        asked: "lgcn", "gat", or "auto" to choose.
        spacing: of `measure_spacing`, 0 for a perfect array.
        n_spots: of all slices.
        composed: whether the encoder is fed compositions.
    """
    if asked != "auto":
        return asked, "as set"
    if composed:
        return "lgcn", "compositions hold the neighbourhood already, and attention added nothing"
    if n_spots > MANY_SPOTS:
        return "lgcn", f"{n_spots:,} spots, more than {MANY_SPOTS:,}"
    if spacing > ARRAY_SPACING:
        return "lgcn", f"spots lie irregularly, as cells do (spacing varies by {spacing:.0%})"
    return "gat", f"spots lie on an array (spacing varies by {spacing:.0%}), {n_spots:,} in all"


def measure_spacing(positions: NDArray[np.floating], slices: NDArray[np.integer]) -> float:
    """How irregularly spots lie: coefficient of variation of the distance to the nearest spot.

    The median over slices of deviation over mean, both robust (half the width of the middle 68 %
    over the median), so that torn edges of an array do not matter.

    Args:
        positions: (n, 2); slices: (n,) slice index.
    """
    found = []
    for index in np.unique(slices):
        inside = positions[slices == index]
        if len(inside) < 3:
            continue
        chosen = inside[:: max(len(inside) // SAMPLE, 1)]
        nearest = cKDTree(inside).query(chosen, k=2)[0][:, 1]
        low, middle, high = np.quantile(nearest, [0.16, 0.5, 0.84])
        found.append((high - low) / 2 / max(middle, 1e-12))
    return float(np.median(found)) if found else 1.0
