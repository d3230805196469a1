"""Features that lie on the device in compact form, whose batches are made there.

Counts and expression have their entries in the same places, which are stored once: a number of a
gene takes two bytes and a count one where that is enough. Only the numbers of a batch's spots come
from the host. The values are those of `Features.gather`.

On a CPU the features stay as they are: compressed rows are made dense there in half the time that
tensor operations take.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from scipy import sparse
from torch import Tensor

from training.inputs.edges import Edges
from training.inputs.features import Batch, Features
from training.inputs.neighbourhood import Neighbourhood
from training.processes.tensors import to_tensor

PART_OF_MEMORY = 0.5
"""Of the device's free memory that features may take; a step needs the rest."""


@dataclass(frozen=True)
class Rows:
    """A compressed matrix of `width` columns on the device, several values for each place.

    Attributes:
        starts, lengths: (n,) of each row's entries; columns: (E,).
        sizes: (n,) lengths on the host, which needs to know how much a batch will hold.
    """

    starts: Tensor
    lengths: Tensor
    columns: Tensor
    sizes: NDArray[np.int64]
    width: int

    def find(self, index: Tensor, rows: NDArray[np.integer]) -> tuple[Tensor, Tensor]:
        """Of the entries of some rows (m,), which of the m each is in, and its place among all."""
        total = int(self.sizes[rows].sum())
        lengths = self.lengths[index]
        number = torch.arange(len(index), device=index.device)
        owner = torch.repeat_interleave(number, lengths, output_size=total)
        first = self.starts[index] - lengths.cumsum(0) + lengths
        return owner, torch.arange(total, device=index.device) + first[owner]

    def spread(self, owner: Tensor, place: Tensor, m: int, *values: Tensor) -> list[Tensor]:
        """Dense (m, width) float32 of the entries that `find` gave, for each kind of values."""
        flat = owner * self.width + self.columns[place]
        found = []
        for each in values:
            dense = torch.zeros(m * self.width, device=flat.device)
            found.append(dense.scatter_(0, flat, each[place].float()).view(m, self.width))
        return found


class Resident:
    """Features on a device; `gather` there is `Features.gather`."""

    def __init__(self, features: Features, device: torch.device, half: bool = False) -> None:
        """Copy features to a device, with `half` the expression as float16.

        Values of log1p expression lie within 0..12: float16 keeps them to 1 part in 2,000.
        """
        self.features, self.device = features, device
        self.n_spots = features.n_spots
        self._counts = _move_rows(features.counts, device)
        self._values = to_tensor(_shorten_counts(features.counts.data), device)
        kind = np.float16 if half else np.float32
        self._same_places = _have_same_places(features.counts, features.expression)
        self._expression = (
            self._counts if self._same_places else _move_rows(features.expression, device)
        )
        self._expressed = to_tensor(features.expression.data.astype(kind, copy=False), device)
        self._composition = to_tensor(features.composition, device)
        self._slices = to_tensor(features.slices, device)
        self._scaling: tuple[Tensor, Tensor] | None = None
        if features.scaling is not None:
            mean, deviation = features.scaling.mean, features.scaling.deviation
            self._scaling = to_tensor(mean, device), to_tensor(deviation, device)
        self._adjacency = None
        if features.adjacency is not None:
            self._adjacency = _move_rows(features.adjacency, device)
        self._neighbourhood = None
        if features.neighbourhood.shape[1]:
            assert isinstance(features.neighbourhood, sparse.csr_matrix)
            self._neighbourhood = _move_rows(features.neighbourhood, device)
            self._averaged = to_tensor(features.neighbourhood.data.astype(kind), device)

    def gather(
        self, rows: NDArray[np.integer], device: torch.device, hops: int | None = None
    ) -> Batch:
        """The dense batch of some spots, as `Features.gather` gives it, on this device."""
        index = self._send(rows)
        m = len(rows)
        owner, place = self._counts.find(index, rows)
        if self._same_places:
            counts, expression = self._counts.spread(owner, place, m, self._values, self._expressed)
        else:
            (counts,) = self._counts.spread(owner, place, m, self._values)
            expression = self._express(index, rows)
        edges: tuple[Edges, ...] = ()
        nodes = index
        if self._adjacency is None:
            inputs = self._inputs(index, rows, expression)
        else:
            reached, edges = self._reach(index, rows, self.features.hops if hops is None else hops)
            told = rows if self.features.composed else reached.cpu().numpy()
            inputs = self._inputs(reached, told, None)
            nodes = reached[: edges[0].shape[0]]
        return Batch(
            counts,
            expression,
            inputs,
            self._slices[index],
            edges,
            self._slices[nodes],
            self.features.composition.shape[1],
        )

    def _send(self, rows: NDArray[np.integer]) -> Tensor:
        """Numbers of spots on the device; the host goes on while they are under way."""
        index = torch.from_numpy(np.ascontiguousarray(rows, dtype=np.int64))
        if self.device.type == "cuda":
            index = index.pin_memory()
        return index.to(self.device, non_blocking=True)

    def _express(self, index: Tensor, rows: NDArray[np.integer]) -> Tensor:
        owner, place = self._expression.find(index, rows)
        return self._expression.spread(owner, place, len(rows), self._expressed)[0]

    def _inputs(
        self, index: Tensor, rows: NDArray[np.integer], expression: Tensor | None
    ) -> Tensor:
        """The encoder's input of `Features.inputs`."""
        composition = self._composition[index]
        if self.features.composed and self._scaling is not None:
            return _standardise(composition, *self._scaling)
        parts = [self._express(index, rows) if expression is None else expression]
        if self._neighbourhood is not None:
            owner, place = self._neighbourhood.find(index, rows)
            parts += self._neighbourhood.spread(owner, place, len(rows), self._averaged)
        inputs = torch.cat([*parts, composition], dim=1)
        if self._scaling is None:
            return inputs
        inputs = _standardise(inputs, *self._scaling).clamp(-10, 10)
        n_composition = composition.shape[1]
        n_expression = inputs.shape[1] - n_composition
        inputs[:, n_expression:] *= float(np.sqrt(n_expression / n_composition))
        return inputs

    def _reach(
        self, index: Tensor, rows: NDArray[np.integer], hops: int
    ) -> tuple[Tensor, tuple[Edges, ...]]:
        """Spots reached and edges of each layer, as `reach` and `make_edges` give them.

        The number of spots reached is known only when they are found: here the host waits.
        """
        assert self._adjacency is not None
        nodes = index
        place = torch.full((self.n_spots,), -1, dtype=torch.int64, device=self.device)
        place[nodes] = torch.arange(len(nodes), device=self.device)
        layers: list[Edges] = []
        for hop in range(hops):
            rows = nodes.cpu().numpy() if hop else rows
            targets, entries = self._adjacency.find(nodes, rows)
            sources = self._adjacency.columns[entries].long()
            fresh = sources[place[sources] < 0].unique()
            n, p = len(nodes), len(nodes) + len(fresh)
            place[fresh] = torch.arange(n, p, device=self.device)
            layers.insert(0, _arrange_edges(targets, place[sources], n, p))
            nodes = torch.cat([nodes, fresh])
        return nodes, tuple(layers)


def place_features(
    features: Features, device: torch.device, half: bool = False, limit: float | None = None
) -> Features | Resident:
    """Features where a device's steps draw from: on a GPU that has room, else on the host.

    Args:
        limit: bytes that they may take on the device; by default a part of its free memory.
    """
    if device.type == "cpu" or isinstance(features.neighbourhood, Neighbourhood):
        return features
    if features.filling is not None and not features.composed:
        # Gaps in the encoder's input are filled when a batch is gathered on the host.
        return features
    if limit is None and device.type == "cuda":
        limit = PART_OF_MEMORY * torch.cuda.mem_get_info(device)[0]
    if limit is not None and measure_resident(features) > limit:
        return features
    return Resident(features, device, half)


def measure_resident(features: Features) -> int:
    """Bytes that features take on a device, at most."""
    matrices = [features.counts, features.neighbourhood]
    if not _have_same_places(features.counts, features.expression):
        matrices.append(features.expression)
    if features.adjacency is not None:
        matrices.append(features.adjacency)
    entries = sum(10 * each.nnz for each in matrices if isinstance(each, sparse.csr_matrix))
    return entries + features.composition.nbytes + 24 * len(matrices) * features.n_spots


def _move_rows(matrix: sparse.csr_matrix, device: torch.device) -> Rows:
    starts = matrix.indptr.astype(np.int64)
    sizes = np.diff(starts)
    small = matrix.shape[1] <= np.iinfo(np.int16).max
    columns = matrix.indices.astype(np.int16 if small else np.int32, copy=False)
    return Rows(
        to_tensor(starts[:-1], device),
        to_tensor(sizes, device),
        to_tensor(columns, device),
        sizes,
        matrix.shape[1],
    )


def _shorten_counts(counts: NDArray[np.floating]) -> NDArray[np.generic]:
    """Whole numbers in as few bytes as hold them; anything else as it is."""
    if not len(counts) or counts.min() < 0 or (counts != np.rint(counts)).any():
        return counts
    for kind in (np.uint8, np.int16):
        if counts.max() <= np.iinfo(kind).max:
            return counts.astype(kind)
    return counts


def _have_same_places(one: sparse.csr_matrix, other: sparse.csr_matrix) -> bool:
    return one.nnz == other.nnz and all(
        first is second or np.array_equal(first, second)
        for first, second in ((one.indptr, other.indptr), (one.indices, other.indices))
    )


def _standardise(inputs: Tensor, mean: Tensor, deviation: Tensor) -> Tensor:
    return (inputs - mean) / deviation


def _arrange_edges(targets: Tensor, sources: Tensor, n: int, p: int) -> Edges:
    """Edges of an (n, p) adjacency from targets and sources (E,), ascending by target."""
    order = torch.argsort(sources, stable=True)
    return Edges(
        starts=_begin(targets, n),
        sources=sources,
        targets=targets,
        flipped_starts=_begin(sources, p),
        flipped_targets=targets[order],
        order=order,
    )


def _begin(numbers: Tensor, n: int) -> Tensor:
    """Where each of n rows begins (n + 1,), from the row of each entry."""
    counts = torch.bincount(numbers, minlength=n)
    return torch.cat([counts.new_zeros(1), counts.cumsum(0)])
