"""The optional aligned coordinates: carried, read, absent in older stores, checked when there."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import anndata
import numpy as np
import pytest

from training.store import StoreError, open_atlas, validate_store

Build = Callable[..., anndata.AnnData]
Write = Callable[..., str]


@pytest.fixture
def stacked(tmp_path: Path, make_atlas: Build, write_store: Write) -> Path:
    """A store whose second slice lies 10 above the first."""
    atlas = make_atlas()
    depth = 10.0 * (atlas.obs["slice"] == "B1").to_numpy()
    atlas.obsm["spatial_aligned"] = np.column_stack([atlas.obsm["spatial"] + 1, depth])
    path = tmp_path / "stacked.atlas.zarr"
    write_store(path, atlas, card={"alignment": [{"slice": "A1", "rotation": 3.5}]})
    return path


def test_a_stack_is_carried(stacked: Path) -> None:
    assert validate_store(stacked) == []
    atlas = open_atlas(stacked)
    assert atlas.aligned is not None
    assert atlas.aligned.shape == (40, 3)
    assert atlas.aligned.dtype == np.float32
    np.testing.assert_array_equal(atlas.aligned[:, :2], atlas.coordinates("spatial") + 1)
    np.testing.assert_array_equal(atlas.aligned[:, 2], 10 * (atlas.obs("slice") == "B1"))
    assert atlas.card["alignment"] == [{"slice": "A1", "rotation": 3.5}]
    with pytest.raises(ValueError, match="read-only"):
        atlas.aligned[0, 0] = 1
    stored = anndata.read_zarr(stacked / "reference").obsm["spatial_aligned"]
    np.testing.assert_array_equal(stored, atlas.aligned)


def test_two_columns_do(tmp_path: Path, make_atlas: Build, write_store: Write) -> None:
    atlas = make_atlas()
    atlas.obsm["spatial_aligned"] = np.asarray(atlas.obsm["spatial"], dtype=np.float64)[:, ::-1]
    write_store(tmp_path / "flat.atlas.zarr", atlas)
    aligned = open_atlas(tmp_path / "flat.atlas.zarr").aligned
    np.testing.assert_array_equal(aligned, atlas.obsm["spatial"][:, ::-1])


def test_a_store_without_them_opens(pristine: Path) -> None:
    assert open_atlas(pristine).aligned is None


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda v: np.where(np.arange(40)[:, None] == 3, np.nan, v), "1 spots with values not"),
        (lambda v: v + np.arange(40)[:, None] * np.array([0, 0, 1.0]), "20 depths in slice 'A1'"),
    ],
)
def test_wrong_values_are_refused_on_writing(
    change: Callable[[np.ndarray], np.ndarray],
    words: str,
    tmp_path: Path,
    make_atlas: Build,
    write_store: Write,
) -> None:
    atlas = make_atlas()
    plain = np.column_stack([atlas.obsm["spatial"], np.zeros(40)])
    atlas.obsm["spatial_aligned"] = change(plain)
    with pytest.raises(StoreError, match=words):
        write_store(tmp_path / "wrong.atlas.zarr", atlas)
    assert not (tmp_path / "wrong.atlas.zarr").exists()


def test_a_wrong_shape_is_refused_on_writing(
    tmp_path: Path, make_atlas: Build, write_store: Write
) -> None:
    atlas = make_atlas()
    atlas.obsm["spatial_aligned"] = np.zeros((40, 4))
    with pytest.raises(StoreError, match=r"shape \(40, 4\); expected 40 spots × 2 or 3"):
        write_store(tmp_path / "wide.atlas.zarr", atlas)
