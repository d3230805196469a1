"""Values of every spot of an atlas as a table to keep."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from atlas_app.csv_cells import written
from training.store import Atlas


def spot_table(atlas: Atlas, columns: Mapping[str, Sequence[object]]) -> str:
    """CSV of slice, stage and spot, the given columns (n,), and the digest of the atlas."""
    names = atlas.obs("spot").tolist()
    head = ("slice", "stage", "spot", *columns, "atlas_digest")
    rows = (
        (part.name, part.stage, names[i], *(c[i] for c in columns.values()), atlas.digest)
        for part in atlas.slices
        for i in range(part.start, part.stop)
    )
    return written([head]) + written(rows)
