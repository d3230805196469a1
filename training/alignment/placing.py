"""A further slice in the frame of slices that were registered before; those stay where they are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from training.alignment.align import SliceAlignment, align_slices
from training.processes.cores import share_cores


@dataclass(frozen=True)
class Placement:
    """Where a slice went: `host` is the number of the slice it was matched with, `motion` its way
    into the frame of that slice."""

    host: int
    motion: SliceAlignment


def place_slice(
    positions: NDArray[np.floating],
    latent: NDArray[np.floating],
    hosts: Sequence[tuple[int, NDArray[np.floating], NDArray[np.floating]]],
    *,
    one_unit: bool = False,
    reflection: bool = True,
    seed: int = 0,
) -> Placement | None:
    """Match a slice with each of some registered ones; the pair with most inliers places it.

    Args:
        positions, latent: (n, 2) and (n, d) of the slice.
        hosts: number, positions in the common frame (m, 2) and latent (m, d) of each candidate.
        one_unit: coordinates are known to be in one unit.
        reflection: the slice may lie upside down.

    Returns:
        None where no candidate matches better than chance.
    """

    def align(
        number: int, frame: NDArray[np.floating], host: NDArray[np.floating]
    ) -> tuple[int, SliceAlignment, SliceAlignment]:
        # Of two slices with equal say the first stays where it is.
        fixed, moved = align_slices(
            np.concatenate([frame, positions]),
            np.concatenate([host, latent]),
            np.repeat([0, 1], [len(frame), len(positions)]),
            [0, 0],
            one_unit=one_unit,
            reflection=reflection,
            seed=seed,
        )
        return number, fixed, moved

    with share_cores() as for_each:
        aligned = for_each(lambda host: align(*host), hosts)
    best: Placement | None = None
    for number, fixed, moved in aligned:
        if not moved.registered or fixed.reference != moved.reference or moved.reference != 0:
            continue
        if best is None or moved.inliers > best.motion.inliers:
            best = Placement(number, moved)
    return best
