"""Spatial domains: Leiden communities of the neighbour graph in the latent.

The resolution is chosen by stability: a partition is trusted as far as it comes back when a part of
the spots is left out.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from training.neighbours.nearest import nearest

RESOLUTIONS = (0.1, 0.15, 0.2, 0.3, 0.4, 0.6, 0.8, 1.1, 1.5)
DRAWS = 5
"""Partitions of random parts that are compared with one another at each resolution."""
SHARE = 0.5
"""Part of the spots in a draw. Larger parts agree at any resolution, whatever is in the data."""
TOLERANCE = 0.02
"""A finer partition is preferred to a coarser one that is more stable by no more than this."""
SKETCH = 10_000
"""Spots on which stability is judged; the time grows with them, the choice hardly changes."""
RESTARTS = 5
"""Partitions of all spots from different seeds, of which the one of best modularity is kept."""


@dataclass(frozen=True)
class Stability:
    """How well a resolution's partition repeats.

    Attributes:
        resolution: Leiden resolution of modularity; 0 of a mixture.
        domains: median number of domains over the draws.
        agreement: mean adjusted Rand index of two draws on the spots they share, <= 1.
        information: what two draws tell of each other there: mean mutual information in nats, less
            what chance gives.
    """

    resolution: float
    domains: int
    agreement: float
    information: float = 0.0


def find_domains(neighbours: NDArray[np.integer], resolution: float, seed: int) -> list[str]:
    """Domain of each spot, named D1, D2, … by falling size.

    Edges join spots that share nearest neighbours, weighted by the Jaccard index of the two
    neighbour sets, which is steadier than distances where density varies.

    Args:
        neighbours: (n, k) indices of the nearest spots, the spot itself first.
    """
    return name_by_size(_Network(shared_neighbours(neighbours)).divide_best(resolution, seed))


def name_by_size(membership: NDArray[np.integer]) -> list[str]:
    """D1, D2, … (n,) for the communities (n,) of spots, the largest first; no name is left out."""
    _, codes, sizes = np.unique(membership, return_inverse=True, return_counts=True)
    rank = np.empty(len(sizes), dtype=int)
    rank[np.argsort(-sizes, kind="stable")] = np.arange(len(sizes))
    return [f"D{rank[code] + 1}" for code in codes]


def choose_stable(table: Sequence[Stability]) -> Stability:
    """From the most stable partition, the finest that is reached through none less stable.

    Less stable means by more than TOLERANCE. Beyond a fall, partitions cut what held together
    before it, and can be stable again by the chance of their number.

    Args:
        table: from coarse to fine.
    """
    best = max(each.agreement for each in table)
    chosen = next(at for at, each in enumerate(table) if each.agreement == best)
    while chosen + 1 < len(table) and table[chosen + 1].agreement >= best - TOLERANCE:
        chosen += 1
    return table[chosen]


def measure_stability(
    latent: NDArray[np.floating],
    k: int,
    seed: int,
    resolutions: tuple[float, ...] = RESOLUTIONS,
) -> list[Stability]:
    """Agreement of partitions of random parts of the spots, at each resolution.

    Args:
        latent: (n, d); at most SKETCH of its rows are used.
        k: nearest neighbours of the graph, the spot itself among them.
    """
    draws = draw_parts(len(latent), seed)
    networks = [_Network(shared_neighbours(nearest(latent[rows], k, seed)[0])) for rows in draws]
    table = []
    for resolution in resolutions:
        partitions = np.full((DRAWS, len(latent)), -1)
        for index, (rows, network) in enumerate(zip(draws, networks, strict=True)):
            partitions[index, rows], _ = network.divide(resolution, seed + index)
        numbers = partitions.max(axis=1) + 1
        table.append(Stability(resolution, int(np.median(numbers)), *compare_parts(partitions)))
    return table


def compare_parts(partitions: NDArray[np.integer]) -> tuple[float, float]:
    """How alike every two partitions are on the spots they share: the mean of the adjusted Rand
    index, and that of mutual information in nats.

    Information grows with the number of domains that come back, where the index only says how well
    they do. By chance partitions of k and l domains share about (k − 1) (l − 1) / 2n nats of n
    spots (Miller 1955), which is taken off.

    Args:
        partitions: (draws, n), -1 for spots that are not in a draw.
    """
    from sklearn.metrics import adjusted_rand_score, mutual_info_score

    agreements, information = [], []
    for first, second in combinations(partitions, 2):
        both = (first >= 0) & (second >= 0)
        if not both.any():
            continue
        one, other = first[both], second[both]
        agreements.append(adjusted_rand_score(one, other))
        by_chance = (len(np.unique(one)) - 1) * (len(np.unique(other)) - 1) / (2 * len(one))
        information.append(mutual_info_score(one, other) - by_chance)
    # Parts of a handful of spots may share none: nothing speaks against them.
    return float(np.mean(agreements or [1.0])), float(np.mean(information or [0.0]))


def match_resolution(
    latent: NDArray[np.floating],
    neighbours: NDArray[np.integer],
    resolution: float,
    seed: int,
    resolutions: tuple[float, ...] = RESOLUTIONS,
) -> float:
    """The resolution at which all spots divide most like parts of them do at `resolution`.

    Modularity divides a larger graph more finely at one resolution: where parts of 5,000 spots show
    the organs, 50,000 spots show pieces of them, and the twofold spots of a small atlas at times
    one domain more than was found stable.

    Args:
        latent: (n, d).
        neighbours: (n, k) nearest spots in it, the spot itself first.
        resolution: of the partition that `choose_stable` took.
    """
    from sklearn.metrics import adjusted_rand_score

    k = neighbours.shape[1]
    parts = []
    for index, rows in enumerate(draw_parts(len(latent), seed)):
        network = _Network(shared_neighbours(nearest(latent[rows], k, seed)[0]))
        parts.append((rows, network.divide(resolution, seed + index)[0]))
    whole = _Network(shared_neighbours(neighbours))
    # One division of many spots takes seconds, and differs less from the best.
    restarts = RESTARTS if len(latent) <= SKETCH else 1
    likeness = {}
    for each in sorted({*resolutions, resolution}):
        if each <= resolution:
            membership = whole.divide_best(each, seed, restarts)
            found = [adjusted_rand_score(part, membership[rows]) for rows, part in parts]
            likeness[each] = float(np.mean(found))
    return max(likeness, key=lambda each: (likeness[each], each))


def draw_parts(
    n: int, seed: int, most: int = SKETCH, draws: int = DRAWS
) -> list[NDArray[np.int64]]:
    """Random parts of n spots, or of `most` of them where there are more; ascending rows."""
    generator = np.random.default_rng(seed)
    chosen = np.arange(n)
    if n > most:
        chosen = np.sort(generator.choice(n, most, replace=False))
    size = max(round(SHARE * len(chosen)), 1)
    found = [np.sort(generator.choice(len(chosen), size, replace=False)) for _ in range(draws)]
    return [chosen[rows] for rows in found]


def shared_neighbours(neighbours: NDArray[np.integer]) -> sparse.csr_matrix:
    """Symmetric (n, n) Jaccard index of neighbour sets; entries of one shared spot are left out."""
    n, k = neighbours.shape
    members = sparse.csr_matrix(
        (np.ones(n * k, dtype=np.float32), (np.repeat(np.arange(n), k), neighbours.ravel())),
        shape=(n, n),
    )
    shared = (members @ members.T).tocsr()
    shared.data = shared.data / (2 * k - shared.data)
    shared.data[shared.data <= 1 / (2 * k - 1) + 1e-6] = 0
    shared.setdiag(0)
    shared.eliminate_zeros()
    return shared


class _Network:
    """A weighted neighbour graph that can be divided at any resolution."""

    def __init__(self, graph: sparse.csr_matrix) -> None:
        import igraph

        edges = sparse.triu(graph, k=1).tocoo()
        self.weights = edges.data.astype(float)
        self.graph = igraph.Graph(n=graph.shape[0], edges=np.column_stack([edges.row, edges.col]))

    def divide_best(
        self, resolution: float, seed: int, restarts: int = RESTARTS
    ) -> NDArray[np.int64]:
        """Community (n,) of each spot, of several divisions the one of best modularity."""
        found = [self.divide(resolution, seed + restart) for restart in range(restarts)]
        return max(found, key=lambda each: each[1])[0]

    def divide(self, resolution: float, seed: int) -> tuple[NDArray[np.int64], float]:
        """Leiden community (n,) of each spot, run until nothing improves, and the modularity."""
        if not len(self.weights):
            return np.arange(self.graph.vcount()), 0.0
        with _seeded(seed):
            found = self.graph.community_leiden(
                objective_function="modularity",
                weights=self.weights,
                resolution=resolution,
                n_iterations=-1,
            )
        quality = self.graph.modularity(
            found.membership, weights=self.weights, resolution=resolution
        )
        return np.asarray(found.membership, dtype=np.int64), float(quality)


@contextmanager
def _seeded(seed: int) -> Iterator[None]:
    # igraph draws from one generator for the whole process; Python's own is its default.
    import igraph

    igraph.set_random_number_generator(random.Random(seed))
    try:
        yield
    finally:
        igraph.set_random_number_generator(random)
