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
from training.processes.share import WHOLE, Share

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
    share: Share = WHOLE,
) -> Tensor:
    """sum_s of -mean_i sum_g [Y (log(l + 1e-6) + log lambda) - l lambda]; shapes as in `losses`."""
    mean = losses.poisson_loss(counts, depth, proportions, loadings, effects, slices, share)
    return mean * _count_slices(proportions, slices, len(effects), share)


def feature_loss(
    expression: Tensor,
    reconstruction: Tensor,
    slices: Tensor,
    n_slices: int,
    share: Share = WHOLE,
) -> Tensor:
    """sum_s of mean_i |x_i - reconstruction_i|, both (n, G)."""
    mean = losses.feature_loss(expression, reconstruction, slices, n_slices, share)
    return mean * _count_slices(expression, slices, n_slices, share)


def _count_slices(values: Tensor, slices: Tensor, n_slices: int, share: Share) -> Tensor:
    return (losses.count_spots(values, slices, n_slices, share) > 0).sum()


def measure_spread(
    expression: Tensor, slices: Tensor, n_slices: int, share: Share = WHOLE
) -> Tensor:
    """sum_ij cos(x_i, x_j)^2 within each slice (S,): the part of the geometry without gradient."""
    expression, slices = share.gather(expression), share.gather(slices)
    found = []
    for index in range(n_slices):
        x = normalize(expression[slices == index], dim=1)
        gram = x @ x.T if x.shape[0] <= x.shape[1] else x.T @ x
        found.append(gram.square().sum())
    return torch.stack(found)


def geometry_loss(
    latent: Tensor, expression: Tensor, slices: Tensor, spread: Tensor, share: Share = WHOLE
) -> Tensor:
    """sum_s of mean_i sum_j (cos(Z_i, Z_j) - cos(x_i, x_j))^2 over the pairs within a slice.

    Without a pair matrix, as in `losses.geometry_loss`: |Z'Z|^2 - 2|Z'X|^2 + |X'X|^2.

    Args:
        latent: (n, d); expression: (n, G); spread: (S,) of `measure_spread`.
    """
    total = torch.zeros((), dtype=latent.dtype, device=latent.device)
    counts = share.total(torch.bincount(slices, minlength=len(spread))).tolist()
    for index, count in enumerate(counts):
        if not count:
            continue
        rows = torch.nonzero(slices == index).squeeze(1)
        z, x = normalize(latent[rows], dim=1), expression[rows]
        # Lengths of x go to the narrow side: no second copy of all expression.
        scaled = z / x.norm(dim=1, keepdim=True).clamp_min(1e-12)
        alike, across = share.total(z.T @ z), share.total(scaled.T @ x)
        pairs = alike.square().sum() - 2 * across.square().sum() + spread[index]
        total = total + pairs / count
    return total


def usage_loss(proportions: Tensor, share: Share = WHOLE) -> Tensor:
    """-4 sum_k log(mean usage of factor k over all spots + 1e-6), proportions (n, K)."""
    usage = share.total(proportions.sum(dim=0)) / share.length(proportions)
    return -USAGE * torch.log(usage + FLOOR).sum()


def chain_critic_loss(
    real: Sequence[Tensor], fake: Sequence[Tensor], margin: float, share: Share = WHOLE
) -> Tensor:
    """sum_s of mean softplus(-D_s(Z_s)) + mean softplus(D_s(Z_{s+1})), scores clamped to +-margin.

    Args:
        real: scores (n_s,) of critic s for slice s; fake: scores (n_{s+1},) for the next slice.
    """
    terms = [
        _mean(softplus(-own.clamp(-margin, margin)), share)
        + _mean(softplus(other.clamp(-margin, margin)), share)
        for own, other in zip(real, fake, strict=True)
    ]
    return torch.stack(terms).sum()


def chain_adversarial_loss(fake: Sequence[Tensor], margin: float, share: Share = WHOLE) -> Tensor:
    """sum_s of mean softplus(-D_s(Z_{s+1})), scores clamped to +-margin."""
    terms = [_mean(softplus(-scores.clamp(-margin, margin)), share) for scores in fake]
    return torch.stack(terms).sum()


def _mean(values: Tensor, share: Share) -> Tensor:
    """Mean over the spots (n_s,) of one slice."""
    count = torch.full((), len(values), dtype=values.dtype, device=values.device)
    return share.total(values.sum()) / share.total(count)
