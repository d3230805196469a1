"""Everything that is fitted but the critic."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from training.inputs.encoding import Encoding
from training.inputs.features import Batch, input_size
from training.network.encoders import Decoder, Encoder, Factors, GeneEncoder, build_encoder, encode
from training.network.slicerows import take_rows

if TYPE_CHECKING:
    from training.config import ModelConfig


class Networks(nn.Module):
    """What the loop and inference know of a model."""

    encoder: Encoder | GeneEncoder
    decoder: nn.Module
    factors: Factors
    across_platforms = False
    """Whether the factor head sees the slice a spot is in, by the decoder's embedding of it."""

    def encode(self, batch: Batch) -> Tensor:
        """Latent (q, d), the batch's own spots first."""
        return encode(self.encoder, batch)

    def decode(self, latent: Tensor, batch: Batch) -> Tensor:
        """Reconstructed expression (m, G) from the latent (q, d) of `encode`.

        A spot is decoded from its own latent: what its neighbours say is in there already.
        """
        reconstruction: Tensor = self.decoder(batch.own(latent), batch.slices)
        return reconstruction

    def see(self, latent: Tensor, slices: Tensor) -> Tensor:
        """What the factor head is given of spots: Z (n, d), or [Z, slice embedding] (n, d + e)
        across platforms, of slices (n,)."""
        if not self.across_platforms:
            return latent
        embedding = self.decoder.slices
        assert isinstance(embedding, Tensor)
        return torch.cat([latent, take_rows(embedding, slices)], dim=1)

    def proportions(self, latent: Tensor, slices: Tensor) -> Tensor:
        """Factor proportions beta (n, K) of spots with latent (n, d) in slices (n,)."""
        return self.factors.proportions(self.see(latent, slices))


def head_inputs(shape: ModelConfig) -> int:
    """Width of what `Networks.see` gives the factor head."""
    return shape.n_latent + (shape.n_slice_embedding if shape.across_platforms else 0)


class Model(Networks):
    """Encoder of either kind, decoder and factors, beginning at given loadings and effects.

    Args:
        shape: `shape.encoder` may no longer be "auto".
        loadings: (K, G); effects: (S, G).
        axes: (d, I) weights that the encoder's straight path begins at, where it has one.
        measured: (S, G) where some slices did not measure all genes.
    """

    def __init__(
        self,
        shape: ModelConfig,
        n_slices: int,
        loadings: Tensor,
        effects: Tensor,
        generator: torch.Generator,
        axes: Tensor | None = None,
        measured: Tensor | None = None,
    ) -> None:
        super().__init__()
        n_factors, n_genes = loadings.shape
        encoding = Encoding(shape.encoder, inputs=shape.inputs)
        n_inputs = input_size(encoding, n_genes, n_factors)
        self.encoder = build_encoder(encoding, n_inputs, shape.n_hidden, shape.n_latent, generator)
        if axes is not None and isinstance(self.encoder, Encoder):
            with torch.no_grad():
                self.encoder.straight.weight.copy_(axes)
        self.decoder = Decoder(
            n_genes, shape.n_hidden, shape.n_latent, n_slices, shape.n_slice_embedding, generator
        )
        self.across_platforms = shape.across_platforms
        self.factors = Factors(loadings, effects, head_inputs(shape), generator, measured)
