"""One training step of the published model in its dense form, for its cost beside ours.

Equations: Zhao et al., Nat Genet 58, 1138 (2026). Everything that can be dense is: features in
double precision, converted at every step; the rate matrix; cosines between all pairs of spots; the
attention of all spots to all. The critic's step goes back through the encoder, as published.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch
from numpy.typing import NDArray
from step_data import Spots
from torch import Tensor, nn
from torch.nn.functional import elu, softplus

from training.inputs.graph import normalise_adjacency

HIDDEN, LATENT, EMBEDDING = 512, 32, 4
RATE, DECAY = 5e-4, 1e-4


class DenseAttention(nn.Module):
    """h = linear(x), logits sigmoid(v0.h_i + v1.h_j) - 1/2, softmax over neighbours; all N x N."""

    def __init__(self, n_in: int, n_out: int) -> None:
        super().__init__()
        self.linear = nn.Linear(n_in, n_out)
        self.target = nn.Parameter(torch.randn(n_out, 1) / n_out**0.5)
        self.source = nn.Parameter(torch.randn(n_out, 1) / n_out**0.5)

    def forward(self, inputs: Tensor, near: Tensor) -> Tensor:
        """Output (N, n_out) of inputs (N, n_in); near: (N, N), true for neighbours."""
        hidden = self.linear(inputs)
        logits = torch.sigmoid(hidden @ self.target + (hidden @ self.source).T) - 0.5
        return torch.softmax(logits.masked_fill(~near, -torch.inf), dim=1) @ hidden


class DenseModel(nn.Module):
    """Encoder, decoder and factors of either kind, with S - 1 critics beside them."""

    def __init__(self, attends: bool, n_genes: int, n_slices: int, n_factors: int) -> None:
        super().__init__()
        self.attends = attends
        if attends:
            self.encode_hidden: nn.Module = DenseAttention(n_genes, HIDDEN)
            self.decode_hidden: nn.Module = DenseAttention(LATENT + EMBEDDING, HIDDEN)
        else:
            self.encode_hidden = nn.Linear(2 * n_genes, HIDDEN)
            self.decode_hidden = nn.Linear(LATENT + EMBEDDING, HIDDEN)
        self.latent = nn.Linear(HIDDEN, LATENT)
        self.output = nn.Linear(HIDDEN, n_genes)
        self.slices = nn.Parameter(torch.randn(n_slices, EMBEDDING))
        self.head = nn.Linear(LATENT, n_factors)
        self.loadings = nn.Parameter(torch.randn(n_factors, n_genes) * 0.05)
        self.effects = nn.Parameter(torch.zeros(n_slices, n_genes))

    def encode(self, inputs: Tensor, near: Tensor | None) -> Tensor:
        return self.latent(elu(self._hidden(self.encode_hidden, inputs, near)))

    def decode(self, latent: Tensor, index: int, near: Tensor | None) -> Tensor:
        embedding = self.slices[index].expand(len(latent), -1)
        inputs = torch.cat([latent, embedding], dim=1)
        return self.output(elu(self._hidden(self.decode_hidden, inputs, near)))

    def log_rate(self, latent: Tensor, index: int) -> Tensor:
        proportions = torch.softmax(self.head(elu(latent)), dim=1)
        loadings = torch.softmax(self.loadings, dim=1)
        return torch.log(proportions @ loadings + 1e-6) + self.effects[index]

    def _hidden(self, layer: nn.Module, inputs: Tensor, near: Tensor | None) -> Tensor:
        return layer(inputs, near) if self.attends else layer(inputs)


class DenseStep:
    """Steps of the dense form: minibatches with [x, Ãx], or attention over whole slices.

    Args:
        spots: of slices of one size; batch: spots of each slice in a step, None for whole slices
            with attention; device: of everything but the features, which the host converts.
    """

    def __init__(
        self,
        spots: Spots,
        batch: int | None,
        n_factors: int,
        seed: int = 0,
        device: torch.device = torch.device("cpu"),
    ) -> None:
        torch.manual_seed(seed)
        self.device = device
        self.batch, self.sampler = batch, np.random.default_rng(seed)
        n_genes, n_slices = spots.counts.shape[1], int(spots.slices.max()) + 1
        mean = normalise_adjacency(spots.adjacency) @ spots.expression
        members = [np.flatnonzero(spots.slices == index) for index in range(n_slices)]
        self.counts = [_dense(spots.counts[own]) for own in members]
        self.inputs = [_dense(spots.expression[own]) for own in members]
        self.near: list[Tensor | None] = [None] * n_slices
        if batch is None:
            self.near = [
                torch.from_numpy(spots.adjacency[own][:, own].toarray() > 0).to(device)
                for own in members
            ]
        else:
            self.inputs = [
                np.hstack([own, _dense(mean[rows])])
                for own, rows in zip(self.inputs, members, strict=True)
            ]
        self.n_genes = n_genes
        self.model = DenseModel(batch is None, n_genes, n_slices, n_factors).to(device)
        self.critics = nn.ModuleList(_make_critic() for _ in range(n_slices - 1)).to(device)
        self.optimiser = torch.optim.Adamax(self.model.parameters(), RATE, weight_decay=DECAY)
        self.critic_optimiser = torch.optim.Adam(
            self.critics.parameters(), RATE, weight_decay=DECAY
        )

    def take_step(self) -> float:
        """One critic step, one network step; returns the network's loss."""
        parts = list(self._draw())
        latents = [
            self.model.encode(inputs, near)
            for (inputs, _), near in zip(parts, self.near, strict=True)
        ]
        self.critic_optimiser.zero_grad()
        self._critic_loss(latents).backward()
        self.critic_optimiser.step()
        self.optimiser.zero_grad()
        loss = torch.zeros((), device=self.device)
        latents = []
        for index, (inputs, counts) in enumerate(parts):
            latents.append(self.model.encode(inputs, self.near[index]))
            loss = loss + self._own_loss(index, latents[-1], inputs[:, : self.n_genes], counts)
        usage = torch.cat([torch.softmax(self.model.head(elu(z)), dim=1) for z in latents])
        loss = loss - 4 * torch.log(usage.mean(dim=0) + 1e-6).sum()
        for critic, fake in zip(self.critics, latents[1:], strict=True):
            loss = loss + softplus(-critic(fake).clamp(-50, 50)).mean()
        loss.backward()
        self.optimiser.step()
        return float(loss.detach())

    def _draw(self) -> Iterator[tuple[Tensor, Tensor]]:
        """Inputs and counts of every slice in single precision, converted here and now."""
        for inputs, counts in zip(self.inputs, self.counts, strict=True):
            rows: NDArray[np.intp] | slice = slice(None)
            if self.batch is not None:
                rows = self.sampler.integers(0, len(inputs), self.batch)
            yield (
                torch.tensor(inputs[rows], dtype=torch.float32, device=self.device),
                torch.tensor(counts[rows], dtype=torch.float32, device=self.device),
            )

    def _critic_loss(self, latents: list[Tensor]) -> Tensor:
        loss = torch.zeros((), device=self.device)
        for critic, real, fake in zip(self.critics, latents[:-1], latents[1:], strict=True):
            loss = loss + softplus(-critic(real).clamp(-50, 50)).mean()
            loss = loss + softplus(critic(fake).clamp(-50, 50)).mean()
        return loss

    def _own_loss(self, index: int, latent: Tensor, expression: Tensor, counts: Tensor) -> Tensor:
        """Poisson, feature and geometry terms of one slice."""
        log_rate = self.model.log_rate(latent, index)
        depth = counts.sum(dim=1, keepdim=True)
        fit = counts * (torch.log(depth + 1e-6) + log_rate) - depth * log_rate.exp()
        decoded = self.model.decode(latent, index, self.near[index])
        geometry = (_cosines(latent) - _cosines(expression)).square().sum(dim=1).mean()
        return -fit.sum(dim=1).mean() + (expression - decoded).norm(dim=1).mean() + 0.02 * geometry


def _cosines(rows: Tensor) -> Tensor:
    unit = nn.functional.normalize(rows, dim=1)
    return unit @ unit.T


def _dense(matrix: object) -> NDArray[np.float64]:
    return matrix.toarray().astype(np.float64)  # type: ignore[attr-defined]


def _make_critic() -> nn.Module:
    return nn.Sequential(
        nn.Linear(LATENT, HIDDEN),
        nn.ReLU(),
        nn.Linear(HIDDEN, HIDDEN),
        nn.ReLU(),
        nn.Linear(HIDDEN, 1),
    )
