"""Weights of several estimates, and their sum."""

from __future__ import annotations

import numpy as np
from scipy.optimize import minimize

from training.imputation.stacking import SHRINKAGE, combine, weigh_estimates


def test_weights_minimise_what_they_say() -> None:
    rng = np.random.default_rng(0)
    truth = rng.normal(size=(200, 1))
    estimates = [truth + rng.normal(size=(200, 1)) * noise for noise in (0.3, 1.0, 3.0)]
    usual = np.array([0.4, 0.35, 0.25])
    found = weigh_estimates(estimates, truth, usual)[:, 0]
    stacked = np.hstack(estimates)
    pull = SHRINKAGE * (stacked**2).sum() / 3

    def loss(w: np.ndarray) -> float:
        return float(((truth[:, 0] - stacked @ w) ** 2).sum() + pull * ((w - usual) ** 2).sum())

    best = minimize(loss, np.full(3, 1 / 3), bounds=[(0, None)] * 3)
    np.testing.assert_allclose(found, best.x, atol=1e-4)
    assert found[0] > found[1] > found[2]


def test_estimates_without_signal_take_the_usual_weights() -> None:
    zeros = [np.zeros((10, 2)), np.zeros((10, 2))]
    found = weigh_estimates(zeros, np.ones((10, 2)), (0.75, 0.25))
    np.testing.assert_array_equal(found, [[0.75, 0.75], [0.25, 0.25]])


def test_no_weight_is_negative() -> None:
    truth = np.random.default_rng(0).normal(size=(300, 1))
    assert weigh_estimates([truth, -3 * truth], truth, (0.5, 0.5)).min() == 0


def test_imputed_values_stay_positive_and_in_order() -> None:
    steps = np.linspace(-5, 5, 101)[:, None]
    found = combine(np.ones((1, 1)), [steps], np.full((101, 1), 0.4))
    assert (found > 0).all()
    assert (np.diff(found[:, 0]) >= 0).all()
    high = steps[:, 0] + 0.4 >= 0.2
    np.testing.assert_allclose(found[high, 0], steps[high, 0] + 0.4, rtol=1e-5)
    assert np.diff(found[30:60, 0]).min() > 0
