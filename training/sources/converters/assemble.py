"""What all converters write of a slice."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from training.sources.manifest import Dataset, SliceEntry, SourceFile

if TYPE_CHECKING:
    import pandas as pd
    from anndata import AnnData


def make_slice(
    dataset: Dataset,
    entry: SliceEntry,
    *,
    counts: Any,
    spots: list[str],
    var: pd.DataFrame,
    coordinates: Any,
    columns: dict[str, Any],
    source: SourceFile,
) -> AnnData:
    """AnnData of one slice.

    Args:
        dataset: its description goes to uns['source'].
        entry: name, stage, donor and section of the slice.
        counts: (n spots, n genes), dense or sparse.
        spots: n names within the slice; the slice's name is put before each.
        var: gene table, indexed by gene name.
        coordinates: (n spots, 2).
        columns: further obs columns; texts become categories.
        source: file the counts come from.
    """
    import pandas as pd
    from anndata import AnnData
    from scipy.sparse import csr_matrix

    n = len(spots)
    table: dict[str, Any] = {
        "slice": pd.Categorical([entry.name] * n),
        "section": np.full(n, entry.section),
        "stage": pd.Categorical([entry.stage] * n),
        "donor": pd.Categorical([entry.donor] * n),
    }
    for name, values in columns.items():
        values = np.asarray(values)
        table[name] = pd.Categorical(values.astype(str)) if values.dtype.kind in "OUS" else values
    owner, repo, commit, *path = source.path.parts
    return AnnData(
        X=csr_matrix(counts, dtype=np.float32),
        obs=pd.DataFrame(table, index=spots),
        var=var,
        obsm={"spatial": np.ascontiguousarray(coordinates, dtype=np.float32)},
        uns={
            "source": {
                "dataset": dataset.name,
                "repo": f"{owner}/{repo}",
                "commit": commit,
                "path": "/".join(path),
                "licence": dataset.licence,
                "citation": dataset.citation,
                "organism": dataset.organism,
                "assay": dataset.assay,
                "coordinate_unit": dataset.coordinate_unit,
            }
        },
    )
