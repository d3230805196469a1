"""AnnData groups on disk (HDF5 or Zarr), read part by part: layers and the like stay there."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from training.errors import Problem
from training.slices.readers.lengthunit import stated_unit
from training.slices.readers.source import Source, Unreadable, damaged, integers_only
from training.slices.tissue import TissueImage, read_libraries

if TYPE_CHECKING:
    import pandas as pd
    from scipy.sparse import csr_matrix

DENSE_BLOCK_BYTES = 64 * 2**20
SAMPLE = 200_000
# Layers that by their names hold all raw counts; spliced counts, for one, are a part of them.
RAW_LAYERS = ("counts", "raw_counts", "raw", "count", "umi", "umis", "umi_counts")

Opener = Callable[[], AbstractContextManager[Any]]
Part = TypeVar("Part")


def read_group(opener: Opener, *, path: Path, place: str, stem: str, spatial_key: str) -> Source:
    """Source of an AnnData group, opened afresh for each part read.

    Raises:
        Unreadable: when the group is damaged, or X, obs or var are missing or do not agree.
    """

    def counts() -> csr_matrix:
        return _guarded(path, place, opener, lambda group: _counts(group["X"], place))

    def hint() -> str:
        return _guarded(path, place, opener, _counts_hint)

    def alternatives() -> list[tuple[str, pd.DataFrame, csr_matrix]]:
        return _guarded(path, place, opener, lambda group: _alternatives(group, place, source.var))

    def images() -> dict[str, TissueImage]:
        return _guarded(path, place, opener, _images)

    source = _guarded(path, place, opener, lambda group: _names(group, place, stem, spatial_key))
    source.counts = counts
    source.counts_hint = hint
    source.alternatives = alternatives
    source.images = images
    return source


def _guarded(path: Path, place: str, opener: Opener, read: Callable[[Any], Part]) -> Part:
    try:
        with opener() as group:
            return read(group)
    except (Unreadable, MemoryError):
        raise
    # h5py, zarr and anndata raise almost any type on broken files: all mean the same here.
    except Exception as error:
        raise Unreadable(damaged(path, place, error)) from error


def _names(group: Any, place: str, stem: str, spatial_key: str) -> Source:
    from anndata.io import read_elem
    from scipy.sparse import csr_matrix

    missing = [key for key in ("X", "obs", "var") if key not in group]
    if missing and "matrix" in group:
        raise Unreadable(
            Problem(
                place,
                "a 10x matrix without positions",
                "AnnData, or a Space Ranger folder with the matrix and spatial/tissue_positions",
                remedy="give the folder that holds the matrix and its spatial folder, or a zip",
            )
        )
    if missing:
        raise Unreadable(
            Problem(
                place,
                "a file without " + ", ".join(missing),
                "AnnData with counts in X, spots in obs and genes in var",
                remedy="write it again with AnnData.write_h5ad, raw counts in X",
            )
        )
    if any(hasattr(group[key], "dtype") for key in ("obs", "var")):
        raise Unreadable(
            Problem(
                place,
                "tables of an anndata older than 0.7",
                "the present layout",
                remedy="read it and write it once with a present anndata",
            )
        )
    for key in ("obs", "var"):
        if group[key].attrs.get("encoding-type") != "dataframe":
            found, remedy = f"{key} that is no table", "write it again with AnnData.write_h5ad"
            raise Unreadable(Problem(place, found, "an AnnData file written whole", (), remedy))
    obs, var = _named(read_elem(group["obs"])), _named(read_elem(group["var"]))
    shape = tuple(int(n) for n in group["X"].attrs.get("shape", getattr(group["X"], "shape", ())))
    if shape != (len(obs), len(var)):
        raise Unreadable(
            Problem(
                place,
                f"X of shape {shape}",
                f"{len(obs)} spots x {len(var)} genes as in obs and var",
                remedy="write the file again with AnnData.write_h5ad",
            )
        )
    obsm, varm = _mapping(group, "obsm"), _mapping(group, "varm")
    return Source(
        place=place,
        stem=stem,
        obs=obs,
        var=var,
        coordinates=read_elem(obsm[spatial_key]) if spatial_key in obsm else None,
        counts=lambda: csr_matrix(shape),
        coordinates_hint=_coordinates_hint(list(obsm), obs),
        var_coordinates=read_elem(varm[spatial_key]) if spatial_key in varm else None,
        coordinate_unit=stated_unit(_mapping(group, "uns")),
    )


def _named(frame: pd.DataFrame) -> pd.DataFrame:
    frame.index = frame.index.astype(str)
    frame.index.name = None
    return frame


def _counts(element: Any, place: str) -> csr_matrix:
    import numpy as np
    from anndata.io import read_elem
    from scipy.sparse import csr_matrix, issparse, vstack

    if not hasattr(element, "dtype"):
        _require_chunks(element, place)
        matrix = read_elem(element)
        if not issparse(matrix):
            form = element.attrs.get("encoding-type", "an unknown form")
            raise Unreadable(
                Problem(place, f"counts stored as {form}", "a dense or sparse matrix of counts")
            )
        # Positions outside the matrix would be written to memory that is not its own.
        matrix.check_format(full_check=True)
        return csr_matrix(matrix)
    if np.dtype(element.dtype).kind not in "iufb":
        raise Unreadable(
            Problem(place, f"X of type {element.dtype}", "a matrix of numbers (raw counts)")
        )
    n_spots, n_genes = element.shape
    step = max(1, DENSE_BLOCK_BYTES // max(1, n_genes * element.dtype.itemsize))
    blocks = [csr_matrix(element[start : start + step]) for start in range(0, n_spots, step)]
    return csr_matrix(vstack(blocks)) if blocks else csr_matrix((n_spots, n_genes))


def _require_chunks(element: Any, place: str) -> None:
    """Zarr reads a lost chunk as zeros; counts kept sparse have no chunk of zeros."""
    for name in ("data", "indices"):
        array = element.get(name)
        present = getattr(array, "nchunks_initialized", None)
        if present is not None and array.size and present < array.nchunks:
            raise Unreadable(
                Problem(
                    place,
                    f"X/{name} with {array.nchunks - present} of {array.nchunks} chunks lost",
                    "a complete store",
                    remedy="copy or download it again, with all its files",
                )
            )


def _alternatives(
    group: Any, place: str, var: pd.DataFrame
) -> list[tuple[str, pd.DataFrame, csr_matrix]]:
    """Layers named for raw counts, then `raw`, read whole."""
    from anndata.io import read_elem

    layers, raw, found = _mapping(group, "layers"), _mapping(group, "raw"), []
    by_name = {str(name).lower(): str(name) for name in layers}
    for name in RAW_LAYERS:
        if name in by_name:
            element = layers[by_name[name]]
            matrix = _counts(element, f"{place}, layers['{by_name[name]}']")
            found.append((f"layers['{by_name[name]}']", var, matrix))
    if "X" in raw and "var" in raw:
        genes = _named(read_elem(raw["var"]))
        found.append((".raw", genes, _counts(raw["X"], f"{place}, .raw")))
    return found


def _images(group: Any) -> dict[str, TissueImage]:
    return read_libraries(_mapping(_mapping(group, "uns"), "spatial"))


def _mapping(group: Any, key: str) -> Any:
    """A part that maps names to elements; {} where it is missing, or an array or text that
    nothing can be looked up in."""
    part = group.get(key, {})
    return {} if hasattr(part, "dtype") else part


def _counts_hint(group: Any) -> str:
    layers, raw = _mapping(group, "layers"), _mapping(group, "raw")
    elements = {f"layers['{name}']": layers[name] for name in layers}
    if "X" in raw:
        elements["raw.X"] = raw["X"]
    for name, element in elements.items():
        values = element if hasattr(element, "dtype") else element["data"]
        rows = SAMPLE if values.ndim == 1 else max(1, SAMPLE // max(1, values.shape[-1]))
        if integers_only(values[:rows].ravel()):
            return f"{name} of this file holds integers: put it into X"
    return ""


def _coordinates_hint(keys: list[str], obs: pd.DataFrame) -> str:
    columns = {name.lower(): name for name in obs.columns.astype(str)}
    for pair in (("x", "y"), ("pixel_x", "pixel_y"), ("x_um", "y_um"), ("array_x", "array_y")):
        if all(name in columns for name in pair):
            found = " and ".join(f"'{columns[name]}'" for name in pair)
            return f"obs columns {found} look like coordinates"
    if keys:
        named = ", ".join(f"'{key}'" for key in keys[:5])
        return f"obsm holds {named}: if one holds coordinates, set data.spatial_key to it"
    return ""
