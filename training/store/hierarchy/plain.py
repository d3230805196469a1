"""Python values as JSON can hold them."""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np

from training.store.errors import StoreError


def jsonable(value: object, place: str) -> Any:
    """A copy of `value` in JSON's types: NumPy scalars and arrays become numbers and lists.

    NaN and infinities, which JSON lacks, become None. Raises StoreError at anything else,
    naming where in the structure it sits.
    """
    if value is None or isinstance(value, bool | str):
        return value
    if isinstance(value, np.generic | np.ndarray):
        return jsonable(value.tolist(), place)
    if isinstance(value, int):
        return int(value)
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else None
    if isinstance(value, list | tuple):
        return [jsonable(item, f"{place}[{i}]") for i, item in enumerate(value)]
    if isinstance(value, dict):
        for key in value:
            if not isinstance(key, str):
                raise StoreError(place, f"key {key!r}", "text keys")
        return {key: jsonable(item, f"{place}.{key}") for key, item in value.items()}
    raise StoreError(
        place,
        f"a value of type {type(value).__name__}",
        "text, numbers, lists, dictionaries or None",
        "convert it before export.",
    )


def canonical(value: object) -> str:
    """JSON text that is equal for equal values: sorted keys, no spaces."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False)
