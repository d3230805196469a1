"""Which genes are chosen, and what normalisation keeps and takes off."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from training.inputs.preprocess import choose_genes, normalise, rank_variable_genes

MITOCHONDRIAL = r"(?i)^mt[-.]"


def series(
    n_slices: int = 4, per_slice: int = 80, n_genes: int = 150, seed: int = 0
) -> tuple[sparse.csr_matrix, np.ndarray, list[str]]:
    """Genes 0 to 9 differ between two kinds of spot in every slice; the others only by noise."""
    rng = np.random.default_rng(seed)
    slices = np.repeat(np.arange(n_slices), per_slice)
    mean = rng.lognormal(1.5, 0.5, n_genes)
    rate = np.tile(mean, (len(slices), 1))
    kind = rng.random(len(slices)) < 0.5
    rate[:, :10] *= np.where(kind, 1.9, 0.1)[:, None]
    return sparse.csr_matrix(rng.poisson(rate)), slices, [f"Gene{i}" for i in range(n_genes)]


def test_variable_genes_rank_first() -> None:
    counts, slices, _ = series()
    ranks = rank_variable_genes(counts, slices)
    assert ranks.shape == (4, 150)
    for row in ranks:
        assert sorted(row) == list(range(150))
        assert len(set(np.argsort(row)[:12]) & set(range(10))) >= 9


def test_undetected_genes_have_no_rank() -> None:
    counts, slices, _ = series()
    dense = counts.toarray()
    dense[slices == 1, 5] = 0
    ranks = rank_variable_genes(sparse.csr_matrix(dense), slices)
    assert np.isnan(ranks[1, 5])
    assert np.isfinite(ranks[[0, 2, 3], 5]).all()


@settings(max_examples=6, deadline=None)
@given(st.integers(10, 180), st.integers(0, 20))
def test_the_shared_number_is_fixed(n_genes: int, seed: int) -> None:
    counts, slices, names = series(n_slices=3, seed=seed)
    chosen = choose_genes(counts, slices, names, n_genes)
    assert len(chosen) == min(n_genes, 150)
    assert (np.diff(chosen) > 0).all()


def test_many_slices_do_not_shrink_the_list() -> None:
    counts, slices, names = series(n_slices=12, per_slice=40)
    chosen = choose_genes(counts, slices, names, 15)
    assert len(chosen) == 15
    assert set(range(10)) <= set(chosen)


def test_excluded_genes_are_never_chosen() -> None:
    counts, slices, names = series()
    names[3], names[4], names[5] = "MT-CO1", "mt-Nd1", "Mtor"
    chosen = choose_genes(counts, slices, names, 150, MITOCHONDRIAL)
    assert not {3, 4} & set(chosen)
    assert 5 in chosen
    assert len(chosen) == 148


def test_a_gene_of_few_slices_yields_to_shared_ones() -> None:
    """However variable: a gene seen in one slice of four says where a spot is from."""
    counts, slices, names = series()
    dense = counts.toarray()
    dense[slices != 0, 0] = 0
    chosen = choose_genes(sparse.csr_matrix(dense), slices, names, 30)
    assert 0 not in chosen
    assert set(range(1, 10)) <= set(chosen)


def test_a_gene_without_counts_is_not_chosen() -> None:
    counts, slices, names = series()
    dense = counts.toarray()
    dense[:, 20] = 0
    assert 20 not in choose_genes(sparse.csr_matrix(dense), slices, names, 150)


def test_slices_too_small_to_rank_do_not_break_the_choice() -> None:
    counts, slices, names = series()
    slices = slices.copy()
    slices[:2] = 4
    chosen = choose_genes(counts, slices, names, 20)
    assert len(chosen) == 20
    assert np.isnan(rank_variable_genes(counts, slices)[4]).all()


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 999), st.sampled_from([1e3, 1e4]))
def test_expression_is_log_of_scaled_counts(seed: int, target_sum: float) -> None:
    rng = np.random.default_rng(seed)
    counts = rng.poisson(1.0, (12, 9))
    totals = counts.sum(axis=1) + rng.integers(0, 5, 12)
    found = normalise(sparse.csr_matrix(counts), totals, target_sum)
    expected = np.log1p(counts * target_sum / np.maximum(totals, 1)[:, None])
    assert found.dtype == np.float32
    np.testing.assert_allclose(found.toarray(), expected, rtol=1e-5)


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 999))
def test_effects_are_taken_off_exactly_and_zero_stays_zero(seed: int) -> None:
    rng = np.random.default_rng(seed)
    counts = sparse.csr_matrix(rng.poisson(0.8, (14, 6)))
    slices = rng.integers(3, size=14)
    effects = rng.normal(0, 1, (3, 6))
    totals = np.asarray(counts.sum(axis=1)).ravel() + 1.0
    found = normalise(counts, totals, 1e4, effects, slices)
    expected = np.log1p(counts.toarray() * 1e4 / totals[:, None] / np.exp(effects[slices]))
    np.testing.assert_allclose(found.toarray(), expected, rtol=2e-5)
    np.testing.assert_array_equal(found.toarray() == 0, counts.toarray() == 0)


def test_a_planted_effect_leaves_no_trace() -> None:
    """Slices that differ by gene effects only have one expression once the effects are off."""
    rng = np.random.default_rng(0)
    rate = rng.uniform(50, 200, (20, 5))
    effects = np.array([[0.7] * 5, [-0.7] * 5])
    both = sparse.csr_matrix(np.vstack([rate * np.exp(effects[0]), rate * np.exp(effects[1])]))
    totals = np.full(40, 5000.0)
    found = normalise(both, totals, 1e4, effects, np.repeat([0, 1], 20)).toarray()
    np.testing.assert_allclose(found[:20], found[20:], rtol=1e-5)


def test_the_input_is_not_changed() -> None:
    counts = sparse.csr_matrix(np.array([[1.0, 2.0], [0.0, 3.0]], dtype=np.float32))
    before = counts.copy()
    normalise(counts, np.array([3.0, 3.0]), 1e4, np.ones((1, 2)), np.zeros(2, dtype=int))
    assert (counts != before).nnz == 0


def test_an_empty_spot_stays_empty() -> None:
    found = normalise(sparse.csr_matrix((1, 4)), np.zeros(1), 1e4)
    assert found.nnz == 0


@pytest.mark.parametrize("n_genes", [10, 30])
def test_the_order_of_slices_does_not_matter(n_genes: int) -> None:
    counts, slices, names = series()
    order = np.argsort(-slices, kind="stable")
    one = choose_genes(counts, slices, names, n_genes)
    other = choose_genes(counts[order], slices.max() - slices[order], names, n_genes)
    np.testing.assert_array_equal(one, other)


def test_genes_are_judged_by_the_slices_that_measured_them() -> None:
    """Variable genes that half of the slices lack are chosen still."""
    counts, slices, names = series()
    measured = np.ones((4, 150), dtype=bool)
    measured[2:, :5] = False
    counts = counts.multiply(measured[slices]).tocsr()
    found = choose_genes(counts, slices, names, 12, measured=measured)
    assert set(range(10)) <= set(found)


def test_a_small_panel_keeps_its_best_genes() -> None:
    counts, slices, names = series()
    measured = np.ones((4, 150), dtype=bool)
    measured[3] = False
    measured[3, 100:] = True
    counts = counts.multiply(measured[slices]).tocsr()
    found = choose_genes(counts, slices, names, 40, measured=measured)
    assert len(found) == 40
    assert measured[3, found].sum() >= 8
    assert set(range(10)) <= set(found)


def test_a_mask_of_all_genes_chooses_the_same() -> None:
    counts, slices, names = series(seed=3)
    every = np.ones((4, 150), dtype=bool)
    np.testing.assert_array_equal(
        choose_genes(counts, slices, names, 30, measured=every),
        choose_genes(counts, slices, names, 30),
    )
