"""Ranked genes of factors and the names they give."""

from __future__ import annotations

import numpy as np
import pytest

from training.store.genes.rankedgenes import name_factors, rank_genes, specificity

LOADINGS = np.array([[0.5, 0.1], [0.3, 0.9], [0.2, 0.0], [np.nan, np.nan], [0.0, 0.0]])
NAMES = ["a", "b", "c", "d", "e"]


def test_specificity_is_the_share_of_the_gene() -> None:
    found = specificity(LOADINGS)
    np.testing.assert_allclose(found[:3], [[5 / 6, 1 / 6], [0.25, 0.75], [1, 0]])
    assert np.isnan(found[3]).all()
    assert found[4].tolist() == [0.0, 0.0]


def test_genes_are_ranked_by_score_without_those_not_fitted() -> None:
    ranked = rank_genes(LOADINGS, NAMES, 0)
    assert [w.gene for w in ranked] == ["a", "c", "b", "e"]
    assert [w.rank for w in ranked] == [1, 2, 3, 4]
    assert ranked[0].score == pytest.approx(0.5 * 5 / 6)
    assert ranked[0].specificity == pytest.approx(5 / 6)
    assert [w.gene for w in rank_genes(LOADINGS, NAMES, 1, 1)] == ["b"]


def test_factors_are_named_by_their_specific_genes() -> None:
    assert name_factors(LOADINGS, NAMES) == ["a c", "b a"]


def test_names_stay_with_factors_in_another_order() -> None:
    rng = np.random.default_rng(0)
    loadings = rng.dirichlet(np.full(40, 0.3), 8).T
    genes = [f"g{i}" for i in range(40)]
    order = rng.permutation(8)
    names = name_factors(loadings, genes)
    assert len(set(names)) == 8
    assert name_factors(loadings[:, order], genes) == [names[k] for k in order]


def test_names_that_would_be_the_same_grow_until_they_differ() -> None:
    loadings = np.array([[0.5, 0.5, 0.1], [0.3, 0.3, 0.1], [0.2, 0.05, 0.1], [0.0, 0.15, 0.7]])
    assert name_factors(loadings, NAMES[:4]) == ["a b c", "a b d", "d c"]


def test_factors_with_the_same_loadings_still_have_names_of_their_own() -> None:
    same = np.tile(np.array([[0.6], [0.4]]), (1, 3))
    names = name_factors(same, ["a", "b"])
    assert len(set(names)) == 3
    assert all(name.startswith("a b") for name in names)
    assert name_factors(np.array([[1.0]]), ["only"]) == ["only"]
