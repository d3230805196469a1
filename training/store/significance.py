"""p-values of many tests at once."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def adjust_p(p: NDArray[np.floating]) -> NDArray[np.float64]:
    """q-values of one family of tests after Benjamini and Hochberg (J. R. Stat. Soc. B, 1995).

    q_(i) = min over j >= i of m p_(j) / j, at most 1, where p_(1) <= … <= p_(m).

    Args:
        p: (m,) p-values in [0, 1]. A NaN is a test that was not made: it stays NaN and does not
            count in m.
    """
    p = np.asarray(p, dtype=np.float64)
    q = np.full(p.shape, np.nan)
    made = np.flatnonzero(~np.isnan(p))
    if not len(made):
        return q
    order = made[np.argsort(p[made], kind="stable")]
    scaled = p[order] * len(made) / np.arange(1, len(made) + 1)
    q[order] = np.minimum(np.minimum.accumulate(scaled[::-1])[::-1], 1.0)
    return q
