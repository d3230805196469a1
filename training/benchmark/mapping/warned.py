"""How often a section is said to hold tissue that the atlas lacks, rightly and wrongly.

The sections of a set are left out a part at a time and mapped: all of what is said of them is
false. Then a connected part of each is replaced by foreign tissue, and should be noticed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from training.benchmark.environment import describe_environment
from training.benchmark.mapping.division import Division, write_reference
from training.benchmark.mapping.fitted import Fitted, ask, fit_reference
from training.benchmark.sets import DataSet
from training.mapping.reading.query import Query
from training.projection import project_query, rehearse_query
from training.rehearsal.trust import Trust, learn_trust

if TYPE_CHECKING:
    from anndata import AnnData

PARTS = 4
"""The sections are left out in so many parts, each of different stages as far as there are."""
PANELS = (300, 100)
"""Sizes of random panels of fitted genes, beside all genes."""
PLANTED = (0.1, 0.2, 0.3, 0.4, 0.5)
"""Shares of a section's spots that are replaced by foreign tissue."""
TRIED = (0.1, 0.15, 0.2, 0.25, 0.3, 0.4)
"""Shares of spots out of reference above which a section might be warned of."""
ALIKE = 20
"""Genes among which counts are exchanged: neighbours in order of their mean count."""

Report = Callable[[str], None]


def measure_warnings(
    dataset: DataSet,
    folder: Path,
    scratch: Path,
    seed: int,
    settings: Sequence[str] = (),
    foreign: AnnData | None = None,
    report: Report = lambda line: None,
) -> dict[str, Any]:
    """Map every section onto the others, as it is and with a foreign part.

    Args:
        foreign: a section of another tissue; without one foreign spots are the section's own with
            the counts of genes exchanged, see `exchange_genes`.

    Returns:
        Plain values: by panel and share planted `warned`: the mean and largest share of spots out
        of reference, and of sections those above each share of TRIED; `environment`. With fewer
        than two sections, `reason` instead of figures.
    """
    import anndata as ad

    files = sorted(folder.glob("*.h5ad"))
    if len(files) < 2:
        return {"reason": "fewer than two slices", "environment": describe_environment()}
    outside: dict[str, list[float]] = {}
    generator = np.random.default_rng(seed)
    for number, left_out in enumerate(divide_all(files, seed)):
        names = [file.stem for file in left_out]
        report("fitting without " + ", ".join(names))
        queries = {file.stem: ad.read_h5ad(file) for file in left_out}
        division = Division([file for file in files if file not in left_out], queries)
        slices = write_reference(division, dataset, scratch / f"part{number}")
        fitted = fit_reference(slices, scratch / f"part{number}.atlas.zarr", seed, settings)
        report("mapping")
        order = generator.permutation(np.sort(fitted.parameters.genes)).tolist()
        panels: dict[str, list[str] | None] = {"all": None}
        panels |= {str(size): order[:size] for size in PANELS if size < len(order)}
        judge = Judge(fitted)
        for section in queries.values():
            for share in (0.0, *PLANTED):
                mixed = plant(section, share, foreign, generator) if share else section
                for name, panel in panels.items():
                    found = judge.share_outside(ask(fitted, mixed, panel))
                    outside.setdefault(row_name(name, share), []).append(found)
    return {
        "sections": {file.stem: ad.read_h5ad(file, backed="r").n_obs for file in files},
        "warned": {row: tell_shares(shares) for row, shares in sorted_rows(outside)},
        "environment": describe_environment(),
    }


def divide_all(files: Sequence[Path], seed: int) -> list[list[Path]]:
    """PARTS of the files, or as many as there are, mixed by chance stage by stage."""
    import anndata as ad

    generator = np.random.default_rng(seed)
    stages = {file: str(ad.read_h5ad(file, backed="r").obs["stage"].iloc[0]) for file in files}
    order: list[Path] = []
    for stage in dict.fromkeys(stages.values()):
        own = [file for file in files if stages[file] == stage]
        order += [own[index] for index in generator.permutation(len(own))]
    number = min(PARTS, len(order))
    return [order[part::number] for part in range(number)]


class Judge:
    """The share of a query's spots that are out of reference, as `atlas project` finds it.

    Queries of the same genes share a rehearsal.
    """

    def __init__(self, fitted: Fitted) -> None:
        self._fitted = fitted
        self._known: dict[tuple[str, ...], Trust] = {}

    def share_outside(self, query: Query) -> float:
        atlas, parameters = self._fitted.atlas, self._fitted.parameters
        genes = tuple(query.genes)
        if genes not in self._known:
            rehearsal = rehearse_query(atlas, parameters, query)
            self._known[genes] = learn_trust(atlas, self._fitted.reference, rehearsal)
        found = project_query(atlas, parameters, query, trust=self._known[genes])
        return float(found.out_of_reference.mean())


def plant(
    section: AnnData, share: float, foreign: AnnData | None, generator: np.random.Generator
) -> AnnData:
    """A copy of a section whose spots nearest to a random one, a `share` of all, are foreign.

    Of a `foreign` section as many spots, nearest to a random one of it, give their counts, and the
    genes are those that both measured. Without one the spots keep their own counts, of genes that
    were exchanged.
    """
    number = max(round(share * section.n_obs), 1)
    rows = draw_patch(section, number, generator)
    if foreign is None:
        mixed = section.copy()
        strange = exchange_genes(sparse.csr_matrix(mixed.X), generator)[rows]
    else:
        genes = [gene for gene in section.var_names if gene in foreign.var_names]
        mixed = section[:, genes].copy()
        taken = np.resize(draw_patch(foreign, min(number, foreign.n_obs), generator), number)
        strange = sparse.csr_matrix(foreign[:, genes].X)[taken]
    counts = sparse.lil_matrix(mixed.X)
    counts[rows] = strange
    mixed.X = sparse.csr_matrix(counts, dtype=np.float32)
    return mixed


def draw_patch(
    section: AnnData, number: int, generator: np.random.Generator
) -> NDArray[np.integer]:
    """Rows, rising, of the `number` spots nearest to a random one."""
    positions = np.asarray(section.obsm["spatial"])[:, :2]
    middle = positions[generator.integers(len(positions))]
    distance = ((positions - middle) ** 2).sum(axis=1)
    return np.sort(np.argsort(distance, kind="stable")[:number])


def exchange_genes(counts: sparse.csr_matrix, generator: np.random.Generator) -> sparse.csr_matrix:
    """Counts (n, G) of a tissue that does not exist: as deep, and each gene about as abundant, but
    of programmes that no tissue has. Genes change places within groups of ALIKE in the order of
    their mean counts."""
    order = np.argsort(np.asarray(counts.mean(axis=0)).ravel(), kind="stable")
    source = np.arange(counts.shape[1])
    for start in range(0, len(order), ALIKE):
        group = order[start : start + ALIKE]
        source[group] = generator.permutation(group)
    return counts[:, source]


def tell_shares(shares: Sequence[float]) -> dict[str, float]:
    """Of shares of spots out of reference, one for each section."""
    told = np.array(shares)
    figures = {"outside": float(told.mean()), "largest": float(told.max())}
    return figures | {f"above_{limit:.0%}": float((told > limit).mean()) for limit in TRIED}


def row_name(panel: str, share: float) -> str:
    return f"{panel}, {f'{share:.0%} foreign' if share else 'own tissue'}"


def sorted_rows(outside: dict[str, list[float]]) -> list[tuple[str, list[float]]]:
    """Rows panel by panel."""
    panels = list(dict.fromkeys(name.partition(",")[0] for name in outside))
    return sorted(outside.items(), key=lambda row: panels.index(row[0].partition(",")[0]))
