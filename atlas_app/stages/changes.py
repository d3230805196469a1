"""What changes between two stages: genes and factors, over slices or specimens."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from atlas_app.http.errors import ApiError
from atlas_app.http.known_names import known_place
from atlas_app.stages.cells import MIN_SPOTS, Groups, enough
from atlas_app.stages.courses import PER, find_domain
from atlas_app.stages.replicates import Difference, moderated, welch
from atlas_app.stages.samples import Samples, choose_samples
from training.store import Atlas

# Counts added to every slice before the logarithm, more where a slice has more of them.
PRIOR = 2.0
# A gene is tested where the slice of fewest counts would hold so many of it if all slices were
# alike. With fewer, slices that happen to hold none agree too well, and p comes out too small.
MIN_EXPECTED = 10

Sides = tuple[NDArray[np.intp], NDArray[np.intp]]
"""Samples of stage A and of stage B, as positions among all."""
Floats = NDArray[np.float64]
Found = tuple[list[str], Floats, Floats, Difference, tuple[int, int]]
"""`names`, `mean_a`, `mean_b`, `difference` and `untested` of `Changes`."""


@dataclass(frozen=True)
class Changes:
    """Stage B beside stage A, each array (M,), in the order of the atlas.

    Attributes:
        what: 'genes' or 'factors'.
        a, b: names of the stages; within: the domain, '' for all spots.
        unit: what a sample is, 'slice' or 'specimen'; column: what names specimens.
        n: samples that count on either side; left_out: names of those that do not.
        slices: slices that those samples are of.
        names: genes, or numbers of factors.
        mean_a, mean_b: counts per 10,000 of genes, mean proportions of factors, averaged over
            samples.
        difference: of log2 counts per 10,000 of genes, of mean proportions of factors.
        untested: genes that were left out: of too few counts (`MIN_EXPECTED`), or not measured by
            all of those slices.
    """

    what: str
    a: str
    b: str
    within: str
    unit: str
    column: str
    n: tuple[int, int]
    slices: tuple[int, int]
    left_out: tuple[str, ...]
    names: list[str]
    mean_a: NDArray[np.float64]
    mean_b: NDArray[np.float64]
    difference: Difference
    untested: tuple[int, int]

    @property
    def tested(self) -> bool:
        return min(self.n) >= 2

    def order(self) -> NDArray[np.intp]:
        """Rows with the least p first; without a test, the largest change first."""
        p = np.nan_to_num(self.difference.p, nan=2.0)
        return np.lexsort((-np.abs(self.difference.effect), p))


def compare_stages(
    atlas: Atlas,
    groups: Groups,
    a: str,
    b: str,
    within: str = "",
    what: str = "genes",
    sums: Iterable[tuple[int, NDArray]] | None = None,
    samples: Samples | None = None,
) -> Changes:
    """Stage `b` less stage `a`, in one domain or in all spots.

    Genes: counts of a sample's spots pooled, y = log2(10,000 (c + r) / (N + 2 r)) with c counts
    of the gene, N all counts, r = 2 N / mean N; moderated t over samples, those of few counts with
    less weight. Factors: mean proportions, Welch's t. Samples with fewer than 10 spots of the
    domain do not count.

    Args:
        sums: blocks as `Atlas.domain_counts` gives them; None asks the atlas.
        samples: what is one sample; None takes every slice for one.

    Raises ApiError: 404 for a stage or domain that the atlas does not have, 400 for two equal
    stages, 409 when a side has no sample that counts.
    """
    samples = samples or choose_samples(atlas)
    domain = find_domain(groups, within)
    sides, left_out = choose_sides(atlas, groups, samples, (a, b), domain, within)
    if what == "factors":
        found = compare_factors(atlas, groups, samples, sides, domain)
    else:
        sums = atlas.domain_counts() if sums is None else sums
        found = compare_genes(atlas, groups, samples, sides, domain, sums)
    return Changes(
        what,
        a,
        b,
        within,
        samples.unit,
        samples.column,
        (len(sides[0]), len(sides[1])),
        (len(samples.slices_of(sides[0])), len(samples.slices_of(sides[1]))),
        left_out,
        *found,
    )


def choose_sides(
    atlas: Atlas,
    groups: Groups,
    samples: Samples,
    stages: tuple[str, str],
    domain: int | None,
    within: str,
) -> tuple[Sides, tuple[str, ...]]:
    """The samples of two stages that count, and the names of those that do not.

    Raises ApiError as `compare_stages`.
    """
    names = [stage.name for stage in atlas.stages]
    places = [known_place("stage", names, name) for name in stages]
    if places[0] == places[1]:
        raise ApiError(
            400,
            "A stage cannot be compared with itself.",
            found=f"{stages[0]} twice",
            expected="two stages",
            examples=[name for name in names if name != stages[0]],
        )
    spots, depth = samples.sum(groups.spots_in(domain)), samples.sum(groups.counts_in(domain))
    counted = enough(spots, depth, domain)
    first, second = (np.flatnonzero((samples.stage_of == at) & counted) for at in places)
    for name, side in zip(stages, (first, second), strict=True):
        if not len(side):
            raise ApiError(
                409,
                f"No {samples.unit} of {name} has {MIN_SPOTS} spots of the domain {within}.",
                found=f"fewer than {MIN_SPOTS} of them in every {samples.unit} of {name}",
                expected="a domain that both stages have",
                examples=_shared_domains(groups, places[0], places[1]),
            )
    skipped = np.flatnonzero(np.isin(samples.stage_of, places) & ~counted)
    return (first, second), tuple(samples.names[sample] for sample in skipped)


def compare_factors(
    atlas: Atlas, groups: Groups, samples: Samples, sides: Sides, domain: int | None
) -> Found:
    """Mean proportions of all factors in the samples of two sides."""
    spots = samples.sum(groups.spots_in(domain))
    used = [groups.sum_spots(atlas.factors[:, k], domain) for k in range(atlas.n_factors)]
    totals = samples.sum(np.stack(used, axis=1))
    low, high = (totals[side] / spots[side, None] for side in sides)
    names = [str(k) for k in range(atlas.n_factors)]
    return names, low.mean(axis=0), high.mean(axis=0), welch(low, high), (0, 0)


def compare_genes(
    atlas: Atlas,
    groups: Groups,
    samples: Samples,
    sides: Sides,
    domain: int | None,
    sums: Iterable[tuple[int, NDArray]],
) -> Found:
    """Counts per 10,000 of the genes that can be tested, in the samples of two sides."""
    rows, n_a = np.concatenate(sides), len(sides[0])
    counts = sum_counts(sums, domain, samples)[rows]
    depth = samples.sum(groups.counts_in(domain))[rows]
    everywhere = np.ones(atlas.n_genes, dtype=bool)
    if atlas.measured is not None:
        everywhere = np.asarray(atlas.measured[:, samples.slices_of(rows)].all(axis=1))
    countable = are_countable(counts, depth)
    kept = np.flatnonzero(everywhere & countable)
    counts = counts[:, kept]
    logs, noise = log_rates(counts, depth), count_noise(counts, depth)
    rates = PER * counts / depth[:, None]
    return (
        [atlas.genes[gene] for gene in kept],
        rates[:n_a].mean(axis=0),
        rates[n_a:].mean(axis=0),
        moderated(logs[:n_a], logs[n_a:], noise[:n_a], noise[n_a:]),
        (int((everywhere & ~countable).sum()), int((~everywhere).sum())),
    )


def sum_counts(
    sums: Iterable[tuple[int, NDArray]], domain: int | None, samples: Samples
) -> NDArray[np.float64]:
    """Counts of every sample and gene (R, G), in a domain or in all spots."""
    blocks = [block.sum(axis=2) if domain is None else block[:, :, domain] for _, block in sums]
    return samples.sum(np.concatenate(blocks).T)


def are_countable(counts: NDArray, depth: NDArray) -> NDArray[np.bool_]:
    """Genes (G,) of which slices hold enough to be compared; counts (S, G), depth (S,)."""
    expected = counts.sum(axis=0) / depth.sum() * depth.min()
    return np.asarray(expected >= MIN_EXPECTED)


def log_rates(counts: NDArray, depth: NDArray) -> NDArray[np.float64]:
    """log2 of counts per 10,000 (S, G), drawn towards one another where counts are few.

    The addition is in proportion to a slice's counts, so that a gene without any has one value in
    all slices.
    """
    prior = PRIOR * depth / depth.mean()
    return np.asarray(np.log2(PER * (counts + prior[:, None]) / (depth + 2 * prior)[:, None]))


def count_noise(counts: NDArray, depth: NDArray) -> NDArray[np.float64]:
    """Variance (S, G) that counting alone gives `log_rates`, at the rates of all slices together.

    A Poisson count of mean m has it m / ((m + r) log 2)², to first order.
    """
    return noise_at(depth[:, None] * (counts.sum(axis=0) / depth.sum()), depth)


def noise_at(mean: NDArray, depth: NDArray) -> NDArray[np.float64]:
    """The variance of `count_noise` at expected counts `mean` (S, G)."""
    prior = (PRIOR * depth / depth.mean())[:, None]
    return np.asarray(mean / ((mean + prior) * np.log(2)) ** 2)


def _shared_domains(groups: Groups, first: int, second: int) -> list[str]:
    """Domains that a slice of both stages has spots enough of."""
    held = groups.spots >= MIN_SPOTS
    both = held[groups.stage_of == first].any(axis=0) & held[groups.stage_of == second].any(axis=0)
    return [groups.domains[k] for k in np.flatnonzero(both)]
