"""Spots of a selection as files: a table row by row, an AnnData file in bounded memory."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from atlas_app.http.errors import ApiError
from atlas_app.selection.counts import cut_genes
from atlas_app.selection.design import slices_of
from atlas_app.selection.outline import Mask
from training.store import Atlas

if TYPE_CHECKING:
    import pandas as pd

MOST_TABLE_SPOTS = 1_000_000
MOST_FILE_SPOTS = 100_000
MOST_FILE_VALUES = 100_000_000
"""Counts above 0 in one AnnData file: about a quarter of a GB, and a minute."""
ROWS_AT_ONCE = 2_000
# HDF5 holds the interpreter while it compresses; so many values take it for some hundredths of a
# second, and other readers come between.
VALUES_AT_ONCE = 131_072


def check_size(spots: Mask, most: int, what: str) -> None:
    """Raises ApiError (413) for a selection of more than `most` spots."""
    n = int(spots.sum())
    if n > most:
        raise ApiError(
            413,
            f"The selection is too large for {what}.",
            found=f"{n:,} spots",
            expected=f"at most {most:,} spots; the whole atlas is a file that can be copied",
        )


def table_lines(atlas: Atlas, spots: Mask) -> Iterator[str]:
    """The selection as CSV, some thousand rows at a time: names, slice, stage, time, domain,
    coordinates on tissue and UMAP, factors."""
    rows = np.flatnonzero(spots)
    slice_of, domain = slices_of(atlas.slices), atlas.values("obs", "domain")
    domains = list(domain.categories or [])
    places = np.concatenate([atlas.coordinates("spatial"), atlas.coordinates("umap")], axis=1)
    factors = [f"factor_{k}" for k in range(atlas.n_factors)]
    head = ["spot", "slice", "stage", "time", "domain", "x", "y", "umap_1", "umap_2", *factors]
    yield ",".join(head) + "\n"
    form = ",".join(["%.6g"] * (4 + atlas.n_factors)) + "\n"
    for start in range(0, len(rows), ROWS_AT_ONCE):
        part = rows[start : start + ROWS_AT_ONCE]
        numbers = np.concatenate([places[part], atlas.factors[part]], axis=1).tolist()
        lines = []
        for row, values in zip(part.tolist(), numbers, strict=True):
            of = atlas.slices[slice_of[row]]
            time = "" if of.time is None or not math.isfinite(of.time) else f"{of.time:g}"
            texts = [atlas.spot_names[row], of.name, of.stage, time, domains[domain.data[row]]]
            lines.append(quoted(texts) + "," + form % tuple(values))
        yield "".join(lines)


def quoted(texts: list[str]) -> str:
    """Cells of a CSV line, without its end."""
    if not any(mark in text for text in texts for mark in ',"\r\n'):
        return ",".join(texts)
    out = io.StringIO()
    csv.writer(out, lineterminator="").writerow(texts)
    return out.getvalue()


def write_anndata(path: Path, atlas: Atlas, spots: Mask, about: dict[str, str]) -> None:
    """Write the selection as an AnnData file: raw counts (CSC), obs, var, obsm with spatial, umap,
    factors and latent, varm with loadings; `about` goes to uns['atlas'].

    Memory: some MiB, and what the atlas holds of every spot. Raises ApiError (413) beyond
    `MOST_FILE_VALUES` counts; the file then is no use.
    """
    import anndata as ad

    rows = np.flatnonzero(spots)
    data = ad.AnnData(
        obs=observe(atlas, rows),
        var=describe_genes(atlas),
        obsm={
            "spatial": atlas.coordinates("spatial")[rows],
            "umap": atlas.coordinates("umap")[rows],
            "factors": atlas.factors[rows],
            "latent": atlas.latent[rows],
        },
        varm={"loadings": np.asarray(atlas.loadings)},
        uns={"atlas": dict(about), "factor_names": np.array(atlas.factor_names, dtype=object)},
    )
    if atlas.measured is not None:
        data.varm["measured"] = np.asarray(atlas.measured)
        data.uns["measured_slices"] = np.array([s.name for s in atlas.slices], dtype=object)
    data.write_h5ad(path, compression="gzip", compression_opts=1)
    _write_counts(path, atlas, spots, rows)


def observe(atlas: Atlas, rows: NDArray[np.intp]) -> pd.DataFrame:
    """The columns of obs that can be drawn, and the names of the spots in their source files."""
    import pandas as pd

    columns: dict[str, Any] = {"spot": atlas.obs("spot")[rows]}
    for name, column in atlas.obs_columns.items():
        values = atlas.obs(name)[rows]
        if column.kind == "category":
            categories = list(column.categories)
            values = pd.Categorical(
                values, categories=categories, ordered=name == "stage"
            ).remove_unused_categories()
        columns[name] = values
    return pd.DataFrame(columns, index=[atlas.spot_names[row] for row in rows.tolist()])


def describe_genes(atlas: Atlas) -> pd.DataFrame:
    """Which genes were fitted, by their names in the atlas."""
    import pandas as pd

    return pd.DataFrame({"highly_variable": np.asarray(atlas.highly_variable)}, index=atlas.genes)


def _write_counts(path: Path, atlas: Atlas, spots: Mask, rows: NDArray[np.intp]) -> None:
    """Add X, one gene after the other."""
    import h5py

    place = np.full(atlas.n_spots, -1, dtype=np.int32)
    place[rows] = np.arange(len(rows), dtype=np.int32)
    indptr = np.zeros(atlas.n_genes + 1, dtype=np.int64)
    with h5py.File(path, "r+") as file:
        if "X" in file:
            del file["X"]
        group = file.create_group("X")
        group.attrs.update(
            {
                "encoding-type": "csc_matrix",
                "encoding-version": "0.1.0",
                "shape": np.array([len(rows), atlas.n_genes], dtype=np.int64),
            }
        )
        how = {"maxshape": (None,), "chunks": (VALUES_AT_ONCE,), "compression": "gzip"}
        parts = [
            group.create_dataset(name, (0,), kind, compression_opts=1, shuffle=True, **how)
            for name, kind in (("indices", np.int32), ("data", np.float32))
        ]
        waiting: list[tuple[NDArray, NDArray]] = []
        held = written = 0
        for gene, of, counts in cut_genes(atlas.gene_counts(), spots):
            kept = spots[of] & (counts > 0)
            waiting.append((place[of[kept]], counts[kept]))
            held += len(waiting[-1][0])
            indptr[gene + 1] = written + held
            if written + held > MOST_FILE_VALUES:
                raise ApiError(
                    413,
                    "The selection is too large for one file.",
                    found=f"more than {MOST_FILE_VALUES:,} counts above 0",
                    expected="a smaller selection; the whole atlas is a file that can be copied",
                )
            if held >= VALUES_AT_ONCE:
                written, held, waiting = _append(parts, waiting, written), 0, []
        if waiting:
            _append(parts, waiting, written)
        group.create_dataset("indptr", data=indptr)


def _append(parts: list[Any], waiting: list[tuple[NDArray, NDArray]], written: int) -> int:
    """Add values to indices and data; how many both then hold."""
    for part, blocks in zip(parts, zip(*waiting, strict=True), strict=True):
        values = np.concatenate(blocks)
        part.resize((written + len(values),))
        for start in range(0, len(values), VALUES_AT_ONCE):
            stop = min(start + VALUES_AT_ONCE, len(values))
            part[written + start : written + stop] = values[start:stop]
    return written + len(values)
