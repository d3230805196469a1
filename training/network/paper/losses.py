"""The losses as the paper has them: means within a slice, summed over slices; a chain of critics.

Equations: Zhao et al., Nat Genet 58, 1138 (2026). Our own form of each stands in
`training/network/losses.py`.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn.functional import normalize, softplus

from training.network import losses

USAGE = 4.0
"""Concentration 5 of the Dirichlet prior on factor usage, less 1."""
FLOOR = 1e-6


def poisson_loss(
    counts: Tensor,
    depth: Tensor,
    proportions: Tensor,
    loadings: Tensor,
    effects: Tensor,
    slices: Tensor,
) -> Tensor:
    """sum_s of -mean_i sum_g [Y (log(l + 1e-6) + log lambda) - l lambda]; shapes as in `losses`."""
    mean = losses.poisson_loss(counts, depth, proportions, loadings, effects, slices)
    return mean * len(slices.unique())


def feature_loss(
    expression: Tensor, reconstruction: Tensor, slices: Tensor, n_slices: int
) -> Tensor:
    """sum_s of mean_i |x_i - reconstruction_i|, both (n, G)."""
    mean = losses.feature_loss(expression, reconstruction, slices, n_slices)
    return mean * len(slices.unique())


def measure_spread(expression: Tensor, slices: Tensor, n_slices: int) -> Tensor:
    """sum_ij cos(x_i, x_j)^2 within each slice (S,): the part of the geometry without gradient."""
    found = []
    for index in range(n_slices):
        x = normalize(expression[slices == index], dim=1)
        gram = x @ x.T if x.shape[0] <= x.shape[1] else x.T @ x
        found.append(gram.square().sum())
    return torch.stack(found)


def geometry_loss(latent: Tensor, expression: Tensor, slices: Tensor, spread: Tensor) -> Tensor:
    """sum_s of mean_i sum_j (cos(Z_i, Z_j) - cos(x_i, x_j))^2 over the pairs within a slice.

    Without a pair matrix, as in `losses.geometry_loss`: |Z'Z|^2 - 2|Z'X|^2 + |X'X|^2.

    Args:
        latent: (n, d); expression: (n, G); spread: (S,) of `measure_spread`.
    """
    total = torch.zeros((), dtype=latent.dtype, device=latent.device)
    for index in range(len(spread)):
        rows = torch.nonzero(slices == index).squeeze(1)
        if not len(rows):
            continue
        z, x = normalize(latent[rows], dim=1), expression[rows]
        # Lengths of x go to the narrow side: no second copy of all expression.
        scaled = z / x.norm(dim=1, keepdim=True).clamp_min(1e-12)
        pairs = (z.T @ z).square().sum() - 2 * (scaled.T @ x).square().sum() + spread[index]
        total = total + pairs / len(rows)
    return total


def usage_loss(proportions: Tensor) -> Tensor:
    """-4 sum_k log(mean usage of factor k over all spots + 1e-6), proportions (n, K)."""
    return -USAGE * torch.log(proportions.mean(dim=0) + FLOOR).sum()


def chain_critic_loss(real: Sequence[Tensor], fake: Sequence[Tensor], margin: float) -> Tensor:
    """sum_s of mean softplus(-D_s(Z_s)) + mean softplus(D_s(Z_{s+1})), scores clamped to +-margin.

    Args:
        real: scores (n_s,) of critic s for slice s; fake: scores (n_{s+1},) for the next slice.
    """
    terms = [
        softplus(-own.clamp(-margin, margin)).mean() + softplus(other.clamp(-margin, margin)).mean()
        for own, other in zip(real, fake, strict=True)
    ]
    return torch.stack(terms).sum()


def chain_adversarial_loss(fake: Sequence[Tensor], margin: float) -> Tensor:
    """sum_s of mean softplus(-D_s(Z_{s+1})), scores clamped to +-margin."""
    terms = [softplus(-scores.clamp(-margin, margin)).mean() for scores in fake]
    return torch.stack(terms).sum()
