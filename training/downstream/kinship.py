"""Latents drawn towards their like in the other slices.

A spot's nearest spots in the latent are often its own slice's: they share its neighbourhood, and
with it the noise of the counts summed there. What is alike in several slices is tissue. So each
spot is moved part of the way towards its nearest spots of every other slice, each counting by how
near it is beside the spots around: tissue that only one slice has finds nothing near elsewhere and
stays. The idea is that of mutual nearest neighbours (Haghverdi et al., Nat Biotechnol 2018), with a
weight in the place of a choice, so that no order of slices matters and a later query is moved by
the same rule.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from training.downstream.sketch import draw_sketch

if TYPE_CHECKING:
    import torch
    from torch import Tensor

ANCHORS = 20_000
"""Spots of the reference that others are drawn to, at most: distances to more say the same."""
NEAREST = 3
"""Anchors of each slice that a spot looks at."""
AROUND = 16
"""The distance to this many anchors, of any slice, is the distance over which weights fall by e."""
BLOCK = 1024


@dataclass(frozen=True)
class Anchors:
    """Spots of the reference as the encoder gives them.

    Attributes:
        latent: (m, d); slices: (m,) slice index.
    """

    latent: NDArray[np.float32]
    slices: NDArray[np.int64]


def choose_anchors(
    latent: NDArray[np.float32], slices: NDArray[np.integer], seed: int, most: int = ANCHORS
) -> Anchors:
    """At most `most` spots of a reference, slices with shares ~ sqrt(N)."""
    rows = draw_sketch(slices, most, seed)
    return Anchors(latent[rows].copy(), np.asarray(slices[rows], dtype=np.int64))


def draw_to_kin(
    latent: NDArray[np.float32],
    anchors: Anchors,
    part: float,
    slices: NDArray[np.integer] | None = None,
    device: torch.device | None = None,
) -> NDArray[np.float32]:
    """Latents moved towards their like in other slices.

    z_i <- z_i + part · W_i / (W_i + 1) · (m_i − z_i),   w_ij = exp(−|z_i − a_j|² / r_i²)

    over the anchors j that are among the 3 nearest of their slice, with W_i = Σ_j w_ij, m_i their
    weighted mean, and r_i the distance to the 16th nearest anchor of all.

    Args:
        latent: (n, d) as the encoder gives it.
        part: 0..1, how far a spot with many like it is moved; 0 moves none.
        slices: (n,) slice index of a reference's own spots, which are not drawn to their own
            slice; None for a query, which no anchor is of.

    Returns:
        (n, d); one slice alone stays as it is.
    """
    import torch

    kinds = np.unique(anchors.slices)
    if part == 0 or (slices is not None and len(kinds) < 2):
        return latent
    place = device or torch.device("cpu")
    known = torch.from_numpy(np.ascontiguousarray(anchors.latent)).to(place)
    groups = [torch.from_numpy(np.flatnonzero(anchors.slices == kind)).to(place) for kind in kinds]
    moved = np.empty_like(latent)
    for start in range(0, len(latent), BLOCK):
        rows = slice(start, start + BLOCK)
        own = None
        if slices is not None:
            own = torch.from_numpy(np.asarray(slices[rows])).to(place)
        block = torch.from_numpy(np.ascontiguousarray(latent[rows])).to(place)
        moved[rows] = _draw_block(block, known, groups, kinds, part, own).cpu().numpy()
    return moved


def _draw_block(
    latent: Tensor,
    known: Tensor,
    groups: list[Tensor],
    kinds: NDArray[np.integer],
    part: float,
    own: Tensor | None,
) -> Tensor:
    import torch

    squares = torch.cdist(latent, known, compute_mode="use_mm_for_euclid_dist").square()
    around = squares.topk(min(AROUND, len(known)), dim=1, largest=False).values
    reach = around[:, -1].clamp_min(1e-12)
    total, weight = torch.zeros_like(latent), torch.zeros_like(reach)
    for kind, group in zip(kinds, groups, strict=True):
        near, at = squares[:, group].topk(min(NEAREST, len(group)), dim=1, largest=False)
        weights = (-near / reach[:, None]).exp()
        if own is not None:
            weights = weights * (own != int(kind))[:, None]
        total += (weights[:, :, None] * known[group[at]]).sum(dim=1)
        weight += weights.sum(dim=1)
    mean = total / weight.clamp_min(1e-12)[:, None]
    share = part * weight / (weight + 1)
    return latent + share[:, None] * (mean - latent)
