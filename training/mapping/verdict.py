"""Whether a section as a whole is of tissue that the atlas holds."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from training.store.mapped import VERDICTS

FOREIGN = 0.5
"""Share of its spots out of reference above which a section is called foreign. Of left-out sections
of the atlas's own tissue a quarter at most are, of a tumour mapped onto a heart three quarters with
100 genes and all with more; with 50 genes half, which may not be told."""
PARTLY = 0.25
"""Share above which a section is said to hold tissue that the atlas lacks: more than left-out
sections of its own tissue reach, too little to call the whole foreign. `atlas benchmark mapping
--units warnings` measures what it lets pass; training/benchmark/MAPPING_RESULTS.md has figures."""


def judge_share(outside: float) -> str:
    """One of VERDICTS for the share of its spots (0..1) that are out of reference."""
    return VERDICTS[int(outside > PARTLY) + int(outside > FOREIGN)]


def tissue_sections(outside: NDArray[np.bool_], slices: NDArray[np.integer]) -> NDArray[np.bool_]:
    """(sections,) which of them a summary of the whole query rests on: those that are not foreign,
    and all where every one is.

    Args:
        outside: (n,) spots out of reference; slices: (n,) sections, 0 to their number - 1.
    """
    sizes = np.maximum(np.bincount(slices), 1)
    kept = np.bincount(slices, outside, minlength=len(sizes)) / sizes <= FOREIGN
    return kept if kept.any() else ~kept


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
        verdict = judge_share(float(share))
        if verdict == VERDICTS[2]:
            foreign.append(
                f"{section} is not of this atlas's tissue: {share:.0%} of its spots are out of "
                "reference. Its domains, stages and imputed genes are those of what is least "
                "unlike, and say nothing of it."
            )
        elif verdict == VERDICTS[1]:
            partly.append(
                f"{section} holds tissue that the atlas lacks: {share:.0%} of its spots are out "
                "of reference, more than left-out sections of an atlas's own tissue have."
            )
    return foreign, partly
