"""Any gene from a panel of others by ridge regression, each slice predicted from the rest.

Spots are described by the square roots x of their counts, whose noise is about as large
everywhere, less their mean over the slice, in which technologies differ. Two regressions of a
gene y on the panel:

    direct   y ~ x W,   W = (X'X + a I)^-1 X'Y
    summed   y ~ t B,   t ~ x V, by way of T, the leading principal components of all fitted genes

The second estimates a few numbers for a gene, which serves shallow genes; the first keeps what
components miss. Levels are not theirs to say: what they predict has mean 0 over a slice.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.linalg import cho_factor, cho_solve

COMPONENTS = 20
PENALTY = 0.02
"""a as a part of the summed variance of the panel; .01 to .05 are alike on the human heart."""

Floats = NDArray[np.float32]


def centre(values: NDArray[np.floating], sections: NDArray[np.integer]) -> Floats:
    """Values (n, g) less their mean over each section; NaN, not measured, becomes 0."""
    centred = np.array(values, dtype=np.float32)
    for index in np.unique(sections):
        inside = sections == index
        centred[inside] -= centred[inside].mean(axis=0)
    return np.nan_to_num(centred, copy=False)


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
        self._x, self._t = described, components
        self._parts = [np.flatnonzero(folds == fold) for fold in np.unique(folds)]
        grams = [self._x[part].T @ self._x[part] for part in self._parts]
        self._gram = np.sum(grams, axis=0)
        penalty = PENALTY * float(np.trace(self._gram))
        # x (X'X + a I)^-1 of each spot, over the slices other than its own.
        self._solved = np.empty_like(self._x)
        for part, gram in zip(self._parts, grams, strict=True):
            rest = _factor(self._gram - gram, penalty * (1 - len(part) / len(folds)))
            self._solved[part] = cho_solve(rest, self._x[part].T, check_finite=False).T
        self._whole = _factor(self._gram, penalty)
        self._summed = self._held_out_panel(self._t)
        self._axes = self._coefficients(self._t)

    def held_out(self, values: Floats) -> tuple[Floats, Floats]:
        """Direct and summed predictions (m, g) of centred values, each slice from the others."""
        direct = self._held_out_panel(values)
        summed = np.empty_like(direct)
        squares = [self._t[part].T @ self._t[part] for part in self._parts]
        products = [self._t[part].T @ values[part] for part in self._parts]
        square, product = np.sum(squares, axis=0), np.sum(products, axis=0)
        for part, own, of_own in zip(self._parts, squares, products, strict=True):
            summed[part] = self._summed[part] @ _solve(square - own, product - of_own)
        return direct, summed

    def coefficients(self, values: Floats) -> tuple[Floats, Floats]:
        """Coefficients (P, g) of the panel for centred values: of both regressions, over all."""
        on_components = _solve(self._t.T @ self._t, self._t.T @ values)
        return self._coefficients(values), self._axes @ on_components

    def _held_out_panel(self, values: Floats) -> Floats:
        products = [self._x[part].T @ values[part] for part in self._parts]
        product = np.sum(products, axis=0)
        found = np.empty(values.shape, dtype=np.float32)
        for part, own in zip(self._parts, products, strict=True):
            found[part] = self._solved[part] @ (product - own)
        return found

    def _coefficients(self, values: Floats) -> Floats:
        solved = cho_solve(self._whole, self._x.T @ values, check_finite=False)
        return np.asarray(solved, dtype=np.float32)


class QueryPanel:
    """The n spots of a query described as `centre` describes square roots, without filling zeros.

    Args:
        counts: (n, P) raw counts of the panel; sections: (n,).
    """

    def __init__(self, counts: sparse.csr_matrix, sections: NDArray[np.integer]) -> None:
        self._roots = counts.astype(np.float32)
        self._roots.data = np.sqrt(self._roots.data)
        self._sections = np.unique(sections, return_inverse=True)[1]
        n_sections = int(self._sections.max()) + 1
        members = sparse.csr_matrix(
            (np.ones(len(sections), np.float32), (self._sections, np.arange(len(sections)))),
            shape=(n_sections, len(sections)),
        )
        self._means = np.asarray((members @ self._roots).todense()) / np.maximum(
            np.asarray(members.sum(axis=1)), 1
        )

    def predict(self, coefficients: Floats) -> Floats:
        """Predictions (n, g) from coefficients (P, g); their mean over a section is 0."""
        level = (self._means @ coefficients).astype(np.float32)
        return np.asarray(self._roots @ coefficients) - level[self._sections]


def _factor(gram: Floats, penalty: float) -> tuple[Floats, bool]:
    loaded = gram + max(penalty, 1e-6) * np.eye(len(gram), dtype=np.float32)
    return cho_factor(loaded, check_finite=False)


def _solve(square: Floats, product: Floats) -> Floats:
    """Least squares; a little is added so that a component without spots does no harm."""
    loaded = square + (1e-4 * np.trace(square) / len(square) + 1e-9) * np.eye(len(square))
    return np.linalg.solve(loaded, product).astype(np.float32)
