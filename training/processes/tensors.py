"""Arrays into tensors whose arithmetic repeats bit for bit."""

from __future__ import annotations

import os
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
def repeatable(device: torch.device, asked: bool = False) -> Iterator[None]:
    """On a CPU, only algorithms that give the same bits in every run, also on a busy machine.

    Gradients of indexed parameters are otherwise summed in an order that depends on timing. On a
    GPU these algorithms are slower, and are taken only where they are `asked` for; of an operation
    that has none, torch warns.
    """
    before = torch.are_deterministic_algorithms_enabled()
    warned = torch.is_deterministic_algorithms_warn_only_enabled()
    if device.type == "cpu":
        torch.use_deterministic_algorithms(True)
    elif asked:
        # Read when a GPU's matrix products are first used.
        os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
        torch.use_deterministic_algorithms(True, warn_only=True)
    try:
        yield
    finally:
        torch.use_deterministic_algorithms(before, warn_only=warned)
