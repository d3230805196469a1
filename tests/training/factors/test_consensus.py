"""Factors of several runs are matched whatever their order, and judged by how they come back."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from training.factors.consensus import (
    compare_factors,
    find_consensus,
    match_factors,
    measure_stability,
)

Array = NDArray[np.float64]


def planted(n_factors: int = 5, n_genes: int = 80) -> Array:
    """Profiles on a common ground, each with ten genes of its own."""
    rng = np.random.default_rng(0)
    profiles = np.tile(rng.lognormal(0, 1, n_genes), (n_factors, 1))
    for k in range(n_factors):
        profiles[k, 10 * k : 10 * (k + 1)] *= 10
    return profiles / profiles.sum(axis=1, keepdims=True)


def noisy(profiles: Array, rng: np.random.Generator, sd: float = 0.1) -> Array:
    values = profiles * rng.lognormal(0, sd, profiles.shape)
    return values / values.sum(axis=1, keepdims=True)


def shuffled_runs(n: int = 6) -> list[Array]:
    rng = np.random.default_rng(1)
    return [noisy(planted(), rng)[rng.permutation(5)] for _ in range(n)]


def test_factors_are_matched_in_whatever_order_they_come() -> None:
    order = np.array([3, 0, 4, 1, 2])
    partner, similarity = match_factors(planted()[order], planted())
    assert partner.tolist() == order.tolist()
    np.testing.assert_allclose(similarity, 1)


def test_a_factor_without_a_partner_has_none() -> None:
    partner, similarity = match_factors(planted(), planted()[:4])
    assert sorted(partner.tolist()) == [-1, 0, 1, 2, 3]
    assert similarity[partner == -1].tolist() == [0.0]


def test_what_all_factors_share_makes_them_no_more_alike() -> None:
    """The cosine of the profiles themselves is high for any pair; without their mean it is not."""
    profiles = planted()
    unit = profiles / np.linalg.norm(profiles, axis=1, keepdims=True)
    apart = ~np.eye(5, dtype=bool)
    assert (unit @ unit.T)[apart].mean() > 0.1
    assert compare_factors(profiles, profiles)[apart].max() < 0


def test_the_consensus_is_nearer_the_truth_than_its_runs() -> None:
    runs = shuffled_runs()
    found = find_consensus(runs)
    np.testing.assert_allclose(found.loadings.sum(axis=1), 1, rtol=1e-5)
    truth = match_factors(planted(), found.loadings)[1]
    assert truth.min() > max(match_factors(planted(), run)[1].mean() for run in runs)
    assert found.stability.min() > 0.9


def test_one_stray_run_does_not_carry_the_consensus_away() -> None:
    rng = np.random.default_rng(2)
    stray = rng.dirichlet(np.ones(80), 5)
    found = find_consensus([stray, *shuffled_runs()])
    assert match_factors(planted(), found.loadings)[1].min() > 0.95


def test_only_the_factor_that_changes_is_unstable() -> None:
    rng = np.random.default_rng(3)
    runs = []
    for _ in range(6):
        run = noisy(planted(), rng)
        run[2] = rng.dirichlet(np.full(80, 0.3))
        runs.append(run[rng.permutation(5)])
    found = find_consensus(runs)
    steady = match_factors(planted(), found.loadings)[0][[0, 1, 3, 4]]
    unsteady = np.setdiff1d(np.arange(5), steady)
    assert found.stability[steady].min() > 0.8
    assert found.stability[unsteady].max() < 0.4


def test_stability_is_the_mean_over_pairs_of_runs() -> None:
    rng = np.random.default_rng(4)
    matched = np.stack([noisy(planted(), rng, 0.8) for _ in range(3)])
    pairs = [(0, 1), (0, 2), (1, 2)]
    naive = np.mean([compare_factors(matched[a], matched[b]).diagonal() for a, b in pairs], axis=0)
    np.testing.assert_allclose(measure_stability(matched), naive)


def test_one_run_says_nothing_of_stability() -> None:
    found = find_consensus([planted()])
    assert np.isnan(found.stability).all()
    np.testing.assert_allclose(found.loadings, planted(), atol=1e-6)


def test_without_runs_there_is_no_consensus() -> None:
    with pytest.raises(ValueError, match="at least one run"):
        find_consensus([])
