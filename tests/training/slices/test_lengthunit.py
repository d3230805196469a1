"""The unit of coordinates that a file names itself, and everything that may stand there instead."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import anndata as ad
import h5py
import numpy as np
import pytest
import zarr

from training.slices.readers.h5ad import read_h5ad
from training.slices.readers.lengthunit import length_unit, stated_unit


def section(uns: dict[str, Any]) -> ad.AnnData:
    made = ad.AnnData(np.ones((3, 2), np.float32), uns=uns)
    made.obsm["spatial"] = np.zeros((3, 2), np.float32)
    return made


def unit_of(path: Path) -> str:
    return read_h5ad(path, place=path.name, spatial_key="spatial").coordinate_unit


@pytest.mark.parametrize(
    ("told", "unit"),
    [("um", "um"), ("µm", "um"), (" Microns ", "um"), ("mm", "mm"), ("nanometres", "nm")],
)
def test_a_unit_of_length_is_read_however_it_is_spelt(told: str, unit: str, tmp_path: Path) -> None:
    made = section({"source": {"coordinate_unit": told, "repo": "a/b"}})
    made.write_h5ad(tmp_path / "x.h5ad")
    made.write_zarr(tmp_path / "x.zarr")
    assert unit_of(tmp_path / "x.h5ad") == unit
    assert stated_unit(zarr.open_group(tmp_path / "x.zarr", mode="r")["uns"]) == unit


@pytest.mark.parametrize(
    "uns",
    [
        {},
        {"source": "um"},
        {"source": {"repo": "a/b"}},
        {"source": {"coordinate_unit": "image pixel"}},
        {"source": {"coordinate_unit": "um" * 10**6}},
        {"source": {"coordinate_unit": 1.5}},
        {"source": {"coordinate_unit": np.array(["um", "mm"])}},
        {"source": {"coordinate_unit": {"um": "um"}}},
    ],
    ids=["none", "text", "other", "pixel", "huge", "number", "array", "mapping"],
)
def test_what_is_no_unit_of_length_is_as_if_it_were_not_there(
    uns: dict[str, Any], tmp_path: Path
) -> None:
    section(uns).write_h5ad(tmp_path / "x.h5ad")
    assert unit_of(tmp_path / "x.h5ad") == ""


def test_bytes_that_are_no_text_and_broken_parts_do_no_harm(tmp_path: Path) -> None:
    section({"source": {"coordinate_unit": "um"}}).write_h5ad(tmp_path / "x.h5ad")
    with h5py.File(tmp_path / "x.h5ad", "r+") as file:
        del file["uns/source/coordinate_unit"]
        file["uns/source/coordinate_unit"] = np.bytes_(b"\xff\xfeum")
    assert unit_of(tmp_path / "x.h5ad") == ""
    with h5py.File(tmp_path / "x.h5ad", "r+") as file:
        del file["uns"]
        file["uns"] = np.arange(3)
    assert unit_of(tmp_path / "x.h5ad") == ""

    class Broken(dict[str, Any]):
        def get(self, *_: Any) -> Any:
            raise OSError("damaged")

    assert stated_unit(Broken()) == ""
    assert [length_unit(told) for told in (None, 3, b"um", "UM")] == ["", "", "um", "um"]
