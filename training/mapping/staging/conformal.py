"""How wide an interval of a time is, by how far slices of the reference were off."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

COVERAGE = 0.9


def reach(errors: NDArray[np.floating]) -> float:
    """Conformal quantile of absolute errors (n,) at COVERAGE; of few slices their largest."""
    size = np.sort(np.abs(errors))
    return float(size[min(int(np.ceil((len(size) + 1) * COVERAGE)), len(size)) - 1])


def interval(estimate: float, errors: NDArray[np.floating], least: float = 0.0) -> dict[str, float]:
    """'estimate', 'low' and 'high', at `least` so far off, and 'n_slices' and the 'coverage' behind
    them."""
    off, n = max(reach(errors), least), len(errors)
    return {
        "estimate": round(estimate, 4),
        "low": round(estimate - off, 4),
        "high": round(estimate + off, 4),
        "n_slices": n,
        "coverage": round(min(COVERAGE, n / (n + 1)), 3),
    }
