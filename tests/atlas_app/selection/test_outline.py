from __future__ import annotations

import numpy as np
import pytest

from atlas_app.http.errors import ApiError
from atlas_app.selection.outline import (
    MOST_TEXT,
    lie_inside,
    mark_spots,
    read_selection,
    work_of,
)
from atlas_app.selection.sides import find_sides, find_spots
from training.store import Atlas

PATCH = "spatial*-5_-9_2.5_-9_2.5_99_-5_99*0*3"


def test_spots_inside_are_those_of_the_even_odd_rule() -> None:
    star = np.array([[np.cos(a), np.sin(a)] for a in np.pi * (0.5 + 0.8 * np.arange(5))])
    points = np.array([[0, 0], [0, 0.6], [0.55, 0.17], [2, 0], [-0.3, -0.9]])
    assert lie_inside(star, points).tolist() == [False, True, True, False, False]
    square = np.array([[0, 0], [0, 1], [1, 1], [1, 0]], dtype=float)
    found = lie_inside(square, np.random.default_rng(0).uniform(-1, 2, (4000, 2)))
    assert found.mean() == pytest.approx(1 / 9, abs=0.02)


def test_outlines_are_added_and_taken_away_in_turn(patched: Atlas) -> None:
    def count(text: str) -> int:
        outlines = read_selection(text, len(patched.slices))
        return int(mark_spots(outlines, patched.coordinates, patched.slices).sum())

    assert count(PATCH) == 36
    lower = "spatial*-9_-9_99_-9_99_2.5_-9_2.5*0"
    assert count(f"{PATCH}~{lower}") == 36 + 30 - 9
    assert count(f"{PATCH}!{lower}") == 36 - 9
    assert count(f"{PATCH}!{lower}~{lower}") == count(f"{PATCH}~{lower}")
    # A scale and a shift carry the corners to another slice.
    assert count("spatial*-50_-90_25_-90_25_990_-50_990*0_0.1_0_0*1") == 18 + 60


def test_work_is_counted_in_the_boxes_of_outlines_where_they_are_brought(patched: Atlas) -> None:
    outlines = read_selection("spatial*0_0_5_1_2_3*0*1_-0.7_9_4*3_0.3_-0.5_2!umap*0_0_1_0_0_1*2", 6)
    expected = 0
    for outline in outlines:
        places = patched.coordinates(outline.view)
        for carry in outline.slices:
            points = places[60 * carry.slice : 60 * carry.slice + 60]
            there = outline.corners * carry.scale + [carry.dx, carry.dy]
            inside = (points >= there.min(axis=0)) & (points <= there.max(axis=0))
            expected += 60 + 3 + 3 * int(inside.all(axis=1).sum())
    assert expected > 4 * 63
    assert work_of(outlines, patched.coordinates, patched.slices) == expected
    assert 100 < work_of(outlines, patched.coordinates, patched.slices, 100) < expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x",
        "spatial*1_2_3_4*0",
        "spatial*1_2_3_4_5_6*9",
        "spatial*1_2_3_4_5_6*0_1",
        "spatial*1_2_3_4_5_nan*0",
        "polar*1_2_3_4_5_6*0",
        "umap*1_2_3_4_5_6",
        "spatial*1_2_3_4_5_6*0~",
        "spatial*1_2_3_4_5_6*0" + "*0" * MOST_TEXT,
    ],
)
def test_what_cannot_be_read_is_refused(text: str, patched: Atlas) -> None:
    with pytest.raises(ValueError):  # noqa: PT011
        read_selection(text, 6)
    with pytest.raises(ApiError) as error:
        find_sides(patched, text)
    assert error.value.status == 400


def test_sides_share_no_spot_and_hidden_ones_take_no_part(patched: Atlas) -> None:
    sides = find_sides(patched, PATCH)
    assert (int(sides.a.sum()), int(sides.b.sum()), sides.rest) == (36, 360 - 36, True)
    wide = "spatial*1.5_-9_99_-9_99_99_1.5_99*0"
    two = find_sides(patched, PATCH, wide)
    assert (int(two.a.sum()), int(two.b.sum()), two.shared, two.rest) == (30, 42, 6, False)
    assert sides.key != two.key
    assert find_sides(patched, PATCH).key == sides.key
    domain = patched.values("obs", "domain").data
    hidden = find_sides(patched, PATCH, without=["obs:domain*0_1"])
    assert int(hidden.a.sum()) == int((sides.a & (domain > 1)).sum())
    assert int(hidden.b.sum()) == int((sides.b & (domain > 1)).sum())
    everything = "spatial*-9_-9_99_-9_99_99_-9_99*0*1*2*3*4*5"
    assert find_spots(patched, everything).all()


@pytest.mark.parametrize(
    ("sel", "against", "without", "status"),
    [
        ("spatial*50_50_60_50_60_60*0", "", [], 409),
        ("spatial*-9_-9_99_-9_99_99_-9_99*0*1*2*3*4*5", "", [], 409),
        (PATCH, PATCH, [], 409),
        (PATCH, "nonsense", [], 400),
        (PATCH, "", ["obs:domain*0_999"], 400),
        (PATCH, "", ["obs:nothing*0"], 400),
        (PATCH, "", ["gene:MYH9*0"], 400),
        (PATCH, "", ["rubbish"], 400),
    ],
)
def test_sides_that_cannot_be_had_say_why(
    sel: str, against: str, without: list[str], status: int, patched: Atlas
) -> None:
    with pytest.raises(ApiError) as error:
        find_sides(patched, sel, against, without)
    assert error.value.status == status
    assert error.value.expected
