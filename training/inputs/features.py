"""What the networks are fed: counts, expression and its neighbourhood mean, gathered by batch."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import sparse
from torch import Tensor

from training.inputs.correction import Correction
from training.inputs.edges import Edges, make_edges
from training.inputs.encoding import Encoding
from training.inputs.graph import normalise_adjacency
from training.inputs.neighbourhood import Neighbourhood, average_neighbourhood
from training.processes.share import WHOLE, Share
from training.processes.tensors import to_tensor

LEAST_AROUND = 0.5
"""Least variance of neighbourhoods' compositions as the encoder sees them, against spots' own. On
real tissues at hand it is .5 to .6 by itself, in two of eight .4."""
WIDE = 12
"""Neighbours, more than one ring and less than two, above which that least variance is 1."""
MOMENTS_BLOCK = 50_000
"""Spots whose moments are taken at a time."""


@dataclass(frozen=True)
class Scaling:
    """Mean and standard deviation (I,) of the encoder's inputs over the reference."""

    mean: NDArray[np.float32]
    deviation: NDArray[np.float32]


@dataclass(frozen=True)
class Filling:
    """Expression that the factors expect of genes that a spot's slice did not measure.

    Made when a batch is drawn, so that nothing of the size of spots times genes is held.

    Attributes:
        proportions: (n, K) of the spot's neighbourhood; loadings: (K, G).
        measured: (S, G).
        target_sum: counts that a spot has over the fitted genes after scaling.
    """

    proportions: NDArray[np.float32]
    loadings: NDArray[np.float32]
    measured: NDArray[np.bool_]
    target_sum: float

    def fill(
        self,
        values: NDArray[np.float32],
        rows: NDArray[np.integer],
        slices: NDArray[np.integer],
    ) -> NDArray[np.float32]:
        """A copy of log1p expression (m, G) of some spots, in slices (m,), without gaps."""
        filled = values.copy()
        for index in np.unique(slices):
            lacking = np.flatnonzero(~self.measured[index])
            inside = np.flatnonzero(slices == index)
            rates = self.proportions[rows[inside]] @ self.loadings[:, lacking]
            filled[np.ix_(inside, lacking)] = np.log1p(self.target_sum * rates)
        return filled


@dataclass(frozen=True)
class Features:
    """All spots of a fit or a query, kept sparse; a batch is made dense when it is drawn.

    Attributes:
        counts: (n, G) CSR counts of the fitted genes.
        expression: (n, G) CSR log1p expression x with gamma taken off.
        neighbourhood: (n, G) of the normalised adjacency times x, CSR or computed by rows; (n, 0)
            where the encoder attends to the neighbours themselves.
        composition: (n, 2K) square roots of the proportions that the starting loadings explain
            the spot with, and their mean over its neighbourhood; (n, K) without the neighbourhood.
        slices: (n,) slice index.
        scaling: how the encoder's input is standardised; None leaves it as it is.
        adjacency: (n, n) graph with self loops, where the encoder attends to neighbours.
        hops: layers of attention, of encoder and decoder together.
        composed: whether the encoder is fed the composition alone.
        correction: of the reference's compositions, which is applied already.
        filling: of genes that were not measured, where the encoder is fed genes.
    """

    counts: sparse.csr_matrix
    expression: sparse.csr_matrix
    neighbourhood: sparse.csr_matrix | Neighbourhood
    composition: NDArray[np.float32]
    slices: NDArray[np.int64]
    scaling: Scaling | None
    adjacency: sparse.csr_matrix | None = None
    hops: int = 1
    composed: bool = False
    correction: Correction | None = None
    filling: Filling | None = None

    @property
    def n_spots(self) -> int:
        return self.counts.shape[0]

    def gather(
        self, rows: NDArray[np.integer], device: torch.device, hops: int | None = None
    ) -> Batch:
        """The dense batch of some spots, with the neighbours that `hops` layers attend to.

        Two layers need the neighbours of neighbours: with only the batch's own spots as
        neighbours, a spot of a thin sample would attend to itself alone.
        """
        expression = self.expression[rows].toarray()
        if self.adjacency is None:
            inputs = self.inputs(rows, expression)
            edges: tuple[Edges, ...] = ()
            nodes = rows
        else:
            reached, blocks = reach(self.adjacency, rows, self.hops if hops is None else hops)
            inputs = self.inputs(reached)
            edges = tuple(make_edges(block, device) for block in blocks)
            nodes = reached[: blocks[0].shape[0]]
        return Batch(
            counts=to_tensor(self.counts[rows].toarray(), device),
            expression=to_tensor(expression, device),
            inputs=to_tensor(inputs, device),
            slices=to_tensor(self.slices[rows], device),
            edges=edges,
            node_slices=to_tensor(self.slices[nodes], device),
            n_composition=self.composition.shape[1],
        )

    def inputs(
        self, rows: NDArray[np.integer], expression: NDArray[np.float32] | None = None
    ) -> NDArray[np.float32]:
        """The encoder's input (m, I) of some spots, whose expression (m, G) may be at hand."""
        if self.composed and self.scaling is not None:
            return (self.composition[rows] - self.scaling.mean) / self.scaling.deviation
        if expression is None:
            expression = self.expression[rows].toarray()
        neighbourhood = self.neighbourhood[rows].toarray()
        if self.filling is not None:
            expression = self.filling.fill(expression, rows, self.slices[rows])
            if neighbourhood.shape[1]:
                neighbourhood = self.filling.fill(neighbourhood, rows, self.slices[rows])
        inputs = np.hstack([expression, neighbourhood, self.composition[rows]])
        if self.scaling is None:
            return inputs
        inputs -= self.scaling.mean
        inputs /= self.scaling.deviation
        # A few extreme genes must not drive a whole spot.
        np.clip(inputs, -10, 10, out=inputs)
        # K proportions stand beside G genes; this gives both an equal say at the start.
        n_composition = self.composition.shape[1]
        n_expression = inputs.shape[1] - n_composition
        inputs[:, n_expression:] *= np.sqrt(n_expression / n_composition)
        return inputs


@dataclass(frozen=True)
class Batch:
    """Tensors of a batch of m spots.

    Attributes:
        counts, expression: (m, G); slices: (m,).
        inputs: (p, I) of the spots and, after them, of all others that are attended to.
        edges: one block per layer of attention, the first layer first; none without attention.
        node_slices: (q,) slices of the spots that the encoder encodes: the batch's own, and after
            them those that the decoder attends to.
        n_composition: columns at the end of `inputs` that are the composition.
        share: of the step's batch that these spots are.
    """

    counts: Tensor
    expression: Tensor
    inputs: Tensor
    slices: Tensor
    edges: tuple[Edges, ...]
    node_slices: Tensor
    n_composition: int = 0
    share: Share = WHOLE

    def composition(self) -> Tensor:
        """Standardised compositions (m, C) of the batch's own spots."""
        return self.own(self.inputs)[:, self.inputs.shape[1] - self.n_composition :]

    def own(self, nodes: Tensor) -> Tensor:
        """Rows (m, ...) of the batch's own spots among all encoded ones (q, ...)."""
        n = len(self.slices)
        return nodes if len(nodes) == n else nodes[:n]


def reach(
    adjacency: sparse.csr_matrix, rows: NDArray[np.integer], hops: int
) -> tuple[NDArray[np.int64], list[sparse.csr_matrix]]:
    """What `hops` layers of attention need for the outputs of some spots, exactly.

    Args:
        adjacency: (n, n); rows: (m,) spots, repeats allowed.

    Returns:
        (p,) spots reached, those of `rows` first and in their order; and for each layer, the
        first layer first, its adjacency: rows are what the next layer needs, columns what the
        layer before gives.
    """
    nodes = np.asarray(rows, dtype=np.int64)
    blocks: list[sparse.csr_matrix] = []
    # Where a spot stands in `nodes`; of repeats any will do, since all are encoded alike.
    place = np.full(adjacency.shape[0], -1, dtype=np.int64)
    place[nodes] = np.arange(len(nodes))
    for _ in range(hops):
        near = adjacency[nodes]
        fresh = np.unique(near.indices[place[near.indices] < 0]).astype(np.int64)
        place[fresh] = len(nodes) + np.arange(len(fresh))
        shape = (len(nodes), len(nodes) + len(fresh))
        blocks.insert(0, sparse.csr_matrix((near.data, place[near.indices], near.indptr), shape))
        nodes = np.concatenate([nodes, fresh])
    return nodes, blocks


def input_size(encoding: Encoding, n_genes: int, n_factors: int) -> int:
    """Width I of the encoder's input: composition or expression or both, of the spot and, but for
    attention to genes, of its neighbourhood."""
    if encoding.composed:
        return 2 * n_factors
    width = n_genes if encoding.paper else n_genes + n_factors
    return width if encoding.encoder == "gat" else 2 * width


def arrange_features(
    encoding: Encoding,
    counts: sparse.csr_matrix,
    expression: sparse.csr_matrix,
    adjacency: sparse.csr_matrix,
    composition: NDArray[np.float32],
    slices: NDArray[np.int64],
    scaling: Scaling | None = None,
    filling: Filling | None = None,
) -> Features:
    """What an encoder is fed, of a reference (which gives the scaling) or a query (given one).

    Args:
        counts, expression: (n, G); adjacency: (n, n) with self loops.
        composition: (n, 2K) of `compose`, corrected; not looked at in the paper's form, which is
            fed plain expression.
        filling: where slices of a reference did not measure all genes.
    """
    n = expression.shape[0]
    attends = encoding.encoder == "gat"
    if encoding.composed:
        return Features(
            counts,
            expression,
            sparse.csr_matrix((n, 0), dtype=np.float32),
            composition,
            slices,
            scaling or measure_spread(composition, adjacency.nnz / n - 1),
            adjacency if attends else None,
            composed=True,
            filling=filling,
        )
    neighbourhood: sparse.csr_matrix | Neighbourhood
    neighbourhood = sparse.csr_matrix((n, 0), dtype=np.float32)
    if not attends:
        neighbourhood = average_neighbourhood(normalise_adjacency(adjacency), expression)
    if encoding.paper:
        composition, scaling = np.zeros((n, 0), dtype=np.float32), None
    else:
        if attends:
            composition = composition[:, : composition.shape[1] // 2]
        if scaling is None:
            seen = None
            if filling is not None:
                seen = filling.measured.T @ np.bincount(slices) / n
            scaling = measure_scaling(expression, neighbourhood, composition, seen=seen)
    return Features(
        counts,
        expression,
        neighbourhood,
        composition,
        slices,
        scaling,
        adjacency if attends else None,
        hops=2 if attends and encoding.paper else 1,
        filling=filling,
    )


def measure_spread(composition: NDArray[np.float32], neighbours: float) -> Scaling:
    """Means of a composition (n, 2K) and the deviations that its own and its neighbourhood's half
    are divided by: one for both, but a smaller one for a neighbourhood that hardly varies.

    Square roots of proportions are comparable as they are: scaled one by one, factors that hardly
    vary would bring in as much noise as the others bring tissue. A neighbourhood's mean varies the
    less, the more spots differ from those beside them. Where spots are mixtures of cells that
    change from spot to spot a region shows in neighbourhoods alone, and would be lost beside what
    the spots differ by: so their part has at least LEAST_AROUND of the variance of the spots' own,
    and as much where spots have more than WIDE `neighbours` in the mean, since so wide ones are
    taken where they say of a spot what its nearest do not.
    """
    variance = composition.var(axis=0, dtype=np.float64)
    own, around = variance.reshape(2, -1).mean(axis=1)
    least = 1.0 if neighbours > WIDE else LEAST_AROUND
    raised = min(1.0, np.sqrt(max(around, 1e-8) / max(least * own, 1e-8)))
    joint = np.sqrt(max((own + around / raised**2) / 2, 1e-8))
    deviation = np.repeat([joint, joint * raised], len(variance) // 2)
    return Scaling(
        composition.mean(axis=0, dtype=np.float64).astype(np.float32),
        deviation.astype(np.float32),
    )


def measure_scaling(
    expression: sparse.csr_matrix,
    neighbourhood: sparse.csr_matrix | Neighbourhood,
    composition: NDArray[np.float32],
    floor: float = 0.1,
    seen: NDArray[np.floating] | None = None,
) -> Scaling:
    """Mean and deviation of all inputs; deviations of genes below `floor` are raised to it.

    `seen` (G,) is the share of the spots in which each gene was measured, where that is not all:
    means are over these.
    """
    means, deviations = [], []
    for part in (expression, neighbourhood):
        if not part.shape[1]:
            continue
        mean, square = measure_moments(part)
        if seen is not None:
            mean, square = mean / np.maximum(seen, 1e-9), square / np.maximum(seen, 1e-9)
        means.append(mean)
        deviations.append(np.sqrt(np.maximum(square - mean**2, floor**2)))
    means.append(composition.mean(axis=0))
    deviations.append(np.maximum(composition.std(axis=0), 0.02))
    return Scaling(
        np.concatenate(means).astype(np.float32), np.concatenate(deviations).astype(np.float32)
    )


def measure_moments(
    values: sparse.csr_matrix | Neighbourhood, block: int = MOMENTS_BLOCK
) -> tuple[NDArray[np.floating], NDArray[np.floating]]:
    """Mean and mean square (G,) over spots, a block of them at a time.

    Blocks bound the memory, and their sums in double precision keep what single precision would
    lose over many spots.
    """
    n = values.shape[0]
    means, squares, sizes = [], [], []
    # A neighbourhood has several times the entries of a spot.
    block = block // 4 if isinstance(values, Neighbourhood) else block
    for start in range(0, n, block):
        part = sparse.csr_matrix(values[slice(start, start + block)])
        means.append(np.asarray(part.mean(axis=0)).ravel())
        squares.append(np.asarray(part.multiply(part).mean(axis=0)).ravel())
        sizes.append(part.shape[0])
    if len(sizes) == 1:
        return means[0], squares[0]
    shares = np.array(sizes) / n
    return shares @ np.array(means, dtype=np.float64), shares @ np.array(squares, dtype=np.float64)
