"""Numbers in words and tables."""

from __future__ import annotations

import math

from atlas_app.words.readable import counted, in_line, padded, readable
from atlas_app.words.told_columns import told_column, with_told


def test_numbers_have_few_digits_and_no_needless_power_of_ten() -> None:
    told = {None: "–", math.nan: "–", 0.0: "0", 1234.5: "1230", 99999: "100000", 0.98765: "0.988"}
    told |= {0.000123: "0.000123", 0.0000123: "1.2e−5", 2.5e7: "2.5e7", -0.5: "−0.5"}
    assert {value: readable(value) for value in told} == told
    assert readable(99.6, 2) == "100"
    assert [padded(v) for v in (0.92, 4.0, 968.2, 0.0092, 0.0)] == [
        "0.920",
        "4.00",
        "968",
        "0.00920",
        "0",
    ]


def test_numbers_beside_each_other_have_the_same_decimals() -> None:
    assert in_line(6.9, 6.89, 6.904) == ["6.90", "6.89", "6.90"]
    assert in_line(12.41, 9.5, 13.3) == ["12.4", "9.5", "13.3"]
    assert in_line(0.0, 0.0, 120.4) == ["0", "0", "120"]
    assert in_line(0.0) == ["0.00"]


def test_one_thing_is_no_plural() -> None:
    assert [counted(n, "slice") for n in (0, 1, 1200)] == ["0 slices", "1 slice", "1,200 slices"]


def test_a_column_reads_the_text_beside_its_number() -> None:
    rows = with_told([{"p": 0.5, "q": None}], readable, "p", "q")
    assert rows == [{"p": 0.5, "q": None, "p_told": "0.5", "q_told": "–"}]
    column = told_column("q", "q", minWidth=120)
    assert column["valueFormatter"] == {"function": "params.data.q_told"}
    assert (column["field"], column["minWidth"]) == ("q", 120)
