"""Counts summed over the spots of every slice and domain: what a comparison of slices rests on."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import zarr

from training.store.errors import StoreError, located
from training.store.hierarchy.arrays import CHUNK_BYTES, codecs
from training.store.hierarchy.nodes import get_array
from training.store.parts.reference import Reference
from training.store.records import SliceInfo
from training.store.schema import PSEUDOBULK, SHARD_BYTES


def domain_groups(
    reference: Reference, slices: list[SliceInfo]
) -> tuple[np.ndarray, tuple[int, int]]:
    """Slice times the number of domains plus domain of every spot, int64, and (slices, domains)."""
    domain = reference.column("obs", "domain")
    n_domains = len(domain.categories)
    slice_of = np.repeat(np.arange(len(slices)), [info.n_spots for info in slices])
    return slice_of * n_domains + domain.codes, (len(slices), n_domains)


def sum_counts(
    reference: Reference, groups: np.ndarray, shape: tuple[int, int], start: int, stop: int
) -> np.ndarray:
    """Counts of the genes `start` to `stop` summed over groups of spots, float64
    (genes, slices, domains); `groups` and `shape` as `domain_groups` gives them."""
    sums = np.zeros((stop - start, shape[0] * shape[1]))
    for gene, spots, counts in reference.genes_nonzeros(start, stop):
        sums[gene - start] = np.bincount(groups[spots], weights=counts, minlength=sums.shape[1])
    return sums.reshape(-1, *shape)


def genes_per_block(n_genes: int, shape: tuple[int, int]) -> int:
    """Genes whose sums fill a few MiB."""
    return max(1, min(n_genes, CHUNK_BYTES // (8 * max(1, shape[0] * shape[1]))))


def write_pseudobulk(root: zarr.Group, reference: Reference, slices: list[SliceInfo]) -> None:
    """Write the sums of all genes. Memory: one block of genes at a time."""
    groups, shape = domain_groups(reference, slices)
    n_genes = reference.shape[1]
    step = genes_per_block(n_genes, shape)
    per_shard = max(1, min(-(-n_genes // step), SHARD_BYTES // (8 * step * shape[0] * shape[1])))
    array = root.create_array(
        PSEUDOBULK,
        shape=(n_genes, *shape),
        dtype="float64",
        chunks=(step, *shape),
        shards=(step * per_shard, *shape),
        compressors=codecs(),
        config={"write_empty_chunks": True},
    )
    for start in range(0, n_genes, step * per_shard):
        stop = min(start + step * per_shard, n_genes)
        array[start:stop] = sum_counts(reference, groups, shape, start, stop)


def read_blocks(
    root: zarr.Group, reference: Reference, slices: list[SliceInfo], place: str
) -> Iterator[tuple[int, np.ndarray]]:
    """(first gene, sums) block by block: as stored, or summed from the counts where the store is
    of a version that did not hold them."""
    n_genes = reference.shape[1]
    if PSEUDOBULK in root:
        array = get_array(root, PSEUDOBULK, place)
        step = max(1, array.chunks[0])
        for start in range(0, n_genes, step):
            with located(f"{place}/{PSEUDOBULK}"):
                block = np.asarray(array[start : start + step])
            yield start, block
        return
    groups, shape = domain_groups(reference, slices)
    step = genes_per_block(n_genes, shape)
    for start in range(0, n_genes, step):
        stop = min(start + step, n_genes)
        yield start, sum_counts(reference, groups, shape, start, stop)


def pseudobulk_faults(
    root: zarr.Group,
    reference: Reference,
    slices: list[SliceInfo],
    place: str,
    sample: int | None,
) -> Iterator[StoreError]:
    """Sums that are not those of the counts. `sample`: genes compared, None for all."""
    if PSEUDOBULK not in root:
        return
    array = get_array(root, PSEUDOBULK, place)
    groups, shape = domain_groups(reference, slices)
    n_genes = reference.shape[1]
    step = genes_per_block(n_genes, shape)
    ranges = [(start, min(start + step, n_genes)) for start in range(0, n_genes, step)]
    if sample is not None and sample < n_genes:
        picked = np.unique(np.linspace(0, n_genes - 1, sample).astype(int)).tolist()
        ranges = [(gene, gene + 1) for gene in picked]
    wrong = 0
    for start, stop in ranges:
        with located(f"{place}/{PSEUDOBULK}"):
            stored = np.asarray(array[start:stop])
        implied = sum_counts(reference, groups, shape, start, stop)
        wrong += int((stored != implied).any(axis=(1, 2)).sum())
    if wrong:
        yield StoreError(
            f"{place}/{PSEUDOBULK}",
            f"other sums for {wrong} genes",
            "the counts of X summed over the spots of each slice and domain",
            "the view was not made from this reference: export the atlas anew.",
        )
