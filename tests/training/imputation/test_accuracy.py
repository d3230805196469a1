"""Accuracy of genes on left-out slices, and the coverage of intervals on new spots."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import pearsonr, spearmanr

from training.imputation.accuracy import bound, correlate, hold_against, judge


def test_figures_are_means_over_slices_that_can_be_judged() -> None:
    rng = np.random.default_rng(0)
    folds = np.repeat([0, 1, 2], 50)
    stages = np.array([0, 0, 1])[folds]
    truth = rng.gamma(1.0, size=(150, 3)).astype(np.float32)
    truth[folds == 2, 1] = np.nan
    truth[:, 2] = 0
    imputed = np.nan_to_num(truth) + rng.normal(size=truth.shape).astype(np.float32)
    found = judge(imputed, truth, folds, stages, 2)
    for gene, used in ((0, (0, 1, 2)), (1, (0, 1))):
        pairs = [(imputed[folds == f, gene], truth[folds == f, gene]) for f in used]
        assert found.pearson[gene] == pytest.approx(np.mean([pearsonr(*p)[0] for p in pairs]), 1e-4)
        assert found.spearman[gene] == pytest.approx(
            np.mean([spearmanr(*p)[0] for p in pairs]), 1e-4
        )
        assert found.slices[gene] == len(used)
    assert found.by_stage[0, 0] == pytest.approx(
        np.mean([pearsonr(imputed[folds == f, 0], truth[folds == f, 0])[0] for f in (0, 1)]), 1e-4
    )
    assert np.isnan(found.by_stage[1, 1])
    assert np.isnan(found.pearson[2])
    assert found.slices[2] == 0


@pytest.mark.parametrize("rate", [0.05, 0.5, 5.0])
def test_intervals_cover_new_spots(rate: float) -> None:
    """Also where errors grow with the value, and where nearly all counts are zero."""
    rng = np.random.default_rng(0)

    def draw(n: int) -> tuple[np.ndarray, np.ndarray]:
        means = rng.gamma(2.0, rate / 2, size=(n, 40))
        return np.log1p(means).astype(np.float32), np.log1p(rng.poisson(means)).astype(np.float32)

    imputed, truth = draw(800)
    accuracy = judge(imputed, truth, np.repeat(np.arange(4), 200), np.zeros(800, int), 1)
    imputed, truth = draw(2000)
    low, high = bound(imputed, accuracy)
    coverage = ((truth >= low) & (truth <= high)).mean(axis=0)
    assert 0.88 < coverage.mean() < 0.96
    assert coverage.min() > 0.84
    assert (low >= 0).all()
    assert (low <= high).all()


def test_coverage_is_that_of_slices_that_gave_no_ends() -> None:
    """One slice in four errs ten times as far; the others' ends miss most of it."""
    rng = np.random.default_rng(0)
    folds = np.repeat(np.arange(4), 200)
    truth = rng.gamma(5.0, size=(800, 2)).astype(np.float32)
    errors = rng.normal(size=truth.shape)
    errors[folds == 3, 1] *= 10
    found = judge(truth + errors, truth, folds, np.zeros(800, int), 1)
    assert found.coverage[0] == pytest.approx(0.9, abs=0.03)
    assert found.coverage[1] < 0.85
    low, high = bound(truth + errors, found)
    inside = ((truth >= low) & (truth <= high)).mean(axis=0)
    assert inside[1] > found.coverage[1] + 0.04
    alone = judge(truth[:200], truth[:200], folds[:200], np.zeros(200, int), 1)
    assert np.isnan(alone.coverage).all()


def test_too_few_spots_bound_nothing() -> None:
    values = np.ones((12, 1), dtype=np.float32)
    found = judge(values, values, np.repeat([0, 1], 6), np.zeros(12, int), 1)
    assert np.isnan(found.high[0])


def test_what_does_not_vary_does_not_correlate() -> None:
    constant = np.ones((20, 1))
    assert correlate(constant, np.arange(20.0)[:, None])[0] == 0


def test_imputed_values_are_held_against_what_the_same_spots_measured() -> None:
    rng = np.random.default_rng(1)
    sections = np.repeat([0, 1], 40)
    truth = rng.gamma(2.0, size=(80, 3)).astype(np.float32)
    truth[:, 1] = np.nan
    imputed = (np.nan_to_num(truth) + rng.normal(size=truth.shape) + 5).astype(np.float32)
    accuracy = judge(imputed, np.nan_to_num(truth), sections, sections, 2)
    accuracy.base[2] = np.nan
    pearson, inside = hold_against(imputed, truth, accuracy, sections)
    # Within a section: that one lies higher as a whole says nothing of the pattern.
    within = [pearsonr(imputed[sections == s, 0], truth[sections == s, 0])[0] for s in (0, 1)]
    assert pearson[0] == pytest.approx(np.mean(within), 1e-5)
    low, high = bound(imputed, accuracy)
    held = (truth[:, 0] >= low[:, 0]) & (truth[:, 0] <= high[:, 0])
    assert inside[0] == pytest.approx(held.mean())
    assert np.isnan([pearson[1], inside[1], inside[2]]).all()
    assert np.isfinite(pearson[2])
