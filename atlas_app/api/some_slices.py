"""Files of the values of some slices only: which are asked for, and what their names say of it."""

from __future__ import annotations

import re

from atlas_app.atlases.data import ServedAtlas
from atlas_app.http.errors import ApiError


def asked_slices(served: ServedAtlas, text: str) -> tuple[int, ...] | None:
    """Numbers of the slices of '0_4', in order, or None for all.

    Raises ApiError: 400 for text of another form, 404 for a slice that the atlas does not have.
    """
    if not text:
        return None
    parts = text.split("_")
    n = len(served.atlas.slices)
    numbers = [int(part) for part in parts if re.fullmatch(r"[0-9]{1,9}", part)]
    if len(numbers) < len(parts) or max(numbers) >= n:
        raise ApiError(
            400 if len(numbers) < len(parts) else 404,
            "The values of these slices cannot be listed.",
            found=text[:60],
            expected=f"slices=NUMBER_NUMBER, each from 0 to {n - 1}",
        )
    return tuple(sorted(set(numbers)))


def part_of(served: ServedAtlas, slices: tuple[int, ...] | None) -> str:
    """What the name of a file says of the slices that it keeps, "" for all."""
    if slices is None:
        return ""
    if len(slices) > 1:
        return f"-{len(slices)}-slices"
    name = served.atlas.slices[slices[0]].name
    return "-" + re.sub(r"[^\w.-]+", "-", name, flags=re.ASCII)[:60]
