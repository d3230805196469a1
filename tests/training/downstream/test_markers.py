"""Markers against a plain loop over slices, and on counts with planted genes."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import sparse
from scipy.stats import false_discovery_control, ttest_rel

from training.downstream.markers import MIN_SPOTS, contrast_domains, rank_markers, tabulate_markers
from training.inputs.preprocess import normalise

N_SLICES, PER_SLICE, GENES = 5, 120, 60


class Section:
    """Five slices of three domains; the last domain has too few spots in slice 0.

    Gene 7 is five times higher in domain 1, gene 9 fifty times, but in slice 2 alone, and gene 11
    is never seen.
    """

    def __init__(self, seed: int = 0) -> None:
        rng = np.random.default_rng(seed)
        self.slices = np.repeat(np.arange(N_SLICES), PER_SLICE)
        self.domains = rng.choice(3, len(self.slices), p=[0.5, 0.3, 0.2])
        first = np.flatnonzero((self.slices == 0) & (self.domains == 2))
        self.domains[first[MIN_SPOTS - 1 :]] = 0
        rates = np.tile(rng.gamma(1.0, 1.0, GENES) + 0.2, (len(self.slices), 1))
        rates *= np.exp(0.3 * rng.normal(size=(N_SLICES, GENES)))[self.slices]
        rates[self.domains == 1, 7] *= 5
        rates[(self.domains == 1) & (self.slices == 2), 9] *= 50
        rates[:, 11] = 0
        counts = sparse.csr_matrix(rng.poisson(rates).astype(np.float32))
        totals = np.asarray(counts.sum(axis=1)).ravel()
        self.expression = normalise(counts, totals, 1e4)


@pytest.fixture(scope="module")
def section() -> Section:
    return Section()


def test_effects_and_tests_are_those_of_a_plain_loop(section: Section) -> None:
    found = contrast_domains(section.expression, section.domains, section.slices, 3)
    x = section.expression.toarray().astype(np.float64)
    for k in range(3):
        inner, outer, own, rest = [], [], [], []
        for s in range(N_SLICES):
            inside = (section.slices == s) & (section.domains == k)
            outside = (section.slices == s) & (section.domains != k)
            if min(inside.sum(), outside.sum()) < MIN_SPOTS:
                continue
            inner.append(x[inside].mean(axis=0) / np.log(2))
            outer.append(x[outside].mean(axis=0) / np.log(2))
            own.append(x[inside] > 0)
            rest.append(x[outside] > 0)
        difference = np.array(inner) - np.array(outer)
        assert (found.n_slices[k] == len(difference)).all()
        assert len(difference) == (4 if k == 2 else 5)
        np.testing.assert_allclose(found.effect[k], difference.mean(axis=0), atol=1e-6)
        np.testing.assert_allclose(found.spread[k], difference.std(axis=0, ddof=1), atol=1e-6)
        np.testing.assert_allclose(found.inside[k], np.concatenate(own).mean(axis=0))
        np.testing.assert_allclose(found.outside[k], np.concatenate(rest).mean(axis=0))
        seen = np.arange(GENES) != 11
        expected = ttest_rel(np.array(inner)[:, seen], np.array(outer)[:, seen]).pvalue
        np.testing.assert_allclose(found.p[k, seen], expected, rtol=1e-4)
        np.testing.assert_allclose(found.q[k, seen], false_discovery_control(expected), rtol=1e-4)
        assert np.isnan(found.p[k, 11])


def test_a_planted_marker_is_first_and_significant(section: Section) -> None:
    found = contrast_domains(section.expression, section.domains, section.slices, 3)
    assert rank_markers(found, 1)[0] == 7
    assert found.q[1, 7] < 0.01


def test_a_gene_of_one_slice_is_no_marker(section: Section) -> None:
    """Over spots it would be: a test that takes spots as replicates calls it significant."""
    from scipy.stats import ttest_ind

    found = contrast_domains(section.expression, section.domains, section.slices, 3)
    x = section.expression[:, [9]].toarray().ravel()
    inside = section.domains == 1
    assert ttest_ind(x[inside], x[~inside]).pvalue < 0.01
    assert found.p[1, 9] > 0.2
    assert found.effect[1, 9] > 0.5
    assert 9 not in rank_markers(found, 1)[:10]


def test_one_slice_gives_an_effect_and_no_test(section: Section) -> None:
    rows = section.slices == 2
    part = contrast_domains(section.expression[rows], section.domains[rows], np.zeros(120, int), 3)
    np.testing.assert_array_equal(part.n_slices, np.ones((3, GENES)))
    assert np.isnan(part.p).all()
    assert np.isnan(part.q).all()
    assert np.isnan(part.spread).all()
    assert np.isfinite(part.effect).all()
    assert rank_markers(part, 1)[0] == np.argmax(part.effect[1])
    table = tabulate_markers(part, ["D1", "D2", "D3"], [f"g{i}" for i in range(GENES)])
    assert table["p"].isna().all()
    assert (table["n_slices"] == 1).all()


def test_the_table_lists_the_best_genes_of_each_domain(section: Section) -> None:
    found = contrast_domains(section.expression, section.domains, section.slices, 3)
    table = tabulate_markers(found, ["D1", "D2", "D3"], [f"g{i}" for i in range(GENES)], top=4)
    assert (table.groupby("domain").size() <= 4).all()
    own = table[table["domain"] == "D2"]
    assert own["rank"].tolist() == list(range(1, len(own) + 1))
    assert own["gene"].iloc[0] == "g7"
    assert own["log2_fold_change"].iloc[0] == found.effect[1, 7]
    assert own["q"].iloc[0] == found.q[1, 7]
    assert (table["log2_fold_change"] > 0).all()


def test_a_single_domain_has_no_rest_and_no_markers(section: Section) -> None:
    everywhere = np.zeros(len(section.slices), dtype=int)
    found = contrast_domains(section.expression, everywhere, section.slices, 1)
    assert not found.n_slices.any()
    assert np.isnan(found.effect).all()
    assert len(tabulate_markers(found, ["D1"], ["g"] * GENES)) == 0


def test_a_gene_is_judged_by_the_slices_that_measured_it(section: Section) -> None:
    """As if the others were not there; and the more slices measured it, the surer it is."""
    measured = np.ones((N_SLICES, GENES), dtype=bool)
    measured[[0, 3], 7] = False
    measured[:4, 20:] = False
    kept = section.expression.tolil()
    for s in range(N_SLICES):
        kept[np.ix_(np.flatnonzero(section.slices == s), np.flatnonzero(~measured[s]))] = 0
    case = (section.domains, section.slices, 3)
    found = contrast_domains(sparse.csr_matrix(kept), *case, measured)
    rows = np.isin(section.slices, [1, 2, 4])
    alone = contrast_domains(section.expression[rows], *(part[rows] for part in case[:2]), 3)
    for name in ("effect", "spread", "n_slices", "inside", "outside", "p"):
        np.testing.assert_allclose(getattr(found, name)[:, 7], getattr(alone, name)[:, 7])
    assert (found.n_slices[:, 20:] == 1).all()
    assert np.isnan(found.p[:, 20:]).all()
    assert rank_markers(found, 1)[0] == 7
    every = contrast_domains(section.expression, *case, np.ones_like(measured))
    plain = contrast_domains(section.expression, *case)
    for name in ("effect", "spread", "n_slices", "inside", "outside", "p", "q"):
        np.testing.assert_array_equal(getattr(every, name), getattr(plain, name))
