"""Which sections make a stack, what is said of their depth, and the page and bytes for them."""

from __future__ import annotations

import runpy
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from atlas_app.app import create_app, page_content
from atlas_app.atlases.data import Atlases
from atlas_app.drawing.stacks import stack_coordinates, stacks_of
from atlas_app.settings import Settings
from atlas_app.site import Site
from training.store import Atlas, open_atlas

SMALL = runpy.run_path(str(Path(__file__).parents[1] / "small_atlas.py"))


def write(path: Path, **how: Any) -> Atlas:
    return open_atlas(SMALL["write_stacks"](path, **how))


def test_sections_of_one_stage_where_nobody_names_specimens(tmp_path: Path) -> None:
    found = stacks_of(write(tmp_path / "x.atlas.zarr"))
    assert [stack.name for stack in found] == ["E9", "E10"]
    assert [[section.slice for section in stack.sections] for stack in found] == [[0, 1, 2], [3, 4]]
    assert {(stack.told, stack.specimen, stack.depth) for stack in found} == {("", "", "order")}
    assert not any(stack.in_proportion for stack in found)
    first = found[0].sections
    assert [section.registered for section in first] == [True, True, False]
    assert [section.reflected for section in first] == [False, True, False]
    assert [section.residual for section in first] == [None, 4.5, 4.5]


def test_a_column_of_donors_parts_a_stage(tmp_path: Path) -> None:
    donors = ["one", "one", "two", "two", "two", "two"]
    found = stacks_of(write(tmp_path / "x.atlas.zarr", donors=donors))
    told = [(stack.name, len(stack.sections)) for stack in found]
    assert told == [("E9 one", 2), ("E10 two", 2)]
    assert {stack.told for stack in found} == {"donor"}


@pytest.mark.parametrize(
    ("unit", "column", "depth_unit", "in_proportion"),
    [
        ("µm", "z_um", "um", True),
        ("", "z_um", "um", False),
        ("pixel", "z", "pixel", True),
        ("um", "", "um", True),
    ],
)
def test_depth_orders_the_sections_and_has_a_unit(
    tmp_path: Path, unit: str, column: str, depth_unit: str, in_proportion: bool
) -> None:
    depths = [30.0, 10.0, 20.0, 0.0, 5.0, 0.0]
    atlas = write(tmp_path / "x.atlas.zarr", depths=depths, unit=unit, z_column=column)
    first = stacks_of(atlas)[0]
    assert [section.slice for section in first.sections] == [1, 2, 0]
    assert [section.z for section in first.sections] == [10.0, 20.0, 30.0]
    assert first.depth == "given"
    assert (first.depth_unit, first.in_proportion) == (depth_unit, in_proportion)
    found = stack_coordinates(atlas)
    assert found.dtype == np.float32
    np.testing.assert_array_equal(found[:, 2], np.repeat(depths, 60))
    shifted = atlas.coordinates("spatial") + np.array([1000, 0])
    np.testing.assert_allclose(found[:, :2], shifted, rtol=1e-6)


def test_without_depths_the_third_column_counts_the_sections(tmp_path: Path) -> None:
    found = stack_coordinates(write(tmp_path / "x.atlas.zarr"))
    np.testing.assert_array_equal(found[:, 2], np.repeat([0, 1, 2, 0, 1, 0], 60))


def test_an_atlas_that_was_never_registered_lies_as_it_was(tmp_path: Path) -> None:
    atlas = write(tmp_path / "x.atlas.zarr", registered=False)
    assert not any(section.registered for stack in stacks_of(atlas) for section in stack.sections)
    np.testing.assert_array_equal(
        stack_coordinates(atlas)[:, :2], np.asarray(atlas.coordinates("spatial"))
    )


def test_the_route_gives_three_numbers_a_spot(tmp_path: Path) -> None:
    path = tmp_path / "x.atlas.zarr"
    atlas = write(path, depths=[30.0, 10.0, 20.0, 0.0, 5.0, 0.0])
    app = create_app(Settings(stores=(path,), job_folder=tmp_path / "jobs"))
    client = app.server.test_client()
    answer = client.get("/api/v1/atlases/x/coordinates/stack")
    body = np.frombuffer(answer.data, "<f4").reshape(-1, 3)
    np.testing.assert_array_equal(body, stack_coordinates(atlas))
    assert answer.headers["X-Atlas-Digest"] == atlas.digest
    stacks = client.get("/api/v1/atlases/x").json["stacks"]
    assert stacks[0]["sections"][0] == {
        "slice": 1,
        "z": 10.0,
        "registered": True,
        "reflected": True,
        "rotation": 3.0,
        "residual": 4.5,
        "inlier_share": 0.75,
    }


def test_an_atlas_of_single_sections_points_to_explore(tmp_path: Path) -> None:
    path = tmp_path / "x.atlas.zarr"
    write(path, donors=list("stuvwx"))
    settings = Settings(stores=(path,), job_folder=tmp_path / "jobs")
    atlases = Atlases(settings)
    site = Site(settings, atlases, None)  # type: ignore[arg-type]
    page = str(page_content(site, "stack", {}))
    assert "No specimen of this atlas has more than one section" in page
    assert "/explore" in page
    assert "atlas-explore" not in page
