"""Where the factor head begins: at the proportions that the start explains the spots with."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import sparse
from torch import Tensor, nn

from training.processes.tensors import to_tensor

if TYPE_CHECKING:
    from training.inputs.features import Features
    from training.network.model import Networks

OWN = 0.3
"""Part of a spot's own proportions in what the head begins at; the rest is its neighbourhood's.
On the built-in embryo (seed 0) blends of 0 to 0.5 correlate with the truth alike, .91 to .93; a
spot alone, which is noisy, at .84. A neighbourhood alone would blur single cells."""
SPOTS = 20_000
"""Spots regressed on. The regression has some hundred weights; more spots change nothing."""
BLOCK = 4096
ITERATIONS = 60
RIDGE = 1e-3
"""Penalty on squared weights, against nats per spot."""
FLOOR = 1e-6


def begin_proportions(
    model: Networks, features: Features, adjacency: sparse.csr_matrix, seed: int
) -> None:
    """Let a model's head begin at the smoothed proportions of its features, on at most SPOTS spots.

    Args:
        adjacency: (n, n) neighbours of the features' spots, self loops included.
    """
    n, n_factors = features.n_spots, len(model.factors.loading_logits)
    rows = np.arange(n)
    if n > SPOTS:
        rows = np.sort(np.random.default_rng(seed).choice(n, SPOTS, replace=False))
    wanted = smooth_proportions(features.composition, n_factors, adjacency[rows], rows)
    device = model.factors.head.weight.device
    with torch.no_grad():
        seen = []
        for start in range(0, len(rows), BLOCK):
            block = rows[start : start + BLOCK]
            batch = features.gather(block, device, hops=1)
            seen.append(model.see(model.encode(batch)[: len(block)], batch.slices))
    begin_head(model.factors.head, torch.cat(seen), to_tensor(wanted, device))


def smooth_proportions(
    composition: NDArray[np.floating],
    n_factors: int,
    adjacency: sparse.csr_matrix,
    rows: NDArray[np.integer],
) -> NDArray[np.float32]:
    """Proportions (m, K) of some spots, each blended with its neighbours.

    Args:
        composition: (n, K or 2K), the leading K square roots of proportions; corrected ones may
            leave 0..1 and are brought back.
        adjacency: (m, n) neighbours of these spots, themselves included.
        rows: (m,) the spots.
    """
    own = np.square(np.maximum(composition[:, :n_factors], 0)) + FLOOR
    own /= own.sum(axis=1, keepdims=True)
    around = np.asarray(adjacency @ own)
    around /= around.sum(axis=1, keepdims=True)
    return np.asarray(OWN * own[rows] + (1 - OWN) * around, dtype=np.float32)


def begin_head(head: nn.Linear, latent: Tensor, proportions: Tensor) -> None:
    """Set a factor head to the softmax regression of proportions (n, K) on latents (n, d), with
    what else the head sees of the spots.

    minimise −mean_i Σ_k p_ik log β_ik + RIDGE |H|²,  β = softmax(H ELU(Z) + b)

    A convex problem, solved by L-BFGS from even weights, so that no chance is in it. Without it
    the head begins at random, and the encoder's first gradients come through a head that says
    nothing.
    """
    inputs = nn.functional.elu(latent.detach())
    mean = proportions.mean(dim=0).clamp_min(FLOOR)
    weight = torch.zeros_like(head.weight, requires_grad=True)
    bias = mean.log().clone().requires_grad_(True)
    optimiser = torch.optim.LBFGS(
        [weight, bias], max_iter=ITERATIONS, history_size=10, line_search_fn="strong_wolfe"
    )

    def closure() -> Tensor:
        optimiser.zero_grad()
        fitted = torch.log_softmax(nn.functional.linear(inputs, weight, bias), dim=1)
        loss = -(proportions * fitted).sum(dim=1).mean() + RIDGE * weight.square().sum()
        loss.backward()
        return loss

    optimiser.step(closure)
    with torch.no_grad():
        head.weight.copy_(weight)
        head.bias.copy_(bias)
