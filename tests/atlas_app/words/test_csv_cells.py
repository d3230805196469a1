"""CSV files that readers take away."""

from __future__ import annotations

import csv
import io

import numpy as np

from atlas_app.words.csv_cells import ended, written


def test_numbers_have_six_digits_and_what_is_missing_is_empty() -> None:
    assert written([["a", 1.23456789, np.nan, None, 2, "x, y"]]) == 'a,1.23457,,,2,"x, y"\n'


def test_every_line_gets_the_further_columns() -> None:
    parts = ["spot,x\n", "s1,1\ns2,2\n", "", written([['s"3', 4], ["two\nlines", 5], ["a, b", 6]])]
    found = list(csv.DictReader(io.StringIO("".join(ended(parts, {"digest": "d, e", "by": None})))))
    assert [row["spot"] for row in found] == ["s1", "s2", 's"3', "two\nlines", "a, b"]
    assert [row["x"] for row in found] == ["1", "2", "4", "5", "6"]
    assert {(row["digest"], row["by"]) for row in found} == {("d, e", "")}


def test_a_table_in_one_piece_and_one_without_lines() -> None:
    assert "".join(ended(["a\n1\n"], {"b": 2})) == "a,b\n1,2\n"
    assert "".join(ended(["a\n"], {"b": 2})) == "a,b\n"
    assert "".join(ended([], {"b": 2})) == ""
