"""Panel regressions against plain formulas, slice by slice."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import sparse

from training.imputation.regression import (
    PanelRegression,
    QueryPanel,
    find_components,
)
from training.mapping.reading.genecounts import GeneCounts
from training.rehearsal.ridge import PENALTY, centre


@pytest.fixture
def spots() -> tuple[NDArray[np.float32], NDArray[np.int64], NDArray[np.float32]]:
    rng = np.random.default_rng(0)
    folds = np.repeat([0, 1, 2], [30, 40, 20])
    hidden = rng.normal(size=(90, 3))
    x = centre(hidden @ rng.normal(size=(3, 12)) + 0.3 * rng.normal(size=(90, 12)), folds)
    y = centre(hidden @ rng.normal(size=(3, 5)) + 0.5 * rng.normal(size=(90, 5)), folds)
    return x, folds, y


def test_each_slice_is_predicted_from_the_others(
    spots: tuple[NDArray[np.float32], NDArray[np.int64], NDArray[np.float32]],
) -> None:
    x, folds, y = spots
    direct, summed = PanelRegression(x, find_components(x), folds).held_out(y)
    t = find_components(x).astype(np.float64)
    for fold in (0, 1, 2):
        out, rest = folds == fold, folds != fold
        penalty = PENALTY * np.trace(x.T @ x) * rest.mean()
        solved = np.linalg.solve(x[rest].T @ x[rest] + penalty * np.eye(12), x[rest].T)
        np.testing.assert_allclose(direct[out], x[out] @ solved @ y[rest], atol=1e-4)
        on_components = np.linalg.lstsq(t[rest], y[rest], rcond=None)[0]
        expected = x[out] @ solved @ t[rest] @ on_components
        np.testing.assert_allclose(summed[out], expected, atol=2e-3)


def test_what_a_slice_holds_does_not_reach_its_own_prediction(
    spots: tuple[NDArray[np.float32], NDArray[np.int64], NDArray[np.float32]],
) -> None:
    x, folds, y = spots
    regression = PanelRegression(x, find_components(x), folds)
    changed = y.copy()
    changed[folds == 1] *= -7
    for before, after in zip(regression.held_out(y), regression.held_out(changed), strict=True):
        np.testing.assert_allclose(before[folds == 1], after[folds == 1], atol=1e-5)
        assert np.abs(before[folds == 0] - after[folds == 0]).max() > 0.1


def test_a_query_is_described_as_the_reference_is() -> None:
    rng = np.random.default_rng(1)
    counts = rng.poisson(1.5, (25, 8)).astype(np.float32)
    sections = np.repeat([3, 9], [10, 15])
    coefficients = rng.normal(size=(8, 4)).astype(np.float32)
    found = QueryPanel(GeneCounts(sparse.csr_matrix(counts)), sections).predict(coefficients)
    np.testing.assert_allclose(
        found, centre(np.sqrt(counts), sections) @ coefficients, rtol=1e-4, atol=1e-5
    )


def test_values_that_were_not_measured_become_the_mean() -> None:
    values = np.array([[1.0, np.nan], [3.0, np.nan], [5.0, 2.0], [5.0, 4.0]])
    found = centre(values, np.array([0, 0, 1, 1]))
    np.testing.assert_array_equal(found, [[-1, 0], [1, 0], [0, -1], [0, 1]])
