"""The networks of the LGCN form: encoder, decoder, factor head and critic.

Equations: Zhao et al., Nat Genet 58, 1138 (2026). Linear weights start at U(+-sqrt(6/(in+out))),
biases at 0.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn


def _linear(n_in: int, n_out: int, generator: torch.Generator) -> nn.Linear:
    layer = nn.Linear(n_in, n_out)
    bound = math.sqrt(6 / (n_in + n_out))
    with torch.no_grad():
        layer.weight.uniform_(-bound, bound, generator=generator)
        layer.bias.zero_()
    return layer


class Encoder(nn.Module):
    """Latent Z of a spot from its own expression and its neighbourhood's.

    Input: [x, neighbour mean of x] as in the paper and, beside it, the composition of both in
    terms of the starting loadings, all standardised over the reference: (n, 2G + 2K).
    Output: (n, d), rows of length sqrt(d). The geometry loss compares angles only, and a free
    length would carry the depth of a spot into every distance.
    """

    def __init__(
        self, n_inputs: int, n_hidden: int, n_latent: int, generator: torch.Generator
    ) -> None:
        super().__init__()
        self.hidden = _linear(n_inputs, n_hidden, generator)
        self.latent = _linear(n_hidden, n_latent, generator)

    def forward(self, features: Tensor) -> Tensor:
        latent = self.latent(nn.functional.elu(self.hidden(features)))
        return nn.functional.normalize(latent, dim=1) * math.sqrt(latent.shape[1])


class Decoder(nn.Module):
    """Reconstructed expression (n, G) from the latent (n, d) and the slice (n,)."""

    def __init__(
        self,
        n_genes: int,
        n_hidden: int,
        n_latent: int,
        n_slices: int,
        n_embedding: int,
        generator: torch.Generator,
    ) -> None:
        super().__init__()
        self.slices = nn.Parameter(torch.randn(n_slices, n_embedding, generator=generator))
        self.hidden = _linear(n_latent + n_embedding, n_hidden, generator)
        self.output = _linear(n_hidden, n_genes, generator)

    def forward(self, latent: Tensor, slices: Tensor) -> Tensor:
        inputs = torch.cat([latent, self.slices[slices]], dim=1)
        return self.output(nn.functional.elu(self.hidden(inputs)))


class Factors(nn.Module):
    """Factor proportions beta (n, K), loadings B (K, G) and slice-gene effects gamma (S, G).

    beta = softmax(linear(ELU(Z))); rows of B are softmax over genes; gamma is centred over slices,
    since a constant shared by all slices belongs to B.
    """

    def __init__(
        self, loadings: Tensor, effects: Tensor, n_latent: int, generator: torch.Generator
    ) -> None:
        super().__init__()
        self.head = _linear(n_latent, len(loadings), generator)
        self.loading_logits = nn.Parameter(loadings.clamp_min(1e-8).log())
        self.effects = nn.Parameter(effects.clone())

    def proportions(self, latent: Tensor) -> Tensor:
        return torch.softmax(self.head(nn.functional.elu(latent)), dim=1)

    def loadings(self) -> Tensor:
        return torch.softmax(self.loading_logits, dim=1)

    def centred_effects(self) -> Tensor:
        return self.effects - self.effects.mean(dim=0)


class Critic(nn.Module):
    """One score per slice (n, S) for a latent (n, d); only differences of scores have meaning.

    Replaces the paper's chain of S-1 critics: every slice is compared with every other, so that
    the order of slices cannot matter and none is left without a gradient.
    """

    def __init__(
        self, n_latent: int, n_hidden: int, n_slices: int, generator: torch.Generator
    ) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            _linear(n_latent, n_hidden, generator),
            nn.ReLU(),
            _linear(n_hidden, n_hidden, generator),
            nn.ReLU(),
            _linear(n_hidden, n_slices, generator),
        )

    def forward(self, latent: Tensor) -> Tensor:
        return self.layers(latent)
