"""What a step of the loop optimises in the paper's form."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from training.config import TrainConfig
from training.inputs.encoding import Encoding
from training.inputs.features import Batch
from training.network.losses import Losses
from training.network.model import Networks
from training.network.objective import Objective
from training.network.paper.losses import (
    chain_adversarial_loss,
    chain_critic_loss,
    feature_loss,
    geometry_loss,
    measure_spread,
    poisson_loss,
    usage_loss,
)
from training.network.paper.networks import CriticChain
from training.network.precision import mixed, widen
from training.processes.share import WHOLE, Share


class PaperObjective(Objective):
    """A chain of critics, losses as sums, one rate without decay; attention sees every spot."""

    def __init__(self, settings: TrainConfig, n_slices: int, encoding: Encoding) -> None:
        super().__init__(settings, n_slices)
        self.full_batch = encoding.encoder == "gat"
        self._spread: Tensor | None = None

    def make_critic(self, n_latent: int, n_hidden: int, generator: torch.Generator) -> nn.Module:
        return CriticChain(n_latent, n_hidden, self.n_slices, generator)

    def groups(self, model: Networks) -> list[dict[str, Any]]:
        """Everything at one rate, and everything decays: loadings and gamma too."""
        settings = self.settings
        return [
            {
                "params": list(model.parameters()),
                "lr": settings.learning_rate,
                "weight_decay": settings.weight_decay,
            }
        ]

    def rate(self, step: int) -> float:
        return 1.0

    def draw(
        self, members: Sequence[NDArray[np.int64]], sampler: np.random.Generator
    ) -> NDArray[np.int64]:
        """`train.batch` spots of every slice, whatever its size, with replacement."""
        batch = self.settings.batch
        return np.concatenate([sampler.choice(own, batch) for own in members if len(own)])

    def critic_loss(
        self,
        critic: nn.Module,
        latent: Tensor,
        slices: Tensor,
        step: int,
        share: Share = WHOLE,
    ) -> Tensor:
        assert isinstance(critic, CriticChain)
        parts = self._split(latent, slices)
        return chain_critic_loss(critic.real(parts), critic.fake(parts), self.margin(step), share)

    def losses(
        self, model: Networks, critic: nn.Module, batch: Batch, latent: Tensor, step: int
    ) -> Losses:
        assert isinstance(critic, CriticChain)
        own, slices, share = batch.own(latent), batch.slices, batch.share
        proportions = model.proportions(own, slices)
        with mixed(self.settings.precision, latent.device):
            reconstruction = widen(model.decode(latent, batch))
        adversarial = torch.zeros((), device=latent.device)
        if self.n_slices > 1:
            fake = critic.fake(self._split(own, slices))
            adversarial = chain_adversarial_loss(fake, self.margin(step), share)
        return Losses(
            poisson=poisson_loss(
                batch.counts,
                batch.counts.sum(dim=1),
                proportions,
                model.factors.loadings(),
                model.factors.slice_effects(),
                slices,
                share,
            ),
            feature=feature_loss(batch.expression, reconstruction, slices, self.n_slices, share),
            geometry=geometry_loss(
                own, batch.expression, slices, self._measure_spread(batch), share
            ),
            usage=usage_loss(proportions, share),
            adversarial=adversarial,
        )

    def _split(self, latent: Tensor, slices: Tensor) -> list[Tensor]:
        return [latent[slices == index] for index in range(self.n_slices)]

    def _measure_spread(self, batch: Batch) -> Tensor:
        """Of one batch that serves all steps, measured once: it is the dearest term of all."""
        if not self.full_batch:
            return measure_spread(batch.expression, batch.slices, self.n_slices, batch.share)
        if self._spread is None:
            self._spread = measure_spread(
                batch.expression, batch.slices, self.n_slices, batch.share
            )
        return self._spread
