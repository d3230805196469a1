"""Whether a section as a whole is of tissue that the atlas holds."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

FOREIGN = 0.5
"""Share of its spots out of reference above which a section is called foreign. Of left-out sections
of the atlas's own tissue a fifth at most are, of a tumour mapped onto a heart three quarters with
100 genes and all with more; with 50 genes half, which may not be told."""
PARTLY = 0.25
"""Share above which a section is said to hold tissue that the atlas lacks: more than left-out
sections of its own tissue reach, too little to call the whole foreign."""


def judge_sections(
    outside: NDArray[np.bool_], slices: NDArray[np.integer], names: Sequence[str]
) -> tuple[list[str], list[str]]:
    """Sentences on sections that resemble the atlas too little, whether mapped or added to it.

    Args:
        outside: (n,) spots out of reference; slices: (n,) section of each spot.
        names: of the sections; not told where there is one.

    Returns:
        Of sections that are not of the atlas's tissue, and of those that are so in part; a section
        is in one of the two at most.
    """
    foreign, partly = [], []
    for index, name in enumerate(names):
        share = outside[slices == index].mean()
        section = "This section" if len(names) == 1 else f"Section {name}"
        if share > FOREIGN:
            foreign.append(
                f"{section} is not of this atlas's tissue: {share:.0%} of its spots are out of "
                "reference. Its domains, stages and imputed genes are those of what is least "
                "unlike, and say nothing of it."
            )
        elif share > PARTLY:
            partly.append(
                f"{section} holds tissue that the atlas lacks: {share:.0%} of its spots are out "
                "of reference, where sections of the atlas's own tissue have a fifth at most."
            )
    return foreign, partly


def name_sections(slices: NDArray[np.integer], told: NDArray[np.object_] | None) -> list[str]:
    """What sections are called: by the first of its spots in a column `told` (n,), else numbers
    from 1."""
    _, first = np.unique(slices, return_index=True)
    if told is None:
        return [str(number + 1) for number in range(len(first))]
    return [str(told[at]) for at in first]
