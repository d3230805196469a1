"""The animation of stages: which slice stands for a stage, where on the axis, in which frame."""

from __future__ import annotations

import runpy
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from atlas_app.pages.stages.alignment import orientation_note, residual_words
from atlas_app.pages.stages.film import apart_notes
from atlas_app.stages.film import describe_film, film_of
from training.store import Atlas, open_atlas

SMALL = runpy.run_path(str(Path(__file__).parents[1] / "small_atlas.py"))


@pytest.fixture(scope="module")
def aligned(tmp_path_factory: pytest.TempPathFactory) -> Atlas:
    """Sections a1, a2, a3 (in no frame), b1, b2 and c1 of three stages."""
    path = tmp_path_factory.mktemp("film") / "x.atlas.zarr"
    return open_atlas(SMALL["write_stacks"](path))


def fake(slices: list[tuple[str, int, str | None]], times: dict[str, float | None]) -> Any:
    """An atlas of slices (stage, spots, the slice whose frame it is given in)."""
    parts = [
        SimpleNamespace(name=f"s{i}", stage=stage, n_spots=n)
        for i, (stage, n, _) in enumerate(slices)
    ]
    records = [
        {"slice": f"s{i}", "registered": frame is not None, "reference": frame or f"s{i}"}
        for i, (_, _, frame) in enumerate(slices)
    ]
    stages = [SimpleNamespace(name=name, time=time) for name, time in times.items()]
    card = {"alignment": records}
    return SimpleNamespace(slices=parts, stages=stages, card=card, aligned=object())


def test_the_largest_slice_in_the_common_frame_stands_for_a_stage() -> None:
    atlas = fake(
        [("A", 90, "s3"), ("A", 80, "s1"), ("B", 10, "s1"), ("B", 70, "s3"), ("C", 50, "s1")],
        {"A": 1.0, "B": 2.0, "C": 4.0},
    )
    film = film_of(atlas)
    assert [stage.shown for stage in film.stages] == [1, 2, 4]
    assert [stage.place for stage in film.stages] == [1, 2, 4]
    assert film.timed
    assert film.apart == [0, 3]
    assert [each.apart for each in film.stages[0].slices] == [True, False]


def test_slices_that_were_asked_for_stand_for_their_stages(aligned: Atlas) -> None:
    assert [stage.shown for stage in film_of(aligned).stages] == [0, 3, 5]
    film = film_of(aligned, [99, 2, 1, 4])
    assert [stage.shown for stage in film.stages] == [2, 4, 5]
    assert [stage.usual for stage in film.stages] == [0, 3, 5]
    assert film.apart == [2]
    told = describe_film(film)
    assert told["timed"] is True
    assert told["stages"][0] == {
        "name": "E9",
        "place": 9.0,
        "usual": 0,
        "shown": 2,
        "slices": [{"slice": i, "apart": i == 2} for i in range(3)],
    }


@pytest.mark.parametrize("times", [(3.0, 2.0), (2.0, 2.0), (1.0, None)])
def test_without_rising_times_stages_follow_one_another(times: tuple[float, Any]) -> None:
    atlas = fake([("A", 5, None), ("B", 5, None)], dict(zip("AB", times, strict=True)))
    film = film_of(atlas)
    assert [stage.place for stage in film.stages] == [0, 1]
    assert not film.timed
    assert film.apart == [0, 1]


def test_the_residual_is_told_beside_the_size_of_the_tissue(aligned: Atlas) -> None:
    note = orientation_note(aligned, ("E9", "E11"))
    plane = aligned.coordinates("spatial")
    widths = [
        float((plane[i : i + 60].max(axis=0) - plane[i : i + 60].min(axis=0)).max())
        for i in (0, 60, 300)
    ]
    share = 100 * 4.5 / sorted(widths)[1]
    assert f"4.5 µm ({share:.2g}% of the tissue's width) apart" in note
    assert "Not aligned, shown as given: a3." in note
    assert residual_words(aligned, 0) == "–"
    assert residual_words(aligned, 3).startswith("4.5 µm (")
    alone = fake([("A", 5, None), ("B", 5, None)], {"A": 1.0, "B": 2.0})
    assert "shown as it was given" in orientation_note(alone, ("A", "B"))


def test_only_of_slices_in_no_frame_it_is_said_that_they_are_as_given() -> None:
    slices = [("A", 9, "s0"), ("B", 9, "s0"), ("C", 9, "s3"), ("D", 9, "s3"), ("E", 9, "s0")]
    atlas = fake([*slices, ("E", 9, None)], dict(zip("ABCDE", range(5), strict=True)))
    served: Any = SimpleNamespace(atlas=atlas)
    assert apart_notes(served, film_of(atlas)) == [
        "Not aligned with the others, so drawn centred, the way round it was given: s5.",
        "Aligned with other slices only, so drawn centred: s2, s3.",
    ]
    assert orientation_note(atlas, "AC") == "These slices are not aligned with each other."
    # The two share a frame, which is not that of most stages.
    assert orientation_note(atlas, "CD").endswith("when the atlas was fitted.")
    note = orientation_note(atlas, "ABCE")
    assert "shown as given: s5. Aligned with other slices only: s2." in note
