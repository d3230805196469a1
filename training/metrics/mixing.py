"""How well slices mix in the latent: the local inverse Simpson index (LISI)."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from training.metrics.labels import Codes, as_points, slice_codes

PERPLEXITY = 30.0
NEIGHBOURS = 90
LISI_SAMPLE = 5_000
QUERY_BLOCK = 2_048
SEARCH_ROUNDS = 64
ENTROPY_TOLERANCE = 1e-6


def ilisi(
    latent: ArrayLike,
    slices: ArrayLike,
    *,
    perplexity: float = PERPLEXITY,
    sample: int | None = LISI_SAMPLE,
    seed: int = 0,
) -> float | None:
    """Median over spots of the effective number of slices around a spot.

    Args:
        latent: (n, d), finite.
        slices: (n,) slice of each spot.
        perplexity: effective number of neighbours.
        sample: with more spots than this, the median is over so many, drawn at random by `seed`;
            their neighbours are still looked for among all. None takes every spot.

    Returns:
        A value in [1, number of slices]; None with fewer than three spots.
    """
    codes, names = slice_codes(slices)
    points = as_points(latent, len(codes))
    if len(points) < 3:
        return None
    rows = np.arange(len(points))
    if sample is not None and len(rows) > sample:
        rows = np.sort(np.random.default_rng(seed).choice(len(rows), sample, replace=False))
    return float(np.median(lisi(points, codes, len(names), rows, perplexity)))


def lisi(
    points: NDArray[np.float64],
    codes: Codes,
    n_codes: int,
    rows: NDArray[np.intp],
    perplexity: float = PERPLEXITY,
) -> NDArray[np.float64]:
    """Local inverse Simpson index of chosen spots.

    With p_ij ∝ exp(−b_i d_ij) over the 3 × perplexity nearest others j of spot i, itself left out,
    d the Euclidean distance and b_i such that the entropy of p_i is log(perplexity):
    LISI_i = 1 / Σ_c (Σ_{j in c} p_ij)².

    Args:
        points: (n, d).
        codes: (n,) class of each spot, 0 to n_codes − 1.
        rows: (m,) spots to compute it for.

    Returns:
        (m,) values in [1, n_codes]. Memory grows with n and the block, not with n².
    """
    from sklearn.neighbors import NearestNeighbors

    count = min(max(2, round(3 * perplexity)), len(points) - 1)
    # Fewer spots than neighbours asked for: keep a third of them effective.
    effective = min(perplexity, max(1.0 + ENTROPY_TOLERANCE, count / 3))
    search = NearestNeighbors(n_neighbors=count + 1).fit(points)
    found = np.empty(len(rows))
    for at in range(0, len(rows), QUERY_BLOCK):
        block = rows[at : at + QUERY_BLOCK]
        distance, near = search.kneighbors(points[block])
        distance, near = _without_self(distance, near, block)
        weights = perplexity_weights(distance, effective)
        share = np.zeros((len(block), n_codes))
        np.add.at(share, (np.arange(len(block))[:, None], codes[near]), weights)
        found[at : at + len(block)] = 1.0 / np.square(share).sum(axis=1)
    return found


def perplexity_weights(distance: NDArray[np.float64], perplexity: float) -> NDArray[np.float64]:
    """Weights (m, k) ∝ exp(−b d), each row of sum 1 and entropy log(perplexity).

    Args:
        distance: (m, k) distances, at least 0.
        perplexity: between 1 and k. Rows where no b reaches it, such as equal distances, take the
            nearest that exists.
    """
    # The search is in units of each row's own spread, so that it does not depend on scale.
    shifted = distance - distance.min(axis=1, keepdims=True)
    spread = shifted.mean(axis=1, keepdims=True)
    scaled = shifted / np.where(spread > 0, spread, 1.0)
    low = np.full(len(distance), -30.0)
    high = np.full(len(distance), 30.0)
    target = np.log(perplexity)
    for _ in range(SEARCH_ROUNDS):
        middle = (low + high) / 2
        entropy = _entropy(_softmax(scaled, middle))
        if np.all(np.abs(entropy - target) < ENTROPY_TOLERANCE):
            break
        spread_out = entropy > target
        low = np.where(spread_out, middle, low)
        high = np.where(spread_out, high, middle)
    return _softmax(scaled, middle)


def _softmax(scaled: NDArray[np.float64], log_rate: NDArray[np.float64]) -> NDArray[np.float64]:
    weights = np.exp(-np.exp(log_rate)[:, None] * scaled)
    return weights / weights.sum(axis=1, keepdims=True)


def _entropy(weights: NDArray[np.float64]) -> NDArray[np.float64]:
    logs = np.log(weights, out=np.zeros_like(weights), where=weights > 0)
    return -(weights * logs).sum(axis=1)


def _without_self(
    distance: NDArray[np.float64], near: NDArray[np.intp], rows: NDArray[np.intp]
) -> tuple[NDArray[np.float64], NDArray[np.intp]]:
    """Drop each spot from its own neighbours; among many identical points it may be absent."""
    own = near == rows[:, None]
    own[~own.any(axis=1), -1] = True
    shape = (len(rows), near.shape[1] - 1)
    return distance[~own].reshape(shape), near[~own].reshape(shape)
