"""Whether a section as a whole is of tissue that the atlas holds."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

FOREIGN = 0.5
"""Share of its spots out of reference above which a section is called foreign. Of left-out sections
of the atlas's own tissue a fifth at most are, of a tumour mapped onto a heart three quarters with
100 genes and all with more; with 50 genes half, which may not be told."""


def judge_sections(
    outside: NDArray[np.bool_], slices: NDArray[np.integer], names: Sequence[str]
) -> list[str]:
    """A sentence on each section that is not of the atlas's tissue; [] where all may be.

    Args:
        outside: (n,) spots out of reference; slices: (n,) section of each spot.
        names: of the sections; not told where there is one.
    """
    found = []
    for index, name in enumerate(names):
        share = outside[slices == index].mean()
        if share > FOREIGN:
            section = "This section" if len(names) == 1 else f"Section {name}"
            found.append(
                f"{section} is not of this atlas's tissue: {share:.0%} of its spots are out of "
                "reference. Its domains, stages and imputed genes are those of what is least "
                "unlike, and say nothing of it."
            )
    return found


def name_sections(slices: NDArray[np.integer], told: NDArray[np.object_] | None) -> list[str]:
    """What sections are called: by the first of its spots in a column `told` (n,), else numbers
    from 1."""
    _, first = np.unique(slices, return_index=True)
    if told is None:
        return [str(number + 1) for number in range(len(first))]
    return [str(told[at]) for at in first]
