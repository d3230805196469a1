"""Writing arrays: one set of codecs, chunks and shards for everything the store writes."""

from __future__ import annotations

import numpy as np
import zarr
from zarr.codecs import ZstdCodec

CHUNK_BYTES = 4 * 2**20


def codecs() -> list[ZstdCodec]:
    """zstd level 3 with its checksum, so that a flipped bit is an error and not a value."""
    return [ZstdCodec(level=3, checksum=True)]


def create_rows(group: zarr.Group, name: str, shape: tuple[int, int], per_shard: int) -> zarr.Array:
    """An empty uint8 array in which one row is one chunk and `per_shard` rows one file."""
    return group.create_array(
        name,
        shape=shape,
        dtype="uint8",
        chunks=(1, shape[1]),
        shards=(per_shard, shape[1]),
        compressors=codecs(),
        # Rows of zeros are data here; a chunk that is absent is a damaged store.
        config={"write_empty_chunks": True},
    )


def write_array(group: zarr.Group, name: str, values: np.ndarray) -> None:
    """Write a whole numeric array in chunks of some MiB along its first dimension."""
    values = np.ascontiguousarray(values).reshape(values.shape)
    shape: tuple[int, ...] = values.shape
    chunks: tuple[int, ...] = ()
    if shape:
        row_bytes = max(1, values.nbytes // max(1, shape[0]))
        rows = min(max(1, shape[0]), max(1, CHUNK_BYTES // row_bytes))
        chunks = (rows, *(max(1, length) for length in shape[1:]))
    array = group.create_array(
        name,
        shape=values.shape,
        dtype=values.dtype,
        chunks=chunks,
        compressors=codecs(),
        config={"write_empty_chunks": True},
    )
    array[...] = values
