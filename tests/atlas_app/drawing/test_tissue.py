"""Tissue images of a store: read, checked, described and served."""

from __future__ import annotations

import io
import runpy
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import zarr
from PIL import Image

from atlas_app.app import create_app
from atlas_app.settings import Settings
from training.export import export_atlas
from training.store import ModelPart, StoreError, open_atlas, tissue_images, validate_store

SMALL = runpy.run_path(str(Path(__file__).parents[1] / "small_atlas.py"))
SCALE = 0.25


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three slices; the second, whose name has a slash, has an image: left half red."""
    data = SMALL["tissue"](0, ["a", "b/2", "c"], ["E9"] * 3, [9.0] * 3)
    pixels = np.full((50, 60, 3), 240, np.uint8)
    pixels[:, :30] = [200, 30, 30]
    data.uns["spatial"] = {
        "b_2": {"images": {"hires": pixels}, "scalefactors": {"tissue_hires_scalef": SCALE}}
    }
    path = tmp_path_factory.mktemp("tissue") / "stained.atlas.zarr"
    export_atlas(path, data, ModelPart({"w": np.zeros(2, np.float32)}, {}), {"title": "Stained"})
    return path


@pytest.fixture(scope="module")
def client(store: Path, tmp_path_factory: pytest.TempPathFactory) -> Any:
    settings = Settings(stores=(store,), job_folder=tmp_path_factory.mktemp("jobs"))
    return create_app(settings).server.test_client()


def test_a_store_gives_its_images(store: Path) -> None:
    (image,) = tissue_images(open_atlas(store))
    assert (image.slice, image.width, image.height, image.scale) == (1, 60, 50, SCALE)
    assert image.pixels()[0, 0].tolist() == [200, 30, 30]
    assert validate_store(store) == []


def test_an_image_is_described_and_served(client: Any) -> None:
    base = "/api/v1/atlases/stained"
    slices = client.get(base).json["slices"]
    assert [part.get("tissue") for part in slices] == [
        None,
        {"width": 60, "height": 50, "scale": SCALE},
        None,
    ]
    answer = client.get(f"{base}/tissue/1.jpg")
    assert answer.mimetype == "image/jpeg"
    assert answer.headers["ETag"]
    with Image.open(io.BytesIO(answer.data)) as picture:
        assert picture.size == (60, 50)
        seen = np.asarray(picture.convert("RGB")).astype(int)
    assert abs(seen[25, 10] - [200, 30, 30]).max() < 12
    assert abs(seen[25, 50] - 240).max() < 12
    refused = client.get(f"{base}/tissue/0.jpg")
    assert refused.status_code == 404
    assert refused.json["examples"] == ["1"]


def test_an_image_of_another_form_is_a_fault(store: Path, tmp_path: Path) -> None:
    import shutil

    for scale, shape, word in ((-1.0, (5, 6, 3), "above 0"), (1.0, (5, 6), "uint8")):
        copy = tmp_path / f"{word}.atlas.zarr"
        shutil.copytree(store, copy)
        library = zarr.open_group(copy, mode="r+", use_consolidated=False)[
            "reference/uns/spatial/b_2"
        ]
        del library["images/hires"], library["scalefactors/tissue_hires_scalef"]
        library["images"].create_array("hires", data=np.zeros(shape, np.uint8))
        library["scalefactors"].create_array("tissue_hires_scalef", data=np.float64(scale))
        assert any(word in fault for fault in validate_store(copy))
        with pytest.raises(StoreError, match=word):
            tissue_images(open_atlas(copy))


def test_coordinates_of_other_resolution_are_told_their_scale(tmp_path: Path) -> None:
    data = SMALL["tissue"](0, ["a", "b"], ["E9"] * 2, [9.0] * 2)
    data.obsm["spatial_aligned"] = data.obsm["spatial"].copy()
    data.obsm["spatial_aligned"][60:] *= 2
    records = [
        {"slice": "a", "reference": "a", "registered": True, "rotation": 0.0, "scale": 1.0},
        {"slice": "b", "reference": "a", "registered": True, "rotation": 0.0, "scale": 2.0},
    ]
    for each in records:
        each.update(reflected=False, shift=[0.0, 0.0], z=None, joined=[], residual=None)
    path = tmp_path / "two.atlas.zarr"
    model = ModelPart({"w": np.zeros(2, np.float32)}, {})
    export_atlas(path, data, model, {"alignment": records})
    app = create_app(Settings(stores=(path,), job_folder=tmp_path / "jobs"))
    slices = app.server.test_client().get("/api/v1/atlases/two").json["slices"]
    assert [part.get("unit_scale") for part in slices] == [None, 2.0]
