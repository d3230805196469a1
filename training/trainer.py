"""The training loop: critic step, network step, named losses; its state can be resumed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from training.config import LossConfig, ModelConfig, TrainConfig
from training.features import Batch, Features
from training.losses import (
    Losses,
    adversarial_loss,
    critic_loss,
    feature_loss,
    geometry_loss,
    poisson_loss,
    usage_loss,
)
from training.networks import Critic, Decoder, Encoder, Factors


class Model(nn.Module):
    """Everything that is fitted but the critic."""

    def __init__(
        self,
        shape: ModelConfig,
        n_slices: int,
        loadings: Tensor,
        effects: Tensor,
        generator: torch.Generator,
    ) -> None:
        super().__init__()
        n_genes = loadings.shape[1]
        n_inputs = 2 * n_genes + 2 * len(loadings)
        self.encoder = Encoder(n_inputs, shape.n_hidden, shape.n_latent, generator)
        self.decoder = Decoder(
            n_genes, shape.n_hidden, shape.n_latent, n_slices, shape.n_slice_embedding, generator
        )
        self.factors = Factors(loadings, effects, shape.n_latent, generator)


class Trainer:
    """Steps a model over batches.

    Its whole state is in `state_dict`, random generators included, so that a resumed run repeats
    the unbroken one bit for bit on a CPU.
    """

    def __init__(
        self,
        features: Features,
        model: Model,
        settings: TrainConfig,
        weights: LossConfig,
        n_critic: int,
        generator: torch.Generator,
        device: torch.device,
    ) -> None:
        self.features, self.settings, self.weights = features, settings, weights
        self.device = device
        self.n_slices = int(features.slices.max()) + 1
        self.model = model.to(device)
        n_latent = model.encoder.latent.out_features
        self.critic = Critic(n_latent, n_critic, self.n_slices, generator).to(device)
        slow = [*model.encoder.parameters(), *model.decoder.parameters()]
        slow += list(model.factors.head.parameters())
        fast = [model.factors.loading_logits, model.factors.effects]
        self.optimiser = torch.optim.Adamax(
            [
                {
                    "params": slow,
                    "lr": settings.learning_rate,
                    "weight_decay": settings.weight_decay,
                },
                # Loadings and effects start near their place and must move in logit space.
                {"params": fast, "lr": settings.loading_rate, "weight_decay": 0.0},
            ]
        )
        self.critic_optimiser = torch.optim.Adam(
            self.critic.parameters(),
            lr=settings.critic_rate,
            weight_decay=settings.weight_decay,
        )
        rates = [group["lr"] for group in self.optimiser.param_groups]
        self._rates = rates
        self.sampler = np.random.Generator(np.random.PCG64(settings.seed))
        self._members = [np.flatnonzero(features.slices == s) for s in range(self.n_slices)]
        self.step = 0

    def run(self) -> Iterator[Losses]:
        """Take the remaining steps, yielding the losses of each."""
        while self.step < self.settings.steps:
            yield self.take_step()

    def take_step(self) -> Losses:
        """One critic step, then one network step, on one batch."""
        self._set_rates()
        batch = self.features.gather(self._draw(), self.device)
        model, weights = self.model, self.weights
        latent = model.encoder(batch.inputs)
        if self.n_slices > 1:
            self.critic_optimiser.zero_grad(set_to_none=True)
            # The critic learns from detached latents: no gradient of the encoder is computed
            # only to be thrown away.
            critic_loss(self.critic(latent.detach()), batch.slices).backward()
            self.critic_optimiser.step()
        losses = self._losses(batch, latent)
        total = sum(
            (getattr(weights, name) * value for name, value in losses._asdict().items()),
            start=torch.zeros((), device=self.device),
        )
        self.optimiser.zero_grad(set_to_none=True)
        total.backward()
        self.optimiser.step()
        self.step += 1
        return Losses(*(value.detach() for value in losses))

    def _losses(self, batch: Batch, latent: Tensor) -> Losses:
        model, n_slices = self.model, self.n_slices
        proportions = model.factors.proportions(latent)
        reconstruction = model.decoder(latent, batch.slices)
        adversarial = torch.zeros((), device=self.device)
        if n_slices > 1:
            margin = self.settings.margin if self.step > self.settings.warmup else 50.0
            self.critic.requires_grad_(False)
            adversarial = adversarial_loss(self.critic(latent), batch.slices, margin)
            self.critic.requires_grad_(True)
        return Losses(
            poisson=poisson_loss(
                batch.counts,
                batch.counts.sum(dim=1),
                proportions,
                model.factors.loadings(),
                model.factors.centred_effects(),
                batch.slices,
            ),
            feature=feature_loss(batch.expression, reconstruction, batch.slices, n_slices),
            geometry=geometry_loss(latent, batch.expression),
            usage=usage_loss(proportions, batch.slices, n_slices),
            adversarial=adversarial,
        )

    def _draw(self) -> NDArray[np.int64]:
        """Spots of one batch: slices get shares ~ sqrt(N), so that small stages are served."""
        roots = np.sqrt([len(members) for members in self._members])
        shares = np.maximum((self.settings.batch * roots / roots.sum()).round().astype(int), 2)
        return np.concatenate(
            [
                self.sampler.choice(members, share, replace=len(members) < share)
                for members, share in zip(self._members, shares, strict=True)
                if len(members)
            ]
        )

    def _set_rates(self) -> None:
        """Half-cosine decay to a twentieth: the end no longer depends on where one stops."""
        progress = self.step / self.settings.steps
        # A plain number: checkpoints are loaded without pickled objects.
        factor = float(0.05 + 0.95 * 0.5 * (1 + np.cos(np.pi * progress)))
        for group, rate in zip(self.optimiser.param_groups, self._rates, strict=True):
            group["lr"] = rate * factor

    def state_dict(self) -> dict[str, Any]:
        """All that the next step depends on."""
        return {
            "step": self.step,
            "model": self.model.state_dict(),
            "critic": self.critic.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "critic_optimiser": self.critic_optimiser.state_dict(),
            "sampler": self.sampler.bit_generator.state,
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.step = int(state["step"])
        self.model.load_state_dict(state["model"])
        self.critic.load_state_dict(state["critic"])
        self.optimiser.load_state_dict(state["optimiser"])
        self.critic_optimiser.load_state_dict(state["critic_optimiser"])
        self.sampler.bit_generator.state = state["sampler"]


@torch.no_grad()
def infer(
    model: Model, features: Features, device: torch.device, block: int = 4096
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Latent Z (n, d) and proportions beta (n, K) of all spots, in blocks."""
    latents, proportions = [], []
    for start in range(0, features.n_spots, block):
        rows = np.arange(start, min(start + block, features.n_spots))
        latent = model.encoder(features.gather(rows, device).inputs)
        latents.append(latent.cpu().numpy())
        proportions.append(model.factors.proportions(latent).cpu().numpy())
    return np.concatenate(latents), np.concatenate(proportions)
