"""What changes between two stages: genes and factors, with slices as the replicates."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from atlas_app.http.errors import ApiError
from atlas_app.http.known_names import known_place
from atlas_app.stages.cells import MIN_SPOTS, Groups
from atlas_app.stages.courses import PER, find_domain
from atlas_app.stages.replicates import Difference, moderated, welch
from training.store import Atlas

# Counts added to every slice before the logarithm, more where a slice has more of them.
PRIOR = 2.0
# A gene is tested where the slice of fewest counts would hold so many of it if all slices were
# alike. With fewer, slices that happen to hold none agree too well, and p comes out too small.
MIN_EXPECTED = 10


@dataclass(frozen=True)
class Changes:
    """Stage B beside stage A, each array (M,), in the order of the atlas.

    Attributes:
        what: 'genes' or 'factors'.
        a, b: names of the stages; within: the domain, '' for all spots.
        n: slices that count on either side; left_out: names of those that do not.
        names: genes, or numbers of factors.
        mean_a, mean_b: counts per 10,000 of genes, mean proportions of factors, averaged over
            slices.
        difference: of log2 counts per 10,000 of genes, of mean proportions of factors.
        untested: genes that were left out: of too few counts (`MIN_EXPECTED`), or not measured by
            all slices.
    """

    what: str
    a: str
    b: str
    within: str
    n: tuple[int, int]
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
) -> Changes:
    """Stage `b` less stage `a`, in one domain or in all spots.

    Genes: counts of a slice's spots pooled, y = log2(10,000 (c + r) / (N + 2 r)) with c counts
    of the gene, N all counts, r = 2 N / mean N; moderated t over slices, those of few counts with
    less weight. Factors: mean
    proportions, Welch's t. Slices with fewer than 10 spots of the domain do not count.

    Args:
        sums: blocks as `Atlas.domain_counts` gives them; None asks the atlas.

    Raises ApiError: 404 for a stage or domain that the atlas does not have, 400 for two equal
    stages, 409 when a side has no slice that counts.
    """
    domain = find_domain(groups, within)
    stages = [stage.name for stage in atlas.stages]
    first, second = (known_place("stage", stages, name) for name in (a, b))
    if first == second:
        raise ApiError(
            400,
            "A stage cannot be compared with itself.",
            found=f"{a} twice",
            expected="two stages",
            examples=[name for name in stages if name != a],
        )
    counted = groups.enough(domain)
    sides = [np.flatnonzero((groups.stage_of == stage) & counted) for stage in (first, second)]
    for name, side in zip((a, b), sides, strict=True):
        if not len(side):
            raise ApiError(
                409,
                f"No slice of {name} has {MIN_SPOTS} spots of the domain {within}.",
                found=f"fewer than {MIN_SPOTS} of them in every slice of {name}",
                expected="a domain that both stages have",
                examples=_shared_domains(groups, first, second),
            )
    skipped = np.flatnonzero(np.isin(groups.stage_of, (first, second)) & ~counted)
    n = (len(sides[0]), len(sides[1]))
    left_out = tuple(atlas.slices[i].name for i in skipped)
    if what == "factors":
        spots = groups.spots_in(domain)
        means = (
            np.stack(
                [groups.sum_spots(atlas.factors[:, k], domain) for k in range(atlas.n_factors)],
                axis=1,
            )
            / np.maximum(spots, 1)[:, None]
        )
        low, high = means[sides[0]], means[sides[1]]
        names = [str(k) for k in range(atlas.n_factors)]
        found = welch(low, high)
        return Changes(
            what, a, b, within, n, left_out, names, low.mean(0), high.mean(0), found, (0, 0)
        )
    rows = np.concatenate(sides)
    blocks = [
        block[:, rows].sum(axis=2) if domain is None else block[:, rows, domain]
        for _, block in (atlas.domain_counts() if sums is None else sums)
    ]
    counts = np.concatenate(blocks).T
    everywhere = np.ones(atlas.n_genes, dtype=bool)
    if atlas.measured is not None:
        everywhere = np.asarray(atlas.measured[:, rows].all(axis=1))
    depth = groups.counts_in(domain)[rows]
    enough = are_countable(counts, depth)
    kept = np.flatnonzero(everywhere & enough)
    logs, noise = log_rates(counts[:, kept], depth), count_noise(counts[:, kept], depth)
    rates = PER * counts[:, kept] / depth[:, None]
    return Changes(
        what,
        a,
        b,
        within,
        n,
        left_out,
        [atlas.genes[gene] for gene in kept],
        rates[: n[0]].mean(axis=0),
        rates[n[0] :].mean(axis=0),
        moderated(logs[: n[0]], logs[n[0] :], noise[: n[0]], noise[n[0] :]),
        (int((everywhere & ~enough).sum()), int((~everywhere).sum())),
    )


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
    enough = groups.spots >= MIN_SPOTS
    both = enough[groups.stage_of == first].any(axis=0) & enough[groups.stage_of == second].any(0)
    return [groups.domains[k] for k in np.flatnonzero(both)]
