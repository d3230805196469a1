"""Networks in bfloat16 where it is asked for; sums, logarithms and loadings always in float32."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext

import torch
from torch import Tensor


def mixed(precision: str, device: torch.device) -> AbstractContextManager[object]:
    """Matrix products of layers in bfloat16 inside, if `precision` says so.

    bfloat16 has the range of float32, so that gradients need no scaling, and 8 bits of mantissa.
    """
    if precision == "float32":
        return nullcontext()
    return torch.autocast(device.type, torch.bfloat16)


def widen(values: Tensor) -> Tensor:
    """What a layer gave, in no less than float32."""
    return values.float() if values.dtype == torch.bfloat16 else values
