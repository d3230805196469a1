"""A selection beside the rest, with specimens as the replicates."""

from __future__ import annotations

import runpy
from pathlib import Path

import numpy as np
import pytest

from atlas_app.selection.contrast import compare_sides
from atlas_app.selection.rows import contrast_facts
from atlas_app.selection.sides import Sides
from training.store import Atlas, open_atlas

SMALL = runpy.run_path(str(Path(__file__).parents[1] / "small_atlas.py"))


@pytest.fixture(scope="module")
def atlas(tmp_path_factory: pytest.TempPathFactory) -> Atlas:
    """Six slices, the first three of one stage, two of them of one donor."""
    path = tmp_path_factory.mktemp("specimens") / "donors.atlas.zarr"
    return open_atlas(
        SMALL["write_stacks"](path, donors=["one", "one", "two", "one", "three", "four"])
    )


@pytest.fixture(scope="module")
def sides(atlas: Atlas) -> Sides:
    """Half of the spots of the first three slices, and their other half."""
    inside = np.zeros(atlas.n_spots, dtype=bool)
    inside[:180:2] = True
    outside = np.zeros(atlas.n_spots, dtype=bool)
    outside[1:180:2] = True
    return Sides(inside, outside, rest=False)


def test_slices_of_a_donor_count_as_one(atlas: Atlas, sides: Sides) -> None:
    slices, found = compare_sides(atlas, sides), compare_sides(atlas, sides, "specimens")
    assert (slices.design.kind, len(slices.design.a)) == ("paired", 3)
    assert (found.design.kind, len(found.design.a)) == ("paired", 2)
    assert found.design.spots_a.tolist() == [60, 30]
    told = contrast_facts(atlas, found)
    assert (told["unit"], told["specimens"]) == ("specimen", True)
    assert told["test"] == "moderated paired t over specimens"
    assert [each["slice"] for each in told["counted_a"]] == ["one", "two"]
    assert contrast_facts(atlas, slices)["unit"] == "slice"


def test_the_counts_of_a_donor_are_pooled(atlas: Atlas, sides: Sides) -> None:
    found = compare_sides(atlas, sides, "specimens")
    counts = atlas.counts("MYH7").astype(float)
    donors = [np.r_[0:120], np.r_[120:180]]
    rates = [
        1e4 * counts[rows][sides.a[rows]].sum() / atlas.totals[rows][sides.a[rows]].sum()
        for rows in donors
    ]
    assert found.mean_a[found.names.index("MYH7")] == pytest.approx(np.mean(rates))


def test_where_nobody_names_specimens_slices_are_taken(patched: Atlas) -> None:
    inside = np.arange(patched.n_spots) % 2 == 0
    sides = Sides(inside, ~inside, rest=True)
    told = contrast_facts(patched, compare_sides(patched, sides, "specimens"))
    assert (told["unit"], told["specimens"]) == ("slice", False)
