"""All steps of a fit: losses read and logged, checkpoints written, divergence told."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator

import numpy as np
import torch

from training.errors import AtlasError
from training.network.checkpoint import Workspace
from training.network.losses import Losses
from training.network.trainer import Trainer
from training.progress import Progress, time_left

GPU_STEPS = 20
"""Steps between readings on a GPU: reading makes the host wait for all that is under way. On a CPU
there is nothing to wait for."""


def take_all_steps(
    trainer: Trainer, workspace: Workspace | None, progress: Progress
) -> dict[str, float]:
    """Take the remaining steps; returns the losses of the last, {} where none was left.

    Raises:
        AtlasError: if a loss is no longer a number. No checkpoint holds such a step.
    """
    settings = trainer.settings
    began, first, saved = time.monotonic(), trainer.step, time.monotonic()
    named: dict[str, float] = {}
    for group in read_groups(trainer.run(), 1 if trainer.device.type == "cpu" else GPU_STEPS):
        for step, named in enumerate(group, trainer.step - len(group) + 1):
            if not np.isfinite(sum(named.values())):
                raise AtlasError(
                    f"training diverged at step {step}: losses {named}. "
                    "Lower train.learning_rate, or look for spots with extreme counts."
                )
            if workspace:
                workspace.record(step, named)
        done, total = trainer.step - first, settings.steps - first
        terms = "  ".join(f"{name} {value:.4g}" for name, value in named.items())
        where = f"step {trainer.step:,} of {settings.steps:,}"
        told = f"{where}  {time_left(began, done, total)}  {terms}"
        progress("Training", trainer.step / settings.steps, told)
        if workspace and time.monotonic() - saved > settings.checkpoint_seconds:
            workspace.save(trainer.state_dict())
            saved = time.monotonic()
    if workspace:
        workspace.save(trainer.state_dict())
    return named


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
