"""Means, intervals and tests over slices against scipy and against simulated truth."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from atlas_app.stages.replicates import moderated, summarise, welch
from training.statistics.moderation import prior_variance


def test_intervals_are_students_and_one_slice_has_none() -> None:
    rng = np.random.default_rng(0)
    values = rng.normal(5, 1, (6, 3))
    found = summarise(values, [0, 0, 0, 1, 1, 2], 4, most=5.5)
    assert found.n.tolist() == [3, 2, 1, 0]
    for group, rows in ((0, values[:3]), (1, values[3:5])):
        low, high = stats.t.interval(
            0.95, len(rows) - 1, loc=rows.mean(axis=0), scale=stats.sem(rows, axis=0)
        )
        np.testing.assert_allclose(found.mean[group], rows.mean(axis=0))
        np.testing.assert_allclose(found.low[group], np.maximum(low, 0))
        np.testing.assert_allclose(found.high[group], np.minimum(high, 5.5))
    np.testing.assert_allclose(found.mean[2], values[5])
    assert np.isnan(found.low[2:]).all()
    assert np.isnan(found.mean[3]).all()


def test_a_slice_without_a_value_does_not_count() -> None:
    found = summarise([[1.0], [np.nan], [3.0]], [0, 0, 0], 1)
    assert (found.n[0], found.mean[0, 0]) == (2, 2.0)


def test_welch_agrees_with_scipy() -> None:
    rng = np.random.default_rng(1)
    a, b = rng.normal(0, 1, (4, 5)), rng.normal(1, 3, (6, 5))
    found = welch(a, b)
    wanted = stats.ttest_ind(b, a, equal_var=False)
    ends = wanted.confidence_interval(0.95)
    np.testing.assert_allclose(found.p, wanted.pvalue)
    np.testing.assert_allclose(found.low, ends.low)
    np.testing.assert_allclose(found.high, ends.high)
    np.testing.assert_allclose(found.q, stats.false_discovery_control(wanted.pvalue))


@pytest.mark.parametrize("test", [welch, moderated])
def test_one_slice_on_a_side_gives_the_effect_alone(test: object) -> None:
    found = test(np.array([[1.0, 2.0]]), np.array([[2.0, 5.0], [4.0, 5.0]]))  # type: ignore[operator]
    np.testing.assert_allclose(found.effect, [2, 3])
    for missing in (found.low, found.high, found.p, found.q):
        assert np.isnan(missing).all()


def test_what_does_not_vary_is_not_tested() -> None:
    found = welch(np.zeros((3, 1)), np.ones((3, 1)))
    assert found.effect[0] == 1
    assert np.isnan(found.p[0])


def simulate(n_genes: int, d0: float, s0: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Two and two slices of genes whose variances are d0 s0² / χ²(d0)."""
    rng = np.random.default_rng(seed)
    spread = np.sqrt(d0 * s0**2 / rng.chisquare(d0, n_genes))
    return rng.normal(0, spread, (2, n_genes)), rng.normal(0, spread, (2, n_genes))


def test_moderated_p_are_uniform_without_change_and_find_more_than_welch_with_it() -> None:
    a, b = simulate(20_000, d0=8.0, s0=0.3, seed=3)
    null = moderated(a, b)
    for level in (0.01, 0.05, 0.5):
        assert np.mean(null.p < level) == pytest.approx(level, rel=0.12)
    covered = np.mean((null.low < 0) & (null.high > 0))
    assert covered == pytest.approx(0.95, abs=0.01)
    b[:, :500] += 2.0
    found, plain = moderated(a, b), welch(a, b)
    assert (found.q[:500] < 0.05).sum() > 300
    assert (plain.q[:500] < 0.05).sum() < 50
    assert np.mean(found.q[500:] < 0.05) < 0.002


def test_equal_variances_are_pooled_over_all_genes() -> None:
    rng = np.random.default_rng(4)
    a, b = rng.normal(0, 1, (3, 4000)), rng.normal(0, 1, (3, 4000))
    d0, s0 = prior_variance((a.var(axis=0, ddof=1) + b.var(axis=0, ddof=1)) / 2, 4)
    assert d0 > 100
    assert s0 == pytest.approx(1, rel=0.05)
    assert np.mean(moderated(a, b).p < 0.05) == pytest.approx(0.05, abs=0.012)
