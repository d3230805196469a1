"""The device of a fit."""

from __future__ import annotations

from typing import TYPE_CHECKING

from training.config import Device
from training.errors import AtlasError

if TYPE_CHECKING:
    import torch


def choose_device(device: Device, place: int | None = None) -> torch.device:
    """The device asked for; `auto` takes a GPU where there is one.

    Args:
        place: which of this machine's processes asks, from 0, where there are several; each takes
            a GPU of its own.
    """
    import torch

    if device == "auto":
        device = "cuda" if torch.cuda.is_available() else "cpu"
    if device == "cuda" and not torch.cuda.is_available():
        raise AtlasError("--device cuda: no GPU that torch can use was found; use --device cpu")
    if device == "cpu" or place is None:
        return torch.device(device)
    found = torch.cuda.device_count()
    if place >= found:
        raise AtlasError(
            f"process {place + 1} on this machine finds {found} GPUs, expected one for each: "
            f"give torchrun --nproc-per-node {found} at most, or use --device cpu"
        )
    return torch.device("cuda", place)
