"""What slices of few genes would have of all genes, against a known profile."""

from __future__ import annotations

import numpy as np
from anndata import AnnData
from scipy import sparse

from training.inputs.panels import mean_profile, measured_shares, read_measured, sum_slices


def two_panels() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Expected counts of three slices of other depth, the profile, and what was measured."""
    rng = np.random.default_rng(0)
    profile = rng.dirichlet(np.full(40, 0.7))
    measured = np.ones((3, 40), dtype=bool)
    measured[0, 25:] = False
    measured[1, :18] = False
    return np.array([[50.0], [900.0], [7000.0]]) * profile * measured, profile, measured


def test_the_profile_is_found_from_what_each_slice_measured() -> None:
    sums, profile, measured = two_panels()
    np.testing.assert_allclose(mean_profile(sums, measured), profile, rtol=1e-3)
    # Without a slice of all genes, the two panels are joined by the genes of both.
    np.testing.assert_allclose(mean_profile(sums[:2], measured[:2]), profile, rtol=0.02)


def test_with_all_measured_the_profile_is_the_share_of_the_counts() -> None:
    sums = np.random.default_rng(1).poisson(20.0, (4, 30)).astype(float)
    found = mean_profile(sums, np.ones(sums.shape, dtype=bool))
    np.testing.assert_allclose(found, sums.sum(axis=0) / sums.sum(), rtol=1e-6)


def test_a_spot_of_a_panel_has_the_share_of_its_factors() -> None:
    rates = np.array([[0.5, 0.5, 0.0, 0.0], [0.1, 0.0, 0.4, 0.5]])
    measured = np.array([[True, False, True, False], [True, True, True, True]])
    amounts = np.array([[2.0, 0.0], [0.0, 3.0], [1.0, 1.0], [0.3, 0.7]])
    shares = measured_shares(amounts, rates, measured, np.array([0, 0, 0, 1]))
    np.testing.assert_allclose(shares, [0.5, 0.5, 0.5, 1.0], rtol=1e-6)
    rates[1] = [0.1, 0.5, 0.0, 0.4]
    shares = measured_shares(amounts, rates, measured, np.array([0, 0, 0, 1]))
    np.testing.assert_allclose(shares, [0.5, 0.1, 0.3, 1.0], rtol=1e-6)


def test_counts_are_summed_by_slice() -> None:
    counts = sparse.csr_matrix(np.arange(12.0).reshape(4, 3))
    found = sum_slices(counts, np.array([1, 0, 1, 1]))
    np.testing.assert_array_equal(found, [[3, 4, 5], [15, 18, 21]])


def test_a_table_that_says_all_was_measured_is_none() -> None:
    spots = AnnData(np.ones((3, 2)))
    assert read_measured(spots) is None
    spots.varm["measured"] = np.ones((2, 1), dtype=bool)
    assert read_measured(spots) is None
    spots.varm["measured"] = np.array([[True], [False]])
    np.testing.assert_array_equal(read_measured(spots), [[True, False]])
