"""Layers in bfloat16: losses and neighbours of the latent stay those of float32."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from scipy.spatial import cKDTree

from training.config import load_config
from training.fit import fit_model
from training.fitted import Fitted
from training.network.precision import mixed, widen
from training.slices.load import load_slices

SHORT = ["train.steps=80", "model.n_factors=8", "start.iterations=30", "start.restarts=1"]


def fit(few_slices: Path, *settings: str) -> Fitted:
    config = load_config(None, [*SHORT, *settings])
    spots, _ = load_slices(
        few_slices, data=config.data, quality=config.quality, stages=config.stages
    )
    return fit_model(spots, config, device="cpu")


def overlap(one: np.ndarray, other: np.ndarray, k: int = 15) -> float:
    """Mean share of the k nearest neighbours that a spot has in both."""
    near = [cKDTree(latent).query(latent, k + 1)[1][:, 1:] for latent in (one, other)]
    return float(np.mean([len(set(a) & set(b)) / k for a, b in zip(*near, strict=True)]))


@pytest.mark.parametrize("encoder", ["lgcn", "gat"])
def test_bfloat16_fits_what_float32_fits(few_slices: Path, encoder: str) -> None:
    plain = fit(few_slices, f"model.encoder={encoder}")
    short = fit(few_slices, f"model.encoder={encoder}", "train.precision=bfloat16")
    for name, value in plain.losses.items():
        assert short.losses[name] == pytest.approx(value, rel=0.01, abs=0.01), name
    assert not np.array_equal(short.latent, plain.latent)
    shared = overlap(short.latent, plain.latent)
    assert shared >= 0.95
    assert short.loadings.dtype == short.latent.dtype == np.float32
    np.testing.assert_allclose(short.loadings, plain.loadings, rtol=0.05, atol=1e-5)


def test_only_what_is_asked_for_is_shortened() -> None:
    layer, values = torch.nn.Linear(4, 3), torch.ones(2, 4)
    cpu = torch.device("cpu")
    with mixed("float32", cpu):
        assert layer(values).dtype == torch.float32
    with mixed("bfloat16", cpu):
        short = layer(values)
    assert short.dtype == torch.bfloat16
    assert widen(short).dtype == torch.float32
    assert widen(values.double()).dtype == torch.float64
