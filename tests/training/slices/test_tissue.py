"""Tissue images on their way from files to a collection: pixels, scale, and whose they are."""

from __future__ import annotations

import json
from pathlib import Path

import anndata as ad
import numpy as np
import pandas as pd
import pytest
from PIL import Image
from scipy import sparse

from training.config import load_config
from training.slices.load import load_slices
from training.slices.tissue import choose_image, make_image, read_libraries, read_visium_image

N = 60


def library(height: int, width: int, scale: float) -> dict[str, object]:
    pixels = np.zeros((height, width, 3), np.uint8)
    pixels[: height // 2, : width // 2] = [200, 100, 50]
    return {
        "images": {"hires": pixels},
        "scalefactors": {"tissue_hires_scalef": scale, "spot_diameter_fullres": 40.0},
    }


def slice_of(names: list[str], size: float) -> ad.AnnData:
    rng = np.random.default_rng(len(names))
    data = ad.AnnData(
        sparse.csr_matrix(rng.poisson(3.0, (N * len(names), 20)).astype(np.float32)),
        obs=pd.DataFrame(
            {"slice": np.repeat(names, N)}, index=[f"s{i}" for i in range(N * len(names))]
        ),
        var=pd.DataFrame(index=[f"g{i}" for i in range(20)]),
    )
    data.obsm["spatial"] = rng.uniform(0, size, (data.n_obs, 2))
    return data


def test_a_large_image_shrinks_and_keeps_its_frame() -> None:
    found = read_libraries({"a": library(2400, 1600, 0.5), "none": {"images": {}}})
    assert list(found) == ["a"]
    image = found["a"]
    assert image.pixels.shape == (800, 533, 3)
    assert image.scale == pytest.approx(0.5 / 3)
    # The corner of what is bright lies at (1600, 2400) in units of the coordinates.
    x, y = int(1600 * image.scale), int(2400 * image.scale)
    assert image.pixels[y - 2, x - 2].tolist() == [200, 100, 50]
    assert image.pixels[y + 2, x + 2].tolist() == [0, 0, 0]


def test_a_sliver_is_no_fault() -> None:
    made = make_image(np.full((3000, 2, 3), 90, np.uint8), 1.0, np.nan)
    assert made is not None
    assert made.pixels.shape == (1000, 1, 3)
    assert (made.pixels == 90).all()


def test_numbers_and_layers_of_every_kind_become_bytes() -> None:
    grey = make_image(np.full((4, 6), 0.5), 1.0, np.nan)
    assert grey is not None
    assert grey.pixels.shape == (4, 6, 3)
    assert (grey.pixels == 128).all()
    clear = make_image(np.zeros((4, 6, 4), np.uint8), 1.0, np.nan)
    assert clear is not None
    assert (clear.pixels == 255).all()
    for pixels, scale in ((np.zeros((4, 6, 2)), 1.0), (np.zeros((4, 6, 3)), np.nan)):
        assert make_image(pixels, scale, np.nan) is None


def test_an_image_of_another_frame_is_left_out_with_a_word() -> None:
    images = read_libraries({"a": library(100, 100, 0.1)})
    spots = np.random.default_rng(0).uniform(0, 1000, (50, 2))
    assert choose_image(images, "a", False, spots) is images["a"]
    assert choose_image(images, "b", True, spots) is images["a"]
    assert choose_image(images, "b", False, spots) is None
    with pytest.warns(UserWarning, match="slice 'a' is left out"):
        assert choose_image(images, "a", False, spots * 5) is None


def test_slices_bring_their_images(tmp_path: Path) -> None:
    alone = slice_of(["alone"], 1000)
    alone.uns["spatial"] = {"a library": library(100, 100, 0.1)}
    both = slice_of(["left", "right"], 500)
    both.uns["spatial"] = {"right": library(100, 100, 0.2), "neither": library(50, 50, 0.1)}
    config = load_config(None, [])
    for data, name, scale in ((alone, "alone", 0.1), (both, "right", 0.2)):
        path = tmp_path / f"{name}.h5ad"
        data.write_h5ad(path)
        spots, _ = load_slices(path, data=config.data, quality=config.quality, stages=config.stages)
        assert set(spots.uns["spatial"]) == {name}
        kept = spots.uns["spatial"][name]
        assert kept["images"]["hires"].dtype == np.uint8
        assert kept["scalefactors"]["tissue_hires_scalef"] == scale


def test_a_space_ranger_folder_has_an_image(tmp_path: Path) -> None:
    assert read_visium_image(tmp_path) is None
    (tmp_path / "scalefactors_json.json").write_text("{}")
    assert read_visium_image(tmp_path) is None
    Image.fromarray(np.full((30, 40, 3), 90, np.uint8)).save(tmp_path / "tissue_hires_image.png")
    scales = {"tissue_hires_scalef": 0.02, "spot_diameter_fullres": 90.0}
    (tmp_path / "scalefactors_json.json").write_text(json.dumps(scales))
    image = read_visium_image(tmp_path)
    assert image is not None
    assert (image.pixels.shape, image.scale, image.diameter) == ((30, 40, 3), 0.02, 90.0)
