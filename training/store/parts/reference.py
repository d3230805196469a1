"""The AnnData group of a store, read with NumPy only, a gene or a column at a time."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property

import numpy as np
import zarr

from training.store.errors import StoreError, located
from training.store.hierarchy.encoding import Column, read_column, read_flat
from training.store.hierarchy.nodes import attributes, find, get_array, get_group, text_list
from training.store.schema import SPARSE_CHUNK, SPARSE_SHARD_CHUNKS

_NONE = np.empty(0, dtype=np.int64)


class Reference:
    """Read access to `reference/`. Nothing is read before it is asked for."""

    def __init__(self, root: zarr.Group, place: str) -> None:
        self.place = f"{place}/reference"
        self.group = get_group(root, "reference", place)
        self._frames: dict[str, zarr.Group] = {}

    @cached_property
    def shape(self) -> tuple[int, int]:
        """(spots, genes), as the matrix X declares."""
        where = f"{self.place}/X"
        shape = attributes(get_group(self.group, "X", self.place), where).get("shape")
        if (
            not isinstance(shape, list | tuple)
            or len(shape) != 2
            or not all(type(n) is int and n >= 0 for n in shape)
        ):
            raise StoreError(where, f"shape {str(shape)[:60]}", "two whole numbers")
        return shape[0], shape[1]

    def array(self, path: str) -> zarr.Array:
        """The array at `path`, e.g. 'obsm/latent'."""
        return get_array(self.group, path, self.place)

    def read(self, path: str) -> np.ndarray:
        """All of the array at `path`."""
        array = self.array(path)
        with located(f"{self.place}/{path}"):
            return np.asarray(array[...])

    def _frame(self, axis: str) -> zarr.Group:
        """The group of `axis`, looked for once: each look is a request where a store is away."""
        if axis not in self._frames:
            self._frames[axis] = get_group(self.group, axis, self.place)
        return self._frames[axis]

    def columns(self, axis: str) -> list[str]:
        """Names of the columns of `axis` ('obs' or 'var') in their order, without the index."""
        where = f"{self.place}/{axis}"
        order = attributes(self._frame(axis), where).get("column-order")
        return text_list(order, f"{where} (column-order)")

    def column(self, axis: str, name: str) -> Column:
        """One column of `axis`; its length is checked."""
        frame = self._frame(axis)
        column = read_column(frame, name, f"{self.place}/{axis}")
        expected = self.shape[0 if axis == "obs" else 1]
        if column.kind != "other" and len(column) != expected:
            raise StoreError(
                f"{self.place}/{axis}/{name}", f"{len(column)} entries", f"{expected} entries"
            )
        return column

    def names(self, axis: str) -> list[str]:
        """Row names of `axis`: obs_names or var_names."""
        where = f"{self.place}/{axis}"
        frame = self._frame(axis)
        index = attributes(frame, where).get("_index", "_index")
        if not isinstance(index, str):
            raise StoreError(f"{where} (_index)", type(index).__name__, "the name of a column")
        values = read_flat(get_array(frame, index, where), f"{where}/{index}")
        expected = self.shape[0 if axis == "obs" else 1]
        if len(values) != expected:
            raise StoreError(f"{where}/{index}", f"{len(values)} names", f"{expected} names")
        return [str(value) for value in values]

    def colors(self, column: str) -> list[str] | None:
        """The entries of uns['COLUMN_colors'], None when there is no such list of strings."""
        if "/" in column:
            return None
        node = find(self.group, f"uns/{column}_colors", self.place)
        if not isinstance(node, zarr.Array) or node.ndim != 1:
            return None
        values = read_flat(node, f"{self.place}/uns/{column}_colors")
        return [str(value) for value in values] if values.dtype == object else None

    @cached_property
    def _sparse(self) -> tuple[zarr.Array, zarr.Array]:
        data, indices = self.array("X/data"), self.array("X/indices")
        if data.ndim != 1 or data.shape != indices.shape:
            raise StoreError(
                f"{self.place}/X",
                f"data of shape {data.shape} and indices of shape {indices.shape}",
                "one index per value",
            )
        return data, indices

    @cached_property
    def indptr(self) -> np.ndarray:
        """Where each gene starts among the nonzeros of X: int64, genes + 1, rising."""
        where = f"{self.place}/X/indptr"
        indptr = read_flat(self.array("X/indptr"), where).astype(np.int64)
        genes, nonzeros = self.shape[1], self._sparse[0].shape[0]
        if (
            len(indptr) != genes + 1
            or indptr[0] != 0
            or indptr[-1] != nonzeros
            or (np.diff(indptr) < 0).any()
        ):
            raise StoreError(
                where,
                "offsets that do not fit the matrix",
                f"{genes + 1} rising offsets from 0 to {nonzeros}",
                "the store is damaged: copy it again from its source, or export it anew.",
            )
        return indptr

    @cached_property
    def measured(self) -> np.ndarray | None:
        """Which gene (rows) each slice (columns, in the order of rows of obs) measured, bool;
        None where every slice measured every gene."""
        if "varm" not in self.group or "measured" not in get_group(self.group, "varm", self.place):
            return None
        return self.read("varm/measured")

    def nonzeros(self, start: int, stop: int) -> tuple[np.ndarray, np.ndarray]:
        """(spot indices int64, counts) of the stored values `start` to `stop` of X."""
        data, indices = self._sparse
        with located(f"{self.place}/X"):
            spots = np.asarray(indices[start:stop]).astype(np.int64, copy=False)
            counts = np.asarray(data[start:stop])
        if spots.size and (spots.min() < 0 or spots.max() >= self.shape[0]):
            raise StoreError(
                f"{self.place}/X/indices",
                f"spots from {spots.min()} to {spots.max()}",
                f"spots from 0 to {self.shape[0] - 1}",
            )
        return spots, counts

    def gene_nonzeros(self, gene: int) -> tuple[np.ndarray, np.ndarray]:
        """(spot indices, counts) of one gene by its position."""
        return self.nonzeros(int(self.indptr[gene]), int(self.indptr[gene + 1]))

    def genes_nonzeros(self, start: int, stop: int) -> Iterator[tuple[int, np.ndarray, np.ndarray]]:
        """(gene, spot indices, counts) of the genes `start` to `stop`, read some MiB at a time."""
        budget = SPARSE_CHUNK * SPARSE_SHARD_CHUNKS
        while start < stop:
            offset = self.indptr[start]
            end = int(np.searchsorted(self.indptr, offset + budget, side="right")) - 1
            end = min(max(end, start + 1), stop)
            spots, counts = self.nonzeros(int(offset), int(self.indptr[end]))
            for gene in range(start, end):
                a, b = self.indptr[gene] - offset, self.indptr[gene + 1] - offset
                yield gene, spots[a:b], counts[a:b]
            start = end

    def columns_of(self, genes: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Stored values of genes by their positions, in that order, as the parts of a CSC matrix:
        offsets (genes + 1), spot indices, counts. Neighbouring genes are read together."""
        order = np.argsort(genes, kind="stable")
        starts, stops = self.indptr[genes], self.indptr[genes + 1]
        pieces: list[tuple[np.ndarray, np.ndarray]] = [(_NONE, _NONE)] * len(genes)
        for run in _runs(starts[order], stops[order], SPARSE_CHUNK, SPARSE_SHARD_CHUNKS):
            chosen = order[run]
            offset = int(starts[chosen[0]])
            spots, counts = self.nonzeros(offset, int(stops[chosen].max()))
            for place in chosen:
                inside = slice(starts[place] - offset, stops[place] - offset)
                pieces[place] = (spots[inside], counts[inside])
        offsets = np.concatenate([[0], np.cumsum(stops - starts)])
        empty: tuple[np.ndarray, np.ndarray] = (_NONE, _NONE)
        spots, counts = (
            np.concatenate([piece[part] for piece in [*pieces, empty]]) for part in (0, 1)
        )
        return offsets, spots, counts

    def blocks(self) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """All stored values of X, a few million at a time, in order."""
        step, total = SPARSE_CHUNK * SPARSE_SHARD_CHUNKS, int(self.indptr[-1])
        for start in range(0, total, step):
            yield self.nonzeros(start, min(start + step, total))


def _runs(starts: np.ndarray, stops: np.ndarray, gap: int, per_run: int) -> Iterator[slice]:
    """Runs of rising ranges that are worth reading at once: little lies between two of them, and a
    run holds at most `per_run` times `gap` values, or one range."""
    begin = 0
    for index in range(1, len(starts) + 1):
        whole = index < len(starts) and (
            starts[index] - stops[index - 1] <= gap
            and stops[index] - starts[begin] <= gap * per_run
        )
        if not whole:
            yield slice(begin, index)
            begin = index
