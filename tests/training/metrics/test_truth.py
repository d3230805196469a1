"""Comparison with a known truth: matching, and leakage by hand."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from training.metrics import (
    exclusive_leakage,
    label_leakage,
    loading_correlation,
    matched_correlation,
)


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10_000), n_truth=st.integers(1, 4), n_found=st.integers(1, 5))
def test_the_pairing_is_the_best_of_all(seed: int, n_truth: int, n_found: int) -> None:
    rng = np.random.default_rng(seed)
    truth, found = rng.normal(size=(30, n_truth)), rng.normal(size=(30, n_found))
    table = np.corrcoef(truth.T, found.T)[:n_truth, n_truth:]
    size = max(n_truth, n_found)
    padded = np.zeros((size, size))
    padded[:n_truth, :n_found] = table
    paired = min(n_truth, n_found)
    best = max(
        sum(table[t, f] for t, f in zip(rows, columns, strict=True))
        for rows in permutations(range(n_truth), paired)
        for columns in permutations(range(n_found), paired)
    )
    matched = matched_correlation(found, truth)
    assert matched.correlation.sum() == pytest.approx(best)
    used = matched.factor[matched.factor >= 0]
    assert len(used) == len(set(used)) == paired


def test_shuffled_rescaled_truth_is_found_exactly() -> None:
    truth = np.random.default_rng(0).uniform(size=(50, 4))
    order = np.array([2, 0, 3, 1])
    matched = matched_correlation(5.0 * truth[:, order] + 1.0, truth)
    np.testing.assert_allclose(matched.correlation, 1.0)
    np.testing.assert_array_equal(order[matched.factor], np.arange(4))
    assert matched.mean == pytest.approx(1.0)


def test_programmes_without_a_factor_count_zero() -> None:
    truth = np.random.default_rng(0).uniform(size=(50, 3))
    matched = matched_correlation(truth[:, [1]], truth)
    np.testing.assert_allclose(matched.correlation, [0.0, 1.0, 0.0], atol=1e-12)
    assert matched.factor.tolist() == [-1, 0, -1]
    assert matched.mean == pytest.approx(1 / 3)


def test_a_constant_column_correlates_with_nothing() -> None:
    truth = np.stack([np.full(20, 0.1), np.arange(20.0)], axis=1)
    matched = matched_correlation(truth[:, ::-1], truth)
    np.testing.assert_allclose(matched.correlation, [0.0, 1.0], atol=1e-12)


def test_loadings_correlate_by_what_sets_programmes_apart() -> None:
    rng = np.random.default_rng(1)
    base = rng.lognormal(0, 2, size=12)
    truth = base * rng.lognormal(0, 1, size=(3, 12))
    found = np.full((15, 4), np.nan)
    genes = [0, 2, 3, 4, 6, 7, 9, 11]
    found[genes] = rng.random((8, 4)) * base[genes, None]
    factor = np.array([3, -1, 0])
    profiles = np.concatenate([truth, rng.random((3, 3))], axis=1)

    def naive(t: int, f: int) -> float:
        ours = [found[g, f] / np.mean(found[g]) for g in genes]
        theirs = [profiles[t, g] / np.mean(profiles[:, g]) for g in genes]
        return float(np.corrcoef(ours, theirs)[0, 1])

    value = loading_correlation(found, profiles, factor)
    np.testing.assert_allclose(value, [naive(0, 3), 0.0, naive(2, 0)])
    shuffled = profiles[[2, 0, 1]].T * rng.uniform(1, 9, size=(15, 1))
    np.testing.assert_allclose(loading_correlation(shuffled, profiles, np.array([1, 2, 0])), 1.0)


def test_levels_that_all_programmes_share_are_no_agreement() -> None:
    base = np.random.default_rng(2).lognormal(0, 2, size=200)
    truth = base * np.random.default_rng(3).lognormal(0, 0.5, size=(2, 200))
    same = np.repeat(base[:, None], 2, axis=1)
    assert np.corrcoef(same[:, 0], truth[0])[0, 1] > 0.8
    np.testing.assert_array_equal(loading_correlation(same, truth, np.array([0, 1])), 0.0)
    unused = np.concatenate([same[:-1], np.zeros((1, 2))])
    np.testing.assert_array_equal(loading_correlation(unused, truth, np.array([0, 1])), 0.0)


def test_leakage_is_strength_abroad_over_strength_at_home() -> None:
    slices = np.repeat(["early", "late"], 4)
    exclusive = np.array([0, 0, 0, 0, 0, 0, 0.8, 0.6])
    everywhere = np.array([0.2, 0.9, 0.2, 0.9, 0.2, 0.9, 0.2, 0.4])
    truth = np.stack([exclusive, everywhere], axis=1)
    found = truth.copy()
    found[:4, 0] = 0.07
    leakage = exclusive_leakage(found, truth, slices)
    assert leakage[0] == pytest.approx(0.07 / 0.7)
    assert np.isnan(leakage[1])
    assert exclusive_leakage(truth, truth, slices)[0] == 0.0


def test_traces_below_the_threshold_do_not_make_a_programme_present() -> None:
    slices = np.repeat(["early", "late"], 4)
    truth = np.array([0.01, 0, 0.01, 0, 0.5, 0.7, 0, 0])[:, None]
    assert np.isfinite(exclusive_leakage(truth, truth, slices)[0])
    assert np.isnan(exclusive_leakage(truth, truth, slices, least=0.005)[0])


def test_programmes_of_no_slice_have_no_leakage() -> None:
    assert np.isnan(exclusive_leakage(np.eye(4), np.zeros((4, 1)), list("aabb"))).all()


def test_a_label_kept_apart_leaks_nothing_and_a_mixed_one_leaks_fully() -> None:
    rng = np.random.default_rng(0)
    slices = np.repeat(["early", "late"], 200)
    labels = np.array(["old"] * 200 + ["old", "new"] * 100)
    apart = rng.normal(size=(400, 2)) + 100.0 * (labels == "new")[:, None]
    assert label_leakage(apart, labels, slices) == {"new": 0.0}
    mixed = label_leakage(rng.normal(size=(400, 2)), labels, slices)
    assert mixed["new"] == pytest.approx(1.0, abs=0.15)


def test_label_leakage_by_hand() -> None:
    # Two nearest of the spot at 0: one at home (0.1), one abroad (-0.2); abroad are 3 of 5 others.
    latent = np.array([0.0, 0.1, 5.0, -0.2, 9.0, 9.1])[:, None]
    labels = np.array(["new", "old", "old", "old", "old", "old"])
    slices = np.array(["late"] * 3 + ["early"] * 3)
    found = label_leakage(latent, labels, slices, neighbours=2)
    assert found == {"new": pytest.approx((1 / 2) / (3 / 5))}


def test_labels_of_every_slice_are_not_listed() -> None:
    latent = np.random.default_rng(0).normal(size=(20, 2))
    assert label_leakage(latent, ["a", "b"] * 10, ["x"] * 10 + ["y"] * 10) == {}
    assert label_leakage(latent, [None] * 20, ["x"] * 10 + ["y"] * 10) == {}
    assert label_leakage(latent[:1], ["a"], ["x"]) == {}
