"""What a sketch says, carried over to the spots outside it by their neighbours in the latent."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from training.neighbours.nearest import nearest

BLOCK = 65_536
"""Spots carried over at a time."""
STRAY = 0.9
"""Quantile of the distances in the picture between neighbours in the latent, beyond which two
neighbours belong to different parts of it."""


@dataclass(frozen=True)
class Followers:
    """Spots outside a sketch and their nearest spots in it.

    Attributes:
        sketch: (m,) rows of the sketch among all n.
        outside: (n - m,) the other rows, ascending.
        neighbours: (n - m, k) nearest spots in the latent, as rows of the sketch.
        distances: (n - m, k).
    """

    sketch: NDArray[np.integer]
    outside: NDArray[np.integer]
    neighbours: NDArray[np.integer]
    distances: NDArray[np.floating]

    def carry_labels(self, labels: NDArray[np.integer], k: int) -> NDArray[np.int64]:
        """Labels (n,) of all spots, given those (m,) of the sketch: the others' by k neighbours."""
        found = np.empty(len(self.sketch) + len(self.outside), dtype=np.int64)
        found[self.sketch] = labels
        found[self.outside] = vote(labels, self.neighbours[:, :k], self.distances[:, :k])
        return found

    def carry_points(self, picture: NDArray[np.float32], k: int) -> NDArray[np.float32]:
        """Points (n, 2) of all spots in a picture (m, 2) of the sketch."""
        placed = np.empty((len(self.sketch) + len(self.outside), 2), dtype=np.float32)
        placed[self.sketch] = picture
        placed[self.outside] = place_among(picture, self.neighbours[:, :k], self.distances[:, :k])
        return placed


def follow(
    latent: NDArray[np.floating], sketch: NDArray[np.integer], k: int, seed: int
) -> Followers:
    """The k nearest spots of the sketch (m,) of every spot outside it, in the latent (n, d)."""
    inside = np.zeros(len(latent), dtype=bool)
    inside[sketch] = True
    outside = np.flatnonzero(~inside)
    k = min(k, len(sketch))
    neighbours = np.zeros((len(outside), k), dtype=np.int32)
    distances = np.zeros((len(outside), k), dtype=np.float32)
    if len(outside):
        neighbours[:], distances[:] = nearest(latent[sketch], k, seed, latent[outside])
    return Followers(sketch, outside, neighbours, distances)


def weigh_neighbours(distances: NDArray[np.floating]) -> NDArray[np.float64]:
    """Weights (n, k) of neighbours at rising distances (n, k), rows of sum 1.

    exp(-(d - d_1) / (d_k - d_1)), the nearest always having most.
    """
    shifted = np.asarray(distances, dtype=np.float64) - distances[:, :1]
    weights = np.exp(-shifted / np.maximum(shifted[:, -1:], 1e-12))
    return weights / weights.sum(axis=1, keepdims=True)


def vote(
    labels: NDArray[np.integer],
    neighbours: NDArray[np.integer],
    distances: NDArray[np.floating],
) -> NDArray[np.int64]:
    """The label (n,) that the neighbours of each spot have, by weight; the lowest of equals.

    Args:
        labels: (m,) labels 0, 1, … of the sketch.
        neighbours: (n, k) rows of the sketch; distances: (n, k).
    """
    found = np.empty(len(neighbours), dtype=np.int64)
    n_labels = int(labels.max(initial=0)) + 1
    for start in range(0, len(neighbours), BLOCK):
        rows = slice(start, start + BLOCK)
        near, weights = labels[neighbours[rows]], weigh_neighbours(distances[rows])
        shares = np.zeros((len(near), n_labels))
        for column in range(near.shape[1]):
            shares[np.arange(len(near)), near[:, column]] += weights[:, column]
        found[rows] = shares.argmax(axis=1)
    return found


def place_among(
    picture: NDArray[np.float32],
    neighbours: NDArray[np.integer],
    distances: NDArray[np.floating],
) -> NDArray[np.float32]:
    """Points (n, 2) of spots in a picture of the sketch (m, 2): weighted means of neighbours.

    Only neighbours that lie in the same part of the picture as the nearest count: a mean of two
    parts would put spots between them where nothing is.

    Args:
        neighbours: (n, k) rows of the sketch, nearest first; distances: (n, k).
    """
    placed = np.empty((len(neighbours), picture.shape[1]), dtype=np.float32)
    if not len(neighbours):
        return placed
    some = neighbours[:: max(len(neighbours) // BLOCK, 1)]
    gaps = np.linalg.norm(picture[some] - picture[some[:, :1]], axis=2)
    reach = np.quantile(gaps[:, 1:], STRAY) if neighbours.shape[1] > 1 else 0.0
    for start in range(0, len(neighbours), BLOCK):
        rows = slice(start, start + BLOCK)
        points = picture[neighbours[rows]].astype(np.float64)
        close = np.linalg.norm(points - points[:, :1], axis=2) <= reach
        weights = weigh_neighbours(distances[rows]) * close
        weights /= weights.sum(axis=1, keepdims=True)
        placed[rows] = (points * weights[:, :, None]).sum(axis=1)
    return placed
