"""Bytes of values whose zero means something: a value apart, or the middle of a signed scale."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from training.store.hierarchy.quantise import MISSING, TOP_BYTE, encode_positive

COLORED = 99.0
"""Percentile of the values at which colours end."""

Numbers = NDArray[np.floating[Any]]


def encode_apart(values: Numbers, top: float) -> NDArray[np.uint8]:
    """Bytes of values in [0, top], of which 0 is a value of zero and only that."""
    data: NDArray[np.uint8] = np.where(values > 0, encode_positive(values, top), 0).astype(np.uint8)
    return data


def encode_signed(values: Numbers, top: float) -> NDArray[np.uint8]:
    """Bytes of values in [-top, top], 127 of them a value of zero; of NaN 255."""
    middle = TOP_BYTE / 2
    steps = np.rint(middle + np.nan_to_num(values) * (middle / top if top > 0 else 0.0))
    data: NDArray[np.uint8] = np.where(np.isfinite(values), steps, MISSING).astype(np.uint8)
    return data


def ends_of(parts: list[Numbers]) -> tuple[float, float]:
    """The greatest of several arrays of values, none negative, and where common colours end; NaN
    does not count."""
    known = [part[np.isfinite(part)] for part in parts]
    top = max(float(part.max(initial=0)) for part in known)
    end = max((float(np.percentile(part, COLORED)) for part in known if len(part)), default=0.0)
    return top, end or top
