"""Any gene from a panel of others, each slice predicted from the rest.

Spots are described by the square roots x of their counts, whose noise is about as large
everywhere, less their mean over the slice, in which technologies differ. Two regressions of a
gene y on the panel:

    direct   y ~ x W
    summed   y ~ t B,   t ~ x V, by way of T, the leading principal components of all fitted genes

The first and V are ridge regressions, B is least squares. The second estimates a few numbers for a
gene, which serves shallow genes; the first keeps what components miss. Levels are not theirs to
say: what they predict has mean 0 over a slice.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from training.mapping.reading.genecounts import GeneCounts
from training.rehearsal.ridge import Floats, Ridge, centre

COMPONENTS = 20


def find_components(described: Floats, seed: int = 0) -> Floats:
    """Leading principal components (m, r) of spots described by all fitted genes (m, G)."""
    from sklearn.utils.extmath import randomized_svd

    r = min(COMPONENTS, *described.shape)
    left, sizes, _ = randomized_svd(described, r, random_state=seed)
    return (left * sizes).astype(np.float32)


class PanelRegression:
    """Both regressions on m reference spots, for any gene that all of them measured.

    Args:
        described: (m, P) the panel, centred by slice.
        components: (m, r) T.
        folds: (m,) slices from 0 without gaps; at least two.
    """

    def __init__(self, described: Floats, components: Floats, folds: NDArray[np.integer]) -> None:
        self._ridge = Ridge(described, folds)
        self._t = components
        self._summed = self._ridge.held_out(components)
        self._axes = self._ridge.coefficients(components)

    def held_out(self, values: Floats) -> tuple[Floats, Floats]:
        """Direct and summed predictions (m, g) of centred values, each slice from the others."""
        direct = self._ridge.held_out(values)
        summed = np.empty_like(direct)
        squares = [self._t[part].T @ self._t[part] for part in self._ridge.parts]
        products = [self._t[part].T @ values[part] for part in self._ridge.parts]
        square, product = np.sum(squares, axis=0), np.sum(products, axis=0)
        for part, own, of_own in zip(self._ridge.parts, squares, products, strict=True):
            summed[part] = self._summed[part] @ _solve(square - own, product - of_own)
        return direct, summed

    def coefficients(self, values: Floats) -> tuple[Floats, Floats]:
        """Coefficients (P, g) of the panel for centred values: of both regressions, over all."""
        on_components = _solve(self._t.T @ self._t, self._t.T @ values)
        return self._ridge.coefficients(values), self._axes @ on_components


class QueryPanel:
    """The n spots of a query by the square roots of their counts, without filling zeros.

    Args:
        counts: (n, P) raw counts of the panel; sections: (n,).

    Of a panel that is not all of the query's genes the roots are a second, smaller matrix beside
    its counts: every block of genes needs them.
    """

    def __init__(self, counts: GeneCounts, sections: NDArray[np.integer]) -> None:
        own = counts.whole()
        roots = np.sqrt(own.data.astype(np.float32, copy=False))
        self._roots = sparse.csr_matrix((roots, own.indices, own.indptr), own.shape)
        self._sections = sections

    def predict(self, coefficients: Floats) -> Floats:
        """Predictions (n, g) from coefficients (P, g); their mean over a section is 0."""
        return centre(np.asarray(self._roots @ coefficients), self._sections)


def _solve(square: Floats, product: Floats) -> Floats:
    """Least squares; a little is added so that a component without spots does no harm."""
    loaded = square + (1e-4 * np.trace(square) / len(square) + 1e-9) * np.eye(len(square))
    return np.linalg.solve(loaded, product).astype(np.float32)
