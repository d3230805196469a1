"""Optional tables: genes, factors, markers and relations of domains, what the builder gave."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import zarr

from training.store.errors import StoreError
from training.store.hierarchy.encoding import Column, read_column
from training.store.hierarchy.nodes import attributes, find, text_list
from training.store.parts.reference import Reference
from training.store.schema import FRAMES

GENES = "genes"
REFIT = "fit the slices again with this version, which adds it."


def read_table(reference: Reference, name: str) -> dict[str, np.ndarray]:
    """A table as columns of one length: float64 with NaN, or object arrays of str with None.

    'genes' is `var`, with the gene names first, as `name`; every other is a data frame of `uns`.
    Raises StoreError for a table that the store does not hold.
    """
    if name == GENES:
        columns = {"name": np.array(reference.names("var"), dtype=object)}
        for own in reference.columns("var"):
            column = reference.column("var", own)
            if column.kind != "other":
                columns["source_name" if own == "name" else own] = _values(column)
        return columns
    if name not in FRAMES:
        raise StoreError(
            reference.place, f"no table {name[:80]!r}", f"one of {', '.join((GENES, *FRAMES))}"
        )
    frame, where = find_frame(reference.group, name, reference.place), _where(reference, name)
    if frame is None:
        raise StoreError(where, "nothing there", "the table of this name", REFIT)
    order = text_list(attributes(frame, where).get("column-order"), f"{where} (column-order)")
    columns = {own: _values(read_column(frame, own, where)) for own in order}
    lengths = {len(values) for values in columns.values()}
    if len(lengths) > 1:
        raise StoreError(where, f"columns of {sorted(lengths)} entries", "columns of one length")
    return columns


def find_frame(reference: zarr.Group, name: str, place: str) -> zarr.Group | None:
    """The group uns/NAME of `reference`, None where there is no such thing."""
    node = find(reference, f"uns/{name}", place)
    return node if isinstance(node, zarr.Group) else None


def table_faults(reference: Reference) -> Iterator[StoreError]:
    """What is wrong with the tables that are there."""
    domains = set(reference.column("obs", "domain").categories)
    stages = {*reference.column("obs", "stage").categories, ""}
    genes = set(reference.names("var"))
    allowed = {
        "domain": domains,
        "other_domain": domains,
        "stage": stages,
        "other_stage": stages,
        "gene": genes,
    }
    for name, wanted in FRAMES.items():
        if find_frame(reference.group, name, reference.place) is None:
            continue
        table, where = read_table(reference, name), _where(reference, name)
        missing = [column for column in wanted if column not in table]
        if missing:
            yield StoreError(where, f"no column {', '.join(missing)}", f"{', '.join(wanted)}")
        for column in wanted:
            values = table.get(column)
            if values is None:
                continue
            if column in allowed:
                strange = {str(value) for value in values.tolist()} - allowed[column]
                if strange:
                    found = f"{sorted(strange)[:5]}"
                    yield StoreError(f"{where}/{column}", found, f"a {column} of this atlas")
            elif column in ("p", "q", "share_inside", "share_outside", "stability"):
                yield from _share_faults(values, f"{where}/{column}")
        if name == "factors" and not missing:
            yield from _factor_faults(reference, table, where)
    if "moran_q" in reference.columns("var"):
        values = _values(reference.column("var", "moran_q"))
        yield from _share_faults(values, f"{reference.place}/var/moran_q")


def _factor_faults(
    reference: Reference, table: dict[str, np.ndarray], where: str
) -> Iterator[StoreError]:
    n_factors = reference.read("varm/loadings").shape[1]
    numbers, names = table["factor"].tolist(), table["name"].tolist()
    if numbers != list(range(n_factors)):
        yield StoreError(
            f"{where}/factor", f"{numbers[:5]} …", f"the numbers from 0 to {n_factors - 1} in order"
        )
    if not all(isinstance(name, str) and name for name in names) or len(set(names)) < len(names):
        yield StoreError(
            f"{where}/name", "names that are missing or occur twice", "one name per factor"
        )


def _share_faults(values: np.ndarray, where: str) -> Iterator[StoreError]:
    if values.dtype.kind != "f":
        yield StoreError(where, "no numbers", "numbers from 0 to 1, NaN where there is none")
    elif ((values < 0) | (values > 1)).any():
        yield StoreError(
            where, f"values from {np.nanmin(values):g} to {np.nanmax(values):g}", "0 to 1 or NaN"
        )


def _values(column: Column) -> np.ndarray:
    if column.kind == "category":
        return np.array([*column.categories, None], dtype=object)[column.codes]
    return column.values


def _where(reference: Reference, name: str) -> str:
    return f"{reference.place}/uns/{name}"
