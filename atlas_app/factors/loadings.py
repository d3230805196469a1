"""All loadings as one Parquet file, where the optional part that writes them is installed."""

from __future__ import annotations

import json
from importlib.util import find_spec

import numpy as np

from training.store import Atlas
from training.store.derived.allloadings import all_loadings, fitted_genes


def can_write_parquet() -> bool:
    """Whether the extra `parquet` is installed."""
    return find_spec("pyarrow") is not None


def loadings_parquet(atlas: Atlas) -> bytes:
    """Loadings of all genes: columns `gene` and `fitted`, then float32 `factor_0`, `factor_1`, …

    Genes that were not fitted have the loadings of `all_loadings`; those without any are left out.
    The file's metadata hold the atlas, its digest and, as JSON, the names of the factors. Over the
    fitted genes every column of factors sums to 1.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    loadings = all_loadings(atlas)
    known = np.flatnonzero(np.isfinite(loadings).all(axis=1))
    columns = {
        "gene": pa.array([atlas.genes[gene] for gene in known.tolist()], pa.string()),
        "fitted": pa.array(fitted_genes(atlas)[known]),
    }
    for factor in range(atlas.n_factors):
        own = np.ascontiguousarray(loadings[known, factor])
        columns[f"factor_{factor}"] = pa.array(own)
    table = pa.table(columns).replace_schema_metadata(
        {
            "atlas": atlas.id,
            "digest": atlas.digest,
            "factor_names": json.dumps(atlas.factor_names, ensure_ascii=False),
        }
    )
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink, compression="zstd")
    written: bytes = sink.getvalue().to_pybytes()
    return written
