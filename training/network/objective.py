"""What a step of the loop optimises, and how: batches, critic, losses, rates."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from training.inputs.features import Batch
from training.network.encoders import Critic
from training.network.losses import (
    Losses,
    adversarial_loss,
    critic_loss,
    feature_loss,
    geometry_loss,
    poisson_loss,
    usage_loss,
)
from training.network.model import Networks
from training.network.precision import mixed, widen
from training.processes.share import WHOLE, Share

if TYPE_CHECKING:
    from training.config import TrainConfig

OPEN_MARGIN = 50.0
"""Scores are clamped to this during warm-up: next to not at all."""


class Objective:
    """One critic over all slices, losses as means, loadings at their own rate, cosine decay."""

    full_batch = False
    """Whether every step sees every spot, so that one batch serves all steps."""

    def __init__(self, settings: TrainConfig, n_slices: int) -> None:
        self.settings, self.n_slices = settings, n_slices

    def make_critic(self, n_latent: int, n_hidden: int, generator: torch.Generator) -> nn.Module:
        return Critic(n_latent, n_hidden, self.n_slices, generator)

    def groups(self, model: Networks) -> list[dict[str, Any]]:
        """Parameter groups of the network's optimiser."""
        settings = self.settings
        slow = [*model.decoder.parameters(), *model.factors.head.parameters()]
        fast = [model.factors.loading_logits, model.factors.effects]
        decay = settings.weight_decay
        return [
            {
                "params": list(model.encoder.parameters()),
                "lr": settings.encoder_rate,
                "weight_decay": decay,
            },
            {"params": slow, "lr": settings.learning_rate, "weight_decay": decay},
            # Loadings and effects start near their place and must move in logit space.
            {"params": fast, "lr": settings.loading_rate, "weight_decay": 0.0},
        ]

    def rate(self, step: int) -> float:
        """Half-cosine decay to a twentieth: the end no longer depends on where one stops."""
        progress = step / self.settings.steps
        # A plain number: checkpoints are loaded without pickled objects.
        return float(0.05 + 0.95 * 0.5 * (1 + np.cos(np.pi * progress)))

    def draw(
        self, members: Sequence[NDArray[np.int64]], sampler: np.random.Generator
    ) -> NDArray[np.int64]:
        """Spots of one batch: slices get shares ~ sqrt(N), so that small stages are served."""
        roots = np.sqrt([len(own) for own in members])
        shares = np.maximum((self.settings.batch * roots / roots.sum()).round().astype(int), 2)
        return np.concatenate(
            [
                sampler.choice(own, share, replace=len(own) < share)
                for own, share in zip(members, shares, strict=True)
                if len(own)
            ]
        )

    def margin(self, step: int) -> float:
        return self.settings.margin if step > self.settings.warmup else OPEN_MARGIN

    def critic_loss(
        self,
        critic: nn.Module,
        latent: Tensor,
        slices: Tensor,
        step: int,
        share: Share = WHOLE,
    ) -> Tensor:
        """Loss of the critic on latents (m, d) without gradient."""
        return critic_loss(critic(latent), slices, share)

    def losses(
        self, model: Networks, critic: nn.Module, batch: Batch, latent: Tensor, step: int
    ) -> Losses:
        """Losses of the network on the latent (q, d) of `model.encode`; the critic is frozen."""
        own, slices, share = batch.own(latent), batch.slices, batch.share
        proportions = model.proportions(own, slices)
        with mixed(self.settings.precision, latent.device):
            reconstruction = widen(model.decode(latent, batch))
        adversarial = torch.zeros((), device=latent.device)
        if self.n_slices > 1:
            adversarial = adversarial_loss(critic(own), slices, self.margin(step), share)
        measured = model.factors.measured
        return Losses(
            poisson=poisson_loss(
                batch.counts,
                batch.counts.sum(dim=1),
                proportions,
                model.factors.loadings(),
                model.factors.slice_effects(),
                slices,
                share,
                measured,
            ),
            feature=feature_loss(
                batch.expression, reconstruction, slices, self.n_slices, share, measured
            ),
            geometry=geometry_loss(own, batch.composition(), share),
            usage=usage_loss(proportions, slices, self.n_slices, share),
            adversarial=adversarial,
        )
