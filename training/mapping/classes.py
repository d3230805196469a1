"""Domains and the atlas's own annotations, and which of them a query's spots get."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from training.mapping.votes import Calibration, count_votes
from training.store import Atlas

DOMAIN = "domain"
NOT_TRANSFERRED = ("slice", "stage", "spot", "donor", "source_domain")
MOST_CATEGORIES = 200


@dataclass(frozen=True)
class Named:
    """The likeliest class of n spots.

    Attributes:
        names: (n,); probability: (n,) that it is right, 0..1.
        categories: names of all C classes; probabilities: (n, C).
    """

    names: NDArray[np.str_]
    probability: NDArray[np.float32]
    categories: list[str]
    probabilities: NDArray[np.float32]


def read_classes(atlas: Atlas) -> dict[str, tuple[NDArray[np.int64], list[str]]]:
    """Codes (n,), -1 where missing, and categories of the domain and of all columns that tell the
    spots of a slice apart: cell types, regions, whatever the builder of the atlas annotated."""
    found = {}
    for name, column in atlas.obs_columns.items():
        if column.kind != "category" or name in NOT_TRANSFERRED:
            continue
        if name != DOMAIN and not 2 <= len(column.categories) <= MOST_CATEGORIES:
            continue
        place = {category: code for code, category in enumerate(column.categories)}
        values = atlas.obs(name)
        codes = np.array([-1 if v is None else place.get(v, -1) for v in values], dtype=np.int64)
        if name == DOMAIN or _varies(codes, atlas):
            found[name] = (codes, list(column.categories))
    return found


def name_spots(
    codes: NDArray[np.integer],
    categories: list[str],
    neighbours: NDArray[np.integer],
    weights: NDArray[np.floating],
    calibration: Calibration | None = None,
    scores: NDArray[np.floating] | None = None,
) -> Named:
    """The likeliest class of each spot by its neighbours, and by scores (n, C) where there are
    any, with probabilities of all."""
    shares = count_votes(codes, len(categories), neighbours, weights)
    probabilities = shares if calibration is None else calibration.apply(shares, scores)
    winner = probabilities.argmax(axis=1)
    return Named(
        names=np.asarray(categories)[winner],
        probability=probabilities[np.arange(len(winner)), winner].copy(),
        categories=categories,
        probabilities=probabilities,
    )


def _varies(codes: NDArray[np.integer], atlas: Atlas) -> bool:
    """Whether any slice has spots of two classes."""
    for piece in atlas.slices:
        own = codes[piece.start : piece.stop]
        if len(np.unique(own[own >= 0])) > 1:
            return True
    return False
