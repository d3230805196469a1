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
    obs = pd.DataFrame({"slice": ["A"] * 63 + ["B"] * 63, "label": labels})
    obs.index = [f"spot{number}" for number in range(len(labels))]
    return ad.AnnData(np.ones((len(labels), 3), dtype=np.float32), obs=obs), Result(latent)


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
