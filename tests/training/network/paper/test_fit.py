"""Fits in the paper's form, of either encoder, from slices to a store and back."""

from __future__ import annotations

import json
from pathlib import Path

import anndata as ad
import numpy as np
import pytest

from training.config import load_config
from training.fit import fit_atlas, fit_model
from training.mapping.encoding.parameters import unpack_model
from training.network.checkpoint import Workspace
from training.projection import project
from training.slices.load import load_slices
from training.store import open_atlas, validate_store

pytestmark = pytest.mark.slow

SETTINGS = (
    "model.paper=true",
    "model.n_factors=8",
    "model.n_hidden=32",
    "model.n_critic=16",
    "train.steps=40",
    "train.batch=32",
    "train.learning_rate=5e-3",
    "domains.resolution=1",
    "imputation.folds=0",
)


def test_the_paper_brings_its_own_settings() -> None:
    plain = load_config(None, ["model.paper=true"])
    shape, train = plain.model, plain.train
    assert (shape.n_hidden, shape.n_critic, shape.n_latent) == (512, 512, 32)
    assert (train.steps, train.batch, train.warmup, train.margin) == (10_000, 2048, 100, 5.0)
    assert (train.learning_rate, train.critic_rate, train.weight_decay) == (5e-4, 5e-4, 1e-4)
    assert plain.loss.geometry == 0.02
    ours = load_config()
    assert ours.model.n_hidden == 128
    given = load_config(None, ["model.paper=true", "train.steps=7", "model.n_hidden=64"])
    assert (given.train.steps, given.model.n_hidden, given.train.batch) == (7, 64, 2048)
    assert type(given).model_validate(given.model_dump()) == given


@pytest.fixture(scope="module", params=["lgcn", "gat"])
def store(
    request: pytest.FixtureRequest, few_slices: Path, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    out = tmp_path_factory.mktemp(request.param) / f"{request.param}.atlas.zarr"
    config = load_config(None, [*SETTINGS, f"model.encoder={request.param}"])
    fit_atlas(few_slices, out, config, device="cpu")
    return out


def test_the_loss_falls_and_the_store_is_sound(store: Path) -> None:
    log = store.with_name(store.name.replace(".atlas.zarr", ".losses.jsonl"))
    steps = [json.loads(line) for line in log.read_text().splitlines()]
    for name in ("poisson", "feature"):
        values = [each[name] for each in steps]
        assert np.mean(values[-5:]) < np.mean(values[:5]), name
    assert validate_store(store) == []
    atlas = open_atlas(store)
    parameters = unpack_model(atlas.model())
    assert parameters.encoding.paper
    assert parameters.encoding.encoder == store.name.split(".")[0]
    assert parameters.scaling is None
    np.testing.assert_array_equal(parameters.start, parameters.loadings)
    assert "as published" in atlas.card["method"]
    # Off the sphere.
    lengths = np.linalg.norm(np.array(atlas.latent), axis=1)
    assert lengths.std() > 0.01 * lengths.mean()


def test_a_slice_comes_back_as_itself(store: Path, few_slices: Path, tmp_path: Path) -> None:
    """The encoder takes nothing off a query: its latent and factors are those of the fit."""
    project(store, few_slices / "E12.5_A.h5ad", tmp_path / "result.h5ad")
    result = ad.read_h5ad(tmp_path / "result.h5ad")
    atlas = open_atlas(store)
    part = next(each for each in atlas.slices if each.name == "E12.5_A")
    rows = slice(part.start, part.stop)
    assert (result.obs["domain"].astype(str) == atlas.obs("domain")[rows]).mean() >= 0.8
    np.testing.assert_allclose(result.obsm["factors"], np.array(atlas.factors)[rows], atol=5e-3)


@pytest.mark.parametrize("encoder", ["lgcn", "gat"])
def test_an_interrupted_fit_goes_on_to_the_same_end(
    encoder: str, few_slices: Path, tmp_path: Path
) -> None:
    short = [*SETTINGS, f"model.encoder={encoder}", "train.steps=8", "train.checkpoint_seconds=0"]
    config = load_config(None, short)
    spots, _ = load_slices(
        few_slices, data=config.data, quality=config.quality, stages=config.stages
    )
    whole = fit_model(spots, config, device="cpu")
    workspace = Workspace(tmp_path / "broken.atlas.zarr")
    workspace.begin({}, resume=False)

    class Stop(Exception):
        """What interrupts the fit."""

    def stop(phase: str, fraction: float, message: str = "") -> None:
        if phase == "Training" and fraction >= 0.5:
            raise Stop

    with pytest.raises(Stop):
        fit_model(spots, config, device="cpu", workspace=workspace, progress=stop)
    resumed = fit_model(spots, config, device="cpu", workspace=workspace)
    np.testing.assert_allclose(resumed.latent, whole.latent, rtol=1e-3, atol=1e-4)
    np.testing.assert_allclose(resumed.loadings, whole.loadings, rtol=1e-3)
