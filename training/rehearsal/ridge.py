"""Ridge regression of anything on a panel of genes, each slice predicted from the others."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cho_factor, cho_solve

from training.processes.cores import share_cores

PENALTY = 0.02
"""Penalty, as a part of the summed variance; .01 to .05 are alike on the human heart."""

Floats = NDArray[np.float32]


def centre(values: NDArray[np.floating], sections: NDArray[np.integer]) -> Floats:
    """Values (n, g) less their mean over each section; NaN, not measured, becomes 0."""
    centred = np.array(values, dtype=np.float32)
    for index in np.unique(sections):
        inside = sections == index
        centred[inside] -= centred[inside].mean(axis=0)
    return np.nan_to_num(centred, copy=False)


class Ridge:
    """y ~ x W with W = (X'X + a I)^-1 X'Y on m spots, for any y that is known of all of them.

    Args:
        x: (m, P) the panel, centred by slice.
        folds: (m,) slices from 0 without gaps; at least two.
    """

    def __init__(self, x: Floats, folds: NDArray[np.integer]) -> None:
        self.x = x
        self.parts = [np.flatnonzero(folds == fold) for fold in np.unique(folds)]
        # x (X'X + a I)^-1 of each spot, over the slices other than its own.
        self._solved = np.empty_like(x)

        def solve(part: NDArray[np.intp], own: Floats) -> None:
            rest = _factor(gram - own, penalty * (1 - len(part) / len(folds)))
            self._solved[part] = cho_solve(rest, x[part].T, check_finite=False).T

        with share_cores() as for_each:
            grams = for_each(lambda part: x[part].T @ x[part], self.parts)
            gram = np.sum(grams, axis=0)
            penalty = PENALTY * float(np.trace(gram))
            for_each(solve, self.parts, grams)
        self._whole = _factor(gram, penalty)

    def held_out(self, values: Floats) -> Floats:
        """Predictions (m, g) of values (m, g), those of each slice from the others."""
        products = [self.x[part].T @ values[part] for part in self.parts]
        product = np.sum(products, axis=0)
        found = np.empty(values.shape, dtype=np.float32)
        for part, own in zip(self.parts, products, strict=True):
            found[part] = self._solved[part] @ (product - own)
        return found

    def coefficients(self, values: Floats) -> Floats:
        """W (P, g), over all spots."""
        solved = cho_solve(self._whole, self.x.T @ values, check_finite=False)
        return np.asarray(solved, dtype=np.float32)


def _factor(gram: Floats, penalty: float) -> tuple[Floats, bool]:
    loaded = gram + max(penalty, 1e-6) * np.eye(len(gram), dtype=np.float32)
    return cho_factor(loaded, check_finite=False)
