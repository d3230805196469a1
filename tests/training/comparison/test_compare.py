"""Simulated slices with and without a change in one domain, beside a reference."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy import sparse

from training.comparison.compare import Comparison, compare_sides, weighted_median
from training.comparison.distance import Distance, measure_distance
from training.comparison.sums import Mapped, Side, leave_out_foreign
from training.mapping.reading.genecounts import GeneCounts

N_GENES, N_DOMAINS = 300, 5
CHANGED, DOMAIN = slice(0, 20), 2


def simulate(seed: int, stages: list[int], scale: float = 1.0) -> Side:
    """Slices that differ by technology and, gene by gene and domain by domain, for no reason."""
    tissue, rng = np.random.default_rng(0), np.random.default_rng(seed)
    rates = tissue.gamma(1.5, 40, (N_DOMAINS, N_GENES))
    n = len(stages)
    technology = rng.normal(0, 0.2, (n, 1, N_GENES))
    rates = rates * np.exp(technology + rng.normal(0, 0.15, (n, N_DOMAINS, N_GENES)))
    counts = rng.poisson(rates * scale).astype(np.float32)
    factors = np.exp(rng.normal(0, 0.1, (n, N_DOMAINS, 4))) * [4, 3, 2, 1]
    return Side(
        np.array(stages),
        rng.poisson(40, (n, N_DOMAINS)) + 10,
        counts,
        factors / factors.sum(axis=2, keepdims=True),
        np.ones((n, N_GENES), dtype=bool),
    )


def planted(side: Side) -> Side:
    counts = side.counts.copy()
    counts[:, DOMAIN, CHANGED] *= 4
    return replace(side, counts=counts)


@pytest.fixture(scope="module")
def reference() -> Side:
    return simulate(1, [0, 0, 0, 1, 1])


def beyond(found: Distance) -> np.ndarray:
    """Whether 0 lies outside of the interval."""
    return (found.low > 0) | (found.high < 0)


def shares(found: Comparison, own: bool) -> float:
    parts = [each.own if own else each.effect for each in found.genes]
    return float(np.mean(np.concatenate([beyond(part) for part in parts if part is not None])))


@pytest.mark.parametrize("scale", [1.0, 0.3])
def test_of_an_untouched_slice_one_gene_in_twenty_lies_beyond(scale: float) -> None:
    found = [
        compare_sides(simulate(seed, [0], scale), simulate(100 + seed, [0, 0, 0, 1, 1]))
        for seed in range(8)
    ]
    assert np.mean([shares(each, own=True) for each in found]) <= 0.07
    assert np.mean([shares(each, own=False) for each in found]) <= 0.07
    factors = np.concatenate([beyond(part.effect) for each in found for part in each.factors])
    domains = np.concatenate([beyond(each.composition[0].effect) for each in found])
    assert factors.mean() <= 0.12
    assert domains.mean() <= 0.12


def test_a_change_in_one_domain_is_found_there(reference: Side) -> None:
    found = compare_sides(planted(simulate(2, [0])), reference)
    for each in found.genes:
        assert each.own is not None
        marked = beyond(each.own)
        if each.domain == DOMAIN:
            assert marked[CHANGED].mean() >= 0.9
            np.testing.assert_allclose(np.median(each.own.effect[CHANGED]), 2, atol=0.4)
        else:
            assert marked.mean() <= 0.12
        assert np.isnan(each.own.p).all()
        assert (each.effect.n_query == 1).all()
        assert each.effect.n_reference.max() == 3


def test_technology_moves_what_was_measured_and_not_a_domain_s_own_change(reference: Side) -> None:
    query = simulate(2, [0])
    strange = np.where(np.arange(N_GENES) % 2, 2.0, 0.5).astype(np.float32)
    found = compare_sides(replace(query, counts=np.rint(query.counts * strange)), reference)
    assert shares(found, own=True) <= 0.08
    assert shares(found, own=False) > 0.4


def test_two_slices_are_replicates_and_have_p(reference: Side) -> None:
    found = compare_sides(planted(simulate(3, [0, 0])), reference)
    for each in found.genes:
        assert each.own is not None
        low = each.own.p < 0.01
        if each.domain == DOMAIN:
            assert low[CHANGED].mean() >= 0.9
            assert low[20:].mean() <= 0.05
        else:
            assert low.mean() <= 0.05


def test_what_a_slice_did_not_measure_is_not_compared_with_it(reference: Side) -> None:
    measured = reference.measured.copy()
    measured[:3, :10] = False
    measured[0, 10:20] = False
    counts = np.where(measured[:, None], reference.counts, 0).astype(np.float32)
    partial = replace(reference, counts=counts, measured=measured)
    found = compare_sides(simulate(2, [0]), partial)
    for each in found.genes:
        assert not np.isin(np.arange(10), each.rows).any()
        assert (each.effect.n_reference[np.isin(each.rows, np.arange(10, 20))] == 2).all()


def test_a_stage_that_the_reference_lacks_is_not_compared(reference: Side) -> None:
    assert compare_sides(simulate(2, [7]), reference) == Comparison()


def test_without_two_slices_of_a_stage_there_is_no_interval() -> None:
    found = measure_distance(np.ones((1, 3)), np.zeros((2, 3)), np.array([0, 1]), 0)
    assert (found.effect == 1).all()
    assert np.isnan(found.low).all()
    assert np.isnan(found.p).all()


def test_a_weighted_median_is_the_value_in_the_middle() -> None:
    values = np.array([[1.0, np.nan], [2.0, np.nan], [9.0, np.nan]])
    weights = np.array([[1.0, 0], [1.0, 0], [1.0, 0]])
    found = weighted_median(values, weights)
    assert found[0] == 2
    assert np.isnan(found[1])
    weights[0] = 0
    assert weighted_median(values, weights)[0] == pytest.approx(5.5)


def test_slices_of_other_tissue_are_no_replicates() -> None:
    slices = np.repeat([0, 1, 2], [4, 4, 2])
    outside = np.array([False] * 4 + [True] * 4 + [False, True])
    counts = GeneCounts(sparse.csr_matrix(np.arange(10.0)[:, None]))
    codes = np.zeros(10, dtype=np.int64)
    mapped = Mapped(
        GeneCounts(counts), ["a"], codes, codes, slices, np.ones((10, 1), np.float32), outside
    )
    kept, foreign = leave_out_foreign(mapped)
    assert foreign == 1
    assert kept.slices.tolist() == [0] * 4 + [1] * 2
    assert kept.counts.whole().toarray().ravel().tolist() == [0, 1, 2, 3, 8, 9]
    alone = replace(mapped, outside=np.ones(10, dtype=bool))
    same, none = leave_out_foreign(alone)
    assert (same is alone, none) == (True, 0)
