"""Tables of counts of the HER2 tumours: what is read, and where something that is no count lies."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pytest

from training.sources.converters.her2st import _read_counts


def write(folder: Path, *lines: str) -> Path:
    path = folder / "A1.tsv.gz"
    path.write_bytes(gzip.compress("\n".join(["\tG1\tG2\tG3", *lines, ""]).encode()))
    return path


def test_counts_are_those_of_the_table(tmp_path: Path) -> None:
    spots, genes, counts = _read_counts(write(tmp_path, "1x2\t0\t3\t0.0", "4x5\t7\t0\t12"))
    assert (spots, genes) == (["1x2", "4x5"], ["G1", "G2", "G3"])
    np.testing.assert_array_equal(counts, np.array([[0, 3, 0], [7, 0, 12]], dtype=np.float32))


@pytest.mark.parametrize(
    ("line", "found"),
    [("4x5\t7\t0", "spot 4x5: 2 of 3 counts"), ("4x5\t7\tmany\t0", r"spot 4x5: .*'many'")],
)
def test_a_broken_line_is_named(tmp_path: Path, line: str, found: str) -> None:
    with pytest.raises(ValueError, match=rf"^A1\.tsv\.gz, {found}"):
        _read_counts(write(tmp_path, "1x2\t0\t3\t0", line))
