"""Loadings of all genes: of fitted ones by the fit, of the others by regression on its factors.

Markers are often not among the variable genes that a model is fitted to. Their rates are those of a
Poisson regression of their counts on the factors, held as they are, and on the scale of loadings.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from training.store.errors import StoreError
from training.store.reader import Atlas


def fitted_genes(atlas: Atlas) -> NDArray[np.bool_]:
    """Which genes (G,) the model was fitted to."""
    return np.isfinite(atlas.loadings).all(axis=1)


def model_rates(atlas: Atlas) -> NDArray[np.floating] | None:
    """Rates (K, G) of all genes per unit of a factor; None where the store holds no such model, or
    lies where its weights cannot be read."""
    try:
        rates = atlas.model().arrays.get("rates")
    except StoreError:
        return None
    shape = (atlas.n_factors, atlas.n_genes)
    return rates if rates is not None and rates.shape == shape else None


def all_loadings(atlas: Atlas) -> NDArray[np.float32]:
    """Loadings (G, K), each at least 0; NaN rows of genes of which the model says nothing, which
    are those without a count, or all that were not fitted where `model_rates` has none.

    The columns of fitted genes alone sum to 1.
    """
    loadings = np.array(atlas.loadings, dtype=np.float32)
    rates = model_rates(atlas)
    if rates is not None:
        found = ~fitted_genes(atlas) & (rates.sum(axis=0) > 0)
        loadings[found] = rates[:, found].T
    return loadings
