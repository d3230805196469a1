"""Gaussian mixtures whose components share one covariance, fitted from many starts.

Scikit-learn's has the same steps of expectation and maximisation, but turns all points anew for
each component, n · d² operations. With one covariance they are turned once, which takes a third of
the time: many starts can be had, and many are needed, as what tells layers apart may be a small
part of what spots vary by.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

ROUNDS = 100
SHORT = 16
"""Rounds that every start is given; the likeliest then goes on."""
SETTLED = 1e-3
"""Gain of the mean log likelihood below which a fit ends."""
RIDGE = 1e-6
"""Of the covariance, where that of all points is 1 in every direction."""
LEAST_LOG = -100.0
"""Of a membership."""
LLOYD = 5
"""Rounds of k-means that a start begins with."""


@dataclass(frozen=True)
class TiedMixture:
    """A mixture of k components in d dimensions.

    Attributes:
        weights: (k,), sum 1; means: (k, d).
        turned: (d, d) matrix W with W Wᵀ the inverse of the covariance.
        likelihood: mean log likelihood of the points it was fitted to, but for a constant.
    """

    weights: NDArray[np.float64]
    means: NDArray[np.float64]
    turned: NDArray[np.float64]
    likelihood: float

    def predict(self, points: NDArray[np.floating]) -> NDArray[np.int64]:
        """Likeliest component (n,) of points (n, d)."""
        return _log_densities(points, self).argmax(axis=1).astype(np.int64)


def fit_mixture(
    points: NDArray[np.floating], number: int, generator: np.random.Generator, starts: int
) -> TiedMixture:
    """The likeliest of several mixtures of `number` components of points (n, d), each begun at
    k-means from points drawn far apart (k-means++)."""
    values = np.asarray(points, dtype=np.float64)
    begun = (_climb(values, _divide(values, number, generator), SHORT) for _ in range(starts))
    return refit_mixture(values, max(begun, key=lambda each: each.likelihood))


def refit_mixture(points: NDArray[np.floating], start: TiedMixture) -> TiedMixture:
    """The mixture of points (n, d) that is climbed to from another's components."""
    values = np.asarray(points, dtype=np.float64)
    return _climb(values, _shares(_log_densities(values, start))[0])


def _divide(
    points: NDArray[np.float64], number: int, generator: np.random.Generator
) -> NDArray[np.float64]:
    """Memberships (n, k), 0 or 1, of a few rounds of k-means."""
    chosen = [int(generator.integers(len(points)))]
    away = np.square(points - points[chosen[0]]).sum(axis=1)
    while len(chosen) < number:
        total = away.sum()
        share = away / total if total > 0 else np.full(len(points), 1 / len(points))
        chosen.append(int(generator.choice(len(points), p=share)))
        away = np.minimum(away, np.square(points - points[chosen[-1]]).sum(axis=1))
    centres = points[chosen]
    rows = np.arange(len(points))
    for _ in range(LLOYD):
        members = np.zeros((len(points), number))
        size = np.square(centres).sum(axis=1)
        members[rows, (size - 2 * points @ centres.T).argmin(axis=1)] = 1
        held = members.sum(axis=0)
        centres = np.where(
            held[:, None] > 0, members.T @ points / np.maximum(held, 1)[:, None], centres
        )
    return members


def _climb(
    points: NDArray[np.float64], members: NDArray[np.float64], rounds: int = ROUNDS
) -> TiedMixture:
    """Rounds of maximisation and expectation from memberships (n, k) until nothing is gained."""
    n, d = points.shape
    total = points.T @ points / n
    # Relative to what points vary by at all, in any unit.
    ridge = RIDGE * max(float(np.trace(total)) / d, 1e-12)
    before = -np.inf
    for _ in range(rounds):
        held = members.sum(axis=0) + 1e-10
        means = members.T @ points / held[:, None]
        # The scatter of all points less that of the components.
        covariance = total - (means.T * (held / n)) @ means
        covariance[np.diag_indices(d)] += ridge
        turned = np.linalg.inv(np.linalg.cholesky(covariance)).T
        mixture = TiedMixture(held / held.sum(), means, turned, before)
        members, likelihood = _shares(_log_densities(points, mixture))
        if likelihood - before < SETTLED:
            break
        before = likelihood
    return TiedMixture(mixture.weights, mixture.means, mixture.turned, likelihood)


def _log_densities(points: NDArray[np.floating], mixture: TiedMixture) -> NDArray[np.float64]:
    """Log of weight times density (n, k), but for a constant."""
    near, centres = points @ mixture.turned, mixture.means @ mixture.turned
    away = np.square(near).sum(axis=1)[:, None] - 2 * near @ centres.T
    away += np.square(centres).sum(axis=1)
    volume = np.log(np.abs(np.diag(mixture.turned))).sum()
    return np.log(mixture.weights) + volume - away / 2


def _shares(logs: NDArray[np.float64]) -> tuple[NDArray[np.float64], float]:
    """Memberships (n, k), rows of sum 1, and the mean log likelihood."""
    highest = logs.max(axis=1, keepdims=True)
    # Numbers too small to be normal would slow down every product with them.
    shares = np.exp(np.maximum(logs - highest, LEAST_LOG))
    sums = shares.sum(axis=1, keepdims=True)
    return shares / sums, float((np.log(sums) + highest).mean())
