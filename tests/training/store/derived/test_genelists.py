"""Ranked genes of factors as files."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import numpy as np
import pytest

from training.store import StoreError, factors_csv, factors_gmt, open_atlas, write_matrix_csv


def test_csv_of_all_factors_and_of_one(pristine: Path) -> None:
    atlas = open_atlas(pristine)
    rows = list(csv.DictReader(io.StringIO(factors_csv(atlas))))
    assert len(rows) == 3 * 7
    assert list(rows[0]) == [
        "rank", "factor", "gene", "loading", "specificity", "score", "atlas",
    ]  # fmt: skip
    assert {row["atlas"] for row in rows} == {f"small@{atlas.digest[:12]}"}
    for row in rows:
        gene, k = atlas.genes.index(row["gene"]), int(row["factor"])
        assert float(row["loading"]) == pytest.approx(atlas.loadings[gene, k], rel=1e-5)
    one = list(csv.DictReader(io.StringIO(factors_csv(atlas, 1))))
    assert one == [row for row in rows if row["factor"] == "1"]
    assert [float(r["score"]) for r in one] == sorted(
        (float(r["score"]) for r in one), reverse=True
    )


def test_gmt_lines(pristine: Path) -> None:
    atlas = open_atlas(pristine)
    lines = factors_gmt(atlas, n=4).splitlines()
    assert len(lines) == 3
    name, about, *genes = lines[2].split("\t")
    assert name == "small_factor_2"
    assert atlas.digest in about
    assert f"({atlas.factor_names[2]})" in about
    assert genes == [w.gene for w in atlas.factor_genes(2, 4)]
    assert factors_gmt(atlas, n=4, k=2).splitlines() == lines[2:]


def test_a_factor_that_is_not_there(pristine: Path) -> None:
    atlas = open_atlas(pristine)
    for call in (factors_csv, lambda a, k: factors_gmt(a, 5, k)):
        with pytest.raises(StoreError, match="no factor '3'"):
            call(atlas, 3)


def test_matrix_csv(tmp_path: Path) -> None:
    path = tmp_path / "matrix.csv"
    matrix = np.array([[0.1, np.nan], [16_777_216.0, 1e-30]], dtype=np.float32)
    write_matrix_csv(path, ["a", 'b,"c"'], ["0", "1"], matrix, {"slice": ["s", "t"]})
    with path.open(newline="") as file:
        rows = list(csv.reader(file))
    assert rows[0] == ["name", "slice", "0", "1"]
    assert rows[1][:2] == ["a", "s"]
    assert rows[1][3] == ""
    assert rows[2][0] == 'b,"c"'
    assert np.float32(rows[1][2]) == matrix[0, 0]
    assert [np.float32(text) for text in rows[2][2:]] == matrix[1].tolist()


@pytest.mark.parametrize(
    ("rows", "columns", "extra"), [(1, 2, None), (2, 1, None), (2, 2, {"slice": ["s"]})]
)
def test_matrix_csv_refuses_lengths_that_disagree(
    rows: int, columns: int, extra: dict[str, list[str]] | None, tmp_path: Path
) -> None:
    with pytest.raises(ValueError, match=r"shape|values for"):
        write_matrix_csv(tmp_path / "m.csv", ["r"] * rows, ["c"] * columns, np.zeros((2, 2)), extra)
    assert list(tmp_path.iterdir()) == []
