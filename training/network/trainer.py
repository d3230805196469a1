"""The training loop: critic step, network step, named losses; its state can be resumed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from training.inputs.features import Batch, Features
from training.inputs.resident import Resident, place_features
from training.network.losses import Losses
from training.network.model import Model as Model
from training.network.model import Networks
from training.network.objective import Objective
from training.network.precision import mixed, widen
from training.processes.tensors import repeatable

if TYPE_CHECKING:
    from training.config import LossConfig, TrainConfig
    from training.processes.crew import Crew


class Trainer:
    """Steps a model over batches.

    Its whole state is in `state_dict`, random generators included, so that a resumed run repeats
    the unbroken one bit for bit on a CPU.

    With a `crew` every process draws the same batch, takes its spots of it, and ends the step with
    the same parameters.
    """

    def __init__(
        self,
        features: Features,
        model: Networks,
        settings: TrainConfig,
        weights: LossConfig,
        n_critic: int,
        generator: torch.Generator,
        device: torch.device,
        objective: Objective | None = None,
        crew: Crew | None = None,
    ) -> None:
        self.features, self.settings, self.weights = features, settings, weights
        self.device, self.crew = device, crew
        self.source = place_features(features, device, settings.precision != "float32")
        self.n_slices = int(features.slices.max()) + 1
        self.objective = objective or Objective(settings, self.n_slices)
        self.model = model.to(device)
        n_latent = model.encoder.latent.out_features
        self.critic = self.objective.make_critic(n_latent, n_critic, generator).to(device)
        self.optimiser = torch.optim.Adamax(self.objective.groups(model))
        self.critic_optimiser = torch.optim.Adam(
            self.critic.parameters(),
            lr=settings.critic_rate,
            weight_decay=settings.weight_decay,
        )
        self._rates = [group["lr"] for group in self.optimiser.param_groups]
        self.sampler = np.random.Generator(np.random.PCG64(settings.seed))
        self._members = [np.flatnonzero(features.slices == s) for s in range(self.n_slices)]
        self._whole: Batch | None = None
        self.step = 0

    def run(self) -> Iterator[Losses]:
        """Take the remaining steps, yielding the losses of each."""
        while self.step < self.settings.steps:
            with repeatable(self.device, self.settings.deterministic):
                losses = self.take_step()
            yield losses

    def take_step(self) -> Losses:
        """One critic step, then one network step, on one batch."""
        self._set_rates()
        batch = self._next_batch()
        precision = self.settings.precision
        with mixed(precision, self.device):
            latent = widen(self.model.encode(batch))
        if self.n_slices > 1:
            self.critic_optimiser.zero_grad(set_to_none=True)
            # The critic learns from detached latents: no gradient of the encoder is computed
            # only to be thrown away.
            own = batch.own(latent).detach()
            loss = self.objective.critic_loss(
                self.critic, own, batch.slices, self.step, batch.share
            )
            loss.backward()
            self._add_gradients(self.critic)
            self.critic_optimiser.step()
        self.critic.requires_grad_(False)
        losses = self.objective.losses(self.model, self.critic, batch, latent, self.step)
        self.critic.requires_grad_(True)
        total = sum(
            (getattr(self.weights, name) * value for name, value in losses._asdict().items()),
            start=torch.zeros((), device=self.device),
        )
        self.optimiser.zero_grad(set_to_none=True)
        total.backward()
        self._add_gradients(self.model)
        self.optimiser.step()
        self.step += 1
        return Losses(*(value.detach() for value in losses))

    def _next_batch(self) -> Batch:
        if not self.objective.full_batch:
            return self._gather(self._draw())
        if self._whole is None:
            self._whole = self._gather(np.arange(self.features.n_spots))
        return self._whole

    def _gather(self, rows: NDArray[np.int64]) -> Batch:
        if self.crew is None:
            return self.source.gather(rows, self.device)
        batch = self.source.gather(self.crew.choose(rows), self.device)
        return replace(batch, share=self.crew.share(len(rows)))

    def _add_gradients(self, module: nn.Module) -> None:
        if self.crew is not None:
            self.crew.add_gradients(module.parameters())

    def _draw(self) -> NDArray[np.int64]:
        return self.objective.draw(self._members, self.sampler)

    def _set_rates(self) -> None:
        factor = self.objective.rate(self.step)
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
    model: Networks, features: Features | Resident, device: torch.device, block: int = 4096
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Latent Z (n, d) and proportions beta (n, K) of all spots, in blocks."""
    latents, proportions = [], []
    for start in range(0, features.n_spots, block):
        rows = np.arange(start, min(start + block, features.n_spots))
        batch = features.gather(rows, device, hops=1)
        latent = model.encode(batch)[: len(rows)]
        latents.append(latent.cpu().numpy())
        proportions.append(model.proportions(latent, batch.slices).cpu().numpy())
    return np.concatenate(latents), np.concatenate(proportions)
