"""Diversity and coherence of factors: by hand, against a direct computation, and edge cases."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
import scipy.sparse as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from training.metrics import coherence_of, factor_coherence, factor_diversity, top_genes


def naive_coherence(loadings: np.ndarray, counts: np.ndarray, top: int) -> float:
    """NPMI by the definition, pair by pair."""
    seen = counts > 0
    factors = []
    for k in range(loadings.shape[1]):
        genes = np.argsort(-loadings[:, k], kind="stable")[:top]
        pairs = []
        for g, h in combinations(genes, 2):
            both = np.mean(seen[:, g] & seen[:, h])
            if both == 0:
                pairs.append(-1.0)
            elif both == 1:
                pairs.append(0.0)
            else:
                pairs.append(np.log(both / (seen[:, g].mean() * seen[:, h].mean())) / -np.log(both))
        factors.append(np.mean(pairs))
    return float(np.mean(factors))


def test_diversity_counts_genes_of_one_factor_only() -> None:
    loadings = np.array([[5, 5, 0], [4, 0, 0], [0, 4, 5], [0, 0, 4], [0, 0, 0.0]])
    # Top two: {0, 1}, {0, 2}, {2, 3}: two of six belong to one factor alone.
    assert factor_diversity(loadings, top=2) == pytest.approx(2 / 6)


def test_diversity_of_equal_factors_is_zero_and_of_disjoint_ones_is_one() -> None:
    same = np.tile(np.arange(30.0)[:, None], 3)
    assert factor_diversity(same) == 0.0
    assert factor_diversity(np.kron(np.eye(3), np.ones((10, 1)))) == 1.0


def test_diversity_of_random_loadings_is_what_chance_gives() -> None:
    # A gene of the top ten is in none of 19 other lists with probability (1 − 10/1179)^19 = .85.
    loadings = np.random.default_rng(0).uniform(size=(1179, 20))
    assert factor_diversity(loadings) == pytest.approx((1 - 10 / 1179) ** 19, abs=0.05)


def test_genes_outside_the_fit_are_never_top() -> None:
    loadings = np.array([[np.nan, np.nan], [3, 1], [1, 2], [np.nan, np.nan], [2, 3]])
    assert top_genes(loadings, 2).tolist() == [[1, 4], [4, 2]]
    assert top_genes(loadings, 10).shape == (2, 3)


def test_coherence_by_hand() -> None:
    # Four spots. Genes 0 and 1 in the same two: NPMI = log(.5/.25)/−log .5 = 1.
    # Gene 2 in the other two: with either −1. Gene 3 in spots 0 and 2: p = .25 with each, NPMI 0.
    counts = np.array([[3, 1, 0, 9], [2, 7, 0, 0], [0, 0, 4, 1], [0, 0, 1, 0]])
    loadings = np.zeros((4, 1))
    for genes, expected in (((0, 1), 1.0), ((0, 2), -1.0), ((0, 3), 0.0), ((0, 1, 2), -1 / 3)):
        chosen = loadings.copy()
        chosen[list(genes)] = 1.0
        assert factor_coherence(chosen, counts, top=len(genes)) == pytest.approx(expected)


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10_000), rate=st.floats(0.02, 3.0), n=st.integers(1, 60))
def test_coherence_is_the_naive_value_for_any_form_of_the_counts(
    seed: int, rate: float, n: int
) -> None:
    rng = np.random.default_rng(seed)
    counts = rng.poisson(rate, size=(n, 25))
    loadings = rng.uniform(size=(25, 4))
    expected = naive_coherence(loadings, counts, 5)
    assert -1.0 <= expected <= 1.0
    for form in (counts, sp.csr_matrix(counts), sp.csc_array(counts.astype(np.float32))):
        assert factor_coherence(loadings, form, top=5) == pytest.approx(expected, abs=1e-12)


def test_stored_zeros_and_repeated_entries_are_not_detections_of_their_own() -> None:
    counts = np.array([[1, 1], [0, 1], [1, 0], [0, 0]])
    padded = sp.csr_array(
        (
            np.array([0.5, 0.5, 1.0, 0.0, 1.0, 1.0, 0.0]),
            (np.array([0, 0, 0, 1, 1, 2, 3]), np.array([0, 0, 1, 0, 1, 0, 1])),
        ),
        shape=(4, 2),
    )
    loadings = np.ones((2, 1))
    assert factor_coherence(loadings, padded) == factor_coherence(loadings, counts) == 0.0


def test_a_pair_in_every_spot_says_nothing_and_a_gene_never_seen_is_apart() -> None:
    loadings = np.ones((2, 1))
    assert factor_coherence(loadings, np.ones((5, 2))) == 0.0
    assert factor_coherence(loadings, np.array([[1, 0]] * 5)) == -1.0


def test_without_genes_pairs_or_spots_there_is_no_value() -> None:
    assert factor_diversity(np.full((4, 2), np.nan)) is None
    assert factor_diversity(np.zeros((4, 0))) is None
    assert factor_coherence(np.full((4, 2), np.nan), np.ones((3, 4))) is None
    assert factor_coherence(np.ones((1, 2)), np.ones((3, 1))) is None
    assert factor_coherence(np.ones((4, 2)), np.ones((0, 4))) is None


def test_pairs_are_judged_by_spots_that_measured_both() -> None:
    """The same as with the other spots cut out; pairs that no spot measured are left out."""
    rng = np.random.default_rng(0)
    present = rng.random((80, 3)) < 0.5
    seen = np.ones((80, 3), dtype=bool)
    seen[:30, 1] = False
    seen[30:, 2] = False
    present &= seen
    genes = np.array([[0, 1, 2]])
    found = coherence_of(genes, lambda g: present[:, g], lambda g: seen[:, g])
    pairs = [
        coherence_of(np.array([[0, other]]), lambda g, rows=rows: present[rows, g])
        for other, rows in ((1, slice(30, None)), (2, slice(30)))
    ]
    assert found == pytest.approx(np.mean(pairs))
    every = np.ones(80, dtype=bool)
    assert coherence_of(genes, lambda g: present[:, g], lambda g: every) == pytest.approx(
        coherence_of(genes, lambda g: present[:, g])
    )
