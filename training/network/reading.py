"""Losses read from the device in groups: reading makes the host wait for all that is under way."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import torch

from training.network.losses import Losses

GPU_STEPS = 20
"""Steps between readings on a GPU; on a CPU there is nothing to wait for."""


def read_groups(steps: Iterable[Losses], every: int) -> Iterator[list[dict[str, float]]]:
    """Named losses of `every` steps at a time, the last group of what is left."""
    group: list[torch.Tensor] = []
    for losses in steps:
        group.append(torch.stack(losses))
        if len(group) == every:
            yield _read(group)
            group = []
    if group:
        yield _read(group)


def _read(group: list[torch.Tensor]) -> list[dict[str, float]]:
    rows = torch.stack(group).tolist()
    return [dict(zip(Losses._fields, row, strict=True)) for row in rows]
