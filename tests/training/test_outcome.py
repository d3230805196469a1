"""Domains, picture and relations found on a sketch reach the spots outside it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from sklearn.metrics import adjusted_rand_score

from training.config import load_config
from training.fit import fit_model
from training.outcome import annotate
from training.report.modelcard import write_card
from training.report.write import measure_mixing
from training.slices.load import load_slices
from training.store import open_atlas

SETTINGS = [
    "train.steps=40",
    "model.n_factors=12",
    "start.restarts=1",
    "domains.resolution=0.5",
    # The least that is allowed: most of so small a series.
    "sketch.spots=1000",
    "imputation.folds=0",
]


def test_spots_outside_a_sketch_follow_it(tiny_slices: Path) -> None:
    config = load_config(None, SETTINGS)
    spots, reports = load_slices(
        tiny_slices, data=config.data, quality=config.quality, stages=config.stages
    )
    fitted = fit_model(spots, config, device="cpu")
    annotate(spots, fitted, config)
    sketch = fitted.sketch
    outside = np.setdiff1d(np.arange(spots.n_obs), sketch)
    assert len(sketch) == 1000
    assert len(outside) > 100
    card = write_card(config, tiny_slices, spots, reports, fitted, "", 0.0)
    assert (card["sketch"]["spots"], card["sketch"]["of"]) == (1000, spots.n_obs)

    assert not spots.obs["domain"].isna().any()
    own, others = (
        adjusted_rand_score(spots.obs["organ"].iloc[rows], spots.obs["domain"].iloc[rows])
        for rows in (sketch, outside)
    )
    # So short a fit knows the organs but roughly.
    assert own > 0.15
    assert others > 0.75 * own
    picture = spots.obsm["umap"]
    assert picture.shape == (spots.n_obs, 2)
    assert np.isfinite(picture).all()
    assert np.ptp(picture[outside], axis=0).min() > 0.5 * np.ptp(picture, axis=0).min()
    assert len(spots.uns["domain_relations"])
    mixing = measure_mixing(spots, fitted.latent, 0, sketch)
    np.testing.assert_allclose(mixing, measure_mixing(spots, fitted.latent, 0), atol=0.2)


def test_a_small_collection_needs_no_sketch(tiny_atlas: Path) -> None:
    assert "sketch" not in open_atlas(tiny_atlas).card
