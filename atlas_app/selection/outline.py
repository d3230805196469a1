"""A selection as a link holds it, and the spots that lie inside.

The browser reads and writes the same text (`assets/canvas/selecting/lasso.mjs`) and marks the same
spots; a test holds the two together. Outlines follow one another, `~` before one that adds and `!`
before one that takes away:

    VIEW*X_Y_X_Y_…*SLICE[_SCALE_DX_DY]*SLICE…~VIEW*…!VIEW*…

Corners are coordinates of the first slice; scale and shift carry them to each other one.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from training.store.records import SliceInfo

VIEWS = ("spatial", "umap")
MOST_TEXT = 2_000
"""Characters of a selection: no link of the page holds more."""
MOST_WORK = 2 * 10**8
"""Pairs of a corner and a spot that are held against each other at most, some three seconds."""

Mask = NDArray[np.bool_]
Coordinates = Callable[[str], NDArray[np.float32]]
"""Coordinates (n, 2) of 'spatial' or 'umap'."""


@dataclass(frozen=True)
class Carry:
    """Brings corners to one slice: x · scale + dx, y · scale + dy."""

    slice: int
    scale: float = 1.0
    dx: float = 0.0
    dy: float = 0.0

    def bring(self, corners: NDArray[np.float64]) -> NDArray[np.float64]:
        """Corners (P, 2) of the first slice as they lie in this one."""
        return corners * self.scale + np.array([self.dx, self.dy])


@dataclass(frozen=True)
class Outline:
    """One closed line: `corners` (P, 2) with P ≥ 3, on the tissue or the UMAP, of some slices."""

    view: str
    corners: NDArray[np.float64]
    slices: tuple[Carry, ...]
    subtract: bool = False

    @cached_property
    def ends(self) -> NDArray[np.float64]:
        """Lowest and highest coordinates (2, 2): their box is that of all corners, wherever they
        are brought, at a cost that does not grow with the corners."""
        return np.array([self.corners.min(axis=0), self.corners.max(axis=0)])


def read_selection(text: str, n_slices: int, most: int = MOST_TEXT) -> list[Outline]:
    """The outlines of a selection of at most so many characters. Raises ValueError, which says what
    cannot be read."""
    if len(text) > most:
        raise ValueError(f"{len(text)} characters")
    parts = re.split(r"([~!])", text)
    outlines = [_read_outline(parts[0], n_slices, subtract=False)]
    for sign, part in zip(parts[1::2], parts[2::2], strict=True):
        outlines.append(_read_outline(part, n_slices, subtract=sign == "!"))
    return outlines


def work_of(
    outlines: Sequence[Outline],
    coordinates: Coordinates,
    slices: Sequence[SliceInfo],
    most: int = MOST_WORK,
) -> int:
    """Pairs of a corner and a spot that finding the spots of a selection takes.

    A spot outside of the box around an outline counts as one. Counting ends above `most`.
    """
    work = 0
    for outline, carry, points in _carried(outlines, coordinates, slices):
        n_corners = len(outline.corners)
        work += len(points) + n_corners
        if work <= most:
            near = _in_box(carry.bring(outline.ends), points)
            work += n_corners * int(np.count_nonzero(near))
        if work > most:
            break
    return work


def mark_spots(
    outlines: Sequence[Outline],
    coordinates: Coordinates,
    slices: Sequence[SliceInfo],
) -> Mask:
    """Which spots (n,) the outlines hold, added and taken away one after the other.

    Takes as long as `work_of` says. `coordinates` are asked once for each view.
    """
    found = np.zeros(slices[-1].stop, dtype=bool)
    for outline, carry, points in _carried(outlines, coordinates, slices):
        part = slice(slices[carry.slice].start, slices[carry.slice].stop)
        inside = lie_inside(carry.bring(outline.corners), points)
        if outline.subtract:
            found[part] &= ~inside
        else:
            found[part] |= inside
    return found


def lie_inside(corners: NDArray[np.float64], points: NDArray[np.floating]) -> Mask:
    """Which points (n, 2) lie inside a closed line (P, 2), by the even-odd rule.

    The same operations in the same order as in the browser, so that no spot differs.
    """
    inside = np.zeros(len(points), dtype=bool)
    near = np.flatnonzero(_in_box(corners, points))
    x, y = points[near].astype(np.float64).T
    odd = np.zeros(len(near), dtype=bool)
    for (ax, ay), (bx, by) in zip(corners, np.roll(corners, 1, axis=0), strict=True):
        if ay == by:
            continue
        crosses = (ay > y) != (by > y)
        odd ^= crosses & (x < ((bx - ax) * (y - ay)) / (by - ay) + ax)
    inside[near] = odd
    return inside


def _carried(
    outlines: Sequence[Outline], coordinates: Coordinates, slices: Sequence[SliceInfo]
) -> Iterator[tuple[Outline, Carry, NDArray[np.float32]]]:
    """Each outline on each of its slices, and the coordinates of the slice's spots."""
    clouds: dict[str, NDArray[np.float32]] = {}
    for outline in outlines:
        if outline.view not in clouds:
            clouds[outline.view] = coordinates(outline.view)
        for carry in outline.slices:
            part = slices[carry.slice]
            yield outline, carry, clouds[outline.view][part.start : part.stop]


def _in_box(corners: NDArray[np.float64], points: NDArray[np.floating]) -> Mask:
    """Which points (n, 2) lie in the box around corners (P, 2)."""
    low, high = corners.min(axis=0), corners.max(axis=0)
    x, y = points[:, 0], points[:, 1]
    return np.asarray((x >= low[0]) & (x <= high[0]) & (y >= low[1]) & (y <= high[1]))


def _read_outline(text: str, n_slices: int, *, subtract: bool) -> Outline:
    view, *fields = text.split("*")
    if view not in VIEWS or len(fields) < 2:
        raise ValueError(text[:40])
    numbers = _numbers(fields[0])
    if len(numbers) < 6 or len(numbers) % 2:
        raise ValueError(f"{len(numbers)} numbers of corners")
    carries = []
    for field in fields[1:]:
        number, *rest = _numbers(field)
        if number != int(number) or not 0 <= number < n_slices or len(rest) not in (0, 3):
            raise ValueError(f"slice {field[:20]}")
        carries.append(Carry(int(number), *rest))
    return Outline(view, np.array(numbers).reshape(-1, 2), tuple(carries), subtract)


def _numbers(text: str) -> list[float]:
    numbers = [float(part) for part in text.split("_")]
    if not all(math.isfinite(number) for number in numbers):
        raise ValueError(text[:40])
    return numbers
