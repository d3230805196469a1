"""Arrays into tensors whose arithmetic repeats bit for bit."""

from __future__ import annotations

from typing import Any

import torch
from numpy.typing import NDArray
from torch import Tensor


def to_tensor(array: NDArray[Any], device: torch.device | str = "cpu") -> Tensor:
    """A copy of an array in torch's own memory.

    A tensor over numpy's memory starts wherever that does, at any multiple of 16 bytes, and matrix
    products add in another order where the start lies differently: two runs of one program would
    differ in their last bits. Torch's memory starts at multiples of 64.
    """
    return torch.tensor(array, device=device)
