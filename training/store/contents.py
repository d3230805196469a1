"""The numbers of a store: finite, in range, and the view as the reference implies it."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import zarr

from training.store.errors import StoreError, located
from training.store.given.annotations import annotation_faults
from training.store.given.givensets import gene_set_faults
from training.store.given.orthologs import ortholog_faults
from training.store.hierarchy.nodes import get_array
from training.store.hierarchy.quantise import encode_factor
from training.store.parts.frames import table_faults
from training.store.parts.pseudobulk import pseudobulk_faults
from training.store.parts.reference import Reference
from training.store.parts.tissue import tissue_faults
from training.store.parts.view import (
    count_totals,
    factor_usage,
    gene_row,
    unmeasured_spots,
    view_columns,
)
from training.store.parts.viewmeta import ViewMeta
from training.store.schema import ALIGNED, MEASURED, MISSING, ROW_SUM_TOLERANCE

Faults = Iterator[StoreError]
STALE = "the view was not made from this reference: export the atlas anew."


def content_faults(
    root: zarr.Group, meta: ViewMeta, place: str, sample: int | None
) -> list[StoreError]:
    """All faults of a store whose structure is sound. `sample`: genes compared, None for all."""
    reference = Reference(root, place)
    checks: list[Callable[[], Faults]] = [
        lambda: _names(reference),
        lambda: _matrices(reference),
        lambda: _aligned(root, reference, meta, place),
        lambda: _measured(reference, place),
        lambda: _loadings(reference),
        lambda: _columns(root, reference, meta, place),
        lambda: _coordinates(root, reference, place),
        lambda: _factors(root, reference, meta, place),
        lambda: _genes(root, reference, meta, place, sample),
        lambda: pseudobulk_faults(root, reference, meta.slices, place, sample),
        lambda: table_faults(reference),
        lambda: annotation_faults(reference),
        lambda: ortholog_faults(reference),
        lambda: gene_set_faults(reference),
        lambda: tissue_faults(reference.group, meta.slices, place),
    ]
    faults: list[StoreError] = []
    for check in checks:
        try:
            with located(place):
                faults.extend(check())
        except StoreError as fault:
            faults.append(fault)
    return faults


def _names(reference: Reference) -> Faults:
    for axis in ("obs", "var"):
        names = reference.names(axis)
        where = f"{reference.place}/{axis}"
        if len(set(names)) < len(names):
            yield StoreError(where, "names that occur twice", "unique names")
        if not all(names):
            yield StoreError(where, "an empty name", "a name for every row")


def _matrices(reference: Reference) -> Faults:
    for name in ("latent", "factors", "spatial", "umap"):
        values = reference.read(f"obsm/{name}")
        where = f"{reference.place}/obsm/{name}"
        bad = int((~np.isfinite(values)).any(axis=1).sum())
        if bad:
            yield StoreError(where, f"{bad} spots with values not finite", "finite values")
        elif name == "factors":
            off = np.abs(values.sum(axis=1, dtype=np.float64) - 1) > ROW_SUM_TOLERANCE
            if off.any() or values.min() < 0:
                yield StoreError(
                    where,
                    f"{int(off.sum())} spots whose proportions do not sum to 1, "
                    f"smallest value {values.min():.3g}",
                    "proportions of at least 0 that sum to 1",
                )


def _aligned(root: zarr.Group, reference: Reference, meta: ViewMeta, place: str) -> Faults:
    if ALIGNED not in root:
        return
    values = reference.read("obsm/spatial_aligned")
    where = f"{place}/{ALIGNED}"
    bad = int((~np.isfinite(values)).any(axis=1).sum())
    if bad:
        yield StoreError(where, f"{bad} spots with values not finite", "finite values")
    elif values.shape[1] == 3:
        for info in meta.slices:
            depths = np.unique(values[info.start : info.stop, 2])
            if len(depths) > 1:
                yield StoreError(
                    where, f"{len(depths)} depths in slice {info.name!r}", "one depth per slice"
                )


def _measured(reference: Reference, place: str) -> Faults:
    measured = reference.measured
    if measured is not None and not measured.any(axis=0).all():
        lacking = int((~measured.any(axis=0)).sum())
        yield StoreError(f"{place}/{MEASURED}", f"{lacking} slices without a gene", "some genes")


def _loadings(reference: Reference) -> Faults:
    loadings = reference.read("varm/loadings")
    where = f"{reference.place}/varm/loadings"
    missing = np.isnan(loadings)
    fitted = ~missing.all(axis=1)
    if not fitted.any():
        yield StoreError(where, "no fitted gene", "loadings of at least one gene")
        return
    inner = loadings[fitted]
    if not np.isfinite(inner).all() or (inner < 0).any():
        yield StoreError(
            where,
            "values that are missing, infinite or negative for a fitted gene",
            "finite loadings of at least 0; NaN in the whole row of a gene that was not fitted",
        )
        return
    off = np.abs(inner.sum(axis=0, dtype=np.float64) - 1) > ROW_SUM_TOLERANCE
    if off.any():
        yield StoreError(
            where,
            f"factors {np.flatnonzero(off)[:5].tolist()} whose loadings do not sum to 1",
            "loadings of a factor that sum to 1 over the fitted genes",
        )


def _columns(root: zarr.Group, reference: Reference, meta: ViewMeta, place: str) -> Faults:
    domain = reference.column("obs", "domain")
    if domain.kind != "category" or (domain.codes < 0).any():
        yield StoreError(f"{reference.place}/obs/domain", "missing entries", "a domain per spot")
    implied, rows = view_columns(reference)
    if implied != meta:
        yield StoreError(f"{place}/view", "tables of slices or columns", "those of obs", STALE)
        return
    stored = np.asarray(get_array(root, "view/obs", place)[...])
    for row, column, data in zip(stored, meta.columns, rows, strict=True):
        if not np.array_equal(row, data):
            yield StoreError(
                f"{place}/view/obs ({column.name})", "other bytes", "those of obs", STALE
            )


def _coordinates(root: zarr.Group, reference: Reference, place: str) -> Faults:
    for kind in ("spatial", "umap"):
        with located(f"{place}/view/{kind}"):
            stored = np.asarray(get_array(root, f"view/{kind}", place)[...])
        if not np.array_equal(stored, reference.read(f"obsm/{kind}"), equal_nan=True):
            yield StoreError(f"{place}/view/{kind}", "other values", "those of obsm", STALE)


def _factors(root: zarr.Group, reference: Reference, meta: ViewMeta, place: str) -> Faults:
    proportions = reference.read("obsm/factors")
    with located(f"{place}/view/factors"):
        stored = np.asarray(get_array(root, "view/factors", place)[...])
        highest = np.asarray(get_array(root, "view/factor_max", place)[...])
        usage = np.asarray(get_array(root, "view/usage", place)[...])
    for k in range(proportions.shape[1]):
        hi = float(proportions[:, k].max())
        if highest[k] != np.float32(hi) or not np.array_equal(
            stored[k], encode_factor(proportions[:, k], hi)
        ):
            yield StoreError(f"{place}/view/factors ({k})", "other bytes", "those of obsm", STALE)
    if not np.allclose(usage, factor_usage(proportions, meta.slices), atol=1e-6):
        yield StoreError(f"{place}/view/usage", "other means", "those of obsm", STALE)


def _genes(
    root: zarr.Group, reference: Reference, meta: ViewMeta, place: str, sample: int | None
) -> Faults:
    totals = count_totals(reference)
    with located(f"{place}/view/totals"):
        stored = np.asarray(get_array(root, "view/totals", place)[...])
        highest = np.asarray(get_array(root, "view/gene_max", place)[...])
    if not np.array_equal(stored, totals):
        yield StoreError(f"{place}/view/totals", "other sums", "the counts of X summed", STALE)
    genes = get_array(root, "view/genes", place)
    n_genes = reference.shape[1]
    ranges = [(0, n_genes)]
    if sample is not None and sample < n_genes:
        picked = np.unique(np.linspace(0, n_genes - 1, sample).astype(int)).tolist()
        ranges = [(gene, gene + 1) for gene in picked]
    wrong: list[int] = []
    for start, stop in ranges:
        rows = _drawn_rows(genes, start, stop, f"{place}/view/genes")
        for gene, spots, counts in reference.genes_nonzeros(start, stop):
            if (np.diff(spots) <= 0).any():
                yield StoreError(
                    f"{reference.place}/X/indices",
                    f"spots out of order or repeated in gene {gene}",
                    "rising spot indices within a gene",
                )
            missing = unmeasured_spots(reference, meta.slices, gene)
            if missing is not None and missing[spots[counts > 0]].any():
                yield StoreError(
                    f"{place}/{MEASURED}",
                    f"gene {gene} not measured in a slice that has counts of it",
                    "no counts of a gene that was not measured",
                )
            data, hi = gene_row(spots, counts, totals, missing)
            if not _same_gene(next(rows), data, float(highest[gene]), hi):
                wrong.append(gene)
    if wrong:
        yield StoreError(
            f"{place}/view/genes",
            f"other bytes for {len(wrong)} genes, the first at position {wrong[0]}",
            "those that X implies",
            STALE,
        )


def _drawn_rows(genes: zarr.Array, start: int, stop: int, place: str) -> Iterator[np.ndarray]:
    """The rows `start` to `stop` of the drawn genes, as many at a time as are kept in one file: a
    request takes longer than the reading of a row."""
    together = (genes.shards or genes.chunks)[0]
    while start < stop:
        end = min(stop, (start // together + 1) * together)
        with located(place):
            block = np.asarray(genes[start:end])
        yield from block
        start = end


def _same_gene(row: np.ndarray, implied: np.ndarray, stored_hi: float, hi: float) -> bool:
    """Equal zeros, bytes at most one apart and equal maxima: the logarithm's last digit is the
    mathematics library's own, and may tip a rounding on another machine."""
    return bool(
        np.isclose(stored_hi, hi, rtol=1e-5)
        and np.array_equal(row == 0, implied == 0)
        and np.array_equal(row == MISSING, implied == MISSING)
        and int(np.abs(row.astype(np.int16) - implied).max()) <= 1
    )
