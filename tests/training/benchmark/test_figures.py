"""Figures of one result on one data set."""

from __future__ import annotations

from dataclasses import replace

import anndata as ad
import numpy as np
import pandas as pd
import pytest

from training import metrics
from training.benchmark.figures import take_figures
from training.benchmark.rows import Result
from training.benchmark.sets import DataSet
from training.config import Config


@pytest.fixture
def regions() -> tuple[ad.AnnData, Result]:
    """Two slices of two wide regions and a third of three spots each."""
    generator = np.random.default_rng(0)
    labels = (["left"] * 30 + ["right"] * 30 + ["rim"] * 3) * 2
    centre = pd.Series(labels).map({"left": -2.0, "right": 2.0, "rim": 2.0}).to_numpy()
    latent = centre[:, None] * [1.0, 0.0] + generator.normal(size=(len(labels), 2))
    named = pd.Categorical(["A"] * 63 + ["B"] * 63)
    obs = pd.DataFrame({"slice": named, "stage": pd.Categorical(["E9"] * 126), "label": labels})
    obs.index = [f"spot{number}" for number in range(len(labels))]
    spots = ad.AnnData(generator.poisson(5, (len(labels), 30)).astype(np.float32), obs=obs)
    # Regions lie side by side in either slice, B turned by a right angle.
    place = np.column_stack([centre, generator.uniform(-2, 2, len(labels))])
    spots.obsm["spatial"] = np.where((named == "A")[:, None], place, place[:, ::-1] * [-1, 1])
    return spots, Result(latent)


def test_a_set_that_says_how_many_components_is_scored_with_so_many(
    regions: tuple[ad.AnnData, Result],
) -> None:
    spots, result = regions
    labels, slices = spots.obs["label"], spots.obs["slice"]
    dataset = DataSet("made", "made", label="label")
    for components in (None, 2):
        figures = take_figures(
            result, spots, replace(dataset, components=components), None, Config()
        ).values
        for covariance in ("tied", "full"):
            expected = metrics.mixture_scores(
                result.latent, labels, slices, covariance=covariance, n=components or 3
            )
            assert figures[f"ari_{covariance}"] == pytest.approx(expected.ari)


def test_slices_are_registered_by_the_row_and_scored(
    regions: tuple[ad.AnnData, Result], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A latent that knows the places scores higher than one that knows nothing."""
    spots, _ = regions
    dataset = DataSet("made", "made")
    turned = np.asarray(spots.obsm["spatial"])
    second = (spots.obs["slice"] == "B").to_numpy()
    place = np.where(second[:, None], turned[:, ::-1] * [1, -1], turned)
    # Expression that follows the place, so that the right places correlate.
    rate = np.exp(2 * np.sin(np.outer(place[:, 0], np.arange(15) / 7)))
    rate = np.hstack([rate, np.exp(2 * np.sin(np.outer(place[:, 1], np.arange(15) / 7)))])
    spots.X = np.random.default_rng(1).poisson(5 * rate).astype(np.float32)
    told = take_figures(Result(place), spots, dataset, None, Config()).values["registration"]
    noise = np.random.default_rng(2).normal(size=place.shape)
    blind = take_figures(Result(noise), spots, dataset, None, Config()).values["registration"]
    assert told is not None
    assert told > 0.6
    assert blind is None or told > blind + 0.1
    monkeypatch.setattr("training.benchmark.figures.MOST_REGISTERED", 100)
    left = take_figures(Result(place), spots, dataset, None, Config())
    assert left.values["registration"] is None
    assert "more than 100 spots" in left.reasons["registration"]
