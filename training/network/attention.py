"""Graph attention over an edge list: memory grows with spots and edges, never with their square.

Equations: Zhao et al., Nat Genet 58, 1138 (2026); one head, after Velickovic et al., ICLR 2018.
"""

from __future__ import annotations

import math
import warnings
from typing import Any

import torch
from torch import Tensor, nn

from training.inputs.edges import Edges
from training.network.precision import widen


class WeightedSum(torch.autograd.Function):
    """sum_j a_ij h_j over edges (i, j): weights a (E,), values h (p, H), result (n, H).

    Products of compressed matrices: an edge's copy of h, E x H numbers, is never made.
    """

    @staticmethod
    def forward(ctx: Any, weights: Tensor, values: Tensor, edges: Edges) -> Tensor:
        ctx.save_for_backward(weights, values)
        ctx.edges = edges
        return _matrix(edges.starts, edges.sources, weights, edges.shape) @ values

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, Tensor | None, None]:
        weights, values = ctx.saved_tensors
        edges: Edges = ctx.edges
        gradient = gradients[0].contiguous()
        of_weights = of_values = None
        if ctx.needs_input_grad[0]:
            pattern = _matrix(edges.starts, edges.sources, torch.zeros_like(weights), edges.shape)
            dots = torch.sparse.sampled_addmm(pattern, gradient, values.T.contiguous(), beta=0.0)
            of_weights = dots.values()
        if ctx.needs_input_grad[1]:
            n, p = edges.shape
            flipped = _matrix(
                edges.flipped_starts, edges.flipped_targets, weights[edges.order], (p, n)
            )
            of_values = flipped @ gradient
        return of_weights, of_values, None


def _matrix(starts: Tensor, indices: Tensor, values: Tensor, shape: tuple[int, int]) -> Tensor:
    with warnings.catch_warnings():
        # Torch calls its compressed layout a beta.
        warnings.simplefilter("ignore", UserWarning)
        return torch.sparse_csr_tensor(starts, indices, values, shape, check_invariants=False)


class GraphAttention(nn.Module):
    """One head: h = linear(x), logit e_ij = sigmoid(v0.h_i + v1.h_j) - 1/2, sum_j softmax_j(e) h_j.

    Linear and attention weights start at U(+-sqrt(6/(in+out))), biases at 0.
    """

    def __init__(self, n_in: int, n_out: int, generator: torch.Generator) -> None:
        super().__init__()
        self.linear = nn.Linear(n_in, n_out)
        self.target = nn.Parameter(torch.empty(n_out))
        self.source = nn.Parameter(torch.empty(n_out))
        with torch.no_grad():
            bound = math.sqrt(6 / (n_in + n_out))
            self.linear.weight.uniform_(-bound, bound, generator=generator)
            self.linear.bias.zero_()
            bound = math.sqrt(6 / (n_out + 1))
            self.target.uniform_(-bound, bound, generator=generator)
            self.source.uniform_(-bound, bound, generator=generator)

    def forward(self, inputs: Tensor, edges: Edges) -> Tensor:
        """Output (n, n_out) of the n spots that attend, from inputs (p, n_in).

        Every spot needs an edge, at least that to itself.
        """
        hidden = widen(self.linear(inputs))
        # Products of compressed matrices exist in full precision only.
        with torch.autocast(hidden.device.type, enabled=False):
            weights = self.attend(hidden, edges)
            mixed: Tensor = WeightedSum.apply(weights, hidden, edges)
        return mixed

    def attend(self, hidden: Tensor, edges: Edges) -> Tensor:
        """Attention (E,) of every edge; sums to 1 over the edges of one spot."""
        n, _ = edges.shape
        own = (hidden[:n] @ self.target)[edges.targets]
        other = (hidden @ self.source)[edges.sources]
        # Logits lie within +-1/2, so that their exponentials are safe as they are.
        powers = (torch.sigmoid(own + other) - 0.5).exp()
        sums = torch.zeros(n, dtype=powers.dtype, device=powers.device)
        sums = sums.index_add(0, edges.targets, powers)
        return powers / sums[edges.targets]
