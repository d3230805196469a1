"""Arrays into tensors whose arithmetic repeats bit for bit."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
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


@contextmanager
def repeatable(device: torch.device) -> Iterator[None]:
    """On a CPU, only algorithms that give the same bits in every run, also on a busy machine.

    Gradients of indexed parameters are otherwise summed in an order that depends on timing. A GPU
    is left as it is: some of its operations have no such form.
    """
    before = torch.are_deterministic_algorithms_enabled()
    if device.type == "cpu":
        torch.use_deterministic_algorithms(True)
    try:
        yield
    finally:
        torch.use_deterministic_algorithms(before)
