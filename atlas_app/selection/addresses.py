"""Selections that no link can hold: kept by their content, so that a link names them.

A selection is kept as the text that a link would hold. The same outlines have the same address,
whoever drew them, and mean spots of whichever atlas of as many slices they are asked of.
"""

from __future__ import annotations

from pathlib import Path

from atlas_app.http.errors import ApiError
from atlas_app.http.sent_texts import Allowance, SentTexts
from atlas_app.selection.outline import MOST_WORK, Outline, read_selection, work_of
from training.store import Atlas

SIGN = "@"
MOST_TEXT = 256 * 1024
"""Characters of a kept selection: some 400 outlines of 40 corners."""
ALLOWANCE = Allowance(number=120, size=2 * 2**20)
"""More than a hand draws."""
GONE = "This selection is not kept here any more, or never was: draw it again."
EXAMPLE = "spatial*0_0_100_0_100_100*0"


class KeptSelections:
    """Selections in a folder that server processes may share.

    Args:
        days: for how long one that nobody opens is kept.
    """

    def __init__(self, folder: Path, days: float) -> None:
        self.sent = SentTexts(folder, "selections", ALLOWANCE, days)

    def put(self, atlas: Atlas, text: str) -> str:
        """Keep a selection of this atlas; returns its address, '@' and 32 hexadecimal digits.

        Raises ApiError: 400 for what is no selection, 413 where finding its spots would take too
        long, 507 where the disk cannot take it.
        """
        check_work(atlas, outlines_of(atlas, "selection", text, MOST_TEXT))
        return SIGN + self.sent.put(text)

    def text(self, address: str) -> str:
        """The selection of an address. Raises ApiError (404) where it is not kept."""
        found = self.sent.get(address.removeprefix(SIGN))
        if found is None:
            raise ApiError(
                404, GONE, found=address[:40], expected="the address of a selection that was sent"
            )
        return found


def check_work(atlas: Atlas, outlines: list[Outline]) -> int:
    """How much work finding the spots of outlines is, see `work_of`. Raises ApiError (413) for too
    much, which is another number in each atlas: every selection that is asked for is checked."""
    work = work_of(outlines, atlas.coordinates, atlas.slices, MOST_WORK)
    if work > MOST_WORK:
        raise ApiError(
            413,
            "This selection has too many corners.",
            found=f"more than {MOST_WORK:,} pairs of a corner and a spot of this atlas",
            expected="fewer outlines, or ones of fewer corners or slices",
        )
    return work


def outlines_of(atlas: Atlas, name: str, text: str, most: int) -> list[Outline]:
    """The outlines of a text; `name` is what errors call it. Raises ApiError (400)."""
    try:
        return read_selection(text, len(atlas.slices), most)
    except ValueError as error:
        raise ApiError(
            400,
            f"The parameter {name} is no selection.",
            found=str(error) or "nothing",
            expected="outlines as the address of the page Explore holds them",
            examples=[EXAMPLE],
        ) from error
