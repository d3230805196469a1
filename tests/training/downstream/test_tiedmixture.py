"""Mixtures of one covariance: likelihoods are the library's, and any points can be fitted."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import adjusted_rand_score
from sklearn.mixture import GaussianMixture

from training.downstream.tiedmixture import fit_mixture, refit_mixture


def stretched(seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Three groups (600, 4) beside one another in a direction of little variance."""
    rng = np.random.default_rng(seed)
    owner = rng.integers(0, 3, 600)
    return np.column_stack(
        [owner + 0.1 * rng.normal(size=600), 0.6 * rng.normal(size=(600, 3))]
    ), owner


def test_it_is_as_likely_as_the_library_s_and_divides_alike() -> None:
    points, owner = stretched()
    ours = fit_mixture(points, 3, np.random.default_rng(0), starts=20)
    theirs = GaussianMixture(3, covariance_type="tied", n_init=20, random_state=0).fit(points)
    constant = points.shape[1] / 2 * np.log(2 * np.pi)
    assert ours.likelihood - constant == pytest.approx(theirs.score(points), abs=5e-3)
    assert adjusted_rand_score(owner, ours.predict(points)) > 0.99
    assert adjusted_rand_score(theirs.predict(points), ours.predict(points)) > 0.99
    assert ours.weights.sum() == pytest.approx(1)
    precision = ours.turned @ ours.turned.T
    np.testing.assert_allclose(precision, theirs.precisions_, rtol=0.05, atol=0.05)


def test_one_generator_gives_one_mixture_and_more_starts_none_less_likely() -> None:
    points, _ = stretched(1)
    one, again = (fit_mixture(points, 4, np.random.default_rng(5), 3) for _ in range(2))
    np.testing.assert_array_equal(one.means, again.means)
    assert fit_mixture(points, 4, np.random.default_rng(5), 9).likelihood >= one.likelihood


def test_it_goes_on_from_another() -> None:
    points, owner = stretched()
    part = fit_mixture(points[:300], 3, np.random.default_rng(0), starts=20)
    whole = refit_mixture(points, part)
    assert adjusted_rand_score(owner, whole.predict(points)) > 0.99
    shared = adjusted_rand_score(part.predict(points), whole.predict(points))
    assert shared > 0.98


@pytest.mark.parametrize("points", [np.zeros((12, 3)), np.repeat(np.eye(3), 5, axis=0)])
def test_points_without_spread_are_divided_too(points: np.ndarray) -> None:
    found = fit_mixture(points, 4, np.random.default_rng(0), 2)
    assert np.isfinite(found.likelihood)
    assert set(found.predict(points)) <= set(range(4))


def test_units_do_not_matter() -> None:
    points, _ = stretched(2)
    small, large = (
        fit_mixture(points * unit, 3, np.random.default_rng(0), 4) for unit in (1e-4, 1e4)
    )
    assert adjusted_rand_score(small.predict(points * 1e-4), large.predict(points * 1e4)) > 0.99
