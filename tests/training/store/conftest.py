"""Small atlases with known content, and ways to damage a copy of one."""

from __future__ import annotations

import json
import shutil
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import anndata
import numpy as np
import pandas as pd
import pytest
import zarr
from scipy import sparse

from training.export import export_atlas
from training.store import ModelPart
from training.store.digest import content_digest
from training.store.places.location import count_files
from training.store.schema import ROOT_KEY

GENES = [
    "MYH7",
    "MYL2",
    "Actc1",
    "PAX6",
    "SOX2",
    "RP11-34P13.7",
    "ENSG00000092054.13",
    "γ-crystallin",
]
STAGES = (("early", 5.5), ("late", 9.0))


def build_atlas(
    seed: int = 0,
    n_spots: int = 40,
    genes: list[str] | None = None,
    counts: np.ndarray | None = None,
    n_factors: int = 3,
) -> anndata.AnnData:
    """Two slices (one, for a single spot) of random counts with every part of an atlas."""
    rng = np.random.default_rng(seed)
    names = genes or GENES
    if counts is None:
        counts = rng.poisson(rng.gamma(0.5, 3.0, size=(n_spots, len(names))))
    n_spots = len(counts)
    half = max(1, n_spots // 2)
    part = np.where(np.arange(n_spots) < half, 0, 1)
    slices = np.array(["A1", "B1"])[part]
    obs = pd.DataFrame(
        {
            "slice": pd.Categorical(slices, categories=[n for n in ("A1", "B1") if n in slices]),
            "stage": pd.Categorical(
                np.array([s for s, _ in STAGES])[part],
                categories=[s for s, _ in STAGES],
                ordered=True,
            ),
            "time": np.array([t for _, t in STAGES])[part],
            "spot": [f"s{i}" for i in range(n_spots)],
            "domain": pd.Categorical([str(i % 2) for i in range(n_spots)], categories=["0", "1"]),
            "label": pd.Categorical(
                [("heart", "gut", None)[i % 3] for i in range(n_spots)], categories=["heart", "gut"]
            ),
            "depth": np.asarray(counts).sum(axis=1).astype(np.int64),
            "in_tissue": np.arange(n_spots) % 2 == 0,
        },
        index=[f"{s}:s{i}" for i, s in enumerate(slices)],
    )
    fitted = np.ones(len(names), dtype=bool)
    if len(names) > 2:
        fitted[-1] = False
    loadings = np.full((len(names), n_factors), np.nan, dtype=np.float32)
    loadings[fitted] = rng.dirichlet(np.ones(fitted.sum()), size=n_factors).T
    atlas = anndata.AnnData(
        sparse.csr_matrix(np.asarray(counts, dtype=np.float32)),
        obs=obs,
        var=pd.DataFrame({"highly_variable": fitted}, index=names),
    )
    atlas.obsm["latent"] = rng.normal(size=(n_spots, 4)).astype(np.float32)
    atlas.obsm["factors"] = rng.dirichlet(np.ones(n_factors), n_spots).astype(np.float32)
    atlas.obsm["spatial"] = rng.uniform(0, 100, (n_spots, 2)).astype(np.float32)
    atlas.obsm["umap"] = rng.normal(size=(n_spots, 2)).astype(np.float32)
    atlas.varm["loadings"] = loadings
    atlas.uns["domain_colors"] = np.array(["#FF0000", "#00ff00"])
    return atlas


def build_model() -> ModelPart:
    return ModelPart(
        {
            "encoder.0.weight": np.arange(6, dtype=np.float32).reshape(2, 3),
            "scale": np.float64(1.5) * np.ones(()),
            "panel": np.array(["MYH7", "γ-crystallin", ""]),
            "empty": np.zeros((0, 3), dtype=np.int64),
            "mask": np.array([True, False]),
        },
        {"n_factors": 3, "widths": [4, 2], "note": "β"},
    )


CARD = {"title": "A small atlas", "seeds": [0], "scores": {"ari": float("nan"), "n": np.int64(3)}}


@pytest.fixture(scope="session")
def make_atlas() -> Callable[..., anndata.AnnData]:
    return build_atlas


@pytest.fixture(scope="session")
def make_model() -> Callable[[], ModelPart]:
    return build_model


@pytest.fixture(scope="session")
def write_store() -> Callable[..., str]:
    """write_store(path, atlas=…, model=…, card=…, overwrite=…) -> digest."""

    def write(path: Path, atlas: anndata.AnnData | None = None, **options: Any) -> str:
        arguments = {"model": build_model(), "card": CARD, **options}
        return export_atlas(path, build_atlas() if atlas is None else atlas, **arguments)

    return write


@pytest.fixture(scope="session")
def pristine(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A sound store; tests must not write to it."""
    path = tmp_path_factory.mktemp("store") / "small.atlas.zarr"
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        export_atlas(path, build_atlas(), build_model(), CARD)
    return path


@pytest.fixture
def copy(pristine: Path, tmp_path: Path) -> Path:
    """A copy of the sound store, to be damaged."""
    return Path(shutil.copytree(pristine, tmp_path / "copy.atlas.zarr"))


def seal_store(path: Path) -> None:
    """Make counts and digest of the root fit the files again, as a forger would."""
    n_files, n_bytes = count_files(path)
    root = json.loads((path / "zarr.json").read_text())
    root["attributes"][ROOT_KEY].update(
        n_files=n_files, n_bytes=n_bytes, digest=content_digest(path)
    )
    (path / "zarr.json").write_text(json.dumps(root))


@pytest.fixture(scope="session")
def seal() -> Callable[[Path], None]:
    return seal_store


@pytest.fixture
def change_array(copy: Path) -> Callable[..., Path]:
    """change_array(path, function): rewrite one array of the copy and seal it."""

    def change(name: str, function: Callable[[np.ndarray], Any]) -> Path:
        array = zarr.open_array(copy / name, mode="r+")
        values = np.array(array[...])
        replaced = function(values)
        array[...] = values if replaced is None else replaced
        seal_store(copy)
        return copy

    return change


@pytest.fixture
def change_json(copy: Path) -> Callable[..., Path]:
    """change_json(path, function): edit one JSON document of the copy and seal it."""

    def change(name: str, function: Callable[[dict[str, Any]], None]) -> Path:
        document = json.loads((copy / name).read_text())
        function(document)
        (copy / name).write_text(json.dumps(document))
        if name != "zarr.json":
            seal_store(copy)
        return copy

    return change
