"""What the scripts have in common: how they open the store, how they sum and summarise."""

from __future__ import annotations

import json
from collections.abc import Iterable

from training.store import Atlas

STAGES = """
slice_of = np.repeat(np.arange(len(atlas.slices)), [part.n_spots for part in atlas.slices])
stages = [stage.name for stage in atlas.stages]
stage_of = np.array([stages.index(part.stage) for part in atlas.slices])
"""
BY_SLICE = '''
def by_slice(values):
    """Values of spots, summed over the spots of each slice."""
    return np.bincount(slice_of, weights=values, minlength=len(atlas.slices))
'''
SUMMARISE = '''
def summarise(values, group, n_groups, most=np.inf):
    """Mean, ends of Student's 95% interval and number of slices, by group of slices."""
    shape = n_groups, values.shape[1]
    mean, half, n = np.full(shape, np.nan), np.full(shape, np.nan), np.zeros(n_groups, int)
    for each in range(n_groups):
        rows = values[(group == each) & ~np.isnan(values).any(axis=1)]
        n[each] = len(rows)
        if len(rows):
            mean[each] = rows.mean(axis=0)
        if len(rows) > 1:
            spread = rows.std(axis=0, ddof=1) / np.sqrt(len(rows))
            half[each] = stdtrit(len(rows) - 1, 0.975) * spread
    return mean, np.maximum(mean - half, 0), np.minimum(mean + half, most), n
'''
STDTRIT = "from scipy.special import stdtrit"
FEWEST = 10
"""Spots of a domain below which a slice does not count, as on the page."""


def text(value: object) -> str:
    """A text, or a list of texts, as Python has it."""
    return json.dumps(value, ensure_ascii=False)


def opening(atlas: Atlas, imports: Iterable[str]) -> str:
    """The lines that import and that open the store, whose content the digest names."""
    every = {"import matplotlib.pyplot as plt", "import numpy as np", *imports}
    # As a formatter has them: modules before names, and what is ours last.
    own = sorted(line for line in every if line.startswith("from atlas_app"))
    others = sorted(every - set(own), key=lambda line: (line.startswith("from"), line))
    return "\n".join(
        [
            *others,
            "",
            *own,
            "from training.store import open_atlas",
            "",
            f"atlas = open_atlas({text(f'{atlas.id}.atlas.zarr')})",
            f"assert atlas.digest.startswith({text(atlas.digest[:12])})",
        ]
    )


def joined(*blocks: str) -> str:
    """Blocks of code one after the other, functions with room around them."""
    made = ""
    for block in (block.strip("\n") for block in blocks if block.strip()):
        function = block.startswith("def ") or made.endswith("\n\n\n")
        made = made.rstrip("\n") + ("\n\n\n" if function and made else "\n" if made else "")
        made += block + ("\n\n\n" if block.startswith("def ") else "\n")
    return made.rstrip("\n") + "\n"
