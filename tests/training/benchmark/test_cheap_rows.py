"""Cheap rows against direct computation, and their invariances."""

from __future__ import annotations

import sys

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from training.benchmark.cheap_rows import (
    harmonised,
    log_expression,
    multi_hop_pca,
    neighbour_means,
    nmf,
    plain_pca,
    smoothed_centred_pca,
)
from training.errors import MissingExtraError


def small(seed: int = 0, n: int = 40, n_genes: int = 12) -> tuple[np.ndarray, ...]:
    rng = np.random.default_rng(seed)
    counts = rng.poisson(rng.gamma(1.0, 2.0, size=(n, n_genes)))
    return counts, np.repeat(["x", "y"], n // 2), rng.uniform(0, 10, size=(n, 2))


def dense_log(counts: np.ndarray, genes: np.ndarray, target: float = 1e4) -> np.ndarray:
    return np.log1p(counts / counts.sum(axis=1, keepdims=True) * target)[:, genes]


def gram(points: np.ndarray) -> np.ndarray:
    return points @ points.T


def test_log_expression_scales_by_the_total_over_all_genes() -> None:
    counts, _, _ = small()
    genes = np.array([7, 0, 3])
    for form in (counts, sp.csr_matrix(counts), sp.csc_array(counts)):
        found = log_expression(form, genes, 500.0)
        np.testing.assert_allclose(found.toarray(), dense_log(counts, genes, 500.0))
    mask = np.isin(np.arange(12), genes)
    np.testing.assert_allclose(
        log_expression(counts, mask).toarray(), dense_log(counts, np.sort(genes))
    )


def test_log_expression_leaves_counts_alone_and_takes_empty_spots() -> None:
    counts = sp.csr_array(np.array([[0.0, 0.0], [1.0, 3.0]]))
    found = log_expression(counts, [0, 1], 4.0)
    np.testing.assert_allclose(found.toarray(), [[0, 0], [np.log(2), np.log(4)]])
    np.testing.assert_array_equal(counts.toarray(), [[0, 0], [1, 3]])


def test_neighbour_means_by_hand_stay_within_slices() -> None:
    spatial = np.array([[0, 0], [1, 0], [2.5, 0], [0, 0], [1, 0]])
    values = np.array([1.0, 3.0, 8.0, 100.0, 300.0])[:, None]
    slices = np.array(["a", "a", "a", "b", "b"])
    once = neighbour_means(values, slices, spatial, hops=1, neighbours=1)
    np.testing.assert_allclose(once.ravel(), [2.0, 2.0, 5.5, 200.0, 200.0])
    twice = neighbour_means(values, slices, spatial, hops=2, neighbours=1)
    np.testing.assert_allclose(twice.ravel(), [2.0, 2.0, 3.75, 200.0, 200.0])
    whole = neighbour_means(values, slices, spatial, hops=1, neighbours=6)
    np.testing.assert_allclose(whole.ravel(), [4.0, 4.0, 4.0, 200.0, 200.0])


def test_plain_pca_is_that_of_scikit_learn() -> None:
    from sklearn.decomposition import PCA

    counts, slices, _ = small()
    genes = np.arange(10)
    expected = PCA(4, svd_solver="full").fit_transform(dense_log(counts, genes))
    found = plain_pca(sp.csr_array(counts), slices, genes, n=4)
    np.testing.assert_allclose(np.abs(found), np.abs(expected), atol=1e-8)


def test_centred_pca_has_no_slice_means_and_keeps_all_other_variance() -> None:
    counts, slices, _ = small()
    genes = np.arange(10)
    found = plain_pca(counts, slices, genes, n=10, centred=True)
    for name in ("x", "y"):
        np.testing.assert_allclose(found[slices == name].mean(axis=0), 0.0, atol=1e-9)
    expression = dense_log(counts, genes)
    for name in ("x", "y"):
        expression[slices == name] -= expression[slices == name].mean(axis=0)
    np.testing.assert_allclose(gram(found), gram(expression), atol=1e-8)


def test_smoothed_rows_are_the_pca_of_smoothed_values() -> None:
    counts, slices, spatial = small()
    genes = np.arange(12)
    smooth = dense_log(counts, genes)
    for _ in range(3):
        before = smooth.copy()
        for i in range(len(counts)):
            mates = np.flatnonzero(slices == slices[i])
            distance = np.linalg.norm(spatial[mates] - spatial[i], axis=1)
            smooth[i] = before[mates[np.argsort(distance)[:7]]].mean(axis=0)
    for name in ("x", "y"):
        smooth[slices == name] -= smooth[slices == name].mean(axis=0)
    found = smoothed_centred_pca(counts, slices, spatial, genes, hops=3, n=12)
    np.testing.assert_allclose(gram(found), gram(smooth), atol=1e-8)


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_rows_do_not_depend_on_names_of_slices_or_order_of_spots_and_genes(seed: int) -> None:
    counts, slices, spatial = small(seed)
    rng = np.random.default_rng(seed)
    order, genes = rng.permutation(len(counts)), rng.permutation(12)
    renamed = np.array([f"slice {name}" for name in slices[order]])
    first = smoothed_centred_pca(counts, slices, spatial, np.arange(12), n=12)
    again = smoothed_centred_pca(counts[order], renamed, spatial[order], genes, n=12)
    np.testing.assert_allclose(gram(first)[np.ix_(order, order)], gram(again), atol=1e-7)


def test_fewer_genes_than_components_give_as_many_as_there_are() -> None:
    counts, slices, _ = small()
    assert plain_pca(counts, slices, [1, 2, 3], n=30).shape == (40, 3)


def test_smoothing_and_centring_find_tissue_that_batch_effects_hide() -> None:
    from training.metrics import ilisi

    rng = np.random.default_rng(0)
    side = np.stack(np.meshgrid(np.arange(20.0), np.arange(20.0)), axis=-1).reshape(-1, 2)
    spatial = np.tile(side, (2, 1))
    slices = np.repeat(["x", "y"], 400)
    region = (spatial[:, 0] >= 10).astype(int)
    rate = np.exp(rng.normal(size=(2, 60)) * 0.5)[region]
    rate *= np.exp(rng.normal(size=(2, 60)))[(slices == "y").astype(int)]
    counts = sp.csr_array(rng.poisson(rate))
    genes = np.arange(60)
    assert ilisi(plain_pca(counts, slices, genes), slices) < 1.2
    assert ilisi(smoothed_centred_pca(counts, slices, spatial, genes), slices) > 1.3


def test_nmf_gives_proportions_and_loadings_of_the_chosen_genes() -> None:
    rng = np.random.default_rng(0)
    truth = rng.dirichlet([0.2] * 3, size=120)
    programmes = np.kron(np.eye(3), np.ones((1, 10)))
    counts = rng.poisson(200 * truth @ programmes / 10)
    counts = np.hstack([counts, rng.poisson(1.0, size=(120, 5))])
    genes = np.arange(30)
    proportions, loadings = nmf(sp.csr_array(counts), ["x"] * 120, genes, n_factors=3)
    np.testing.assert_allclose(proportions.sum(axis=1), 1.0)
    np.testing.assert_allclose(np.nansum(loadings, axis=0), 1.0)
    assert np.isnan(loadings[30:]).all()
    assert not np.isnan(loadings[:30]).any()
    from training.metrics import factor_diversity, matched_correlation

    assert matched_correlation(proportions, truth).mean > 0.85
    assert factor_diversity(loadings) == 1.0


def test_harmony_says_what_to_install_when_it_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "harmonypy", None)
    with pytest.raises(MissingExtraError, match=r"inspire-atlas\[bench\]"):
        harmonised(np.zeros((4, 2)), ["x", "x", "y", "y"])


def test_harmony_mixes_shifted_slices() -> None:
    pytest.importorskip("harmonypy", reason="the bench extra is not installed")
    from training.metrics import ilisi

    rng = np.random.default_rng(0)
    slices = np.repeat(["x", "y"], 150)
    tissue = rng.integers(0, 2, 300)
    latent = rng.normal(size=(300, 4)) + 6.0 * tissue[:, None]
    latent[slices == "y"] += [3.0, -3.0, 0.0, 2.0]
    corrected = harmonised(latent, slices)
    assert corrected.shape == latent.shape
    assert ilisi(corrected, slices) > ilisi(latent, slices) + 0.3
    np.testing.assert_array_equal(harmonised(latent, ["x"] * 300), latent)


def test_multi_hop_rows_have_the_reduced_size() -> None:
    pytest.importorskip("harmonypy", reason="the bench extra is not installed")
    counts, slices, spatial = small(n=80)
    found = multi_hop_pca(counts, slices, spatial, np.arange(12), n=8, reduced=5)
    assert found.shape == (80, 5)
    assert np.isfinite(found).all()
    beside = multi_hop_pca(counts, slices, spatial, np.arange(12), n=8, hops=2, reduced=None)
    assert beside.shape == (80, 24)
    np.testing.assert_allclose(
        beside[:, 8:16], neighbour_means(beside[:, :8], slices, spatial), atol=1e-12
    )
