"""Single rows of the view, read straight from their files: zarr takes seven times as long on
a disk, and asks object storage twice."""

from __future__ import annotations

import threading
from typing import Any

import numpy as np
import zarr

from training.store.errors import gone, located
from training.store.places.location import Location, Opened

# Layout that `arrays.create_rows` writes; any other is left to zarr.
CODECS = ["bytes", "zstd"]
INDEX_CODECS = ["bytes", "crc32c"]
CHECKSUM = 4
ABSENT = 2**64 - 1


class ByteRows:
    """The rows of a sharded uint8 array in which one row is one chunk; may be shared by threads.

    `path` is that of the array below `location`. A row is read from its shard, whose index of
    offsets is checked and kept: 16 bytes a row. What is not laid out so, lies in an open zarr store
    or is damaged is asked of zarr, which says what is wrong with it.
    """

    def __init__(self, array: zarr.Array, location: Location, path: str) -> None:
        self._array = array
        self._location = location
        self._path = path
        self._place = f"{location}/{path}"
        self._width = int(array.shape[1])
        self._per_shard = 0 if isinstance(location, Opened) else _rows_per_shard(array)
        self._indexes: dict[int, np.ndarray | None] = {}
        self._lock = threading.Lock()

    def read(self, row: int) -> np.ndarray:
        """Row `row`, uint8 (width,), read-only. Raises StoreError for one that is damaged, and
        StoreUnreachable."""
        found = self._read_shard(int(row)) if self._per_shard else None
        if found is not None:
            return found
        with located(self._place):
            values = np.asarray(self._array[int(row)])
        values.flags.writeable = False
        return values

    def _read_shard(self, row: int) -> np.ndarray | None:
        """The row, None where its shard is not as expected."""
        from numcodecs.zstd import decompress

        shard, at = divmod(row, self._per_shard)
        try:
            index = self._index(shard)
            if index is None:
                return None
            offset, size = (int(number) for number in index[at])
            if offset == ABSENT:
                return None
            packed = self._location.read(self._file(shard), offset, size)
            # zstd checks its own sum of the row.
            values = np.frombuffer(decompress(packed), dtype=np.uint8)
        except FileNotFoundError as fault:
            raise gone(str(self._location), self._file(shard)) from fault
        except (OSError, ValueError, RuntimeError):
            return None
        return values if len(values) == self._width else None

    def _file(self, shard: int) -> str:
        return f"{self._path}/c/{shard}/0"

    def _index(self, shard: int) -> np.ndarray | None:
        with self._lock:
            if shard in self._indexes:
                return self._indexes[shard]
        index = _read_index(self._location, self._file(shard), self._per_shard)
        with self._lock:
            self._indexes[shard] = index
        return index


def _rows_per_shard(array: zarr.Array) -> int:
    """Rows of a shard; 0 unless the array is laid out as `arrays.create_rows` does it."""
    document: dict[str, Any] = array.metadata.to_dict()
    shape, codecs = array.shape, document.get("codecs")
    if len(shape) != 2 or array.dtype != np.uint8 or array.chunks != (1, shape[1]):
        return 0
    if not isinstance(codecs, list | tuple) or len(codecs) != 1 or array.shards is None:
        return 0
    (sharding,) = codecs
    inner = sharding.get("configuration", {})
    names = [[each["name"] for each in inner.get(key, ())] for key in ("codecs", "index_codecs")]
    plain = (
        sharding.get("name") == "sharding_indexed"
        and names == [CODECS, INDEX_CODECS]
        and str(getattr(inner.get("index_location"), "value", inner.get("index_location"))) == "end"
        and document.get("chunk_key_encoding", {}).get("name") == "default"
        and array.shards[1] == shape[1]
    )
    return int(array.shards[0]) if plain else 0


def _read_index(location: Location, path: str, rows: int) -> np.ndarray | None:
    """Offsets and sizes (rows, 2) at the end of a shard; None unless they tile the file exactly,
    so that no offset can lead to another row."""
    length = 16 * rows
    end = location.size(path) - length - CHECKSUM
    if end < 0:
        return None
    index = np.frombuffer(location.read(path, end, length), dtype="<u8").reshape(rows, 2)
    # The last shard of an array may have rows less.
    there = index[index[:, 0] != ABSENT]
    order = there[np.argsort(there[:, 0], kind="stable")]
    if not len(order) or (order[:, 0] > end).any() or (order[:, 1] > end).any():
        return None
    ends = order[:, 0] + order[:, 1]
    tiled = order[0, 0] == 0 and ends[-1] == end and (order[1:, 0] == ends[:-1]).all()
    return index if tiled else None
