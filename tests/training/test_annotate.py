"""Domains, picture and relations found on a sketch are those of the whole, carried over."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from sklearn.metrics import adjusted_rand_score

from training.annotate import annotate
from training.config import load_config
from training.fit import fit_model
from training.modelcard import write_card
from training.report.write import measure_mixing
from training.slices import load_slices

SETTINGS = ["train.steps=40", "model.n_factors=12", "start.restarts=1", "domains.resolution=1.0"]


def test_a_sketch_shows_the_domains_of_the_whole(tiny_slices: Path) -> None:
    config = load_config(None, SETTINGS)
    spots, reports = load_slices(
        tiny_slices, data=config.data, quality=config.quality, stages=config.stages
    )
    fitted = fit_model(spots, config, device="cpu")
    whole, sketched = spots.copy(), spots.copy()
    annotate(whole, fitted, config)
    assert len(fitted.sketch) == spots.n_obs
    card = write_card(config, tiny_slices, whole, reports, fitted, "", 0.0)
    assert "sketch" not in card
    mixing = measure_mixing(whole, fitted.latent, 0)
    np.testing.assert_array_equal(measure_mixing(whole, fitted.latent, 0, fitted.sketch), mixing)

    # The least that the setting allows is most of so small a series.
    annotate(sketched, fitted, load_config(None, [*SETTINGS, "sketch.spots=1000"]))
    assert len(fitted.sketch) == 1000 < spots.n_obs
    card = write_card(config, tiny_slices, sketched, reports, fitted, "", 0.0)
    assert (card["sketch"]["spots"], card["sketch"]["of"]) == (1000, spots.n_obs)
    assert not sketched.obs["domain"].isna().any()
    assert adjusted_rand_score(whole.obs["domain"], sketched.obs["domain"]) > 0.7
    outside = np.setdiff1d(np.arange(spots.n_obs), fitted.sketch)
    agreement = adjusted_rand_score(
        sketched.obs["organ"].iloc[outside], sketched.obs["domain"].iloc[outside]
    )
    assert agreement > 0.8 * adjusted_rand_score(spots.obs["organ"], whole.obs["domain"])
    picture = sketched.obsm["umap"]
    assert picture.shape == (spots.n_obs, 2)
    assert np.isfinite(picture).all()
    assert np.ptp(picture[outside], axis=0).min() > 0.5 * np.ptp(picture, axis=0).min()
    assert len(sketched.uns["domain_relations"])
    np.testing.assert_allclose(
        measure_mixing(sketched, fitted.latent, 0, fitted.sketch), mixing, atol=0.2
    )
