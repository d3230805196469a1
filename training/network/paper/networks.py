"""The networks that only the paper's form has: chain of critics, attention decoder, free start.

Equations: Zhao et al., Nat Genet 58, 1138 (2026).
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from training.config import ModelConfig
from training.inputs.edges import Edges
from training.inputs.encoding import Encoding
from training.inputs.features import Batch, input_size
from training.network.attention import GraphAttention
from training.network.encoders import Decoder, Factors, build_encoder, linear
from training.network.model import Networks, head_inputs
from training.network.slicerows import take_rows

SCORE_LIMIT = 50.0


class PaperCritic(nn.Module):
    """One score (n,) for a latent (n, d), within +-50."""

    def __init__(self, n_latent: int, n_hidden: int, generator: torch.Generator) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            linear(n_latent, n_hidden, generator),
            nn.ReLU(),
            linear(n_hidden, n_hidden, generator),
            nn.ReLU(),
            linear(n_hidden, 1, generator),
        )

    def forward(self, latent: Tensor) -> Tensor:
        return self.layers(latent).squeeze(1).clamp(-SCORE_LIMIT, SCORE_LIMIT)


class CriticChain(nn.Module):
    """S-1 critics; critic s takes slice s for real and slice s+1 for fake."""

    def __init__(
        self, n_latent: int, n_hidden: int, n_slices: int, generator: torch.Generator
    ) -> None:
        super().__init__()
        # An optimiser wants parameters even where one slice leaves nothing to compare.
        self.critics = nn.ModuleList(
            PaperCritic(n_latent, n_hidden, generator) for _ in range(max(n_slices - 1, 1))
        )

    def real(self, parts: list[Tensor]) -> list[Tensor]:
        """Scores of slices 0..S-2 from their latents (n_s, d)."""
        return [critic(part) for critic, part in zip(self.critics, parts[:-1], strict=True)]

    def fake(self, parts: list[Tensor]) -> list[Tensor]:
        """Scores of slices 1..S-1, each by the critic of the slice before."""
        return [critic(part) for critic, part in zip(self.critics, parts[1:], strict=True)]


class AttentionDecoder(nn.Module):
    """Reconstructed expression (m, G): [Z, slice embedding], attention, ELU, linear.

    It attends over the same neighbours as the encoder. A batch therefore holds two hops: with its
    own spots for neighbours only, a thin sample would decode almost every spot from itself alone.
    """

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
        self.hidden = GraphAttention(n_latent + n_embedding, n_hidden, generator)
        self.output = linear(n_hidden, n_genes, generator)

    def forward(self, latent: Tensor, slices: Tensor, edges: Edges) -> Tensor:
        """From the latent (q, d) and slices (q,) of all that are attended to."""
        inputs = torch.cat([latent, take_rows(self.slices, slices)], dim=1)
        return self.output(nn.functional.elu(self.hidden(inputs, edges)))


class PaperFactors(Factors):
    """Loading logits from U(+-sqrt(6/(K+G))), gamma from 0 and not centred."""

    def __init__(
        self, n_factors: int, n_genes: int, n_slices: int, n_inputs: int, generator: torch.Generator
    ) -> None:
        bound = math.sqrt(6 / (n_factors + n_genes))
        logits = torch.empty(n_factors, n_genes).uniform_(-bound, bound, generator=generator)
        super().__init__(
            torch.softmax(logits, dim=1), torch.zeros(n_slices, n_genes), n_inputs, generator
        )
        # The logits themselves: weight decay pulls on them, constants of rows included.
        with torch.no_grad():
            self.loading_logits.copy_(logits)

    def slice_effects(self) -> Tensor:
        return self.effects


class PaperModel(Networks):
    """Encoder of either kind without a sphere, the decoder that goes with it, random factors."""

    def __init__(
        self,
        shape: ModelConfig,
        encoding: Encoding,
        n_slices: int,
        n_genes: int,
        generator: torch.Generator,
    ) -> None:
        super().__init__()
        n_hidden, n_latent = shape.n_hidden, shape.n_latent
        n_inputs = input_size(encoding, n_genes, shape.n_factors)
        self.encoder = build_encoder(encoding, n_inputs, n_hidden, n_latent, generator)
        kind = AttentionDecoder if encoding.encoder == "gat" else Decoder
        self.decoder = kind(
            n_genes, n_hidden, n_latent, n_slices, shape.n_slice_embedding, generator
        )
        self.across_platforms = shape.across_platforms
        self.factors = PaperFactors(
            shape.n_factors, n_genes, n_slices, head_inputs(shape), generator
        )

    def decode(self, latent: Tensor, batch: Batch) -> Tensor:
        if isinstance(self.decoder, AttentionDecoder):
            return self.decoder(latent, batch.node_slices, batch.edges[1])
        return super().decode(latent, batch)
