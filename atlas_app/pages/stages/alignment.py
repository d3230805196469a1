"""How well slices were laid onto each other, in words and beside the size of the tissue."""

from __future__ import annotations

from collections.abc import Collection
from statistics import median
from typing import Any

import numpy as np

from atlas_app.drawing.stacks import record_of, unit_words
from atlas_app.stages.alignment import alignment_records, frames_of, main_frame
from atlas_app.words.readable import readable
from training.store import Atlas


def residual_words(atlas: Atlas, slice: int) -> str:
    """How far alike spots of a slice and its neighbours still lie apart; '–' where not known."""
    residual = record_of(slice, atlas, alignment_records(atlas)).residual
    return "–" if residual is None else distance_words(atlas, residual, [slice])


def distance_words(atlas: Atlas, distance: float, slices: Collection[int]) -> str:
    """A distance in the unit of the coordinates, and beside the width of slices."""
    unit = str(atlas.card.get("coordinate_unit") or "units")
    width = median(_width(atlas, each) for each in slices)
    share = f" ({readable(100 * distance / width, 2)}% of the tissue's width)" if width > 0 else ""
    return f"{readable(distance)} {unit_words(unit)}{share}"


def orientation_note(atlas: Atlas, stages: Collection[str]) -> str:
    """Which way round the slices of some stages are shown, and how well that fits."""
    own = [i for i, part in enumerate(atlas.slices) if part.stage in stages]
    frames = [each if i in own else None for i, each in enumerate(frames_of(atlas))]
    frame = main_frame(atlas, frames)
    framed = [i for i in own if frame is not None and frames[i] == frame]
    if len(framed) < 2:
        given = "" if framed else ": each is shown as it was given"
        return f"These slices are not aligned with each other{given}."
    records = alignment_records(atlas)
    known = [r for i in framed if (r := record_of(i, atlas, records).residual) is not None]
    text = (
        "All slices are turned the same way round, as they were aligned when the atlas was fitted."
    )
    if known:
        text += (
            " Alike spots of neighbouring slices then still lie "
            f"{distance_words(atlas, median(known), framed)} apart in the middle (the residual): "
            "compare regions, not single spots."
        )
    alone = ", ".join(atlas.slices[i].name for i in own if frames[i] is None)
    others = ", ".join(atlas.slices[i].name for i in own if frames[i] not in (None, frame))
    text += f" Not aligned, shown as given: {alone}." if alone else ""
    return text + (f" Aligned with other slices only: {others}." if others else "")


def _width(atlas: Atlas, slice: int) -> float:
    """The longer side of a slice, in the unit of the coordinates."""
    part = atlas.slices[slice]
    plane: Any = atlas.aligned if atlas.aligned is not None else atlas.coordinates("spatial")
    return float(np.ptp(np.asarray(plane)[part.start : part.stop, :2], axis=0).max())
