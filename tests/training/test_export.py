"""An AnnData goes into the store unchanged and comes out of it anywhere."""

from __future__ import annotations

import json
import subprocess
import sys
import warnings
from pathlib import Path

import anndata
import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from training.errors import DataError
from training.export import export_atlas
from training.store import ModelPart, open_atlas, validate_store


def fitted(n: int = 6) -> anndata.AnnData:
    """A fitted collection as `fit` hands it over: X by spots, plain matrices."""
    rng = np.random.default_rng(1)
    genes = ["a", "b", "c"]
    data = anndata.AnnData(
        sparse.csr_matrix(rng.poisson(2.0, (n, 3)).astype(np.float64)),
        obs=pd.DataFrame(
            {
                "slice": pd.Categorical(["s"] * n),
                "stage": pd.Categorical(["late"] * n, categories=["early", "late"], ordered=True),
                "time": np.full(n, 3.0),
                "spot": [f"x{i}" for i in range(n)],
                "domain": pd.Categorical(["0"] * n),
            },
            index=[f"x{i}" for i in range(n)],
        ),
        var=pd.DataFrame({"highly_variable": [True, True, False]}, index=genes),
    )
    data.obsm["latent"] = rng.normal(size=(n, 4))
    data.obsm["factors"] = rng.dirichlet([1, 1], n)
    data.obsm["spatial"] = rng.integers(0, 50, (n, 2))
    data.obsm["umap"] = rng.normal(size=(n, 2))
    data.varm["loadings"] = np.array([[0.25, 0.5], [0.75, 0.5], [np.nan, np.nan]])
    return data


def export(path: Path, data: anndata.AnnData) -> anndata.AnnData:
    export_atlas(path, data, ModelPart({}, {}), {})
    assert validate_store(path) == []
    return anndata.read_zarr(path / "reference")


def test_columns_of_every_kind_are_carried_unchanged(tmp_path: Path) -> None:
    data = fitted()
    data.obs["text"] = ["u", "v", "", "ü", "v/w", "u"]
    data.obs["text_missing"] = pd.array(["u", None, "", "v", "u", None], dtype="string")
    data.obs["whole"] = np.arange(6, dtype=np.int32)
    data.obs["small"] = np.arange(6, dtype=np.uint8)
    data.obs["real32"] = np.linspace(0, 1, 6, dtype=np.float32)
    data.obs["with_nan"] = [1.0, np.nan, np.inf, -np.inf, 0.0, -0.0]
    data.obs["flag"] = [True, False] * 3
    data.obs["maybe_whole"] = pd.array([1, None, 3, 4, 5, 6], dtype="Int64")
    data.obs["maybe_flag"] = pd.array([True, None, False, True, True, None], dtype="boolean")
    data.obs["named"] = pd.Categorical(["p", "q", None, "p", "q", "p"], categories=["q", "p", "z"])
    data.obs["ranked"] = pd.Categorical([3, 1, 2, 3, 1, 2], categories=[3, 1, 2], ordered=True)
    data.obs["many"] = pd.Categorical(
        [f"c{i}" for i in range(6)], categories=[f"c{i}" for i in range(300)]
    )
    data.var["symbol"] = ["A", "B", "C"]
    data.uns["neighbours"] = {"radius": 1.5, "names": np.array(["u", "v"]), "nested": {"n": 2}}
    data.obsm["extra"] = np.arange(12).reshape(6, 2)
    before = data.copy()
    back = export(tmp_path / "x.atlas.zarr", data)
    pd.testing.assert_frame_equal(back.obs, before.obs)
    pd.testing.assert_frame_equal(back.var, before.var)
    np.testing.assert_array_equal(back.X.toarray(), before.X.toarray())
    assert isinstance(back.X, sparse.csc_matrix)
    assert back.X.dtype == np.float32
    np.testing.assert_array_equal(back.obsm["extra"], before.obsm["extra"])
    assert back.uns["neighbours"]["radius"] == 1.5
    assert back.uns["neighbours"]["names"].tolist() == ["u", "v"]
    # The input is the caller's.
    pd.testing.assert_frame_equal(data.obs, before.obs)
    assert data.X.format == "csr"
    assert data.obsm["latent"].dtype == np.float64
    shown = open_atlas(tmp_path / "x.atlas.zarr").obs_columns
    assert {"many", "spot"}.isdisjoint(shown)
    assert {name: column.kind for name, column in shown.items() if column.kind == "number"} == {
        name: "number" for name in ("time", "whole", "small", "real32", "with_nan", "maybe_whole")
    }
    assert shown["maybe_flag"].categories == ["False", "True"]
    assert shown["ranked"].categories == ["3", "1", "2"]


def test_what_cannot_be_stored_is_left_out_with_a_warning(tmp_path: Path) -> None:
    data = fitted()
    data.obs["things"] = [1, "a", None, 2.5, (), {}]
    data.obs["when"] = pd.Timestamp("2020-01-01")
    data.uns["function"] = len
    with pytest.warns(UserWarning, match="left out") as caught:
        back = export(tmp_path / "x.atlas.zarr", data)
    text = " ".join(str(w.message) for w in caught)
    assert all(name in text for name in ("obs['things']", "obs['when']", "uns['function']"))
    assert {"things", "when"}.isdisjoint(back.obs)
    assert "function" not in back.uns


def test_text_in_broken_letters_is_left_out_and_breaks_nothing(tmp_path: Path) -> None:
    """As h5py reads bytes that are no UTF-8."""
    data = fitted()
    broken = [b"caf\xe9".decode(errors="surrogateescape"), *"uvwxy"]
    data.obs["text"] = broken
    data.obs["kind"] = pd.Categorical(broken)
    data.uns["table"] = pd.DataFrame({"text": broken})
    with pytest.warns(UserWarning, match="left out") as caught:
        back = export(tmp_path / "small.atlas.zarr", data)
    told = " ".join(str(warning.message) for warning in caught)
    for place in ("obs['text']", "obs['kind']", "uns['table']"):
        assert place in told
    assert not {"text", "kind"} & set(back.obs)
    assert "table" not in back.uns


def test_mixed_columns_become_text_with_a_warning_and_missing_stays_missing(
    tmp_path: Path,
) -> None:
    data = fitted()
    data.obs["mixed"] = [1, "a", None, 2.5, "b", np.nan]
    data.obs["sparse_text"] = ["a", None, np.nan, "b", "", "c"]
    data.obs["loose_flags"] = np.array([True, None, False, True, True, False], dtype=object)
    data.obs["kinds"] = pd.Categorical([1, "1a", 1, "1a", None, 1])
    with pytest.warns(UserWarning, match="stored as text") as caught:
        back = export(tmp_path / "x.atlas.zarr", data)
    ours = [str(w.message) for w in caught if "stored as text" in str(w.message)]
    assert [text.split(" ")[0] for text in ours] == ["obs['mixed']", "obs['kinds']"]
    atlas = open_atlas(tmp_path / "x.atlas.zarr")
    assert atlas.obs("mixed").tolist() == ["1", "a", None, "2.5", "b", None]
    assert atlas.obs("sparse_text").tolist() == ["a", None, None, "b", "", "c"]
    assert atlas.obs("loose_flags").tolist() == ["True", None, "False", "True", "True", "False"]
    assert back.obs["kinds"].tolist()[:2] == ["1", "1a"]
    assert back.obs["sparse_text"].isna().tolist() == [False, True, True, False, False, False]


def test_names_that_are_no_file_names_are_changed_with_a_warning(tmp_path: Path) -> None:
    data = fitted()
    for name in ("a/b", "..", "a_b", ".hidden"):
        data.obs[name] = np.arange(6.0)
    with pytest.warns(UserWarning, match="is stored as"):
        back = export(tmp_path / "x.atlas.zarr", data)
    added = [name for name in back.obs if name not in fitted().obs]
    assert added == ["a_b", "column_unnamed", "a_b_", ".hidden"]


def test_columns_that_must_be_categories_become_them(tmp_path: Path) -> None:
    data = fitted()
    data.obs["slice"] = "s"
    data.obs["domain"] = ["1", "0", "1", "0", "1", "0"]
    data.obs["time"] = np.full(6, 3)
    back = export(tmp_path / "x.atlas.zarr", data)
    assert back.obs["domain"].cat.categories.tolist() == ["0", "1"]
    assert open_atlas(tmp_path / "x.atlas.zarr").slices[0].time == 3.0


def test_missing_parts_are_named_together(tmp_path: Path) -> None:
    data = fitted()
    del data.obsm["umap"], data.obs["domain"], data.varm["loadings"], data.var["highly_variable"]
    with pytest.raises(DataError) as caught:
        export_atlas(tmp_path / "x.atlas.zarr", data, ModelPart({}, {}), {})
    assert [p.place for p in caught.value.problems] == [
        "obs['domain']",
        "var['highly_variable']",
        "obsm['umap']",
        "varm['loadings']",
    ]
    assert list(tmp_path.iterdir()) == []


def test_settings_of_the_caller_stay(tmp_path: Path) -> None:
    before = (
        anndata.settings.zarr_write_format,
        anndata.settings.auto_shard_zarr_v3,
        anndata.settings.allow_write_nullable_strings,
    )
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        export(tmp_path / "x.atlas.zarr", fitted())
    assert before == (
        anndata.settings.zarr_write_format,
        anndata.settings.auto_shard_zarr_v3,
        anndata.settings.allow_write_nullable_strings,
    )


def test_the_reference_opens_without_this_package(tmp_path: Path) -> None:
    data = fitted()
    export(tmp_path / "x.atlas.zarr", data)
    code = (
        "import sys, json, anndata\n"
        "data = anndata.read_zarr(sys.argv[1])\n"
        "print(json.dumps({\n"
        "  'ours': [m for m in sys.modules if m.split('.')[0] in ('training', 'atlas_app')],\n"
        "  'shape': data.shape, 'sum': float(data.X.sum()), 'obs': list(data.obs),\n"
        "  'obsm': sorted(data.obsm), 'varm': sorted(data.varm)}))"
    )
    done = subprocess.run(
        [sys.executable, "-I", "-c", code, str(tmp_path / "x.atlas.zarr" / "reference")],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    found = json.loads(done.stdout)
    assert found["ours"] == []
    assert found["shape"] == [6, 3]
    assert found["sum"] == data.X.sum()
    assert found["obs"] == ["slice", "stage", "time", "spot", "domain"]
    assert found["obsm"] == ["factors", "latent", "spatial", "umap"]
    assert found["varm"] == ["loadings"]
