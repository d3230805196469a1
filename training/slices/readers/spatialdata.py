"""Tables of SpatialData stores, and AnnData written as Zarr."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from training.errors import Problem
from training.slices.readers.groups import read_group
from training.slices.readers.source import Source, Unreadable

DEFAULT_TABLE = "table"


def is_zarr(path: Path) -> bool:
    """Whether a folder is the root of a Zarr hierarchy, of format 2 or 3."""
    return (path / "zarr.json").is_file() or (path / ".zgroup").is_file()


def read_zarr_table(path: Path, *, place: str, spatial_key: str) -> Source:
    """Source of the one table of a SpatialData store, or of an AnnData Zarr group.

    A SpatialData store keeps tables under `tables/NAME`, each an AnnData group. Coordinates are
    taken from the table's obsm; shapes need a geometry library and are not read. Where the table
    annotates several regions and has no slice column, each region is a slice.

    Raises:
        Unreadable: when there is no table, several with none named 'table', or damage.
    """
    location, name = _table(path, place)
    source = read_group(
        lambda: _opened(location),
        path=location,
        place=place if name is None else f"{place}, table '{name}'",
        stem=path.name.removesuffix(".zarr"),
        spatial_key=spatial_key,
    )
    region_key = _attributes(location).get("region_key")
    if isinstance(region_key, str) and region_key in source.obs:
        source.region_column = region_key
    if source.coordinates is None and name is not None:
        source.coordinates_hint = (
            "write the centres of the table's shapes into its obsm['spatial'] "
            "(spatialdata.get_centroids gives them) and save the table"
        )
    return source


def _table(path: Path, place: str) -> tuple[Path, str | None]:
    if _attributes(path).get("encoding-type") == "anndata":
        return path, None
    tables = path / "tables"
    names = (
        sorted(entry.name for entry in tables.iterdir() if is_zarr(entry))
        if (tables.is_dir())
        else []
    )
    if not names:
        raise Unreadable(
            Problem(
                place,
                "a Zarr store without a table",
                "a SpatialData store with counts in tables/NAME, or AnnData written as Zarr",
                remedy="add the table of counts to the store, or take it out of the folder",
            )
        )
    if len(names) > 1 and DEFAULT_TABLE not in names:
        raise Unreadable(
            Problem(
                place,
                f"{len(names)} tables",
                f"one table, or one named '{DEFAULT_TABLE}'",
                examples=names,
                remedy=f"give the table itself, such as {path.name}/tables/{names[0]}",
            )
        )
    name = names[0] if len(names) == 1 else DEFAULT_TABLE
    return tables / name, name


def _attributes(path: Path) -> dict[str, Any]:
    try:
        if (path / "zarr.json").is_file():
            return dict(json.loads((path / "zarr.json").read_text("utf-8")).get("attributes", {}))
        return dict(json.loads((path / ".zattrs").read_text("utf-8")))
    except (OSError, ValueError):
        return {}


@contextmanager
def _opened(path: Path) -> Iterator[Any]:
    import zarr

    yield zarr.open_group(path, mode="r")
