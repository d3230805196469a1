"""The five losses of a fit, each a pure function, and their named sum.

Equations: Zhao et al., Nat Genet 58, 1138 (2026). Losses over spots are means within a slice,
then means over the slices of a batch, so that their size does not grow with either.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn.functional import normalize, softplus

RATE_FLOOR = 1e-6
SPREAD_SPOTS = 2048
"""Spots whose pairs tell how alike the spots of a larger batch are."""


class Losses(NamedTuple):
    """Loss terms of one step, unweighted scalars."""

    poisson: Tensor
    feature: Tensor
    geometry: Tensor
    usage: Tensor
    adversarial: Tensor


def mean_over_slices(values: Tensor, slices: Tensor, n_slices: int) -> Tensor:
    """Mean within each slice of per-spot values (n,), then over the slices present."""
    ones = torch.ones_like(values)
    counts = torch.zeros(n_slices, dtype=values.dtype, device=values.device).index_add(
        0, slices, ones
    )
    weights = 1.0 / counts.clamp_min(1)
    return (values * weights[slices]).sum() / (counts > 0).sum()


def poisson_loss(
    counts: Tensor,
    depth: Tensor,
    proportions: Tensor,
    loadings: Tensor,
    effects: Tensor,
    slices: Tensor,
) -> Tensor:
    """-mean_i sum_g [Y (log l + log lambda) - l lambda], log lambda = log(beta B + 1e-6) + gamma.

    The total rate needs no (n, G) product: sum_g lambda = beta . (B exp gamma_s) + 1e-6 sum_g
    exp gamma_sg.

    Args:
        counts: (n, G); depth: (n,) total counts l; proportions: (n, K); loadings: (K, G);
        effects: (S, G); slices: (n,).
    """
    scale = effects.exp()
    log_rate = torch.log(proportions @ loadings + RATE_FLOOR) + effects[slices]
    fit = (counts * log_rate).sum(dim=1) + counts.sum(dim=1) * torch.log(depth + RATE_FLOOR)
    total = (proportions * (scale @ loadings.T)[slices]).sum(dim=1)
    total = total + RATE_FLOOR * scale.sum(dim=1)[slices]
    return mean_over_slices(depth * total - fit, slices, len(effects))


def feature_loss(
    expression: Tensor, reconstruction: Tensor, slices: Tensor, n_slices: int
) -> Tensor:
    """mean_i of the Euclidean norm (not its square) of x_i - reconstruction_i; both (n, G)."""
    error = ((expression - reconstruction).square().sum(dim=1) + 1e-12).sqrt()
    return mean_over_slices(error, slices, n_slices)


def geometry_loss(latent: Tensor, expression: Tensor) -> Tensor:
    """Mean over pairs of (cos(Z_i, Z_j) - cos(x_i, x_j))^2, without a pair matrix.

    For rows of unit length, sum_ij (z_i.z_j - x_i.x_j)^2 = |Z'Z|^2 - 2|Z'X|^2 + |X'X|^2
    (Frobenius). The last term has no gradient but keeps the value a mean square.
    """
    z, x = normalize(latent, dim=1), normalize(expression, dim=1)
    total = (z.T @ z).square().sum() - 2 * (z.T @ x).square().sum() + _spread(x)
    return total / len(z) ** 2


def _spread(x: Tensor) -> Tensor:
    """|X'X|^2 of unit rows (n, G), over the smaller of the two Gram matrices.

    Of more than SPREAD_SPOTS spots it is estimated from evenly spaced ones: it would cost more
    than all the rest of a step, and nothing but the value that is shown depends on it.
    """
    n = len(x)
    x = x[:: -(-n // SPREAD_SPOTS)]
    m = len(x)
    gram = x @ x.T if m <= x.shape[1] else x.T @ x
    total = gram.square().sum()
    if m == n:
        return total
    # The pair of a spot with itself is rarer among many.
    return (total - m) * (n * (n - 1) / (m * (m - 1))) + n


def usage_loss(proportions: Tensor, slices: Tensor, n_slices: int) -> Tensor:
    """-mean_k log(K * usage_k + 1e-6), usage_k the mean proportion over slices; 0 when even.

    The paper's -4 sum_k log up to constants; a mean over factors keeps its size independent of K.
    """
    n_factors = proportions.shape[1]
    ones = torch.ones(len(slices), dtype=proportions.dtype, device=proportions.device)
    counts = torch.zeros(n_slices, dtype=proportions.dtype, device=proportions.device)
    counts = counts.index_add(0, slices, ones).clamp_min(1)
    weights = (1.0 / counts)[slices]
    usage = (proportions * weights[:, None]).sum(dim=0) / weights.sum()
    return -torch.log(n_factors * usage + RATE_FLOOR).mean()


def critic_loss(scores: Tensor, slices: Tensor) -> Tensor:
    """Teach the critic which slice a latent came from.

    mean over spots and other slices t of softplus(D_t(z) - D_s(z)), s the spot's own slice: the
    paper's pair of terms softplus(-D) and softplus(+D) for every pair of slices at once.

    Args:
        scores: (n, S) of detached latents; slices: (n,).
    """
    others = _differences(scores, slices)
    return mean_over_slices(_mean_other(softplus(others), slices), slices, scores.shape[1])


def adversarial_loss(scores: Tensor, slices: Tensor, margin: float) -> Tensor:
    """Make a latent look like one of any other slice: softplus(-(D_t(z) - D_s(z))), mean over t.

    Differences are clamped to +-`margin`: where the critic is sure, as in tissue that only one
    slice has, there is no gradient and the tissue stays apart.
    """
    others = _differences(scores, slices).clamp(-margin, margin)
    return mean_over_slices(_mean_other(softplus(-others), slices), slices, scores.shape[1])


def _differences(scores: Tensor, slices: Tensor) -> Tensor:
    return scores - scores.gather(1, slices[:, None])


def _mean_other(values: Tensor, slices: Tensor) -> Tensor:
    own = values.gather(1, slices[:, None]).squeeze(1)
    return (values.sum(dim=1) - own) / max(values.shape[1] - 1, 1)
