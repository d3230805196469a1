"""Handing a fitted AnnData to the store: it writes the reference, the store all the rest."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from training.errors import DataError, Problem
from training.store.records import ModelPart
from training.store.schema import REQUIRED_OBS, SPARSE_CHUNK, SPARSE_SHARD_CHUNKS

if TYPE_CHECKING:
    import pandas as pd
    from anndata import AnnData

OBSM = ("latent", "factors", "spatial", "umap")
ALIGNED = "spatial_aligned"


def export_atlas(
    path: Path, atlas: AnnData, model: ModelPart, card: dict[str, Any], *, overwrite: bool = False
) -> str:
    """Write the store NAME.atlas.zarr and return its content digest.

    `atlas` holds raw counts in X (spots × genes), obs['slice', 'stage', 'time', 'spot',
    'domain'], var['highly_variable'], obsm['latent', 'factors', 'spatial', 'umap'] and
    varm['loadings'] (genes × factors, NaN outside the fitted genes); rows grouped by slice. It
    may hold obsm['spatial_aligned'], the slices in common frames. All other columns go along
    unchanged; what Zarr cannot hold (slashes in names, values of mixed types) is renamed or left
    out with a warning. `atlas` itself is not changed.

    Raises DataError when parts are missing, StoreError when the store cannot be written.
    """
    from training.store import create_atlas

    _check_parts(atlas)
    reference = _as_reference(atlas)
    return create_atlas(
        Path(path),
        write_reference=lambda folder: write_anndata(folder, reference),
        model=model,
        card=card,
        overwrite=overwrite,
    )


def write_anndata(folder: Path, data: AnnData) -> None:
    """Write `data` as an AnnData group in Zarr v3, columns of X readable one by one.

    Unlike AnnData.write_zarr, text columns stay text, and the settings in force are those of
    this function alone.
    """
    import anndata
    import zarr
    from anndata.experimental import write_dispatched

    nonzeros = max(1, data.X.nnz)
    chunk = min(SPARSE_CHUNK, nonzeros)
    per_shard = min(SPARSE_SHARD_CHUNKS, -(-nonzeros // chunk))
    sparse = {"chunks": (chunk,), "shards": (chunk * per_shard,)}

    def callback(
        write: Callable[..., None],
        group: Any,
        name: str,
        element: Any,
        *,
        dataset_kwargs: Mapping[str, Any],
        iospec: Any,
    ) -> None:
        if name.strip("/") == "X":
            dataset_kwargs = {**dataset_kwargs, **sparse}
        write(group, name, element, dataset_kwargs=dataset_kwargs)

    with (
        warnings.catch_warnings(),
        anndata.settings.override(
            zarr_write_format=3, auto_shard_zarr_v3=True, allow_write_nullable_strings=True
        ),
    ):
        # Zarr marks text and consolidated metadata as not yet standardised; AnnData relies on
        # both and reads them back in every release that reads Zarr v3.
        warnings.simplefilter("ignore")
        group = zarr.open_group(folder, mode="w", zarr_format=3)
        write_dispatched(group, "/", data, callback=callback)
        zarr.consolidate_metadata(group.store)


def _check_parts(atlas: AnnData) -> None:
    wanted = [
        *(("obs", atlas.obs.columns, name) for name in REQUIRED_OBS),
        ("var", atlas.var.columns, "highly_variable"),
        *(("obsm", atlas.obsm.keys(), name) for name in OBSM),
        ("varm", atlas.varm.keys(), "loadings"),
    ]
    problems = [
        Problem(
            f"{part}[{name!r}]",
            "nothing",
            "a part that every atlas has",
            remedy="fit the slices with `atlas fit`, which makes all parts.",
        )
        for part, present, name in wanted
        if name not in present
    ]
    if problems:
        raise DataError(problems)


def _as_reference(atlas: AnnData) -> AnnData:
    """A copy in the form of FORMAT.md: CSC float32 counts, float32 matrices, storable columns."""
    from anndata import AnnData
    from scipy import sparse

    counts = sparse.csc_matrix(atlas.X, dtype=np.float32, copy=sparse.issparse(atlas.X))
    counts.sum_duplicates()
    counts.eliminate_zeros()
    counts.sort_indices()
    reference = AnnData(
        X=counts,
        obs=_storable_frame(atlas.obs, "obs", ("slice", "stage", "domain")),
        var=_storable_frame(atlas.var, "var", ()),
        obsm={
            name: np.asarray(value, dtype=np.float32) if name in (*OBSM, ALIGNED) else value
            for name, value in _storable_items(atlas.obsm, "obsm").items()
        },
        varm={
            name: np.asarray(value, dtype=np.float32) if name == "loadings" else value
            for name, value in _storable_items(atlas.varm, "varm").items()
        },
        uns=_storable_items(atlas.uns, "uns"),
    )
    reference.obs["spot"] = reference.obs["spot"].astype(str).astype(object)
    reference.obs["time"] = reference.obs["time"].astype(np.float64)
    reference.var["highly_variable"] = reference.var["highly_variable"].astype(bool)
    return reference


def _storable_frame(frame: pd.DataFrame, part: str, categorical: tuple[str, ...]) -> pd.DataFrame:
    """The columns that can be stored, under names that can; dtypes unchanged."""
    columns: dict[str, pd.Series] = {}
    for name in frame.columns:
        values = frame[name]
        if name in categorical and values.dtype.name != "category":
            values = values.astype("category")
        values = _as_text_where_mixed(values, f"{part}[{name!r}]")
        if values.dtype == object:
            storable = all(map(_is_text, values))
        else:
            storable = _is_plain(values.dtype) or _is_storable(values.to_frame("column"))
        if not storable:
            _warn(f"{part}[{name!r}] ({values.dtype}) cannot be stored and is left out")
            continue
        columns[_free_name(str(name), part, columns)] = values
    import pandas as pd

    return pd.DataFrame(columns, index=frame.index.astype(str))


def _as_text_where_mixed(values: pd.Series, place: str) -> pd.Series:
    """Object columns as what they are: text, with missing entries kept missing.

    AnnData would write any other object as its text without a word. Mixed numbers and text become
    text with a warning; anything else is returned as it came, for the caller to refuse.
    """
    import pandas as pd

    if isinstance(values.dtype, pd.CategoricalDtype):
        categories = values.cat.categories
        if categories.dtype != object or all(isinstance(c, str) for c in categories):
            return values
        _warn(f"{place} has categories of several types; they are stored as text")
        return values.cat.rename_categories([str(c) for c in categories])
    if values.dtype != object:
        return values
    missing = values.isna()
    present = values[~missing]
    if all(isinstance(v, str) for v in present):
        return values.astype("string") if missing.any() else values
    narrowed = present.infer_objects()
    if narrowed.dtype != object:
        return values.convert_dtypes()
    if all(isinstance(v, str | int | float | np.generic) for v in present):
        _warn(f"{place} holds values of several types; they are stored as text")
        return values.where(missing, values.astype(str)).astype("string")
    return values


def _storable_items(items: Mapping[str, Any], part: str) -> dict[str, Any]:
    """The entries of a mapping that can be stored, under names that can."""
    stored: dict[str, Any] = {}
    for name, value in items.items():
        plain = _is_plain(getattr(value, "dtype", None)) or _is_plain_table(value)
        if not (plain or _is_storable({"value": value})):
            _warn(f"{part}[{name!r}] ({type(value).__name__}) cannot be stored and is left out")
            continue
        stored[_free_name(str(name), part, stored)] = value
    return stored


def _is_plain(dtype: object) -> bool:
    """Whether a dtype is one of the numbers that Zarr holds as they are, or categories of text."""
    import pandas as pd

    if isinstance(dtype, pd.CategoricalDtype):
        return len(dtype.categories) > 0 and all(map(_is_text, dtype.categories))
    return isinstance(dtype, np.dtype) and dtype.kind in "biuf" and dtype.itemsize <= 8


def _is_text(value: object) -> bool:
    """Whether a value is text of whole letters: files of other encodings leave halves of some."""
    if not isinstance(value, str):
        return False
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def _is_plain_table(value: object) -> bool:
    """Whether a value is a table of numbered rows and of columns that are plain or text."""
    import pandas as pd

    return (
        isinstance(value, pd.DataFrame)
        and isinstance(value.index, pd.RangeIndex)
        and all(isinstance(name, str) and name.isidentifier() for name in value.columns)
        and value.columns.is_unique
        and len(value) > 0
        and all(
            _is_plain(column.dtype) or all(map(_is_text, column)) for _, column in value.items()
        )
    )


def _is_storable(value: Any) -> bool:
    """Whether AnnData can write `value`: tried in memory, since each release knows more types."""
    import anndata
    import zarr
    from anndata.io import write_elem

    with (
        warnings.catch_warnings(),
        anndata.settings.override(
            zarr_write_format=3, auto_shard_zarr_v3=True, allow_write_nullable_strings=True
        ),
    ):
        warnings.simplefilter("ignore")
        try:
            write_elem(zarr.group(zarr_format=3), "value", value)
        except Exception:
            return False
    return True


def _free_name(name: str, part: str, taken: Mapping[str, Any]) -> str:
    """A name that is one step of a path, and not taken."""
    clean = name.replace("/", "_").replace("\\", "_").replace("\0", "_")
    if clean in ("", ".", "..", "zarr.json", "_index"):
        clean = f"column_{clean.strip('.') or 'unnamed'}"
    while clean in taken:
        clean += "_"
    if clean != name:
        _warn(f"{part}[{name!r}] is stored as {clean!r}: the name cannot be a file's")
    return clean


def _warn(message: str) -> None:
    warnings.warn(message, UserWarning, stacklevel=4)
