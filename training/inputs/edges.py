"""Neighbours as edges that attention runs along."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import sparse
from torch import Tensor

from training.processes.tensors import to_tensor


@dataclass(frozen=True)
class Edges:
    """Edges of an (n, p) adjacency, in compressed rows both ways.

    Spot i of n attends to `sources[starts[i] : starts[i + 1]]`, which are among p spots whose
    first n are those that attend.

    Attributes:
        starts: (n + 1,); sources, targets: (E,) ascending by target.
        flipped_starts: (p + 1,), flipped_targets: (E,) the same edges ascending by source;
        order: (E,) their places in `sources`.
    """

    starts: Tensor
    sources: Tensor
    targets: Tensor
    flipped_starts: Tensor
    flipped_targets: Tensor
    order: Tensor

    @property
    def shape(self) -> tuple[int, int]:
        """n spots that attend, p spots that are attended to."""
        return len(self.starts) - 1, len(self.flipped_starts) - 1


def make_edges(adjacency: sparse.csr_matrix, device: torch.device) -> Edges:
    """Edges of an (n, p) adjacency whose weights are not looked at."""
    n, p = adjacency.shape
    numbered = sparse.csr_matrix(
        (np.arange(adjacency.nnz), adjacency.indices, adjacency.indptr), shape=(n, p)
    )
    flipped = numbered.tocsc()

    def place(values: NDArray[np.integer]) -> Tensor:
        return to_tensor(np.ascontiguousarray(values, dtype=np.int64), device)

    return Edges(
        starts=place(adjacency.indptr),
        sources=place(adjacency.indices),
        targets=place(np.repeat(np.arange(n), np.diff(adjacency.indptr))),
        flipped_starts=place(flipped.indptr),
        flipped_targets=place(flipped.indices),
        order=place(flipped.data),
    )
