"""The cheap checks of every opening: what is there, of which type, shape and chunks.

No array is read. Declared sizes are compared with each other and with the bytes on disk, so
that a hostile declaration is refused before anything is allocated.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field
from typing import Any

import zarr

from training.store.errors import StoreError, located
from training.store.hierarchy.nodes import attributes, child, get_array, get_group
from training.store.parts.frames import find_frame
from training.store.parts.reference import Reference
from training.store.parts.viewmeta import ViewMeta, from_attributes
from training.store.places.location import Location
from training.store.schema import (
    ALIGNED,
    ALIGNED_COLUMNS,
    DIMENSION_LIMITS,
    ELEMENTS,
    EXPANSION_FLOOR,
    EXPANSION_LIMIT,
    FORMAT_VERSION,
    FRAMES,
    MEASURED,
    PSEUDOBULK,
    ROOT_KEY,
    Element,
    major,
)

DIGEST = re.compile(r"[0-9a-f]{64}")
COPY_AGAIN = "the store is incomplete: copy it again from its source, or export it anew."


@dataclass(frozen=True)
class Header:
    """The root's own statement about the store."""

    format_version: str
    digest: str
    created: str
    card: dict[str, Any]
    n_files: int
    n_bytes: int


@dataclass
class Structure:
    """What the checks learned: lengths of the named dimensions, the view's tables, the faults."""

    dimensions: dict[str, int] = field(default_factory=dict)
    meta: ViewMeta | None = None
    faults: list[StoreError] = field(default_factory=list)


def read_header(root: zarr.Group, place: str) -> Header:
    """The root attributes. Raises StoreError when this is no atlas store or a newer one."""
    stored = attributes(root, place).get(ROOT_KEY)
    if not isinstance(stored, dict):
        raise StoreError(
            place,
            "a Zarr group that is not an atlas",
            f"attributes with {ROOT_KEY!r}",
            "give the folder that `atlas fit` wrote; "
            "its reference/ alone opens with anndata.read_zarr.",
        )
    version = stored.get("format_version")
    try:
        newer = major(str(version)) > major(FORMAT_VERSION)
    except ValueError:
        raise StoreError(
            place, f"format version {str(version)[:40]!r}", f"a version such as {FORMAT_VERSION}"
        ) from None
    if newer:
        raise StoreError(
            place,
            f"format version {version}",
            f"version {major(FORMAT_VERSION)}.x or older",
            "update inspire-atlas, or export the atlas again with this version.",
        )
    wanted: tuple[tuple[str, type, str], ...] = (
        ("digest", str, "text"),
        ("created", str, "text"),
        ("card", dict, "a JSON object"),
        ("n_files", int, "a whole number"),
        ("n_bytes", int, "a whole number"),
    )
    for name, kind, words in wanted:
        if type(stored.get(name)) is not kind:
            raise StoreError(
                f"{place} ({ROOT_KEY}.{name})", type(stored.get(name)).__name__, words, COPY_AGAIN
            )
    if not DIGEST.fullmatch(stored["digest"]):
        raise StoreError(
            f"{place} ({ROOT_KEY}.digest)", repr(stored["digest"][:80]), "64 hexadecimal digits"
        )
    return Header(str(version), *(stored[name] for name, _, _ in wanted))


def check_size(location: Location, header: Header) -> int | None:
    """Bytes of a store, None where its place lists no files. Raises StoreError when files are
    missing, cut short or added, and at symbolic links."""
    sizes = location.sizes()
    if sizes is None:
        return None
    found = len(sizes), sum(sizes.values())
    for fault in size_faults(str(location), header, found):
        raise fault
    return found[1]


def size_faults(place: str, header: Header, found: tuple[int, int]) -> list[StoreError]:
    """The fault that number and bytes of the files found are not those written, if so."""
    if found == (header.n_files, header.n_bytes):
        return []
    return [
        StoreError(
            place,
            f"{found[0]} files of {found[1]:,} bytes together",
            f"{header.n_files} files of {header.n_bytes:,} bytes",
            COPY_AGAIN,
        )
    ]


def check_structure(root: zarr.Group, place: str, n_bytes: int | None) -> Structure:
    """Compare every element with the table of the format; faults are collected, not raised."""
    structure = check_elements(root, place, n_bytes, "")
    try:
        structure.meta = _check_view(root, place, structure.dimensions)
    except StoreError as fault:
        structure.faults.append(fault)
    try:
        with located(f"{place}/{ALIGNED}"):
            _check_aligned(root, place, n_bytes, structure)
    except StoreError as fault:
        structure.faults.append(fault)
    try:
        with located(f"{place}/{MEASURED}"):
            _check_measured(root, place, n_bytes, structure)
    except StoreError as fault:
        structure.faults.append(fault)
    try:
        with located(f"{place}/{PSEUDOBULK}"):
            _check_pseudobulk(root, place, n_bytes, structure)
    except StoreError as fault:
        structure.faults.append(fault)
    for part, check in (("model", _check_model), ("reference/uns", _check_frames)):
        try:
            with located(f"{place}/{part}"):
                check(root, place, n_bytes)
        except StoreError as fault:
            structure.faults.append(fault)
    return structure


def check_elements(root: zarr.Group, place: str, n_bytes: int | None, prefix: str) -> Structure:
    """The elements whose path starts with `prefix`, against the table."""
    structure = Structure()
    for element in ELEMENTS:
        if element.path.startswith(prefix):
            try:
                with located(f"{place}/{element.path}"):
                    _check_element(root, element, place, n_bytes, structure)
            except StoreError as fault:
                structure.faults.append(fault)
    return structure


def _check_element(
    root: zarr.Group, element: Element, place: str, n_bytes: int | None, found: Structure
) -> None:
    where = f"{place}/{element.path}"
    if element.node == "group":
        get_group(root, element.path, place)
    elif element.node == "csc":
        group = get_group(root, element.path, place)
        encoding = attributes(group, where).get("encoding-type")
        if encoding != "csc_matrix":
            raise StoreError(where, f"encoding {str(encoding)[:40]!r}", "a CSC matrix")
        _bind(element, Reference(root, place).shape, where, found)
        for part in ("data", "indices", "indptr"):
            array = get_array(root, f"{element.path}/{part}", place)
            check_declared(array, f"{where}/{part}", n_bytes)
            if part == "data" and array.dtype != element.dtype:
                raise StoreError(f"{where}/data", f"{array.dtype}", element.dtype)
            if part != "data" and array.dtype.kind not in "iu":
                raise StoreError(f"{where}/{part}", f"{array.dtype}", "whole numbers")
    elif element.node == "array" or element.dtype != "-":
        array = get_array(root, element.path, place)
        if array.dtype != element.dtype:
            raise StoreError(where, f"dtype {array.dtype}", f"dtype {element.dtype}")
        check_declared(array, where, n_bytes)
        _bind(element, array.shape, where, found)
        if element.chunks == "row" and tuple(array.chunks) != (1, array.shape[1]):
            raise StoreError(
                where, f"chunks {tuple(array.chunks)}", f"chunks (1, {array.shape[1]})"
            )
    else:
        node = child(root, element.path, place)
        _check_column(node, element, where, n_bytes, found)


def _check_column(
    node: zarr.Group | zarr.Array,
    element: Element,
    where: str,
    n_bytes: int | None,
    found: Structure,
) -> None:
    """A column of obs: AnnData holds it as an array, or as a group of arrays."""
    if element.node == "categorical" and isinstance(node, zarr.Array):
        raise StoreError(where, "a plain array", "a categorical column")
    if isinstance(node, zarr.Array):
        check_declared(node, where, n_bytes)
        _bind(element, node.shape, where, found)
        return
    for name, array in node.arrays():
        check_declared(array, f"{where}/{name}", n_bytes)
    rows = "codes" if element.node == "categorical" else "values"
    _bind(element, get_array(node, rows, where).shape, f"{where}/{rows}", found)


def check_declared(array: zarr.Array, where: str, n_bytes: int | None) -> None:
    """Raise StoreError when array or chunk declare more than the store's bytes can hold."""
    limit = 2**40 if n_bytes is None else EXPANSION_FLOOR + EXPANSION_LIMIT * n_bytes
    largest = max(math.prod(shape) for shape in (array.shape, array.chunks, array.shards or (1,)))
    if largest * max(1, array.dtype.itemsize) > limit:
        raise StoreError(
            where,
            f"a declared shape of {tuple(array.shape)} (chunks {tuple(array.chunks)})",
            "a shape that its stored bytes can fill",
            "do not use this store: its declarations are corrupt or hostile.",
        )


def _bind(element: Element, shape: tuple[int, ...], where: str, found: Structure) -> None:
    words = " × ".join(element.shape)
    if len(shape) != len(element.shape):
        raise StoreError(where, f"{len(shape)} dimensions", f"{len(element.shape)}: {words}")
    for length, name in zip(shape, element.shape, strict=True):
        if name.isdigit():
            expected, most = int(name), int(name)
        else:
            expected = found.dimensions.setdefault(name, length)
            most = DIMENSION_LIMITS[name]
        if not 1 <= length <= most:
            raise StoreError(where, f"{length:,} {name}", f"1 to {most:,}")
        if length != expected:
            raise StoreError(
                where, f"shape {shape}", f"{words}, with {expected:,} {name}", COPY_AGAIN
            )


def _check_view(root: zarr.Group, place: str, dimensions: dict[str, int]) -> ViewMeta:
    where = f"{place}/view"
    meta = from_attributes(attributes(get_group(root, "view", place), where), where)
    rows = meta.slices[-1].stop if meta.slices else 0
    for what, length, name in (
        ("slices", rows, "spots"),
        ("slices", len(meta.slices), "slices"),
        ("obs", len(meta.columns), "columns"),
    ):
        if name in dimensions and dimensions[name] != length:
            raise StoreError(f"{where} ({what})", f"{length} {name}", f"{dimensions[name]} {name}")
    return meta


def _check_aligned(root: zarr.Group, place: str, n_bytes: int | None, found: Structure) -> None:
    """The optional aligned coordinates, where a store has them."""
    if ALIGNED not in root:
        return
    where = f"{place}/{ALIGNED}"
    array = get_array(root, ALIGNED, place)
    if array.dtype != "float32":
        raise StoreError(where, f"dtype {array.dtype}", "dtype float32")
    check_declared(array, where, n_bytes)
    spots = found.dimensions.get("spots")
    if array.ndim != 2 or array.shape[1] not in ALIGNED_COLUMNS or array.shape[0] != spots:
        raise StoreError(
            where, f"shape {tuple(array.shape)}", f"{spots:,} spots × 2 or 3" if spots else "2 or 3"
        )


def _check_measured(root: zarr.Group, place: str, n_bytes: int | None, found: Structure) -> None:
    """The optional table of which slice measured which gene, where a store has it."""
    if MEASURED not in root:
        return
    where = f"{place}/{MEASURED}"
    array = get_array(root, MEASURED, place)
    if array.dtype != "bool":
        raise StoreError(where, f"dtype {array.dtype}", "dtype bool")
    check_declared(array, where, n_bytes)
    slices = len(found.meta.slices) if found.meta else None
    expected = (found.dimensions.get("genes"), slices)
    if array.ndim != 2 or (None not in expected and tuple(array.shape) != expected):
        raise StoreError(
            where, f"shape {tuple(array.shape)}", f"{expected[0]} genes × {expected[1]} slices"
        )


def _check_pseudobulk(root: zarr.Group, place: str, n_bytes: int | None, found: Structure) -> None:
    """The optional sums of counts over slices and domains, where a store has them."""
    if PSEUDOBULK not in root:
        return
    where = f"{place}/{PSEUDOBULK}"
    array = get_array(root, PSEUDOBULK, place)
    if array.dtype != "float64":
        raise StoreError(where, f"dtype {array.dtype}", "dtype float64")
    check_declared(array, where, n_bytes)
    meta = found.meta
    domains = next((c.categories for c in meta.columns if c.name == "domain"), []) if meta else []
    genes = found.dimensions.get("genes")
    if meta and tuple(array.shape) != (genes, len(meta.slices), len(domains)):
        raise StoreError(
            where,
            f"shape {tuple(array.shape)}",
            f"{genes} genes × {len(meta.slices)} slices × {len(domains)} domains",
        )


def _check_model(root: zarr.Group, place: str, n_bytes: int | None) -> None:
    where = f"{place}/model"
    group = get_group(root, "model", place)
    if not isinstance(attributes(group, where).get("config"), dict):
        raise StoreError(f"{where} (config)", "no configuration", "a JSON object")
    for name, array in group.arrays():
        if array.dtype.kind not in "biufc":
            raise StoreError(f"{where}/{name}", f"dtype {array.dtype}", "plain numbers")
        check_declared(array, f"{where}/{name}", n_bytes)


def _check_frames(root: zarr.Group, place: str, n_bytes: int | None) -> None:
    where = f"{place}/reference"
    reference = get_group(root, "reference", place)
    for name in FRAMES:
        frame = find_frame(reference, name, where)
        for path, node in [] if frame is None else frame.members(max_depth=None):
            if isinstance(node, zarr.Array):
                check_declared(node, f"{where}/uns/{name}/{path}", n_bytes)
