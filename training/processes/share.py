"""What one process holds of a batch, and sums over the whole of it.

Every loss is a function of sums over spots. A process sums its own spots, the sums of all are
added, and each goes on with the same totals. The derivative of a loss by its total is then known to
each, and the gradient of a process is what its own spots add to that of the whole batch: the sum of
gradients over processes is the gradient of the whole, exactly.

torch's DistributedDataParallel averages the gradients of a loss that each process computes from its
own spots through one module's `forward`. Ours depend on totals in between, encoder, decoder,
factors and critic are called apart, and there are two optimisers; a sum of gradients is all that is
left to do. It does not overlap with the backward pass, which matters little for parameters of a few
megabytes.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor


class Share:
    """All of a batch, in one process: totals are what they are totals of."""

    def total(self, sums: Tensor) -> Tensor:
        """Sum over processes of a tensor that has one shape in all of them."""
        return sums

    def length(self, rows: Tensor) -> int:
        """Spots of the whole batch, of which this process holds `rows`."""
        return len(rows)

    def gather(self, rows: Tensor) -> Tensor:
        """The rows of the whole batch, in any order and without a gradient."""
        return rows


WHOLE = Share()


class PartOfBatch(Share):
    """Spots rank, rank + size, rank + 2 size, … of a batch of n spots that `size` processes share.

    Slices lie one after another in a batch, so that each process has its part of each of them.
    """

    def __init__(self, n: int, rank: int, size: int) -> None:
        self.n, self.rank, self.size = n, rank, size

    def total(self, sums: Tensor) -> Tensor:
        total: Tensor = _Total.apply(sums)
        return total

    def length(self, rows: Tensor) -> int:
        return self.n

    def gather(self, rows: Tensor) -> Tensor:
        import torch.distributed as dist

        lengths = [len(range(rank, self.n, self.size)) for rank in range(self.size)]
        own, longest = rows.detach(), max(lengths)
        # All processes must send tensors of one shape.
        padded = torch.zeros((longest, *rows.shape[1:]), dtype=rows.dtype, device=rows.device)
        padded[: len(own)] = own
        parts = [torch.empty_like(padded) for _ in range(self.size)]
        dist.all_gather(parts, padded)
        return torch.cat([part[:m] for part, m in zip(parts, lengths, strict=True)])


class _Total(torch.autograd.Function):
    """Sum over processes; the gradient of a total is that of each of its parts."""

    @staticmethod
    def forward(ctx: Any, sums: Tensor) -> Tensor:
        import torch.distributed as dist

        total = sums.detach().clone()
        dist.all_reduce(total)
        return total

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Tensor:
        return gradients[0]
