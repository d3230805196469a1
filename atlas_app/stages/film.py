"""The stages of an atlas one after the other: which slice stands for each, where on the axis of
time, and which slices lie in one frame, so that one can be drawn in the place of the other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from atlas_app.stages.alignment import frames_of, main_frame
from atlas_app.stages.charts import stage_places
from training.store import Atlas


@dataclass(frozen=True)
class FilmSlice:
    """A slice as it may stand for its stage.

    Attributes:
        slice: its number.
        apart: it does not share the frame of the others and has to be drawn centred.
    """

    slice: int
    apart: bool


@dataclass(frozen=True)
class FilmStage:
    """A stage: `place` is where it stands on the axis, `usual` the number of the slice that stands
    for it where none is asked for, `shown` that of the one drawn."""

    name: str
    time: float | None
    place: float
    slices: tuple[FilmSlice, ...]
    usual: int
    shown: int


@dataclass(frozen=True)
class Film:
    """Stages in their order; `timed` says whether places are times, else they are 0, 1, …"""

    stages: tuple[FilmStage, ...]
    timed: bool

    @property
    def apart(self) -> list[int]:
        """Slices that are drawn centred, as nothing says how they lie to the others."""
        return [each.slice for stage in self.stages for each in stage.slices if each.apart]


def film_of(atlas: Atlas, chosen: Sequence[int] = ()) -> Film:
    """The stages of an atlas with a slice for each.

    The frame is the one that most stages have a slice in. A stage is shown by its largest slice
    there, or by its largest at all where it has none.

    Args:
        chosen: numbers of slices to show in place of those; what is no slice's number, and all
            but the first of a stage, count as not given.
    """
    places, timed = stage_places(atlas)
    if any(later <= earlier for earlier, later in pairwise(places)):
        places, timed = [float(i) for i in range(len(places))], False
    frames = frames_of(atlas)
    frame = main_frame(atlas, frames)
    apart = [each is None or each != frame for each in frames]
    wanted: dict[str, int] = {}
    for number in chosen:
        if 0 <= number < len(atlas.slices):
            wanted.setdefault(atlas.slices[number].stage, number)
    stages = []
    for stage, place in zip(atlas.stages, places, strict=True):
        own = [i for i, part in enumerate(atlas.slices) if part.stage == stage.name]
        best = max(own, key=lambda i: (not apart[i], atlas.slices[i].n_spots, -i))
        stages.append(
            FilmStage(
                name=stage.name,
                time=stage.time,
                place=place,
                slices=tuple(FilmSlice(i, apart[i]) for i in own),
                usual=best,
                shown=wanted.get(stage.name, best),
            )
        )
    return Film(tuple(stages), timed)


def describe_film(film: Film) -> dict[str, Any]:
    """What the browser needs of it, as JSON."""
    return {
        "timed": film.timed,
        "stages": [
            {
                "name": stage.name,
                "place": stage.place,
                "usual": stage.usual,
                "shown": stage.shown,
                "slices": [{"slice": each.slice, "apart": each.apart} for each in stage.slices],
            }
            for stage in film.stages
        ],
    }
