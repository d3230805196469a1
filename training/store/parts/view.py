"""Building `view/` from `reference/` on disk, a block of genes at a time."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import zarr

from training.store.errors import StoreError
from training.store.hierarchy.arrays import create_rows, write_array
from training.store.hierarchy.encoding import Column
from training.store.hierarchy.quantise import (
    encode_codes,
    encode_factor,
    encode_numbers,
    encode_positive,
    log_per_ten_thousand,
)
from training.store.parts.pseudobulk import write_pseudobulk
from training.store.parts.reference import Reference
from training.store.parts.viewmeta import COLOR, ViewColumn, ViewMeta, to_attributes
from training.store.records import SliceInfo
from training.store.schema import (
    FREE_TEXT,
    MAX_CATEGORIES,
    MISSING,
    SHARD_BYTES,
    SHARD_GENES,
    SHARE,
)

FIRST = ("slice", "stage", "domain")


def write_view(root: zarr.Group, reference: Reference, place: str) -> None:
    """Write `view/` as FORMAT.md says. Memory: one shard of genes and the columns of obs."""
    group = root.create_group("view")
    meta, rows = view_columns(reference)
    group.attrs.update(to_attributes(meta))
    n_spots = reference.shape[0]
    obs = create_rows(group, "obs", (len(rows), n_spots), len(rows))
    obs[...] = np.stack(rows)
    totals = count_totals(reference)
    write_array(group, "totals", totals)
    _write_genes(group, reference, totals, meta.slices)
    _write_factors(group, reference, meta.slices)
    for kind in ("spatial", "umap"):
        write_array(group, kind, reference.read(f"obsm/{kind}"))
    write_pseudobulk(root, reference, meta.slices)


def rows_per_shard(n_rows: int, n_spots: int) -> int:
    """Rows of one shard: at most 250 and at most 64 MiB before compression."""
    return max(1, min(SHARD_GENES, n_rows, SHARD_BYTES // max(1, n_spots)))


def count_totals(reference: Reference) -> np.ndarray:
    """Counts per spot summed over all genes, over the measured share where there is one, float64
    (spots). Checks that X is raw counts."""
    totals = np.zeros(reference.shape[0])
    for spots, counts in reference.blocks():
        bad = ~(np.isfinite(counts) & (counts >= 0) & (counts == np.rint(counts)))
        if bad.any():
            examples = ", ".join(str(value) for value in counts[bad][:5])
            raise StoreError(
                f"{reference.place}/X",
                f"values that are no counts, for example {examples}",
                "raw counts: finite whole numbers of at least 0",
                "give the raw counts, not normalised or logarithmic values.",
            )
        totals += np.bincount(spots, weights=counts, minlength=len(totals))
    shares = measured_shares(reference)
    return totals if shares is None else totals / shares


def measured_shares(reference: Reference) -> np.ndarray | None:
    """Share of each spot's counts expected on the genes its slice measured, above 0 and at most 1,
    float64 (spots); None in a store that does not tell."""
    if reference.measured is None or SHARE not in reference.columns("obs"):
        return None
    column = reference.column("obs", SHARE)
    good = column.kind == "number"
    if not good or not ((column.values > 0) & (column.values <= 1)).all():
        raise StoreError(
            f"{reference.place}/obs/{SHARE}",
            "values that are no shares" if good else f"a {column.kind} column",
            "numbers above 0 and at most 1",
        )
    return np.asarray(column.values, dtype=np.float64)


def unmeasured_spots(reference: Reference, slices: list[SliceInfo], gene: int) -> np.ndarray | None:
    """Mask (spots) of the slices that did not measure a gene; None where all did."""
    measured = reference.measured
    if measured is None or measured[gene].all():
        return None
    return np.repeat(~measured[gene], [info.n_spots for info in slices])


def gene_row(
    spots: np.ndarray,
    counts: np.ndarray,
    totals: np.ndarray,
    unmeasured: np.ndarray | None = None,
) -> tuple[np.ndarray, float]:
    """(bytes of every spot, largest value) of a gene with these counts at these spots."""
    present = counts > 0
    spots, counts = spots[present], counts[present]
    row = np.zeros(len(totals), dtype=np.uint8)
    if unmeasured is not None:
        row[unmeasured] = MISSING
    if not len(spots):
        return row, 0.0
    values = log_per_ten_thousand(counts, totals[spots])
    hi = float(values.max())
    row[spots] = encode_positive(values, hi)
    return row, hi


def view_columns(reference: Reference) -> tuple[ViewMeta, list[np.ndarray]]:
    """The tables of slices and drawable columns, and the bytes of each column."""
    names = reference.columns("obs")
    order = [*FIRST, *(name for name in names if name not in FIRST)]
    columns, rows = [], []
    for name in order:
        column = as_drawable(name, reference.column("obs", name))
        if column.kind == "number":
            data, lo, hi = encode_numbers(column.values)
            columns.append(ViewColumn(name, "number", lo, hi, [], None))
            rows.append(data)
        elif column.kind == "category":
            last = float(max(0, len(column.categories) - 1))
            colors = _colors(reference.colors(name), len(column.categories))
            columns.append(ViewColumn(name, "category", 0.0, last, column.categories, colors))
            rows.append(encode_codes(column.codes))
    return ViewMeta(slice_table(reference), columns), rows


def as_drawable(name: str, column: Column) -> Column:
    """Text with few distinct values as a category; what cannot be drawn as kind 'other'."""
    if column.kind == "text" and name not in FREE_TEXT:
        present = np.array([value is not None for value in column.values], dtype=bool)
        distinct = sorted({str(value) for value in column.values[present]})
        if len(distinct) <= MAX_CATEGORIES:
            code = {text: i for i, text in enumerate(distinct)}
            codes = np.array([-1 if v is None else code[str(v)] for v in column.values])
            return Column("category", column.values[:0], codes.astype(np.int64), distinct)
    too_many = column.kind == "category" and len(column.categories) > MAX_CATEGORIES
    if column.kind == "text" or name in FREE_TEXT or too_many:
        return Column("other", column.values[:0], column.codes[:0], [])
    return column


def slice_table(reference: Reference) -> list[SliceInfo]:
    """The slices in the order of their rows. Raises StoreError unless each is one run of rows,
    of one stage and at one time."""
    slices = reference.column("obs", "slice")
    stages, times = reference.column("obs", "stage"), reference.column("obs", "time")
    where = f"{reference.place}/obs"
    for name, column, kind in (
        ("slice", slices, "category"),
        ("stage", stages, "category"),
        ("time", times, "number"),
    ):
        if column.kind != kind:
            raise StoreError(f"{where}/{name}", f"a {column.kind} column", f"a {kind} column")
        if kind == "category" and (column.codes < 0).any():
            raise StoreError(f"{where}/{name}", "missing entries", f"a {name} for every spot")
    edges = np.flatnonzero(np.diff(slices.codes)) + 1
    bounds = [0, *edges.tolist(), len(slices.codes)]
    table: list[SliceInfo] = []
    for start, stop in pairwise(bounds):
        name = slices.categories[slices.codes[start]]
        if any(info.name == name for info in table):
            raise StoreError(
                f"{where}/slice",
                f"slice {name!r} in several places",
                "the spots of a slice one after the other",
                "sort the rows by slice before export.",
            )
        codes, known = np.unique(stages.codes[start:stop]), np.unique(times.values[start:stop])
        if len(codes) > 1 or len(known) > 1:
            raise StoreError(
                f"{where}/stage",
                f"several stages or times in slice {name!r}",
                "one stage and one time per slice",
            )
        time = float(known[0]) if np.isfinite(known[0]) else None
        table.append(SliceInfo(name, stages.categories[codes[0]], time, start, stop))
    return table


def _colors(values: list[str] | None, n_categories: int) -> list[str] | None:
    if values is None or len(values) < n_categories:
        return None
    colors = [value.lower()[:7] for value in values[:n_categories]]
    return colors if all(COLOR.fullmatch(color) for color in colors) else None


def _write_genes(
    group: zarr.Group, reference: Reference, totals: np.ndarray, slices: list[SliceInfo]
) -> None:
    n_spots, n_genes = reference.shape
    step = rows_per_shard(n_genes, n_spots)
    genes = create_rows(group, "genes", (n_genes, n_spots), step)
    highest = np.zeros(n_genes, dtype=np.float32)
    block = np.zeros((step, n_spots), dtype=np.uint8)
    for start in range(0, n_genes, step):
        stop = min(start + step, n_genes)
        for gene, spots, counts in reference.genes_nonzeros(start, stop):
            missing = unmeasured_spots(reference, slices, gene)
            block[gene - start], highest[gene] = gene_row(spots, counts, totals, missing)
        genes[start:stop] = block[: stop - start]
    write_array(group, "gene_max", highest)


def _write_factors(group: zarr.Group, reference: Reference, slices: list[SliceInfo]) -> None:
    proportions = reference.read("obsm/factors")
    n_spots, n_factors = proportions.shape
    factors = create_rows(group, "factors", (n_factors, n_spots), n_factors)
    highest = proportions.max(axis=0).astype(np.float32)
    factors[...] = np.stack(
        [encode_factor(proportions[:, k], float(highest[k])) for k in range(n_factors)]
    )
    write_array(group, "factor_max", highest)
    write_array(group, "usage", factor_usage(proportions, slices))


def factor_usage(proportions: np.ndarray, slices: list[SliceInfo]) -> np.ndarray:
    """Mean proportion of every factor in every slice, float32 (slices, factors)."""
    means = [proportions[s.start : s.stop].mean(axis=0, dtype=np.float64) for s in slices]
    return np.stack(means).astype(np.float32)
