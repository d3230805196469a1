"""Rows read straight from their files: those that zarr reads, and nothing else when in doubt."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import zarr

from training.store import StoreError, StoreUnreachable
from training.store.hierarchy.arrays import codecs, create_rows
from training.store.places.location import Folder, Opened
from training.store.places.rows import ByteRows


class Counting:
    """An array that counts how often zarr is asked for its rows."""

    def __init__(self, array: zarr.Array) -> None:
        self.array, self.asked = array, 0

    def __getattr__(self, name: str) -> object:
        return getattr(self.array, name)

    def __getitem__(self, row: int) -> np.ndarray:
        self.asked += 1
        return self.array[row]


@pytest.fixture
def group(tmp_path: Path) -> zarr.Group:
    return zarr.open_group(tmp_path / "store", mode="w", zarr_format=3)


@pytest.fixture
def truth() -> np.ndarray:
    """Seven rows: more than two files of three hold, with one of zeros."""
    rows = np.random.default_rng(0).integers(0, 256, (7, 900)).astype(np.uint8)
    rows[4] = 0
    return rows


def stored(group: zarr.Group, truth: np.ndarray) -> tuple[Counting, Path]:
    array = create_rows(group, "genes", truth.shape, 3)
    array[...] = truth
    return Counting(array), Path(group.store.root) / "genes"


def test_rows_are_those_of_zarr_without_asking_it(group: zarr.Group, truth: np.ndarray) -> None:
    array, folder = stored(group, truth)
    rows = ByteRows(array, Folder(folder.parent), "genes")  # type: ignore[arg-type]
    for row in (6, 0, 4, 3, 0, 2, 5, 1):
        found = rows.read(row)
        np.testing.assert_array_equal(found, truth[row])
        assert not found.flags.writeable
    assert array.asked == 0


def test_stores_that_are_no_folder_are_read_by_zarr(truth: np.ndarray) -> None:
    group = zarr.open_group(zarr.storage.MemoryStore(), mode="w", zarr_format=3)
    array = create_rows(group, "genes", truth.shape, 3)
    array[...] = truth
    counting = Counting(array)
    np.testing.assert_array_equal(
        ByteRows(counting, Opened(group.store), "genes").read(5),  # type: ignore[arg-type]
        truth[5],
    )
    assert counting.asked == 1


@pytest.mark.parametrize("layout", ["no shards", "two chunks a row", "other codecs"])
def test_other_layouts_are_read_by_zarr(group: zarr.Group, truth: np.ndarray, layout: str) -> None:
    width = truth.shape[1]
    given: dict[str, dict[str, object]] = {
        "no shards": {"chunks": (1, width), "compressors": codecs()},
        "two chunks a row": {
            "chunks": (1, width // 2),
            "shards": (3, width),
            "compressors": codecs(),
        },
        "other codecs": {"chunks": (1, width), "shards": (3, width), "compressors": None},
    }
    array = group.create_array("genes", shape=truth.shape, dtype="uint8", **given[layout])  # type: ignore[arg-type]
    array[...] = truth
    counting = Counting(array)
    rows = ByteRows(counting, Folder(Path(group.store.root)), "genes")  # type: ignore[arg-type]
    for row in range(len(truth)):
        np.testing.assert_array_equal(rows.read(row), truth[row])
    assert counting.asked == len(truth)


def test_an_index_that_leads_to_another_row_is_not_followed(
    group: zarr.Group, truth: np.ndarray
) -> None:
    array, folder = stored(group, truth)
    file = folder / "c" / "0" / "0"
    body = bytearray(file.read_bytes())
    start = len(body) - 4 - 3 * 16
    body[start : start + 16] = body[start + 16 : start + 32]
    file.write_bytes(bytes(body))
    rows = ByteRows(array, Folder(folder.parent), "genes")  # type: ignore[arg-type]
    with pytest.raises(StoreError, match="cannot be read"):
        rows.read(0)
    np.testing.assert_array_equal(rows.read(3), truth[3])


@pytest.mark.parametrize("damage", ["flipped", "cut", "gone"])
def test_damage_is_an_error_and_no_row(group: zarr.Group, truth: np.ndarray, damage: str) -> None:
    array, folder = stored(group, truth)
    file = folder / "c" / "0" / "0"
    body = bytearray(file.read_bytes())
    if damage == "flipped":
        body[400] ^= 1
        file.write_bytes(bytes(body))
    elif damage == "cut":
        file.write_bytes(bytes(body[:30]))
    else:
        file.unlink()
    rows = ByteRows(array, Folder(folder.parent), "genes")  # type: ignore[arg-type]
    if damage == "gone":
        with pytest.raises(StoreUnreachable, match="gone"):
            rows.read(0)
    else:
        with pytest.raises(StoreError, match="genes"):
            rows.read(0)
