"""p-values of many tests at once, and how a p or q is told to readers."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

# Below it a computed p is rounding: double precision ends soon after, and many come out as 0.
LEAST_TOLD = 1e-300
# From here on three decimals tell a p; below, one digit beside the power of ten does.
FEW_DECIMALS = 1e-3


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


def told_p(p: float | None) -> str:
    """A p- or q-value as every table, card and text shows it: "0.012", "3.4e−8", "< 1e−300", and
    "–" for None and NaN."""
    if p is None or math.isnan(p):
        return "–"
    if p < LEAST_TOLD:
        return "< 1e−300"
    if p >= FEW_DECIMALS:
        return f"{p:.3f}"
    digits, power = f"{p:.1e}".split("e")
    return f"{digits}e−{abs(int(power))}"


def named_p(name: str, p: float | None) -> str:
    """The same in a sentence: "q = 0.012", "q < 1e−300", and "" for None and NaN."""
    if p is None or math.isnan(p):
        return ""
    told = told_p(p)
    return f"{name} {told}" if told.startswith("<") else f"{name} = {told}"
