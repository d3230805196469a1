"""A fit with graph attention: it learns, goes on where it stopped, and maps its own slices."""

from __future__ import annotations

from pathlib import Path

import anndata as ad
import numpy as np
import pytest
import torch

from training.config import load_config
from training.fit import fit_atlas, fit_model
from training.inputs.encoding import Encoding
from training.mapping.encoding.parameters import unpack_model
from training.network.encoders import Encoder, GeneEncoder
from training.network.trainer import infer
from training.projection import project
from training.slices.load import load_slices
from training.store import ModelPart, open_atlas, validate_store

pytestmark = pytest.mark.slow

SHORT = ["train.steps=60", "model.n_factors=12", "start.iterations=60", "start.restarts=1"]
SHORT += ["domains.resolution=1", "imputation.folds=0"]
SETTINGS = ["model.encoder=gat", *SHORT]
FORMS = {
    "gat": ("gat", Encoder, SETTINGS),
    "gat on genes": ("gat", GeneEncoder, [*SETTINGS, "model.inputs=genes"]),
    "lgcn on genes": ("lgcn", GeneEncoder, [*SHORT, "model.inputs=genes"]),
}


@pytest.fixture(scope="module", params=FORMS)
def form(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def store(form: str, few_slices: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("form") / "form.atlas.zarr"
    fit_atlas(few_slices, out, load_config(None, FORMS[form][2]), device="cpu")
    return out


def test_the_store_says_which_encoder_it_holds(form: str, store: Path) -> None:
    kind, encoder, _ = FORMS[form]
    atlas = open_atlas(store)
    assert validate_store(store) == []
    assert atlas.model().config["kind"] == kind
    assert atlas.card["encoder"] == {"name": kind, "reason": "as set"}
    assert ("graph-attention" in atlas.card["method"]) == (kind == "gat")
    built = unpack_model(atlas.model()).build_encoder()
    assert isinstance(built, encoder)
    assert built.attends == (kind == "gat")
    lengths = np.linalg.norm(np.array(atlas.latent), axis=1)
    assert np.allclose(lengths, np.sqrt(32), rtol=1e-4) == (form != "gat")


def test_a_slice_of_it_comes_back_as_itself(store: Path, few_slices: Path, tmp_path: Path) -> None:
    project(store, few_slices / "E12.5_A.h5ad", tmp_path / "result.h5ad")
    result = ad.read_h5ad(tmp_path / "result.h5ad")
    atlas = open_atlas(store)
    part = next(each for each in atlas.slices if each.name == "E12.5_A")
    rows = slice(part.start, part.stop)
    factors = np.array(atlas.factors)[rows]
    assert (result.obs["domain"].astype(str) == atlas.obs("domain")[rows]).mean() >= 0.85
    assert np.corrcoef(result.obsm["factors"].ravel(), factors.ravel())[0, 1] >= 0.95


def test_training_and_inference_by_attention(few_slices: Path) -> None:
    """The losses of the data fall; blocks and the whole give one latent."""
    config = load_config(None, SETTINGS)
    spots, _ = load_slices(
        few_slices, data=config.data, quality=config.quality, stages=config.stages
    )
    seen: list[float] = []

    def listen(phase: str, fraction: float, message: str = "") -> None:
        if phase == "Training":
            seen.append(float(message.split("feature ")[1].split()[0]))

    fitted = fit_model(spots, config, device="cpu", progress=listen)
    assert np.mean(seen[-10:]) < 0.95 * np.mean(seen[:5])
    cpu = torch.device("cpu")
    latent, _ = infer(fitted.model, fitted.features, cpu, block=97)
    np.testing.assert_allclose(latent, fitted.latent, rtol=1e-3, atol=1e-3)


def test_auto_tells_its_reason(few_slices: Path) -> None:
    few = [*SETTINGS[1:], "model.encoder=auto", "train.steps=1"]
    config = load_config(None, [*few, "model.inputs=genes"])
    spots, _ = load_slices(
        few_slices, data=config.data, quality=config.quality, stages=config.stages
    )
    array = fit_model(spots, config, device="cpu")
    rng = np.random.default_rng(0)
    extent = spots.obsm["spatial"].max()
    spots.obsm["spatial"] = rng.uniform(0, extent, spots.obsm["spatial"].shape)
    cells = fit_model(spots, config, device="cpu")
    assert (array.encoding.encoder, cells.encoding.encoder) == ("gat", "lgcn")
    assert "array" in array.reason
    assert "irregularly" in cells.reason
    composed = fit_model(spots, load_config(None, few), device="cpu")
    assert composed.encoding.encoder == "lgcn"
    assert "neighbourhood" in composed.reason


@pytest.mark.parametrize("form", ["lgcn on genes"], indirect=True)
def test_a_model_part_that_names_no_encoder_is_lgcn_on_genes(form: str, store: Path) -> None:
    part = open_atlas(store).model()
    unnamed = ("kind", "paper", "inputs")
    older = {name: value for name, value in part.config.items() if name not in unnamed}
    parameters = unpack_model(ModelPart(part.arrays, older))
    assert parameters.encoding == Encoding("lgcn", inputs="genes")
    inputs = torch.zeros(2, 2 * len(parameters.genes) + 2 * len(parameters.loadings))
    assert parameters.build_encoder()(inputs).shape == (2, 32)
