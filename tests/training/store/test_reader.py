"""What an opened atlas answers, against the AnnData it was made from."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import anndata
import numpy as np
import pytest
import zarr

from training.store import GeneNotFound, StoreError, open_atlas
from training.store.hierarchy.quantise import decode_numbers


@pytest.fixture
def source(make_atlas: Callable[..., anndata.AnnData]) -> anndata.AnnData:
    return make_atlas()


def log_counts(source: anndata.AnnData) -> np.ndarray:
    dense = source.X.toarray().astype(np.float64)
    return np.log1p(dense / dense.sum(axis=1, keepdims=True) * 1e4)


def test_header_and_tables(pristine: Path) -> None:
    atlas = open_atlas(pristine)
    assert (atlas.n_spots, atlas.n_genes, atlas.n_factors) == (40, 8, 3)
    assert atlas.id == "small"
    assert atlas.path == pristine.resolve()
    assert atlas.format_version == "1.0"
    assert atlas.card == {
        "title": "A small atlas",
        "seeds": [0],
        "scores": {"ari": None, "n": 3},
    }
    assert [(s.name, s.stage, s.time, s.start, s.stop) for s in atlas.slices] == [
        ("A1", "early", 5.5, 0, 20),
        ("B1", "late", 9.0, 20, 40),
    ]
    assert [(s.name, s.time, s.n_slices, s.n_spots) for s in atlas.stages] == [
        ("early", 5.5, 1, 20),
        ("late", 9.0, 1, 20),
    ]
    assert repr(atlas) == (
        "Atlas 'small': 40 spots × 8 genes, 3 factors, 2 slices in 2 stages "
        f"(digest {atlas.digest[:12]})"
    )


def test_exact_values(pristine: Path, source: anndata.AnnData) -> None:
    atlas = open_atlas(pristine)
    expected = log_counts(source)
    assert atlas.genes == source.var_names.tolist()
    assert atlas.spot_names == source.obs_names.tolist()
    for i, name in enumerate(atlas.genes):
        np.testing.assert_allclose(atlas.gene(name), expected[:, i], rtol=1e-6)
        np.testing.assert_array_equal(atlas.counts(name), source.X[:, [i]].toarray().ravel())
        assert atlas.gene(name).dtype == np.float32
    for k in range(3):
        np.testing.assert_array_equal(atlas.factor(k), source.obsm["factors"][:, k])
    np.testing.assert_array_equal(atlas.latent, source.obsm["latent"])
    np.testing.assert_array_equal(atlas.factors, source.obsm["factors"])
    np.testing.assert_array_equal(atlas.loadings, source.varm["loadings"])
    np.testing.assert_array_equal(atlas.highly_variable, source.var["highly_variable"])
    for kind in ("spatial", "umap"):
        np.testing.assert_array_equal(atlas.coordinates(kind), source.obsm[kind])
    halves = [source.obsm["factors"][:20].mean(axis=0), source.obsm["factors"][20:].mean(axis=0)]
    np.testing.assert_allclose(atlas.usage(), halves, rtol=1e-5)


def test_shared_arrays_cannot_be_written(pristine: Path) -> None:
    atlas = open_atlas(pristine)
    with pytest.raises(ValueError, match="read-only"):
        atlas.loadings[0, 0] = 1
    atlas.factor(0)[0] = 1
    assert atlas.factor(0)[0] != 1


def test_obs_columns(pristine: Path, source: anndata.AnnData) -> None:
    atlas = open_atlas(pristine)
    assert list(atlas.obs_columns) == [
        "slice", "stage", "domain", "time", "label", "depth", "in_tissue",
    ]  # fmt: skip
    assert atlas.obs_columns["label"].categories == ["heart", "gut"]
    assert atlas.obs_columns["domain"].colors == ["#ff0000", "#00ff00"]
    assert atlas.obs_columns["depth"].kind == "number"
    assert atlas.obs_columns["in_tissue"].categories == ["False", "True"]
    assert atlas.obs("label").tolist()[:3] == ["heart", "gut", None]
    assert atlas.obs("spot").tolist() == source.obs["spot"].tolist()
    np.testing.assert_array_equal(atlas.obs("depth"), source.obs["depth"].astype(float))
    assert atlas.obs("in_tissue").tolist()[:2] == ["True", "False"]


def test_values_of_genes(pristine: Path, source: anndata.AnnData) -> None:
    atlas = open_atlas(pristine)
    expected = log_counts(source)
    for i, name in enumerate(atlas.genes):
        found = atlas.values("gene", name)
        assert found.data.dtype == np.uint8
        assert (found.kind, found.categories, found.lo) == ("number", None, 0.0)
        np.testing.assert_array_equal(found.data == 0, source.X[:, [i]].toarray().ravel() == 0)
        error = np.abs(decode_numbers(found.data, found.lo, found.hi) - expected[:, i])
        assert error.max() <= found.hi / 254


def test_values_of_factors_and_columns(pristine: Path, source: anndata.AnnData) -> None:
    atlas = open_atlas(pristine)
    by_text, by_number = atlas.values("factor", "2"), atlas.values("factor", 2)
    np.testing.assert_array_equal(by_text.data, by_number.data)
    decoded = decode_numbers(by_text.data, by_text.lo, by_text.hi)
    assert np.abs(decoded - source.obsm["factors"][:, 2]).max() <= by_text.hi / 500
    label = atlas.values("obs", "label")
    assert label.kind == "category"
    assert label.categories == ["heart", "gut"]
    assert label.data.tolist()[:3] == [0, 1, 255]
    depth = atlas.values("obs", "depth")
    assert (depth.lo, depth.hi) == (source.obs["depth"].min(), source.obs["depth"].max())


def test_model_comes_back(pristine: Path, make_model: Callable[[], Any]) -> None:
    expected, found = make_model(), open_atlas(pristine).model()
    assert found.config == expected.config
    assert sorted(found.arrays) == sorted(expected.arrays)
    for name, values in expected.arrays.items():
        np.testing.assert_array_equal(found.arrays[name], values)
        assert found.arrays[name].dtype == values.dtype
        assert found.arrays[name].shape == values.shape


def test_unknown_names_say_what_there_is(pristine: Path) -> None:
    atlas = open_atlas(pristine)
    with pytest.raises(GeneNotFound, match="MYH7") as missing:
        atlas.gene("MYH77")
    assert isinstance(missing.value, KeyError)
    assert missing.value.suggestions[0] == "MYH7"
    assert len(missing.value.suggestions) == 5
    for call in (
        lambda: atlas.values("obs", "spot"),
        lambda: atlas.values("mood", "x"),
        lambda: atlas.values("factor", 3),
        lambda: atlas.values("factor", "-1"),
        lambda: atlas.factor_genes(99),
        lambda: atlas.coordinates("tsne"),
        lambda: atlas.obs("../var/_index"),
    ):
        with pytest.raises(StoreError, match="expected"):
            call()


def test_opens_from_an_open_zarr_store_and_a_symbolic_link(pristine: Path, tmp_path: Path) -> None:
    handle = zarr.storage.LocalStore(pristine, read_only=True)
    assert open_atlas(handle).gene("MYH7").shape == (40,)
    link = tmp_path / "Other name.atlas.zarr"
    link.symlink_to(pristine)
    atlas = open_atlas(str(link))
    assert atlas.id == "Other-name"
    assert atlas.n_spots == 40


def test_threads_read_the_same_as_one(pristine: Path) -> None:
    atlas = open_atlas(pristine)
    expected = {name: open_atlas(pristine).values("gene", name).data for name in atlas.genes}
    wrong: list[str] = []

    def read(offset: int) -> None:
        for i in range(24):
            name = atlas.genes[(i + offset) % len(atlas.genes)]
            if not np.array_equal(atlas.values("gene", name).data, expected[name]):
                wrong.append(name)

    threads = [threading.Thread(target=read, args=(offset,)) for offset in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_reading_leaves_the_store_as_it_was(pristine: Path) -> None:
    before = {p: p.stat().st_mtime_ns for p in pristine.rglob("*")}
    atlas = open_atlas(pristine)
    atlas.gene("MYH7")
    atlas.values("factor", 0)
    atlas.model()
    assert {p: p.stat().st_mtime_ns for p in pristine.rglob("*")} == before
