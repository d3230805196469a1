"""Which slices of an atlas are of one specimen, as a column of its spots names it."""

from __future__ import annotations

import numpy as np

from training.store.reader import Atlas

SPECIMENS = ("specimen", "donor", "embryo", "individual", "animal", "patient", "subject", "mouse")
"""Columns of obs that may name the specimen of a slice; the first that fits is taken."""


def specimens_of(atlas: Atlas) -> tuple[str, list[str]]:
    """The column that names specimens and each slice's; ('', ['', ...]) without such a column.

    A column fits when it is a category with one value in each slice.
    """
    by_name = {name.lower(): name for name in atlas.obs_columns}
    for wanted in SPECIMENS:
        name = by_name.get(wanted)
        if name is None or atlas.obs_columns[name].kind != "category":
            continue
        codes = atlas.values("obs", name).data
        own = [np.unique(codes[part.start : part.stop]) for part in atlas.slices]
        if all(len(values) == 1 and values[0] != 255 for values in own):
            categories = atlas.obs_columns[name].categories
            return name, [str(categories[int(values[0])]) for values in own]
    return "", [""] * len(atlas.slices)
