"""Counts in two parts: nothing is lost, and a model that is not paid for noise is better."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from scipy import sparse

from training.config import TrainConfig, load_config
from training.fit import fit_model
from training.fitted import Fitted
from training.metrics import matched_correlation
from training.preparation.thinning import split_counts, thin_features
from training.slices.load import load_slices
from training.synthetic.embryo import HOUSEKEEPING


def test_both_parts_sum_to_the_counts_and_are_independent() -> None:
    counts = sparse.csr_matrix(np.random.default_rng(1).poisson(20.0, (400, 50)).astype(np.float32))
    seen, unseen = split_counts(counts, np.random.default_rng(2), 0.75)
    assert (seen + unseen != counts).nnz == 0
    assert seen.data.min() >= 0
    assert unseen.data.min() >= 0
    assert seen.sum() / counts.sum() == pytest.approx(0.75, abs=0.01)
    first, second = seen.toarray().ravel(), unseen.toarray().ravel()
    assert abs(np.corrcoef(first, second)[0, 1]) < 0.03


@pytest.fixture(scope="module")
def fits(tiny_slices: Path) -> dict[float, tuple[Fitted, float]]:
    """Fits of the same slices by what the encoder sees, with their factors' correlation."""
    found = {}
    for thinned in (0.0, 0.5):
        settings = ["train.steps=300", "model.n_factors=16", f"train.thinned={thinned}"]
        config = load_config(None, settings)
        spots, _ = load_slices(
            tiny_slices, data=config.data, quality=config.quality, stages=config.stages
        )
        with np.load(tiny_slices / "truth.npz") as truth:
            row = {name: index for index, name in enumerate(truth["spots"])}
            rows = [row[name] for name in spots.obs["spot"]]
            keep = truth["programmes"] != HOUSEKEEPING
            known = truth["proportions"][rows][:, keep]
        fitted = fit_model(spots, config, device="cpu")
        found[thinned] = fitted, matched_correlation(fitted.proportions, known).mean
    return found


@pytest.mark.slow
def test_programmes_are_found_better_by_a_model_that_does_not_see_what_it_explains(
    fits: dict[float, tuple[Fitted, float]],
) -> None:
    assert fits[0.5][1] > fits[0.0][1] + 0.01, {key: value[1] for key, value in fits.items()}


@pytest.mark.slow
def test_thinned_features_share_nothing_with_the_counts_to_explain(
    fits: dict[float, tuple[Fitted, float]],
) -> None:
    fitted = fits[0.5][0]
    start = {"blunt": fitted.start, "effects": fitted.effects}
    settings = TrainConfig(thinned=0.5, seed=3)
    thinned = thin_features(fitted.features, fitted.prepared, start, settings)
    whole, part = fitted.prepared.counts, thinned.counts
    assert (part > whole).nnz == 0
    assert part.sum() / whole.sum() == pytest.approx(0.5, abs=0.01)
    assert thinned.composition.shape == fitted.features.composition.shape
    assert np.abs(thinned.composition - fitted.features.composition).max() > 0.01
    # What a fit is described by afterwards is all that was counted.
    assert fitted.features.counts is whole or (fitted.features.counts != whole).nnz == 0
