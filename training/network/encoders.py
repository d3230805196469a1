"""The networks: two encoders, decoder, factor head and critic.

Equations: Zhao et al., Nat Genet 58, 1138 (2026). Linear weights start at U(+-sqrt(6/(in+out))),
biases at 0.
"""

from __future__ import annotations

import math

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from training.inputs.edges import Edges
from training.inputs.encoding import Encoding
from training.inputs.features import Batch
from training.network.attention import GraphAttention
from training.network.slicerows import take_rows


def linear(n_in: int, n_out: int, generator: torch.Generator) -> nn.Linear:
    layer = nn.Linear(n_in, n_out)
    bound = math.sqrt(6 / (n_in + n_out))
    with torch.no_grad():
        layer.weight.uniform_(-bound, bound, generator=generator)
        layer.bias.zero_()
    return layer


class Encoder(nn.Module):
    """Latent Z of a spot from its composition and its neighbourhood's.

    Z = W u + V ELU(U u): a straight path that begins at the principal axes of the compositions,
    beside a hidden layer that begins at nothing. The latent is good linear algebra from the first
    step on, and what training adds is what the losses ask for. An encoder that `attends` has
    attention to the neighbours' compositions in the place of U.

    Input: (n, I) of `Features.inputs`, or (p, I) of the spots that attend and, after them, of those
    they attend to. Output: (n, d).
    """

    def __init__(
        self,
        n_inputs: int,
        n_hidden: int,
        n_latent: int,
        generator: torch.Generator,
        attends: bool = False,
    ) -> None:
        super().__init__()
        self.attends = attends
        self.straight = linear(n_inputs, n_latent, generator)
        self.hidden = hidden_layer(n_inputs, n_hidden, generator, attends)
        self.latent = silent(linear(n_hidden, n_latent, generator))

    def forward(self, features: Tensor, edges: Edges | None = None) -> Tensor:
        hidden = self.hidden(features, edges) if self.attends else self.hidden(features)
        learnt = self.latent(nn.functional.elu(hidden))
        return self.straight(features[: len(learnt)]) + learnt


def hidden_layer(
    n_inputs: int, n_hidden: int, generator: torch.Generator, attends: bool
) -> nn.Linear | GraphAttention:
    """The first layer of an encoder: of each spot alone, or attending to its neighbours."""
    kind = GraphAttention if attends else linear
    return kind(n_inputs, n_hidden, generator)


def silent(layer: nn.Linear) -> nn.Linear:
    """A layer whose output is 0 until it has learnt."""
    with torch.no_grad():
        layer.weight.zero_()
    return layer


def principal_axes(inputs: NDArray[np.floating], n_latent: int) -> NDArray[np.float32]:
    """Weights (d, I) of the leading principal axes of centred inputs (n, I).

    Their outputs have variance 1 on average, the leading ones more. Where there are fewer axes
    than latent dimensions the rest begin at 0.
    """
    covariance = np.zeros((inputs.shape[1], inputs.shape[1]))
    for start in range(0, len(inputs), 100_000):
        block = inputs[start : start + 100_000].astype(np.float64)
        covariance += block.T @ block
    sizes, vectors = np.linalg.eigh(covariance / max(len(inputs), 1))
    keep = np.argsort(-sizes, kind="stable")[:n_latent]
    axes = vectors[:, keep]
    axes *= np.sign(axes[np.abs(axes).argmax(axis=0), np.arange(len(keep))])
    axes /= np.sqrt(max(sizes[keep].mean(), 1e-12))
    weights = np.zeros((n_latent, inputs.shape[1]), dtype=np.float32)
    weights[: len(keep)] = axes.T
    return weights


class GeneEncoder(nn.Module):
    """Latent Z of a spot from genes, its own expression and its neighbourhood's.

    Input: [x, neighbour mean of x] as in the paper and, beside it, the composition of both in
    terms of the starting loadings, all standardised over the reference: (n, 2G + 2K); or, for an
    encoder that `attends`, what is known of each spot alone, (p, G + K) of the spots that attend
    and, after them, of those they attend to.
    Output: (n, d), rows of length sqrt(d). The geometry loss compares angles only, and a free
    length would carry the depth of a spot into every distance. The paper's form has no `sphere`
    and no compositions.
    """

    def __init__(
        self,
        n_inputs: int,
        n_hidden: int,
        n_latent: int,
        generator: torch.Generator,
        attends: bool = False,
        sphere: bool = True,
    ) -> None:
        super().__init__()
        self.attends, self.sphere = attends, sphere
        self.hidden = hidden_layer(n_inputs, n_hidden, generator, attends)
        self.latent = linear(n_hidden, n_latent, generator)

    def forward(self, features: Tensor, edges: Edges | None = None) -> Tensor:
        hidden = self.hidden(features, edges) if self.attends else self.hidden(features)
        latent = self.latent(nn.functional.elu(hidden))
        return on_sphere(latent) if self.sphere else latent


def on_sphere(latent: Tensor) -> Tensor:
    """Rows (n, d) scaled to length sqrt(d)."""
    return nn.functional.normalize(latent, dim=1) * math.sqrt(latent.shape[1])


def build_encoder(
    encoding: Encoding, n_inputs: int, n_hidden: int, n_latent: int, generator: torch.Generator
) -> Encoder | GeneEncoder:
    """The encoder of that name; the paper's form leaves the latent off the sphere."""
    attends = encoding.encoder == "gat"
    if encoding.composed:
        return Encoder(n_inputs, n_hidden, n_latent, generator, attends)
    return GeneEncoder(n_inputs, n_hidden, n_latent, generator, attends, not encoding.paper)


def encode(encoder: Encoder | GeneEncoder, batch: Batch) -> Tensor:
    """Latent (q, d) of a batch's spots and, after them, of those its decoder attends to."""
    if encoder.attends:
        return encoder(batch.inputs, batch.edges[0])
    return encoder(batch.inputs)


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
        self.hidden = linear(n_latent + n_embedding, n_hidden, generator)
        self.output = linear(n_hidden, n_genes, generator)

    def forward(self, latent: Tensor, slices: Tensor) -> Tensor:
        inputs = torch.cat([latent, take_rows(self.slices, slices)], dim=1)
        return self.output(nn.functional.elu(self.hidden(inputs)))


class Factors(nn.Module):
    """Factor proportions beta (n, K), loadings B (K, G) and slice-gene effects gamma (S, G).

    beta = softmax(linear(ELU(Z))), of [Z, slice embedding] in a model across platforms; rows of B
    are softmax over genes; gamma is centred over slices, since a constant shared by all slices
    belongs to B. With `measured` (S, G) they are the slices that measured a gene, and gamma of the
    others is 0.
    """

    measured: Tensor | None

    def __init__(
        self,
        loadings: Tensor,
        effects: Tensor,
        n_inputs: int,
        generator: torch.Generator,
        measured: Tensor | None = None,
    ) -> None:
        super().__init__()
        self.head = linear(n_inputs, len(loadings), generator)
        self.loading_logits = nn.Parameter(loadings.clamp_min(1e-8).log())
        self.effects = nn.Parameter(effects.clone())
        # Known from the slices: no part of a checkpoint.
        self.register_buffer("measured", measured, persistent=False)

    def proportions(self, inputs: Tensor) -> Tensor:
        """beta (n, K) of what `Networks.see` gives of spots."""
        return torch.softmax(self.head(nn.functional.elu(inputs)), dim=1)

    def loadings(self) -> Tensor:
        return torch.softmax(self.loading_logits, dim=1)

    def slice_effects(self) -> Tensor:
        """gamma (S, G) as it enters the rate."""
        return self.centred_effects()

    def centred_effects(self) -> Tensor:
        if self.measured is None:
            return self.effects - self.effects.mean(dim=0)
        seen = self.measured.to(self.effects)
        mean = (self.effects * seen).sum(dim=0) / seen.sum(dim=0).clamp_min(1)
        return (self.effects - mean) * seen


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
            linear(n_latent, n_hidden, generator),
            nn.ReLU(),
            linear(n_hidden, n_hidden, generator),
            nn.ReLU(),
            linear(n_hidden, n_slices, generator),
        )

    def forward(self, latent: Tensor) -> Tensor:
        return self.layers(latent)
