"""The model in Python: what it gives, what it refuses, and what its file holds."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import anndata as ad
import numpy as np
import pytest
import torch

from training.config import load_config
from training.errors import AtlasError, DataError, NotFittedError
from training.estimator import Inspire
from training.fit import fit_model
from training.mapping.encoding.parameters import pack_model, unpack_model
from training.slices.load import load_slices

NAMES = ("E9.5_A", "E11.5_A", "E13.5_A")
CONFIG = load_config(None, ["train.steps=30", "model.n_factors=6", "genes.n_genes=120"])


@pytest.fixture(scope="module")
def folder(tiny_slices: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("estimator")
    for name in NAMES:
        (place / f"{name}.h5ad").symlink_to(tiny_slices / f"{name}.h5ad")
    return place


@pytest.fixture(scope="module")
def fitted(folder: Path) -> Inspire:
    return Inspire(CONFIG).fit(folder, device="cpu")


@pytest.fixture
def section(tiny_slices: Path) -> ad.AnnData:
    return ad.read_h5ad(tiny_slices / "E11.5_B.h5ad")


@pytest.mark.parametrize(
    "use",
    [
        lambda model, spots, path: model.transform(spots),
        lambda model, spots, path: model.save(path),
        lambda model, spots, path: model.latent_,
        lambda model, spots, path: model.loadings_,
        lambda model, spots, path: model.resolve_gene("Myh7"),
    ],
)
def test_nothing_is_asked_of_a_model_that_was_not_fitted(
    use: Any, section: ad.AnnData, tmp_path: Path
) -> None:
    with pytest.raises(NotFittedError, match=r"call fit\(slices\) first, or Inspire.load\(path\)"):
        use(Inspire(), section, tmp_path / "model.npz")
    assert list(tmp_path.iterdir()) == []


def test_a_fit_is_that_of_the_command(fitted: Inspire, folder: Path) -> None:
    spots, _ = load_slices(folder, data=CONFIG.data, quality=CONFIG.quality, stages=CONFIG.stages)
    again = fit_model(spots, CONFIG, device="cpu")
    np.testing.assert_array_equal(fitted.latent_, again.latent)
    np.testing.assert_array_equal(fitted.proportions_, again.proportions)
    np.testing.assert_array_equal(fitted.loadings_, again.loadings)
    assert fitted.spots_.obs_names.tolist() == spots.obs_names.tolist()
    assert fitted.genes_ == spots.var_names[again.prepared.genes].tolist()


@pytest.mark.parametrize(("encoder", "paper"), [("lgcn", False), ("gat", True)])
def test_across_platforms_the_slice_is_seen_and_a_query_gets_the_mean(
    folder: Path, section: ad.AnnData, tmp_path: Path, encoder: str, paper: bool
) -> None:
    asked = [f"model.encoder={encoder}", f"model.paper={json.dumps(paper)}", "train.steps=3"]
    asked += ["start.iterations=10", "start.restarts=1", "model.n_factors=6", "genes.n_genes=120"]
    config = load_config(None, [*asked, "model.across_platforms=true"])
    spots, _ = load_slices(folder, data=config.data, quality=config.quality, stages=config.stages)
    fitted = fit_model(spots, config, device="cpu")
    part = pack_model(spots, fitted, config)
    head, embedding = fitted.model.factors.head, fitted.model.decoder.slices
    latent, slices = torch.from_numpy(fitted.latent), torch.from_numpy(fitted.prepared.slices)

    def beta(beside: torch.Tensor) -> np.ndarray:
        with torch.no_grad():
            seen = torch.nn.functional.elu(torch.cat([latent, beside], dim=1))
            return torch.softmax(head(seen), dim=1).numpy()

    np.testing.assert_allclose(fitted.proportions, beta(embedding[slices]), atol=1e-5)
    wanted = beta(embedding.mean(dim=0).expand(len(latent), -1))
    found = unpack_model(part).proportions(latent).numpy()
    np.testing.assert_allclose(found, wanted, atol=1e-5)
    assert np.abs(found - fitted.proportions).max() > 1e-3
    if not paper:
        model = Inspire(config).fit(folder, device="cpu")
        model.save(tmp_path / "model.npz")
        loaded = Inspire.load(tmp_path / "model.npz")
        assert loaded.config.model.across_platforms
        for one, other in zip(model.transform(section), loaded.transform(section), strict=True):
            np.testing.assert_array_equal(one, other)


def test_fitted_spots_are_transformed_to_what_they_were(fitted: Inspire) -> None:
    latent, proportions = fitted.transform(fitted.spots_)
    assert latent.shape == fitted.latent_.shape
    np.testing.assert_allclose(proportions.sum(axis=1), 1, rtol=1e-5)
    # Slice-gene effects are estimated anew, which moves spots a little.
    assert np.corrcoef(latent.ravel(), fitted.latent_.ravel())[0, 1] > 0.97


def test_further_spots_keep_their_order_and_genes_are_found_by_any_name(
    fitted: Inspire, section: ad.AnnData
) -> None:
    latent, _ = fitted.transform(section)
    order = np.random.default_rng(0).permutation(section.n_obs)
    named = section[order].copy()
    named.var_names = section.var["ensembl_id"].str.lower()
    named.var = named.var[[]]
    named.X = named.X.toarray()
    np.testing.assert_allclose(fitted.transform(named)[0], latent[order], atol=2e-3)


def test_a_saved_model_gives_the_same(fitted: Inspire, section: ad.AnnData, tmp_path: Path) -> None:
    fitted.save(tmp_path / "model")
    assert [path.name for path in tmp_path.iterdir()] == ["model"]
    loaded = Inspire.load(tmp_path / "model")
    for before, after in zip(fitted.transform(section), loaded.transform(section), strict=True):
        np.testing.assert_array_equal(before, after)
    assert loaded.config == fitted.config
    assert loaded.genes_ == fitted.genes_
    with pytest.raises(NotFittedError, match="was loaded"):
        _ = loaded.proportions_
    loaded.save(tmp_path / "again")
    assert (tmp_path / "again").read_bytes() == (tmp_path / "model").read_bytes()


def test_the_file_holds_plain_arrays_and_no_device(fitted: Inspire, tmp_path: Path) -> None:
    fitted.save(tmp_path / "model.npz")
    with np.load(tmp_path / "model.npz", allow_pickle=False) as stored:
        head = json.loads(stored["head"].tobytes().decode())
        kinds = {stored[name].dtype.kind for name in stored.files}
    assert kinds <= set("biuf")
    assert (head["kind"], head["version"]) == ("inspire-atlas model", 1)
    assert not {"cpu", "cuda", "device"} & set(json.dumps(head).replace('"', " ").split())


def test_a_file_of_version_1_is_read(tmp_path: Path) -> None:
    """Written here as version 1 has it, by formulas: this must never be changed."""
    rng = np.random.default_rng(0)
    n_genes, n_factors, n_hidden, n_latent = 12, 3, 8, 4
    genes = [f"Gene{index}" for index in range(n_genes)]
    loadings = rng.dirichlet(np.ones(n_genes), n_factors).astype(np.float32)
    width = 2 * n_genes + 2 * n_factors
    head = {
        "kind": "inspire-atlas model",
        "version": 1,
        "settings": {"train": {"steps": 7}, "gone": {"setting": 1}},
        "config": {
            "kind": "lgcn",
            "paper": False,
            "genes": genes,
            "n_hidden": n_hidden,
            "n_latent": n_latent,
            "target_sum": 10000.0,
            "neighbours": 6.0,
            "radius": 0.0,
            "prior": 100.0,
            "distance": 1.0,
            "agreement": 0.5,
            "all_genes": {"names": genes, "symbols": [""] * 12, "ensembl_ids": [""] * 12},
        },
    }
    arrays = {
        "encoder.hidden.weight": rng.normal(size=(n_hidden, width)),
        "encoder.hidden.bias": np.zeros(n_hidden),
        "encoder.latent.weight": rng.normal(size=(n_latent, n_hidden)),
        "encoder.latent.bias": np.zeros(n_latent),
        "factors.head.weight": rng.normal(size=(n_factors, n_latent)),
        "factors.head.bias": np.zeros(n_factors),
        "loadings": loadings,
        "start": loadings,
        "rates": loadings,
        "effects": np.zeros((2, n_genes)),
        "scaling_mean": np.zeros(width),
        "scaling_deviation": np.ones(width),
    }
    with (tmp_path / "model.npz").open("wb") as file:
        np.savez(
            file,
            head=np.frombuffer(json.dumps(head).encode(), dtype=np.uint8),
            **{f"array.{name}": np.asarray(v, dtype=np.float32) for name, v in arrays.items()},
        )
    model = Inspire.load(tmp_path / "model.npz")
    spots = ad.AnnData(rng.poisson(3.0, (25, n_genes)).astype(np.float32))
    spots.var_names = genes
    spots.obsm["spatial"] = np.stack([np.arange(25) % 5, np.arange(25) // 5], axis=1)
    latent, proportions = model.transform(spots)
    # Rows of the latent lie on a sphere of radius sqrt(d).
    np.testing.assert_allclose(np.linalg.norm(latent, axis=1), 2, rtol=1e-4)
    np.testing.assert_allclose(proportions.sum(axis=1), 1, rtol=1e-4)


def test_files_that_are_no_model_are_told(fitted: Inspire, tmp_path: Path) -> None:
    path = tmp_path / "model.npz"
    with pytest.raises(AtlasError, match="no such file"):
        Inspire.load(path)
    path.write_text("no model")
    with pytest.raises(AtlasError, match=r"is no model that Inspire\.save wrote"):
        Inspire.load(path)
    fitted.save(path)
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(AtlasError, match=r"is no model that Inspire\.save wrote"):
        Inspire.load(path)
    path.write_bytes(whole)
    with np.load(path) as stored:
        arrays = dict(stored)
    head = json.loads(arrays["head"].tobytes().decode()) | {"version": 2}
    arrays["head"] = np.frombuffer(json.dumps(head).encode(), dtype=np.uint8)
    np.savez(path, **arrays)
    with pytest.raises(AtlasError, match=r"version 2 .* reads up to 1"):
        Inspire.load(path)


def test_spots_that_cannot_be_used_are_told(fitted: Inspire, section: ad.AnnData) -> None:
    broken = section.copy()
    broken.X = broken.X.log1p()
    del broken.obsm["spatial"]
    with pytest.raises(DataError, match="2 problems") as told:
        fitted.transform(broken)
    assert "not integers" in str(told.value)
    foreign = section.copy()
    foreign.var_names = [f"Other{index}" for index in range(section.n_vars)]
    del foreign.var["ensembl_id"]
    with pytest.raises(DataError, match="0 of its 240 genes among the 120 fitted ones"):
        fitted.transform(foreign)
    empty = section.copy()
    empty.X[3] = 0
    before = fitted.latent_.copy()
    with pytest.raises(DataError, match="1 spots without a count"):
        fitted.fit(empty, device="cpu")
    np.testing.assert_array_equal(fitted.latent_, before)
