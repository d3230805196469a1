"""What differs between a selection and the rest, gene by gene, over slices or specimens."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from atlas_app.http.errors import ApiError
from atlas_app.selection.counts import count_groups, cut_genes
from atlas_app.selection.design import Design, choose_design, slices_of
from atlas_app.selection.ranks import rank_genes
from atlas_app.selection.sides import Sides
from atlas_app.stages.cells import MIN_SPOTS
from atlas_app.stages.changes import MIN_EXPECTED, log_rates, noise_at
from atlas_app.stages.courses import PER
from atlas_app.stages.replicates import Difference, moderated, moderated_paired
from atlas_app.stages.samples import Samples, choose_samples
from training.store import Atlas
from training.store.genes.significance import adjust_p

Marks = NDArray[np.bool_]
TESTS = {
    "slices": "slices as replicates",
    "specimens": "specimens as replicates, the slices of each pooled",
    "spots": "single spots, which are no replicates, pooled over slices",
}


@dataclass(frozen=True)
class Contrast:
    """A selection (A) beside the rest or a second selection (B), each array (M,).

    Attributes:
        test: one of TESTS, as asked for.
        samples: slices or specimens; below, *slices* are these.
        design: those that count.
        rest, shared: as in `Sides`.
        names: genes, in the order of the atlas.
        n_a, n_b: slices of either side with counts enough of the gene.
        mean_a, mean_b: counts per 10,000, averaged over slices.
        share_a, share_b: shares of the spots that express the gene, 0..1.
        difference: log2 of A over B; the interval is over slices, NaN where they are too few.
        untested: genes left out: of too few counts, or not measured by slices enough.
    """

    test: str
    samples: Samples
    design: Design
    rest: bool
    shared: int
    names: list[str]
    n_a: NDArray[np.int64]
    n_b: NDArray[np.int64]
    mean_a: NDArray[np.float64]
    mean_b: NDArray[np.float64]
    share_a: NDArray[np.float64]
    share_b: NDArray[np.float64]
    difference: Difference
    untested: tuple[int, int]

    @property
    def tested(self) -> bool:
        return self.test == "spots" or self.design.kind != "none"

    def order(self) -> NDArray[np.intp]:
        """Rows with the least p first; without a test, the largest effect first."""
        p = np.nan_to_num(self.difference.p, nan=2.0)
        return np.lexsort((-np.abs(self.difference.effect), p))


def compare_sides(atlas: Atlas, sides: Sides, test: str = "slices") -> Contrast:
    """Every gene in side A beside side B.

    Over slices or specimens: see `compare_counts`. Single spots: Wilcoxon's rank-sum test of counts
    over totals, of genes that 10 spots express, the spots of all slices that count taken together;
    p is of spots, while the interval of the effect stays that over slices where there are enough.

    Memory: some MiB, and a few tables of genes x slices. Raises ApiError (409) where a side has no
    slice that counts.
    """
    samples = choose_samples(atlas, "specimens" if test == "specimens" else "slices")
    slice_of = samples.of_slice[slices_of(atlas.slices)]
    design = choose_design(sides, slice_of, atlas.totals)
    _check(design)
    groups = design.groups(sides, slice_of)
    n_a, size = len(design.a), len(design.a) + len(design.b)
    depth = np.bincount(groups, atlas.totals, size + 1)[:size]
    genes = cut_genes(atlas.gene_counts(), groups < size)
    p = np.full(atlas.n_genes, np.nan)
    if test == "spots":
        side_of = np.where(groups < n_a, 0, np.where(groups < size, 1, 2))
        genes = rank_genes(genes, side_of, atlas.totals, p)
    counts, expressing = count_groups(genes, groups, size, atlas.n_genes)
    counts, expressing = counts.T, expressing.T
    measured = np.ones(counts.shape, dtype=bool)
    if atlas.measured is not None:
        measured = samples.all(atlas.measured.T)[np.concatenate([design.a, design.b])]
    seen = enough_slices(measured, n_a, design.kind)
    if test == "spots":
        # Spots of a slice that did not measure a gene would count as spots without it.
        seen = np.asarray(measured.all(axis=0))
        counting = measured & (expressing.sum(axis=0) >= MIN_EXPECTED)
    else:
        counting = measured & (expected_counts(counts, depth, measured) >= MIN_EXPECTED)
    kept = np.flatnonzero(seen & enough_slices(counting, n_a, design.kind))
    difference, n = compare_counts(
        counts[:, kept], depth, measured[:, kept], counting[:, kept], n_a, design.kind == "paired"
    )
    if test == "spots":
        difference = replace(difference, p=p[kept], q=adjust_p(p[kept]))
    rates = np.where(measured, PER * counts / depth[:, None], np.nan)[:, kept]
    spots = np.concatenate([design.spots_a, design.spots_b])[:, None] * measured[:, kept]
    return Contrast(
        test,
        samples,
        design,
        sides.rest,
        sides.shared,
        [atlas.genes[gene] for gene in kept],
        *n,
        np.nanmean(rates[:n_a], axis=0),
        np.nanmean(rates[n_a:], axis=0),
        expressing[:n_a, kept].sum(axis=0) / spots[:n_a].sum(axis=0),
        expressing[n_a:, kept].sum(axis=0) / spots[n_a:].sum(axis=0),
        difference,
        (int(seen.sum()) - len(kept), int((~seen).sum())),
    )


def compare_counts(
    counts: NDArray, depth: NDArray, measured: Marks, counting: Marks, n_a: int, paired: bool
) -> tuple[Difference, tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """log2 of side A over side B, tested over slices, and the slices (G,) that count on each side.

    The spots of a slice and side are pooled, y = log2 of counts per 10,000 as `log_rates` gives
    it, corrected by `unbiased`. Slices that hold both sides give one difference each, whose mean
    is tested (moderated paired t); else the slices of A are compared with those of B (moderated t).

    Args:
        counts: (P, G), the first `n_a` rows of side A; depth: (P,) counts of all genes.
        measured, counting: (P, G) whether the gene was measured, and whether it counts, there.
    """
    noise = noise_at(expected_counts(counts, depth, measured), depth)
    logs = np.where(counting, unbiased(log_rates(counts, depth), noise), np.nan)
    if paired:
        differences = logs[:n_a] - logs[n_a:]
        n = (~np.isnan(differences)).sum(axis=0)
        return moderated_paired(differences, noise[:n_a] + noise[n_a:]), (n, n)
    found = moderated(logs[n_a:], logs[:n_a], noise[n_a:], noise[:n_a])
    return found, (counting[:n_a].sum(axis=0), counting[n_a:].sum(axis=0))


def expected_counts(counts: NDArray, depth: NDArray, measured: Marks) -> NDArray[np.float64]:
    """Counts (P, G) that each slice and side would hold if all were alike; see `compare_counts`."""
    seen = np.maximum((depth[:, None] * measured).sum(axis=0), 1e-12)
    return np.asarray(depth[:, None] * (np.where(measured, counts, 0).sum(axis=0) / seen))


def enough_slices(marks: Marks, n_a: int, kind: str) -> NDArray[np.bool_]:
    """Genes (G,) marked in slices enough of each side (P, G): two for a test, else one."""
    first, second = marks[:n_a], marks[n_a:]
    if kind == "paired":
        return np.asarray((first & second).sum(axis=0) >= 2)
    least = 2 if kind == "unpaired" else 1
    return np.asarray((first.sum(axis=0) >= least) & (second.sum(axis=0) >= least))


def unbiased(logs: NDArray, noise: NDArray) -> NDArray[np.float64]:
    """Logarithms whose mean does not fall where counts are few.

    The mean log2 of a count of variance v (of the log2) lies v · ln 2 / 2 below the log2 of its
    mean. A selection mostly has fewer counts than the rest, in every slice alike, so that without
    this many slices would agree on a fall that is none.
    """
    return np.asarray(logs + np.log(2) / 2 * noise)


def _check(design: Design) -> None:
    for name, slices in (("selection", design.a), ("other side", design.b)):
        if not len(slices):
            raise ApiError(
                409,
                f"No slice has {MIN_SPOTS} spots of the {name}.",
                found=f"fewer than {MIN_SPOTS} spots of it in every slice",
                expected=f"{MIN_SPOTS} spots or more of either side in one slice",
            )
