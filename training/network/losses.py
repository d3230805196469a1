"""The five losses of a fit, each a pure function, and their named sum.

Equations: Zhao et al., Nat Genet 58, 1138 (2026). Losses over spots are means within a slice,
then means over the slices of a batch, so that their size does not grow with either. Where several
processes share a batch, `share` adds up their sums and each gets the loss of the whole.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn.functional import normalize, softplus

from training.network.slicerows import take_rows
from training.processes.share import WHOLE, Share

RATE_FLOOR = 1e-6


class Losses(NamedTuple):
    """Loss terms of one step, unweighted scalars."""

    poisson: Tensor
    feature: Tensor
    geometry: Tensor
    usage: Tensor
    adversarial: Tensor


def mean_over_slices(values: Tensor, slices: Tensor, n_slices: int, share: Share = WHOLE) -> Tensor:
    """Mean within each slice of per-spot values (n,), then over the slices present."""
    counts = count_spots(values, slices, n_slices, share)
    weights = 1.0 / counts.clamp_min(1)
    return share.total((values * weights[slices]).sum()) / (counts > 0).sum()


def count_spots(values: Tensor, slices: Tensor, n_slices: int, share: Share = WHOLE) -> Tensor:
    """Spots of each slice in the batch (S,), as numbers of the kind that `values` are."""
    ones = torch.ones(len(slices), dtype=values.dtype, device=values.device)
    counts = torch.zeros(n_slices, dtype=values.dtype, device=values.device)
    return share.total(counts.index_add(0, slices, ones))


def poisson_loss(
    counts: Tensor,
    depth: Tensor,
    proportions: Tensor,
    loadings: Tensor,
    effects: Tensor,
    slices: Tensor,
    share: Share = WHOLE,
    measured: Tensor | None = None,
) -> Tensor:
    """-mean_i sum_g [Y (log l + log lambda) - l lambda], log lambda = log(beta B + 1e-6) + gamma.

    The total rate needs no (n, G) product: sum_g lambda = beta . (B exp gamma_s) + 1e-6 sum_g
    exp gamma_sg.

    Args:
        counts: (n, G); depth: (n,) total counts l; proportions: (n, K); loadings: (K, G);
        effects: (S, G); slices: (n,).
        measured: (S, G) where some slices did not measure all genes. Sums are over measured genes,
            and l is what makes these expected as often as they were counted: its likeliest value.
    """
    scale = effects.exp()
    if measured is not None:
        scale = scale * measured
    log_rate = torch.log(proportions @ loadings + RATE_FLOOR)
    # sum_g Y gamma of every slice, then of the spot's own: no (n, G) table of gamma is made.
    of_effects = (counts @ effects.T).gather(1, slices[:, None]).squeeze(1)
    total = (proportions * take_rows(scale @ loadings.T, slices)).sum(dim=1)
    total = total + RATE_FLOOR * take_rows(scale.sum(dim=1, keepdim=True), slices).squeeze(1)
    if measured is not None:
        depth = depth / total.clamp_min(RATE_FLOOR)
    fit = (counts * log_rate).sum(dim=1) + of_effects
    fit = fit + counts.sum(dim=1) * torch.log(depth + RATE_FLOOR)
    return mean_over_slices(depth * total - fit, slices, len(effects), share)


def feature_loss(
    expression: Tensor,
    reconstruction: Tensor,
    slices: Tensor,
    n_slices: int,
    share: Share = WHOLE,
    measured: Tensor | None = None,
) -> Tensor:
    """mean_i of the Euclidean norm (not its square) of x_i - reconstruction_i; both (n, G).

    Over the genes that the spot's slice has `measured` (S, G).
    """
    difference = expression - reconstruction
    if measured is not None:
        difference = difference * measured[slices]
    error = (difference.square().sum(dim=1) + 1e-12).sqrt()
    return mean_over_slices(error, slices, n_slices, share)


def geometry_loss(latent: Tensor, composition: Tensor, share: Share = WHOLE) -> Tensor:
    """Mean over pairs of (cos(Z_i, Z_j) - cos(u_i, u_j))^2, without a pair matrix.

    For rows of unit length, sum_ij (z_i.z_j - u_i.u_j)^2 = |Z'Z|^2 - 2|Z'U|^2 + |U'U|^2
    (Frobenius). The last term has no gradient but keeps the value a mean square.

    Args:
        latent: (n, d); composition: (n, C) as the encoder sees it.
    """
    z, u = normalize(latent, dim=1), normalize(composition, dim=1)
    alike, across, kept = (share.total(product) for product in (z.T @ z, z.T @ u, u.T @ u))
    total = alike.square().sum() - 2 * across.square().sum() + kept.square().sum()
    return total / share.length(z) ** 2


def usage_loss(proportions: Tensor, slices: Tensor, n_slices: int, share: Share = WHOLE) -> Tensor:
    """-mean_k log(K * usage_k + 1e-6), usage_k the mean proportion over slices; 0 when even.

    The paper's -4 sum_k log up to constants; a mean over factors keeps its size independent of K.
    """
    n_factors = proportions.shape[1]
    counts = count_spots(proportions, slices, n_slices, share).clamp_min(1)
    weights = (1.0 / counts)[slices]
    usage = share.total((proportions * weights[:, None]).sum(dim=0)) / share.total(weights.sum())
    return -torch.log(n_factors * usage + RATE_FLOOR).mean()


def critic_loss(scores: Tensor, slices: Tensor, share: Share = WHOLE) -> Tensor:
    """Teach the critic which slice a latent came from.

    mean over spots and other slices t of softplus(D_t(z) - D_s(z)), s the spot's own slice: the
    paper's pair of terms softplus(-D) and softplus(+D) for every pair of slices at once.

    Args:
        scores: (n, S) of detached latents; slices: (n,).
    """
    others = _differences(scores, slices)
    return mean_over_slices(_mean_other(softplus(others), slices), slices, scores.shape[1], share)


def adversarial_loss(scores: Tensor, slices: Tensor, margin: float, share: Share = WHOLE) -> Tensor:
    """Make a latent look like one of any other slice: softplus(-(D_t(z) - D_s(z))), mean over t.

    Differences are clamped to +-`margin`: where the critic is sure, as in tissue that only one
    slice has, there is no gradient and the tissue stays apart.
    """
    others = _differences(scores, slices).clamp(-margin, margin)
    return mean_over_slices(_mean_other(softplus(-others), slices), slices, scores.shape[1], share)


def _differences(scores: Tensor, slices: Tensor) -> Tensor:
    return scores - scores.gather(1, slices[:, None])


def _mean_other(values: Tensor, slices: Tensor) -> Tensor:
    own = values.gather(1, slices[:, None]).squeeze(1)
    return (values.sum(dim=1) - own) / max(values.shape[1] - 1, 1)
