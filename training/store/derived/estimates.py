"""What the factors alone say of a gene: an estimate, also in slices that did not measure it."""

from __future__ import annotations

from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from training.store.derived.allloadings import fitted_genes, model_rates
from training.store.errors import StoreError
from training.store.reader import Atlas

ACCURACY, IMPUTATION = "estimate_pearson", "imputation_pearson"
Floats = NDArray[np.float32]


class Estimates:
    """Expected expression by factor proportions and rates, in the unit of measured values.

        log(1 + 10,000 Σ_k β_k r_kg / Σ_k β_k Σ_h r_kh)

    with the rates r of all genes h that the model holds; those of fitted genes are the loadings B,
    those of others a regression on the factors.
    Technology effects of slices are left out, as nobody knows them where a gene was not measured.
    May be shared by threads.
    """

    def __init__(self, atlas: Atlas) -> None:
        self._atlas = atlas
        self._places = {name: index for index, name in enumerate(atlas.genes)}

    @cached_property
    def _rates(self) -> NDArray[np.floating] | None:
        return model_rates(self._atlas)

    @cached_property
    def _fitted(self) -> NDArray[np.bool_]:
        return fitted_genes(self._atlas)

    @cached_property
    def _depth(self) -> NDArray[np.floating]:
        """(n,) expected counts of all genes, where those of fitted genes are 1."""
        rates = self._known_rates()
        return np.maximum(self._atlas.factors @ rates.sum(axis=1), 1e-12)

    @cached_property
    def _told(self) -> dict[str, NDArray[np.floating]]:
        table = self._atlas.table("genes")
        return {name: table[name] for name in (ACCURACY, IMPUTATION) if name in table}

    @property
    def available(self) -> bool:
        """Whether the store holds a model that can say something of genes."""
        return self._rates is not None

    @property
    def tested(self) -> bool:
        """Whether the store says how good its estimates are."""
        return ACCURACY in self._told

    @property
    def imputation_tested(self) -> bool:
        """Whether the store says how well its genes can be imputed for a mapped section."""
        return IMPUTATION in self._told

    def fitted(self, name: str) -> bool:
        """Whether the model was fitted to the gene of this name."""
        place = self._places.get(name)
        return place is not None and bool(self._fitted[place])

    def has(self, name: str) -> bool:
        """Whether the model says anything of the gene of this name."""
        place = self._places.get(name)
        if place is None or self._rates is None:
            return False
        return bool(self._fitted[place]) or bool(self._rates[:, place].sum() > 0)

    def gene(self, name: str) -> Floats:
        """log1p counts per 10,000 to expect of a gene, float32 (n,), in every spot.

        Raises GeneNotFound, or StoreError for a gene of which the model says nothing.
        """
        rates, found = self._known_rates(), self._atlas.describe_gene(name).name
        if not self.has(found):
            raise StoreError(
                str(self._atlas.location),
                f"{found}, of which the model says nothing",
                "a gene that some slice has counts of",
            )
        amounts = self._atlas.factors @ rates[:, self._places[found]]
        return np.log1p(1e4 * amounts / self._depth).astype(np.float32)

    def difference(self, name: str) -> Floats:
        """Measured values less the estimate, float32 (n,); NaN where the gene was not measured.

        Raises as `gene` does.
        """
        return np.asarray(self._atlas.gene(name) - self.gene(name), dtype=np.float32)

    def accuracy(self, name: str) -> float:
        """How the estimate of a gene correlates with measured values in slices that its rates were
        not found from, by spots encoded without it; NaN where that was not tested, as of all genes
        that were not fitted.

        Raises GeneNotFound.
        """
        return self._figure(ACCURACY, name)

    def imputation_accuracy(self, name: str) -> float:
        """How the gene, imputed in left-out slices from measured genes, correlated with what they
        measured there: better than its estimate, mostly. NaN where that was not tested.

        Raises GeneNotFound.
        """
        return self._figure(IMPUTATION, name)

    def _figure(self, column: str, name: str) -> float:
        found = self._atlas.describe_gene(name).name
        known = self._told.get(column)
        return float("nan") if known is None else float(known[self._places[found]])

    def _known_rates(self) -> NDArray[np.floating]:
        if self._rates is None:
            raise StoreError(
                str(self._atlas.location), "no rates of genes in its model", "a fitted model"
            )
        return self._rates
