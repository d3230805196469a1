"""Values of every spot of an atlas as a table to keep."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from atlas_app.words.csv_cells import written
from training.store import Atlas


def spot_table(
    atlas: Atlas, columns: Mapping[str, Sequence[object]], slices: Collection[int] | None = None
) -> str:
    """CSV of slice, stage and spot, the given columns (n,), and the digest of the atlas; of all
    spots, or of those of the slices with these numbers."""
    names = atlas.obs("spot").tolist()
    head = ("slice", "stage", "spot", *columns, "atlas_digest")
    rows = (
        (part.name, part.stage, names[i], *(c[i] for c in columns.values()), atlas.digest)
        for number, part in enumerate(atlas.slices)
        if slices is None or number in slices
        for i in range(part.start, part.stop)
    )
    return written([head]) + written(rows)
