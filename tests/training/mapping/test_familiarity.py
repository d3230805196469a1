"""What is far from the reference, and what lies near it but is not made of its factors."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import sparse

from training.inputs.reference import Prepared
from training.mapping.familiarity import (
    TOLERANCE,
    agreement,
    correlate_profiles,
    ordinary_agreement,
    ordinary_distance,
    out_of_reference_score,
)


def tissue(n: int = 60, seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Counts (n, G) of proportions (n, K) of loadings (K, G)."""
    rng = np.random.default_rng(seed)
    loadings = rng.dirichlet(np.full(80, 0.3), 3)
    proportions = rng.dirichlet(np.ones(3), n)
    return rng.poisson(3000 * proportions @ loadings), proportions, loadings


def agree(counts: np.ndarray, proportions: np.ndarray, loadings: np.ndarray) -> np.ndarray:
    return agreement(counts, proportions, loadings, np.random.default_rng(0))


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
    own = agree(shallow, proportions, loadings)
    assert np.median(own) == pytest.approx(1, abs=0.05)
    order = np.random.default_rng(1).permutation(80)
    foreign = agree(shallow[:, order], proportions, loadings)
    assert np.median(foreign) < 0.3
    assert foreign.max() < own.min()


def test_another_technology_is_no_foreign_tissue() -> None:
    counts, proportions, loadings = tissue()
    efficiency = np.exp(np.random.default_rng(3).normal(0, 1, 80))
    seen = np.random.default_rng(4).binomial(counts, efficiency / efficiency.max())
    found = agree(seen, proportions, loadings)
    print(f"median agreement {np.median(found):.2f}")
    assert np.quantile(found, 0.05) > TOLERANCE * np.quantile(agree(*tissue()), 0.05)


def test_foreign_genes_do_not_agree() -> None:
    counts, proportions, loadings = tissue()
    order = np.random.default_rng(1).permutation(80)
    assert np.abs(agree(counts[:, order], proportions, loadings)).max() < 0.4


def test_spots_without_counts_have_no_agreement() -> None:
    counts, proportions, loadings = tissue()
    counts[3] = 0
    assert agree(counts, proportions, loadings)[3] == 0


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
    exceeding = (agree(counts, proportions, loadings) > found).mean()
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
