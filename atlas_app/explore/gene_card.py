"""What an atlas knows of one gene: where it was measured and expressed, in which factors it is."""

from __future__ import annotations

import re
from functools import cached_property
from typing import Any
from urllib.parse import quote

import numpy as np
from numpy.typing import NDArray

from atlas_app.stages.courses import trace_course
from atlas_app.stages.kept import StageData
from atlas_app.stages.rows import number
from training.store import Atlas, GeneHit
from training.store.derived.allloadings import all_loadings, fitted_genes
from training.store.genes.rankedgenes import specificity
from training.store.genes.search import ENSEMBL, without_version
from training.store.genes.significance import named_p

MISSING = 255
TOP_FACTORS = 5
ALIKE = 10
# Below this share of its loadings a factor says nothing of a gene.
LEAST_SHARE = 0.01
# Over two factors every correlation is 1 or −1.
LEAST_FACTORS = 3
IMPUTATION, ESTIMATE = "imputation_pearson", "estimate_pearson"
FITTED, ADDED, MEASURED = "fitted", "added", "measured"


class GeneCards:
    """The cards of one atlas, with what all of them need; may be shared by threads."""

    def __init__(self, atlas: Atlas, stages: StageData) -> None:
        self.atlas = atlas
        self._stages = stages

    def card(self, name: str) -> dict[str, Any]:
        """The card of the gene that `name` means, as JSON can hold it. Raises GeneNotFound.

        `fit` is 'fitted'; 'added' of a gene that has loadings without having been fitted; or
        'measured'. Shares are of the spots of slices that measured the gene, 0..1. `stages` holds
        counts per 10,000 with spots pooled, as the Stages page has them, mean and 95% interval
        over slices. Ranks in `factors` are among the fitted genes, of which `alike` are those whose
        loadings correlate best over factors.
        """
        atlas = self.atlas
        hit = atlas.describe_gene(name)
        place = self._position[hit.name]
        course = trace_course(atlas, self._stages.groups, f"gene:{hit.name}")
        slices = self._slices(hit.name)
        spots = sum(each["spots"] for each in slices if each["measured"])
        expressing = sum(each["expressing"] for each in slices if each["measured"])
        return {
            "name": hit.name,
            "symbol": hit.symbol or hit.name,
            "ensembl_id": hit.ensembl_id,
            "description": hit.description,
            "links": outside_links(hit, str(atlas.card.get("organism") or "")),
            "fit": self._fit(place),
            "spots": spots,
            "expressing": expressing,
            "share": expressing / spots if spots else None,
            "slices": slices,
            "unit": course.unit,
            "stages": [
                {
                    "stage": stage.name,
                    "n_slices": int(course.summary.n[t]),
                    "mean": number(course.summary.mean[t, 0]),
                    "low": number(course.summary.low[t, 0]),
                    "high": number(course.summary.high[t, 0]),
                }
                for t, stage in enumerate(atlas.stages)
            ],
            "factors": self._factors(place),
            "n_factors": atlas.n_factors,
            "alike": self._alike(place),
            "imputation": [
                {"measure": column, "value": value}
                for column, values in self._columns.items()
                if column.startswith(IMPUTATION)
                if (value := number(values[place])) is not None
            ],
            "imputation_tested": IMPUTATION in self._columns,
            "estimate": self._fact(ESTIMATE, place),
            "estimate_tested": ESTIMATE in self._columns and bool(self._fitted[place]),
            "moran_i": self._fact("moran_i", place),
            "moran_q": self._fact("moran_q", place),
            "moran_q_told": named_p("q", self._fact("moran_q", place)),
            "digest": atlas.digest,
        }

    def _slices(self, gene: str) -> list[dict[str, Any]]:
        data = self.atlas.values("gene", gene).data
        found = []
        for part in self.atlas.slices:
            own = data[part.start : part.stop]
            measured = bool((own != MISSING).any())
            found.append(
                {
                    "slice": part.name,
                    "stage": part.stage,
                    "measured": measured,
                    "spots": part.n_spots,
                    "expressing": int(((own > 0) & (own != MISSING)).sum()) if measured else None,
                }
            )
        return found

    def _fit(self, place: int) -> str:
        if self._fitted[place]:
            return FITTED
        return ADDED if np.isfinite(self._loadings[place]).all() else MEASURED

    def _factors(self, place: int) -> list[dict[str, Any]]:
        loadings = self._loadings[place]
        if not np.isfinite(loadings).all():
            return []
        share = self._specificity[place]
        best = np.argsort(-(loadings * share), kind="stable")[:TOP_FACTORS]
        return [
            {
                "factor": int(k),
                "name": self.atlas.factor_names[k],
                "loading": float(loadings[k]),
                "specificity": float(share[k]),
                "rank": int((self._scores[self._fitted, k] > self._scores[place, k]).sum()) + 1,
            }
            for k in best
            if share[k] >= LEAST_SHARE
        ]

    def _alike(self, place: int) -> list[dict[str, Any]]:
        profiles = self._profiles
        if profiles is None or not profiles[place].any():
            return []
        correlation = profiles @ profiles[place]
        correlation[~self._fitted] = -np.inf
        correlation[place] = -np.inf
        best = np.argsort(-correlation, kind="stable")[:ALIKE]
        return [
            {"gene": self.atlas.genes[g], "correlation": round(float(correlation[g]), 4)}
            for g in best.tolist()
            if correlation[g] > 0
        ]

    def _fact(self, column: str, place: int) -> float | None:
        values = self._columns.get(column)
        return None if values is None else number(values[place])

    @cached_property
    def _position(self) -> dict[str, int]:
        return {name: place for place, name in enumerate(self.atlas.genes)}

    @cached_property
    def _columns(self) -> dict[str, NDArray[np.float64]]:
        """Columns of numbers about genes that a card shows."""
        table = self.atlas.table("genes")
        return {
            name: values
            for name, values in table.items()
            if values.dtype.kind == "f" and name.startswith((IMPUTATION, ESTIMATE, "moran_"))
        }

    @cached_property
    def _loadings(self) -> NDArray[np.float32]:
        return all_loadings(self.atlas)

    @cached_property
    def _fitted(self) -> NDArray[np.bool_]:
        return fitted_genes(self.atlas)

    @cached_property
    def _specificity(self) -> NDArray[np.float64]:
        return specificity(self._loadings)

    @cached_property
    def _scores(self) -> NDArray[np.float64]:
        return np.nan_to_num(self._loadings * self._specificity, nan=-1.0)

    @cached_property
    def _profiles(self) -> NDArray[np.float32] | None:
        """(G, K) loadings with mean 0 and length 1 in every row, so that a product is Pearson's
        correlation; 0 of genes without loadings or with the same on all factors."""
        if self.atlas.n_factors < LEAST_FACTORS:
            return None
        loadings = np.nan_to_num(self._loadings.astype(np.float64))
        centred = loadings - loadings.mean(axis=1, keepdims=True)
        length = np.linalg.norm(centred, axis=1, keepdims=True)
        # What rounding leaves of equal loadings is no profile.
        usable = length > 1e-6 * np.abs(loadings).max(axis=1, keepdims=True)
        unit = np.divide(centred, length, out=np.zeros_like(centred), where=usable)
        return unit.astype(np.float32)


def outside_links(hit: GeneHit, organism: str) -> list[dict[str, str]]:
    """Pages of Ensembl and NCBI on a gene: by its Ensembl id, else by its symbol."""
    if ENSEMBL.fullmatch(hit.ensembl_id):
        wanted = without_version(hit.ensembl_id)
        return [
            {"label": "Ensembl", "href": f"https://www.ensembl.org/id/{wanted}"},
            {"label": "NCBI Gene", "href": f"https://www.ncbi.nlm.nih.gov/gene/?term={wanted}"},
        ]
    symbol = hit.symbol or hit.name
    term = f"{symbol}[sym]"
    if re.fullmatch(r"[A-Z][a-z]+ [a-z]+", organism):
        term += f' AND "{organism}"[orgn]'
    search = "https://www.ensembl.org/Multi/Search/Results?q="
    return [
        {"label": "Ensembl", "href": search + quote(symbol, safe="")},
        {"label": "NCBI Gene", "href": f"https://www.ncbi.nlm.nih.gov/gene/?term={quote(term)}"},
    ]
