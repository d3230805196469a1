"""How factors relate to each other and to domains."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from atlas_app.stages.cells import Groups
from atlas_app.stages.kept import StageData
from atlas_app.stages.replicates import Summary, summarise
from atlas_app.stages.rows import Row, number
from training.store import Atlas
from training.store.derived.allloadings import all_loadings, fitted_genes
from training.store.genes.rankedgenes import rank_genes, specificity

Floats = NDArray[np.float64]
TOP = 50
"""Genes of two factors that are looked at for what they share; as many as the GMT lists hold."""
BLOCK = 100_000
"""Spots whose proportions are held as float64 at a time."""


@dataclass(frozen=True)
class DomainUsage:
    """Use of factors by domain: `summary` (D, K), with `n` (D,) slices that have 10 spots of it."""

    domains: list[str]
    summary: Summary


class FactorFacts:
    """What the Factors page shows beside single factors; computed once, shared by threads."""

    def __init__(self, atlas: Atlas, stages: StageData) -> None:
        self.atlas = atlas
        self._stages = stages

    @cached_property
    def cosine(self) -> Floats:
        """(K, K) cosine of the loadings of two factors over the fitted genes, 0..1."""
        loadings = np.nan_to_num(self.atlas.loadings.astype(np.float64))
        length = np.linalg.norm(loadings, axis=0)
        unit = loadings / np.where(length > 0, length, 1)
        product: Floats = unit.T @ unit
        return product

    @cached_property
    def _afterwards(self) -> NDArray[np.float32]:
        """(G, K) loadings of the genes that were not fitted; NaN of all others."""
        loadings = all_loadings(self.atlas)
        loadings[fitted_genes(self.atlas)] = np.nan
        return loadings

    def not_fitted(self, factor: int, n: int | None = None) -> list[Row]:
        """Genes that were not fitted, all or the first `n` by their scores on a factor, each above
        0."""
        found = rank_genes(self._afterwards, self.atlas.genes, factor, n)
        return [asdict(gene) for gene in found if gene.score > 0]

    @cached_property
    def together(self) -> Floats:
        """(K, K) Pearson correlation of two factors' proportions over spots; NaN where a factor
        does not vary. As proportions add up to 1, it is below 0 for most pairs."""
        proportions = self.atlas.factors
        n, k = proportions.shape
        mean = proportions.mean(axis=0, dtype=np.float64)
        product = np.zeros((k, k))
        for start in range(0, n, BLOCK):
            block = proportions[start : start + BLOCK].astype(np.float64) - mean
            product += block.T @ block
        spread = np.sqrt(np.diag(product))
        scale = np.outer(spread, spread)
        return np.divide(product, scale, out=np.full((k, k), np.nan), where=scale > 0)

    @cached_property
    def shared(self) -> NDArray[np.int64]:
        """(K, K) genes among the 50 first of both factors."""
        found = np.zeros((self.atlas.n_factors, self.atlas.n_genes), dtype=np.int64)
        place = {name: at for at, name in enumerate(self.atlas.genes)}
        for factor in range(self.atlas.n_factors):
            for gene in self.atlas.factor_genes(factor, n=TOP):
                found[factor, place[gene.gene]] = 1
        product: NDArray[np.int64] = found @ found.T
        return product

    @cached_property
    def domains(self) -> DomainUsage:
        """Mean proportion in every domain, over slices, each slice by the mean of its spots."""
        groups = self._stages.groups
        sums = sum_by_cell(self.atlas.factors, groups)
        means, low, high, n = [], [], [], []
        for domain in range(len(groups.domains)):
            spots = groups.spots[:, domain]
            values = np.where(
                groups.enough(domain)[:, None],
                sums[:, domain] / np.maximum(spots, 1)[:, None],
                np.nan,
            )
            found = summarise(values, np.zeros(len(spots), dtype=np.int64), 1, most=1.0)
            means.append(found.mean[0])
            low.append(found.low[0])
            high.append(found.high[0])
            n.append(int(found.n[0]))
        summary = Summary(np.array(means), np.array(low), np.array(high), np.array(n))
        return DomainUsage(groups.domains, summary)

    def similar(self, factor: int) -> list[dict[str, Any]]:
        """The other factors, most alike in loadings first."""
        order = [k for k in np.argsort(-self.cosine[factor], kind="stable").tolist() if k != factor]
        return [
            {
                "factor": k,
                "name": self.atlas.factor_names[k],
                "cosine": float(self.cosine[factor, k]),
                "shared": int(self.shared[factor, k]),
                "together": number(self.together[factor, k]),
            }
            for k in order
        ]

    def by_domain(self, factor: int) -> list[dict[str, Any]]:
        """Mean use of a factor in every domain with its 95% interval over slices, highest first;
        domains of which no slice has 10 spots last."""
        found = self.domains
        rows = [
            {
                "domain": domain,
                "n_slices": int(found.summary.n[d]),
                "mean": number(found.summary.mean[d, factor]),
                "low": number(found.summary.low[d, factor]),
                "high": number(found.summary.high[d, factor]),
            }
            for d, domain in enumerate(found.domains)
        ]
        return sorted(rows, key=lambda row: -1.0 if row["mean"] is None else row["mean"])[::-1]

    def compare(self, a: int, b: int) -> list[dict[str, Any]]:
        """Fitted genes by how much their loadings on two factors differ, most first."""
        atlas = self.atlas
        loadings = atlas.loadings.astype(np.float64)
        special = specificity(loadings)
        fitted = np.flatnonzero(np.isfinite(loadings).all(axis=1))
        gap = loadings[fitted, a] - loadings[fitted, b]
        return [
            {
                "gene": atlas.genes[g],
                "loading_a": float(loadings[g, a]),
                "loading_b": float(loadings[g, b]),
                "difference": float(loadings[g, a] - loadings[g, b]),
                "specificity_a": float(special[g, a]),
                "specificity_b": float(special[g, b]),
            }
            for g in fitted[np.argsort(-np.abs(gap), kind="stable")].tolist()
        ]


def sum_by_cell(proportions: NDArray[np.float32], groups: Groups) -> Floats:
    """Proportions (n, K) summed over the spots of every slice and domain, (S, D, K)."""
    n_domains = len(groups.domains)
    cell = groups.slice_of * n_domains + groups.domain_of
    size = groups.spots.size
    sums = [
        np.bincount(cell, weights=proportions[:, k], minlength=size)
        for k in range(proportions.shape[1])
    ]
    return np.stack(sums, axis=1).astype(np.float64).reshape(*groups.spots.shape, -1)
