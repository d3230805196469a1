"""Variances of many quantities against simulated truth and naive formulas."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import polygamma

from training.statistics.moderation import (
    common_variance,
    draw_variances,
    inverse_trigamma,
    prior_variance,
    weigh_sides,
)


def test_the_prior_of_variances_is_recovered() -> None:
    rng = np.random.default_rng(2)
    variance = 8.0 * 0.3**2 / rng.chisquare(8.0, 20_000) * rng.chisquare(2, 20_000) / 2
    d0, s0 = prior_variance(variance, 2)
    assert d0 == pytest.approx(8, rel=0.15)
    assert s0 == pytest.approx(0.09, rel=0.05)
    for x in (0.05, 0.7, 12.0):
        assert inverse_trigamma(float(polygamma(1, x))) == pytest.approx(x, rel=1e-6)


def test_drawn_variances_lie_between_their_own_and_the_prior_s() -> None:
    rng = np.random.default_rng(3)
    d = np.repeat([2.0, 6.0], 5_000)
    variance = 10 * 0.5 / rng.chisquare(10, 10_000) * rng.chisquare(d) / d
    d0, s0 = prior_variance(variance, d)
    drawn, degrees = draw_variances(variance, d)
    np.testing.assert_allclose(drawn, (d0 * s0 + d * variance) / (d0 + d))
    np.testing.assert_allclose(degrees, d0 + d)
    assert (np.abs(drawn - s0) <= np.abs(variance - s0)).all()


def test_too_few_variances_are_left_as_they_are() -> None:
    variance, d = np.array([2.0, 3.0]), np.array([1.0, 4.0])
    drawn, degrees = draw_variances(variance, d)
    np.testing.assert_allclose(drawn, variance)
    np.testing.assert_allclose(degrees, d)


def test_weights_are_those_of_a_naive_loop() -> None:
    rng = np.random.default_rng(4)
    sides = [rng.normal(size=(3, 5)), rng.normal(size=(2, 5))]
    sides[0][1, 2] = np.nan
    noise = [rng.uniform(0.1, 1, side.shape) for side in sides]
    means, totals, squares = weigh_sides(sides, noise, 0.5)
    for m in range(5):
        expected = 0.0
        for side, variance, mean, total in zip(sides, noise, means, totals, strict=True):
            rows = np.isfinite(side[:, m])
            weight = 1 / (variance[rows, m] + 0.5)
            assert total[m] == pytest.approx(weight.sum())
            assert mean[m] == pytest.approx(np.average(side[rows, m], weights=weight))
            expected += (weight * (side[rows, m] - mean[m]) ** 2).sum()
        assert squares[m] == pytest.approx(expected)


@pytest.mark.parametrize("between", [0.0, 0.3, 4.0])
def test_the_variance_between_slices_is_found_beside_noise(between: float) -> None:
    rng = np.random.default_rng(5)
    noise = [rng.uniform(0.2, 2, (4, 4_000)), rng.uniform(0.2, 2, (3, 4_000))]
    sides = [rng.normal(0, np.sqrt(between + each)) for each in noise]
    found = common_variance(sides, noise, np.full(4_000, 5.0))
    assert found == pytest.approx(between, rel=0.06, abs=0.02)


def test_without_noise_all_weights_are_alike() -> None:
    sides = [np.random.default_rng(6).normal(0, 3, (4, 50))]
    assert common_variance(sides, [np.zeros((4, 50))], np.full(50, 3.0)) == 1.0
    assert common_variance([np.zeros((2, 0))], [np.ones((2, 0))], np.zeros(0)) == 1.0
