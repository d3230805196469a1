"""HDF5 files that reach outside themselves or are not what they declare."""

from __future__ import annotations

import pickle
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import anndata as ad
import h5py
import numpy as np
import pytest

from training.slices.readers import hdf5check
from training.slices.readers.hdf5check import check_hdf5
from training.slices.readers.source import Unreadable


@pytest.fixture
def path(tmp_path: Path) -> Path:
    data = ad.AnnData(np.ones((4, 3), np.float32), obsm={"spatial": np.zeros((4, 2))})
    data.layers["counts"] = data.X.copy()
    data.write_h5ad(tmp_path / "query.h5ad", compression="gzip")
    return tmp_path / "query.h5ad"


def test_what_anndata_writes_passes(path: Path) -> None:
    check_hdf5(path, "query.h5ad")


def external_link(file: Any) -> None:
    del file["X"]
    file["X"] = h5py.ExternalLink("/etc/passwd", "/data")


def soft_link(file: Any) -> None:
    file["layers/again"] = h5py.SoftLink("/X")


def hard_link_cycle(file: Any) -> None:
    file["layers/loop"] = file["layers"]


def external_storage(file: Any) -> None:
    del file["X"]
    file.create_dataset("X", (4, 3), "f4", external=[("/etc/passwd", 0, 48)])


def virtual(file: Any) -> None:
    del file["X"]
    layout = h5py.VirtualLayout((4, 3), "f4")
    layout[:] = h5py.VirtualSource("/etc/other.h5", "X", (4, 3))
    file.create_virtual_dataset("X", layout)


def never_written(file: Any) -> None:
    del file["X"]
    file.create_dataset("X", (10**7, 10**6), "f4", chunks=(1000, 1000), compression="gzip")


def far_too_large(file: Any) -> None:
    rows = file.create_dataset("layers/big", (10**8, 200), "f8", chunks=(10**5, 200))
    rows[:4] = 1


def deep(file: Any) -> None:
    group = file
    for _ in range(60):
        group = group.create_group("a")


def many(file: Any) -> None:
    for i in range(30):
        file.create_group(f"g{i}")


@pytest.mark.parametrize(
    ("spoil", "found"),
    [
        (external_link, "an external link in place of data"),
        (soft_link, "a link in place of data"),
        (hard_link_cycle, "one object under two names"),
        (external_storage, "stored in another file"),
        (virtual, "put together of others"),
        (never_written, "and holds 0"),
        (far_too_large, "declare"),
        (deep, "levels of groups"),
        (many, "objects"),
    ],
)
def test_hostile_files_are_refused_without_reading_them(
    path: Path, spoil: Callable[[Any], None], found: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with h5py.File(path, "r+") as file:
        spoil(file)
    if spoil is many:
        monkeypatch.setattr(hdf5check, "MOST_OBJECTS", 30)
    began = time.process_time()
    with pytest.raises(Unreadable) as caught:
        check_hdf5(path, "query.h5ad")
    assert found in caught.value.problem.found
    assert caught.value.problem.examples
    assert time.process_time() - began < 2


@pytest.mark.parametrize(
    "content",
    [
        b"",
        pickle.dumps({"X": [1, 2, 3]}),
        b"\x89HDF\r\n\x1a\n" + bytes(500),
        b"\x89HDF\r\n\x1a\n" + b"\xff" * 500,
    ],
    ids=["empty", "pickle", "zeros", "ones"],
)
def test_what_is_no_hdf5_is_told(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    with pytest.raises(Unreadable, match="cannot be read"):
        check_hdf5(path, "query.h5ad")


def test_a_file_cut_anywhere_is_told(path: Path) -> None:
    whole = path.read_bytes()
    for share in (0.1, 0.5, 0.9, 0.999):
        path.write_bytes(whole[: int(len(whole) * share)])
        with pytest.raises(Unreadable, match="cannot be read"):
            check_hdf5(path, "query.h5ad")
