"""How much a spot looks like reference tissue: near it in the latent, and made of its factors.

Distance alone is blind to what is wholly foreign: an encoder maps noise, or the genes of another
species, right among the reference. So a spot must also express what its factors say it does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from training.neighbours.nearest import nearest

if TYPE_CHECKING:
    from training.preparation.reference import Prepared

SPOTS = 4000
NEIGHBOURS = 20
"""Reference spots a query spot is compared with, here and in projection."""
TOLERANCE = 0.7
"""Part of the reference's ordinary agreement that a query must reach: foreign tissue has less, the
same tissue more, also where another technology counts each gene with an efficiency of its own."""
LEAST_CEILING = 0.1
"""Of a spot with fewer counts than give its own factors this correlation nothing more is asked."""


def ordinary_distance(
    latent: NDArray[np.floating], slices: NDArray[np.integer], seed: int
) -> float:
    """95th percentile of the mean distance from a spot to its nearest spots in other slices.

    Args:
        latent: (n, d); slices: (n,) slice indices.
    """
    generator = np.random.default_rng(seed)
    present = np.unique(slices)
    share = max(SPOTS // len(present), 50)
    means = []
    for index in present:
        own = np.flatnonzero(slices == index)
        others = np.flatnonzero(slices != index) if len(present) > 1 else own
        own = generator.choice(own, min(share, len(own)), replace=False)
        if len(others) > 50_000:
            others = generator.choice(others, 50_000, replace=False)
        means.append(nearest(latent[others], NEIGHBOURS, seed, latent[own])[1].mean(axis=1))
    return float(np.quantile(np.concatenate(means), 0.95))


def ordinary_agreement(
    prepared: Prepared,
    proportions: NDArray[np.floating],
    loadings: NDArray[np.floating],
    seed: int,
) -> float:
    """5th percentile of `agreement` over (at most 4,000) spots of the reference, each over the
    genes that its slice measured."""
    n = len(prepared.slices)
    rows = np.arange(n)
    if n > SPOTS:
        rows = np.sort(np.random.default_rng(seed).choice(n, SPOTS, replace=False))
    near = prepared.adjacency[rows]
    pooled = (near @ prepared.counts).toarray()
    factors = near @ proportions
    if prepared.measured is None:
        return float(np.quantile(agreement(pooled, factors, loadings), 0.05))
    slices, found = prepared.slices[rows], []
    for index in np.unique(slices):
        inside, seen = slices == index, prepared.measured[index]
        part = pooled[inside][:, seen], factors[inside], loadings[:, seen]
        found.append(agreement(*part))
    return float(np.quantile(np.concatenate(found), 0.05))


def agreement(
    pooled: NDArray[np.floating],
    proportions: NDArray[np.floating],
    loadings: NDArray[np.floating],
) -> NDArray[np.float32]:
    """How far a spot expresses what its factors say, whatever its depth: about 1 where they hold.

    The correlation of measured with decoded expression (`correlate_profiles`), as part of that to
    be expected of as many counts of the decoded profile. By the correlation alone deep sections of
    foreign tissue would agree better than shallow ones of the reference's own.

    Args:
        pooled: (n, G); proportions: (n, K); loadings: (K, G), as of `correlate_profiles`.

    Returns:
        (n,); 0 where there are no counts.
    """
    profiles = _decode(proportions, loadings)
    expected = _centre(_log(profiles))
    totals = pooled.sum(axis=1, keepdims=True, dtype=np.float32)
    means, variances = expect_logs(profiles * totals, totals)
    ceiling = _correlate(_centre(means), expected, variances.sum(axis=1))
    found = _correlate(_centre(_log(_shares(pooled))), expected)
    return np.asarray(found / np.maximum(ceiling, LEAST_CEILING), dtype=np.float32)


def correlate_profiles(
    pooled: NDArray[np.floating],
    proportions: NDArray[np.floating],
    loadings: NDArray[np.floating],
) -> NDArray[np.float32]:
    """Pearson correlation over genes of measured and decoded log expression, -1..1.

    No slice-gene effect is taken off the counts: it could explain any tissue by another.

    Args:
        pooled: (n, G) counts summed over the neighbourhood of each spot.
        proportions: (n, K) factors of the neighbourhood, in any unit.
        loadings: (K, G).

    Returns:
        (n,); 0 where there are no counts.
    """
    expected = _centre(_log(_decode(proportions, loadings)))
    return _correlate(_centre(_log(_shares(pooled))), expected)


def expect_logs(
    rates: NDArray[np.float32], totals: NDArray[np.float32]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Mean and variance of log(1 + 10,000 x / total) for Poisson counts x.

    None or some: of counts above 0 two values, their mean less and plus their standard deviation,
    stand for all.

    Args:
        rates: (n, G) expected counts; totals: (n, 1) counts of a spot.

    Returns:
        (n, G) both.
    """
    some = 1 - np.exp(-rates)
    # Rounding would make the mean of counts above 0 less than 1 where hardly any are.
    mean = np.maximum(rates / np.maximum(some, 1e-7), 1)
    deviation = np.sqrt(np.maximum(mean * (1 + rates - mean), 0))
    scale = 1e4 / np.maximum(totals, 1)
    less = np.log(1 + scale * np.maximum(mean - deviation, 0))
    more = np.log(1 + scale * (mean + deviation))
    means = some * (less + more) / 2
    return means, some * (less**2 + more**2) / 2 - means**2


def _decode(
    proportions: NDArray[np.floating], loadings: NDArray[np.floating]
) -> NDArray[np.float32]:
    """Profiles (n, G) that sum to 1."""
    decoded = np.asarray(proportions, np.float32) @ np.asarray(loadings, np.float32)
    return decoded / np.maximum(decoded.sum(axis=1, keepdims=True), 1e-12)


def _shares(counts: NDArray[np.floating]) -> NDArray[np.float32]:
    """Counts (n, G) as parts of those of their spot."""
    counts = np.asarray(counts, dtype=np.float32)
    return counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)


def _log(shares: NDArray[np.float32]) -> NDArray[np.float32]:
    # The processor has instructions for the logarithm of many numbers, and none for log1p; in
    # single precision both are the same to a ten-millionth.
    return np.log(1 + 1e4 * shares)


def _centre(values: NDArray[np.float32]) -> NDArray[np.float32]:
    return values - values.mean(axis=1, keepdims=True)


def _correlate(
    values: NDArray[np.float32],
    others: NDArray[np.float32],
    noise: NDArray[np.float32] | float = 0.0,
) -> NDArray[np.float32]:
    """Correlation (n,) of centred rows (n, G); `noise` (n,) is added to the squares of `values`."""
    squares = np.einsum("ij,ij->i", values, values) + noise
    product = np.sqrt(squares * np.einsum("ij,ij->i", others, others))
    together = np.einsum("ij,ij->i", values, others)
    return np.asarray(together / np.maximum(product, 1e-9), dtype=np.float32)


def out_of_reference_score(
    distances: NDArray[np.floating],
    agreements: NDArray[np.floating],
    distance: float,
    ordinary: float,
) -> NDArray[np.float32]:
    """The worse of two ratios, each above 1 where a spot is out of reference.

    Args:
        distances: (n,) mean distance to the nearest reference spots; agreements: (n,).
        distance, ordinary: the reference's own, of `ordinary_distance` and `ordinary_agreement`.
    """
    far = distances / max(distance, 1e-9)
    unlike = (1 - agreements) / (1 - TOLERANCE * max(ordinary, 0.0))
    return np.maximum(far, unlike).astype(np.float32)
