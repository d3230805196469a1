from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import t as student

from atlas_app.selection.composition import compose_rows
from atlas_app.selection.sides import find_sides
from training.store import Atlas


def test_shares_are_those_of_the_spots_of_either_side(patched: Atlas, patch: str) -> None:
    sides = find_sides(patched, patch, without=["obs:domain*0"])
    rows = compose_rows(patched, sides)
    for by, column in (("stage", "stage"), ("slice", "slice"), ("domain", "domain")):
        labels = patched.obs(column)
        part = [row for row in rows if row["by"] == by]
        assert sum(row["inside"] for row in part) == pytest.approx(1)
        assert sum(row["outside"] for row in part) == pytest.approx(1)
        for row in part:
            assert row["spots_a"] == int((sides.a & (labels == row["name"])).sum())
            assert row["outside"] == pytest.approx(np.mean(labels[sides.b] == row["name"]))
    assert "heart" not in {row["name"] for row in rows}


def test_factors_are_compared_within_slices(patched: Atlas, patch: str) -> None:
    sides = find_sides(patched, patch)
    rows = [row for row in compose_rows(patched, sides) if row["by"] == "factor"]
    assert [row["name"] for row in rows] == ["0", "1", "2", "3"]
    differences = []
    for part in patched.slices:
        own = np.arange(patched.n_spots) // 60 == part.start // 60
        means = [patched.factors[side & own, 1].mean() for side in (sides.a, sides.b)]
        differences.append(means[0] - means[1])
    found = rows[1]
    assert found["slices"] == 6
    assert found["inside"] == pytest.approx(float(patched.factors[sides.a, 1].mean()), rel=1e-5)
    assert found["difference"] == pytest.approx(np.mean(differences), abs=1e-6)
    half = student.ppf(0.975, 5) * np.std(differences, ddof=1) / np.sqrt(6)
    assert found["high"] - found["difference"] == pytest.approx(half, abs=1e-6)


def test_one_slice_has_no_interval_and_all_spots_no_rest(patched: Atlas) -> None:
    one = find_sides(patched, "spatial*-5_-9_2.5_-9_2.5_99_-5_99*3")
    rows = [row for row in compose_rows(patched, one) if row["by"] == "factor"]
    assert rows[0]["slices"] == 1
    assert rows[0]["difference"] is not None
    assert rows[0]["low"] is None
    # The rest is that of the same slice.
    assert rows[0]["spots_b"] == 42
    everything = "spatial*-9_-9_99_-9_99_99_-9_99*0*1*2*3*4*5"
    rows = compose_rows(patched, find_sides(patched, everything, alone=True))
    assert {row["outside"] for row in rows} == {None}
    assert [row["slices"] for row in rows if row["by"] == "factor"] == [0] * 4
