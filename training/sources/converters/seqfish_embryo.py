"""Mouse embryo by seqFISH: one R file with a list of Seurat objects, one per embryo."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from training.errors import DataError, Problem
from training.sources.converters.assemble import make_slice
from training.sources.converters.rfiles import read_r_file
from training.sources.manifest import Dataset, SliceEntry

if TYPE_CHECKING:
    from anndata import AnnData


def convert(dataset: Dataset, folder: Path) -> Iterator[tuple[SliceEntry, AnnData]]:
    """Slices of the manifest, in its order: the object whose cells bear the slice's name.

    Labels are the authors' refined cell types; coordinates are their `row` and `col`.

    Raises:
        DataError: when the file lacks a slice of the manifest.
        MissingExtraError: without the reader of R files.
    """
    import pandas as pd
    from scipy.sparse import csc_matrix

    source = dataset.files[0]
    objects = {}
    for item in read_r_file(folder / source.path)["seuList"]:
        cells = vars(item)["meta.data"]
        objects[str(cells["orig.ident"].iloc[0])] = (cells, item.assays["RNA"].counts)
    for entry in dataset.slices:
        if entry.name not in objects:
            raise DataError(
                [
                    Problem(
                        f"slice '{entry.name}'",
                        f"embryos {', '.join(objects)} in {source.path.name}",
                        "the slices of the manifest",
                    )
                ]
            )
        cells, stored = objects[entry.name]
        genes, names = (list(map(str, part)) for part in stored.Dimnames)
        # R keeps genes x cells by column.
        counts = csc_matrix(
            (stored.x, stored.i, stored.p), shape=tuple(int(n) for n in stored.Dim)
        ).T
        yield (
            entry,
            make_slice(
                dataset,
                entry,
                counts=counts,
                spots=names,
                var=pd.DataFrame(index=genes),
                coordinates=cells[["row", "col"]].to_numpy(dtype=np.float64),
                columns={
                    "label": cells["celltype_mapped_refined"].astype(str).to_numpy(dtype=object)
                },
                source=source,
            ),
        )
