"""What is far from the reference, and what lies near it but is not made of its factors."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import sparse

from training.mapping.familiarity import (
    TOLERANCE,
    agreement,
    correlate_profiles,
    expect_logs,
    ordinary_agreement,
    ordinary_distance,
    out_of_reference_score,
)
from training.preparation.reference import Prepared


def tissue(n: int = 60, seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Counts (n, G) of proportions (n, K) of loadings (K, G)."""
    rng = np.random.default_rng(seed)
    loadings = rng.dirichlet(np.full(80, 0.3), 3)
    proportions = rng.dirichlet(np.ones(3), n)
    return rng.poisson(3000 * proportions @ loadings), proportions, loadings


def test_profiles_are_correlated_in_logarithms() -> None:
    counts, proportions, loadings = tissue()
    found = correlate_profiles(counts, proportions, loadings)
    measured = np.log1p(1e4 * counts / counts.sum(axis=1, keepdims=True))
    expected = np.log1p(1e4 * proportions @ loadings)
    for i in range(len(counts)):
        assert found[i] == pytest.approx(np.corrcoef(measured[i], expected[i])[0, 1], abs=1e-5)
    assert found.min() > 0.9


def test_the_unit_of_counts_and_proportions_does_not_matter() -> None:
    counts, proportions, loadings = tissue()
    expected = correlate_profiles(counts, proportions, loadings)
    np.testing.assert_allclose(
        correlate_profiles(7 * counts, 3 * proportions, 0.2 * loadings), expected, atol=1e-6
    )


@pytest.mark.parametrize("share", [1.0, 0.1, 0.02])
def test_depth_makes_nothing_more_or_less_foreign(share: float) -> None:
    counts, proportions, loadings = tissue()
    shallow = np.random.default_rng(2).binomial(counts, share)
    own = agreement(shallow, proportions, loadings)
    assert np.median(own) == pytest.approx(1, abs=0.05)
    order = np.random.default_rng(1).permutation(80)
    foreign = agreement(shallow[:, order], proportions, loadings)
    assert np.median(foreign) < 0.3
    assert foreign.max() < own.min()


def test_another_technology_is_no_foreign_tissue() -> None:
    found, ordinary = [], []
    # Which genes a technology is good at makes more or less of a difference.
    for seed in range(9):
        counts, proportions, loadings = tissue(seed=seed)
        rng = np.random.default_rng(seed)
        efficiency = np.exp(rng.normal(0, 1, 80))
        seen = rng.binomial(counts, efficiency / efficiency.max())
        found.append(np.quantile(agreement(seen, proportions, loadings), 0.05))
        ordinary.append(np.quantile(agreement(counts, proportions, loadings), 0.05))
    print(f"low agreement {np.mean(found):.3f}, border {TOLERANCE * np.mean(ordinary):.3f}")
    assert np.mean(found) > TOLERANCE * np.mean(ordinary)


@pytest.mark.parametrize("total", [60, 1000, 20_000])
def test_logarithms_of_counts_are_as_many_draws_have_them(total: int) -> None:
    _, proportions, loadings = tissue(n=8)
    rates = (total * proportions @ loadings).astype(np.float32)
    means, variances = expect_logs(rates, np.full((8, 1), total, dtype=np.float32))
    drawn = np.log1p(1e4 * np.random.default_rng(0).poisson(rates, (2000, *rates.shape)) / total)
    assert np.abs(means - drawn.mean(axis=0)).mean() < 0.05 * drawn.std(axis=0).mean()
    assert variances.sum() == pytest.approx(drawn.var(axis=0).sum(), rel=0.05)


def test_foreign_genes_do_not_agree() -> None:
    counts, proportions, loadings = tissue()
    order = np.random.default_rng(1).permutation(80)
    assert np.abs(agreement(counts[:, order], proportions, loadings)).max() < 0.4


def test_spots_without_counts_have_no_agreement() -> None:
    counts, proportions, loadings = tissue()
    counts[3] = 0
    assert agreement(counts, proportions, loadings)[3] == 0


def test_ordinary_agreement_is_a_low_quantile_of_the_reference() -> None:
    counts, proportions, loadings = tissue()
    prepared = Prepared(
        genes=np.arange(80),
        counts=sparse.csr_matrix(counts, dtype=np.float32),
        totals=counts.sum(axis=1).astype(np.float32),
        adjacency=sparse.identity(60, dtype=np.float32, format="csr"),
        radii=np.zeros(1),
        slices=np.zeros(60, dtype=np.int64),
    )
    found = ordinary_agreement(prepared, proportions, loadings, seed=0)
    exceeding = (agreement(counts, proportions, loadings) > found).mean()
    assert 0.93 <= exceeding <= 0.97


@pytest.mark.parametrize("n_slices", [1, 2, 4])
def test_ordinary_distance_is_kept_by_most_spots_of_other_slices(n_slices: int) -> None:
    rng = np.random.default_rng(0)
    latent = rng.normal(size=(400, 3)).astype(np.float32)
    slices = np.arange(400) % n_slices
    distance = ordinary_distance(latent, slices, seed=0)
    far = []
    for i in range(400):
        others = latent[slices != slices[i]] if n_slices > 1 else latent
        far.append(np.sort(np.linalg.norm(others - latent[i], axis=1))[:20].mean())
    assert 0.92 <= np.mean(np.array(far) <= distance) <= 0.98


def test_the_score_is_the_worse_of_both() -> None:
    score = out_of_reference_score(
        distances=np.array([1.0, 3.0, 1.0, 3.0]),
        agreements=np.array([0.9, 0.9, 0.25, 0.25]),
        distance=2.0,
        ordinary=0.9,
    )
    assert score.dtype == np.float32
    np.testing.assert_allclose(score, [0.5, 1.5, 0.75 / 0.37, 0.75 / 0.37], rtol=1e-6)
    # Seven tenths of the ordinary agreement are the border.
    border = out_of_reference_score(np.zeros(2), np.array([0.64, 0.62]), 2.0, 0.9)
    assert border[0] < 1 < border[1]
