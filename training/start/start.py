"""The start of a fit: how many factors, and the factorisation that training goes on from."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from training.config import Config
from training.preparation.reference import Prepared, pool_counts
from training.preparation.thinning import split_counts
from training.progress import Progress
from training.start.choosing import Choice

if TYPE_CHECKING:
    import torch

    from training.network.checkpoint import Workspace


def choose_factors(
    prepared: Prepared, config: Config, device: torch.device, progress: Progress
) -> Choice:
    """A number of factors for pooled counts of at most SKETCH spots, part of them held out."""
    import torch

    from training.processes.tensors import to_tensor
    from training.start.choosing import (
        SEEN,
        SKETCH,
        candidate_numbers,
        choose_number,
        measure_candidates,
    )

    progress("Choosing the number of factors", 0.0)
    seed = config.train.seed
    pooled = [
        pool_counts(replace(prepared, counts=part), min(config.start.spots, SKETCH), seed)
        for part in split_counts(prepared.counts, np.random.default_rng(seed), SEEN)
    ]
    (seen, slices), (unseen, _) = pooled
    curve = measure_candidates(
        to_tensor(seen, device),
        to_tensor(unseen, device),
        to_tensor(slices, device),
        candidate_numbers(config.start.least_factors, config.start.most_factors),
        torch.Generator().manual_seed(seed),
        config.start.prior,
        progress=lambda fraction: progress("Choosing the number of factors", fraction),
        measured=None if prepared.measured is None else to_tensor(prepared.measured, device),
    )
    choice = choose_number(curve)
    progress("Choosing the number of factors", 1.0, choice.reason)
    return choice


def find_start(
    prepared: Prepared,
    config: Config,
    device: torch.device,
    workspace: Workspace | None,
    progress: Progress,
) -> dict[str, NDArray]:
    """Loadings, slice-gene effects and stability from a Poisson factorisation of pooled counts.

    Returns:
        `loadings` (K, G), `blunt` (K, G) of the same factors before they were sharpened, `effects`
        (S, G), `stability` (K,). A `workspace` that holds a start gives that one.
    """
    import torch

    from training.factors.factorise import factorise
    from training.processes.tensors import to_tensor

    stored = workspace.load_start() if workspace else None
    if stored is None:
        progress("Factorising", 0.0)
        counts, slices = pool_counts(prepared, config.start.spots, config.train.seed)
        start = factorise(
            to_tensor(counts, device),
            to_tensor(slices, device),
            config.model.n_factors,
            torch.Generator().manual_seed(config.train.seed),
            iterations=config.start.iterations,
            restarts=config.start.restarts,
            prior=config.start.prior,
            shared=config.start.shared,
            sharpened=config.start.sharpened,
            progress=lambda fraction: progress("Factorising", fraction),
            measured=None if prepared.measured is None else to_tensor(prepared.measured, device),
        )
        stored = {
            "loadings": start.loadings.cpu().numpy(),
            "effects": start.effects.cpu().numpy(),
            "stability": start.stability,
            "blunt": start.blunt.cpu().numpy(),
        }
        if workspace:
            workspace.save_start(**stored)
        progress("Factorising", 1.0)
    return stored
