"""Which slices the alignment brought into one frame, so that they lie the same way round."""

from __future__ import annotations

from collections.abc import Sequence

from atlas_app.drawing.stacks import alignment_records, record_of
from training.store import Atlas


def frames_of(atlas: Atlas) -> list[int | None]:
    """The frame of each slice, as the number of the slice that it is given in; None for a slice
    that shares none."""
    names = {part.name: i for i, part in enumerate(atlas.slices)}
    records = alignment_records(atlas)
    found: list[int | None] = []
    for i, part in enumerate(atlas.slices):
        registered = record_of(i, atlas, records).registered
        reference = str(records.get(part.name, {}).get("reference"))
        found.append(names.get(reference) if registered else None)
    return found


def aligned_slices(atlas: Atlas) -> dict[int, dict[str, float | None]]:
    """`frame` and `residual` of each slice that the alignment brought into a frame with others, by
    its number; the residual is in coordinate units, None where it is not known."""
    records = alignment_records(atlas)
    return {
        i: {"frame": frame, "residual": record_of(i, atlas, records).residual}
        for i, frame in enumerate(frames_of(atlas))
        if frame is not None
    }


def main_frame(atlas: Atlas, frames: Sequence[int | None]) -> int | None:
    """The frame of most stages, then of most spots; None where no two slices share one."""

    def weight(frame: int) -> tuple[int, int, int]:
        own = [part for part, f in zip(atlas.slices, frames, strict=True) if f == frame]
        return len({part.stage for part in own}), sum(part.n_spots for part in own), -frame

    return max({frame for frame in frames if frame is not None}, key=weight, default=None)
