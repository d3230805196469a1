"""Probabilities from neighbours' votes."""

from __future__ import annotations

import numpy as np
import pytest

from training.mapping.votes import calibrate, calibration_error, count_votes, error_by_chance


def test_votes_are_weighed_and_abstentions_left_out() -> None:
    codes = np.array([0, 1, -1])
    shares = count_votes(
        codes,
        2,
        np.array([[0, 1, 2], [1, 1, 2], [2, 2, 2]]),
        np.array([[0.5, 0.25, 0.25], [0.25, 0.25, 0.5], [0.2, 0.3, 0.5]]),
    )
    np.testing.assert_allclose(shares, [[2 / 3, 1 / 3], [0, 1], [0.5, 0.5]], rtol=1e-6)


@pytest.mark.parametrize("power", [0.5, 1.0, 2.5])
def test_shares_that_are_too_sure_or_not_sure_enough_are_put_right(power: float) -> None:
    rng = np.random.default_rng(0)
    truth_of = rng.dirichlet(np.full(4, 0.6), 6000)
    truth = np.array([rng.choice(4, p=p) for p in truth_of])
    shares = truth_of ** (1 / power)
    shares /= shares.sum(axis=1, keepdims=True)
    folds = np.repeat(np.arange(6), 1000)
    found = calibrate(shares, truth, folds)
    assert found.sharpness == pytest.approx(power, rel=0.25)
    assert found.error < 0.03
    best = found.apply(shares)
    raw = calibration_error(shares.max(axis=1), shares.argmax(axis=1) == truth)
    own = calibration_error(best.max(axis=1), best.argmax(axis=1) == truth)
    assert own < 0.035
    assert own < raw or power == 1.0
    np.testing.assert_allclose(best.sum(axis=1), 1, rtol=1e-5)


def test_the_error_is_of_slices_that_were_left_out() -> None:
    """One slice is unlike the others: fitted to itself it would look calibrated."""
    rng = np.random.default_rng(0)
    shares = np.tile([[0.9, 0.1]], (300, 1))
    folds = np.repeat([0, 1, 2], 100)
    truth = (rng.random(300) < np.where(folds == 2, 0.6, 0.1)).astype(int)
    assert calibrate(shares, truth, folds).error > 0.1


def test_scores_count_as_far_as_they_tell() -> None:
    rng = np.random.default_rng(0)
    truth = rng.integers(0, 3, 1500)
    folds = np.repeat(np.arange(5), 300)
    shares = rng.dirichlet(np.ones(3), 1500)
    scores = 0.4 * np.eye(3)[truth] + 0.2 * rng.normal(size=(1500, 3))
    told = calibrate(shares, truth, folds, scores)
    assert told.weight >= 4
    assert told.sharpness <= 0.25
    assert told.accuracy > 0.75
    assert told.error < 0.05
    blind = calibrate(shares, truth, folds, rng.normal(size=(1500, 3)))
    assert blind.weight == 0
    assert calibrate(shares, truth, folds).weight == 0


def test_unknown_classes_teach_nothing() -> None:
    found = calibrate(np.full((5, 2), 0.5), np.full(5, -1), np.zeros(5, dtype=int))
    assert np.isnan(found.error)
    np.testing.assert_allclose(found.apply(np.array([[0.8, 0.2]])), [[0.8, 0.2]], atol=0.01)


def test_calibration_error_by_hand() -> None:
    promised = np.array([0.95, 0.95, 0.55, 0.55])
    right = np.array([True, False, True, False])
    assert calibration_error(promised, right) == pytest.approx((2 * 0.45 + 2 * 0.05) / 4)


def test_chance_alone_makes_an_error_of_few_promises() -> None:
    rng = np.random.default_rng(0)
    promised = rng.uniform(0.3, 1.0, 150)
    errors = [calibration_error(promised, rng.random(150) < promised) for _ in range(300)]
    assert error_by_chance(promised) == pytest.approx(np.mean(errors), rel=0.1)
    assert error_by_chance(np.repeat(promised, 100)) < 0.01
    assert error_by_chance(np.empty(0)) == 0
