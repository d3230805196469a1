"""The two sets of spots that a request names: a selection, and the rest or a second selection."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from atlas_app.http.errors import ApiError
from atlas_app.http.whole_numbers import whole
from atlas_app.selection import addresses
from atlas_app.selection.addresses import SIGN, KeptSelections
from atlas_app.selection.outline import MOST_TEXT, Mask, mark_spots
from training.store import Atlas, StoreError

Values = Callable[[str, str], NDArray[np.uint8]]
"""Bytes (n,) that the page draws, by kind and name."""


Turn = Callable[[], AbstractContextManager[None]]
LONG_WORK = 2 * 10**7
"""Pairs of a corner and a spot, see `work_of`, above which one at a time is marked: what takes a
third of a second."""


@dataclass(frozen=True)
class Sides:
    """Spots (n,) of side A, the selection, and of side B. No spot is on both.

    Attributes:
        rest: B is all other spots, not a second selection.
        shared: spots that both selections hold, which are on neither side.
    """

    a: Mask
    b: Mask
    rest: bool
    shared: int = 0

    @property
    def key(self) -> str:
        """Names these very spots."""
        packed = np.packbits(np.stack([self.a, self.b])).tobytes()
        return hashlib.sha256(packed).hexdigest()


def find_sides(
    atlas: Atlas,
    sel: str,
    against: str = "",
    without: Sequence[str] = (),
    *,
    alone: bool = False,
    values: Values | None = None,
    kept: KeptSelections | None = None,
    turn: Turn | None = None,
) -> Sides:
    """Both sides of a comparison; side B is the rest where `against` is ''.

    Args:
        without: 'KIND:NAME*BYTE_BYTE…': spots of these values, as the page hides them, take no
            part.
        alone: side B may be empty.
        values: the bytes of what `without` names; None asks the atlas.
        kept: has the selections that `sel` and `against` name by their address.
        turn: held while the spots of a selection of more than LONG_WORK are found.

    Raises ApiError: 400 for what cannot be read, 404 for a slice or value that the atlas does not
    have or a selection that is not kept, 409 where a side has no spot, 413 where finding the spots
    would take too long, and what `turn` raises.
    """
    first = _marked(atlas, "sel", sel, kept, turn)
    second = _marked(atlas, "against", against, kept, turn) if against else ~first
    shared = first & second
    taking = _taking_part(atlas, without, values)
    a, b = first & ~shared & taking, second & ~shared & taking
    for name, side, needed in (("selection", a, True), ("other side", b, not alone)):
        if needed and not side.any():
            raise ApiError(
                409,
                f"The {name} holds no spot.",
                found="{:,} and {:,} spots, {:,} of them in both, {:,} hidden".format(
                    *(int(each.sum()) for each in (first, second, shared, ~taking))
                ),
                expected="spots on either side",
            )
    return Sides(a, b, not against, int((shared & taking).sum()))


def find_spots(
    atlas: Atlas,
    sel: str,
    without: Sequence[str] = (),
    *,
    values: Values | None = None,
    kept: KeptSelections | None = None,
    turn: Turn | None = None,
) -> Mask:
    """The spots of a selection alone; it may be all. Raises ApiError as `find_sides` does."""
    found = _marked(atlas, "sel", sel, kept, turn) & _taking_part(atlas, without, values)
    if not found.any():
        raise ApiError(
            409,
            "The selection holds no spot.",
            found="0 spots",
            expected="a selection that holds some",
        )
    return found


def _marked(
    atlas: Atlas, name: str, text: str, kept: KeptSelections | None, turn: Turn | None
) -> Mask:
    by_address = kept is not None and text.startswith(SIGN)
    if kept is not None and by_address:
        text = kept.text(text)
    most = addresses.MOST_TEXT if by_address else MOST_TEXT
    outlines = addresses.outlines_of(atlas, name, text, most)
    work = addresses.check_work(atlas, outlines)
    with turn() if turn is not None and work > LONG_WORK else nullcontext():
        return mark_spots(outlines, atlas.coordinates, atlas.slices)


def _taking_part(atlas: Atlas, without: Sequence[str], values: Values | None) -> Mask:
    """Spots (n,) that nothing hides."""
    kept = np.ones(atlas.n_spots, dtype=bool)
    for text in without:
        color, _, listed = text.rpartition("*")
        kind, _, name = color.partition(":")
        codes = listed.split("_")
        if any(whole(code, 255) is None for code in codes):
            raise _strange(text)
        try:
            data = values(kind, name) if values else atlas.values(kind, name).data
        except StoreError as error:
            raise _strange(text) from error
        hidden = np.zeros(256, dtype=bool)
        hidden[[int(code) for code in codes]] = True
        kept &= ~hidden[data]
    return kept


def _strange(text: str) -> ApiError:
    return ApiError(
        400,
        "The parameter without cannot be used.",
        found=text[:80],
        expected="KIND:NAME*BYTE_BYTE…, bytes that the page hides",
        examples=["obs:domain*0_3"],
    )
