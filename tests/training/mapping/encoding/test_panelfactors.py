"""Factors of a panel: regression finds what loadings say, and how far to lean on it is learnt."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import sparse

from training.mapping.encoding.panelfactors import is_panel, lean, learn_lean, regress_factors
from training.mapping.reading.genecounts import GeneCounts


def test_regression_finds_the_proportions_that_neighbours_share() -> None:
    rng = np.random.default_rng(0)
    loadings = rng.dirichlet(np.full(60, 0.2), 4).astype(np.float32)
    # Two sections, one of which measures every gene twice as often as the loadings say but the
    # first ten, and two regions in each.
    truth = np.repeat(rng.dirichlet(np.ones(4), 4), 50, axis=0)
    slices = np.repeat([0, 1], 100)
    effects = np.zeros((2, 60), dtype=np.float32)
    effects[1, 10:] = np.log(2)
    counts = rng.poisson(40 * (truth @ loadings) * np.exp(effects)[slices])
    around = sparse.block_diag([np.ones((50, 50))] * 4, format="csr")
    held = GeneCounts(sparse.csr_matrix(counts.astype(np.float32)))
    found = regress_factors(held, around, slices, loadings, effects)
    np.testing.assert_allclose(found.sum(axis=1), 1, rtol=1e-5)
    assert np.abs(found - truth).max() < 0.06
    # Without what the section does to its genes it would be another mixture.
    blind = regress_factors(held, around, slices, loadings, np.zeros_like(effects))
    assert np.abs(blind - truth)[100:].max() > 2 * np.abs(found - truth)[100:].max()


def test_the_weight_is_what_comes_nearest() -> None:
    rng = np.random.default_rng(1)
    known = rng.dirichlet(np.ones(5), 300)
    encoded = known + rng.normal(0, 0.1, known.shape)
    regressed = known + rng.normal(0, 0.2, known.shape)
    # Of independent errors each counts by the inverse of its variance.
    weight = learn_lean(encoded, regressed, known)
    assert weight == pytest.approx(0.2, abs=0.05)

    def error(each: float) -> float:
        mixed = lean(encoded.astype(np.float32), regressed.astype(np.float32), each)
        return float(np.square(mixed - known).sum())

    assert error(weight) < min(error(0), error(1), error(weight + 0.1), error(weight - 0.1))


def test_where_there_is_nothing_to_lean_on_the_encoder_stays() -> None:
    known = np.random.default_rng(2).dirichlet(np.ones(3), 20).astype(np.float32)
    # With all genes the encoder gives what is known, whatever a regression says.
    assert learn_lean(known, known[::-1], known) == 0
    assert learn_lean(known, np.full_like(known, np.nan), known[::-1]) == 0
    assert learn_lean(known, known, known[::-1]) == 0
    assert lean(known, None, 0.5) is known


def test_a_few_genes_too_little_are_no_panel() -> None:
    loadings = np.full((2, 100), 0.01, dtype=np.float32)
    assert not is_panel(loadings, np.arange(96))
    assert is_panel(loadings, np.arange(90))
