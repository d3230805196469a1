"""What the networks are fed: counts, expression and its neighbourhood mean, gathered by batch."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import sparse
from torch import Tensor


@dataclass(frozen=True)
class Scaling:
    """Mean and standard deviation (2G + 2K,) of the encoder's inputs over the reference."""

    mean: NDArray[np.float32]
    deviation: NDArray[np.float32]


@dataclass(frozen=True)
class Features:
    """All spots of a fit or a query, kept sparse; a batch is made dense when it is drawn.

    Attributes:
        counts: (n, G) CSR counts of the fitted genes.
        expression: (n, G) CSR log1p expression x with gamma taken off.
        neighbourhood: (n, G) CSR of the normalised adjacency times x.
        composition: (n, 2K) square roots of the proportions that the starting loadings explain
            the spot with, and of its neighbourhood's.
        slices: (n,) slice index.
        scaling: how the encoder's input is standardised.
    """

    counts: sparse.csr_matrix
    expression: sparse.csr_matrix
    neighbourhood: sparse.csr_matrix
    composition: NDArray[np.float32]
    slices: NDArray[np.int64]
    scaling: Scaling

    @property
    def n_spots(self) -> int:
        return self.counts.shape[0]

    def gather(self, rows: NDArray[np.integer], device: torch.device) -> Batch:
        """The dense batch of some spots."""
        expression = self.expression[rows].toarray()
        inputs = np.hstack([expression, self.neighbourhood[rows].toarray(), self.composition[rows]])
        inputs -= self.scaling.mean
        inputs /= self.scaling.deviation
        # A few extreme genes must not drive a whole spot.
        np.clip(inputs, -10, 10, out=inputs)
        # K proportions stand beside G genes; this gives both an equal say at the start.
        n_composition = self.composition.shape[1]
        inputs[:, -n_composition:] *= np.sqrt(2 * expression.shape[1] / n_composition)
        return Batch(
            counts=torch.from_numpy(self.counts[rows].toarray()).to(device),
            expression=torch.from_numpy(expression).to(device),
            inputs=torch.from_numpy(inputs).to(device),
            slices=torch.from_numpy(self.slices[rows]).to(device),
        )


@dataclass(frozen=True)
class Batch:
    """Dense tensors of a batch: counts, expression (m, G), inputs (m, 2G + 2K), slices (m,)."""

    counts: Tensor
    expression: Tensor
    inputs: Tensor
    slices: Tensor


def measure_scaling(
    expression: sparse.csr_matrix,
    neighbourhood: sparse.csr_matrix,
    composition: NDArray[np.float32],
    floor: float = 0.1,
) -> Scaling:
    """Mean and deviation of all inputs; deviations of genes below `floor` are raised to it."""
    means, deviations = [], []
    for part in (expression, neighbourhood):
        mean = np.asarray(part.mean(axis=0)).ravel()
        square = np.asarray(part.multiply(part).mean(axis=0)).ravel()
        means.append(mean)
        deviations.append(np.sqrt(np.maximum(square - mean**2, floor**2)))
    means.append(composition.mean(axis=0))
    deviations.append(np.maximum(composition.std(axis=0), 0.02))
    return Scaling(
        np.concatenate(means).astype(np.float32), np.concatenate(deviations).astype(np.float32)
    )
