"""Getting at groups and arrays of a Zarr hierarchy with located errors."""

from __future__ import annotations

from typing import Any

import zarr

from training.store.errors import StoreError, located


def child(group: zarr.Group, path: str, place: str) -> zarr.Group | zarr.Array:
    """The node at `path` below `group`. Raises StoreError naming `place` when it is missing."""
    node = find(group, path, place)
    if node is None:
        raise StoreError(
            f"{place}/{path}",
            "nothing there",
            "this element of the atlas",
            "the store is incomplete: copy it again from its source, or export it anew.",
        )
    return node


def find(group: zarr.Group, path: str, place: str) -> zarr.Group | zarr.Array | None:
    """The node at `path` below `group`, None where there is nothing."""
    where = f"{place}/{path}"
    node: Any = None
    with located(where, "a Zarr v3 group or array"):
        node = group.get(path)
    if node is None:
        return None
    if node.metadata.zarr_format != 3:
        raise StoreError(where, f"Zarr format {node.metadata.zarr_format}", "Zarr format 3")
    if isinstance(node, zarr.Group) and node.metadata.consolidated_metadata is not None:
        # What a group says of its members is a copy, which may disagree with what was checked.
        with located(where):
            return zarr.open_group(node.store_path, mode="r", zarr_format=3, use_consolidated=False)
    return node


def get_group(group: zarr.Group, path: str, place: str) -> zarr.Group:
    """As `child`, and a group."""
    node = child(group, path, place)
    if not isinstance(node, zarr.Group):
        raise StoreError(f"{place}/{path}", "an array", "a group")
    return node


def get_array(group: zarr.Group, path: str, place: str) -> zarr.Array:
    """As `child`, and an array."""
    node = child(group, path, place)
    if not isinstance(node, zarr.Array):
        raise StoreError(f"{place}/{path}", "a group", "an array")
    return node


def attributes(node: zarr.Group | zarr.Array, place: str) -> dict[str, Any]:
    """A node's attributes as a dict."""
    with located(place, "attributes that are a JSON object"):
        return dict(node.attrs)


def text_list(value: object, place: str) -> list[str]:
    """`value` if it is a list of strings; else StoreError."""
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise StoreError(place, f"{type(value).__name__} {str(value)[:60]!r}", "a list of strings")
    return value
