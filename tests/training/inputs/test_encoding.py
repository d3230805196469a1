"""The choice of the encoder, and how regularly spots lie."""

from __future__ import annotations

import numpy as np
import pytest

from training.inputs.encoding import choose_encoder, measure_spacing


def hexagons(side: int, pitch: float) -> np.ndarray:
    row, column = np.divmod(np.arange(side**2), side)
    return pitch * np.stack([column + row % 2 / 2, row * np.sqrt(3) / 2], axis=1)


@pytest.mark.parametrize("asked", ["lgcn", "gat"])
def test_what_is_asked_for_is_taken(asked: str) -> None:
    assert choose_encoder(asked, 0.0, 10) == (asked, "as set")
    assert choose_encoder(asked, 0.9, 10**7) == (asked, "as set")


@pytest.mark.parametrize(
    ("spacing", "n_spots", "name", "word"),
    [
        (0.01, 14_243, "gat", "array"),
        (0.35, 14_243, "lgcn", "irregularly"),
        (0.0, 514_415, "lgcn", "514,415"),
    ],
)
def test_auto_goes_by_resolution_and_size_where_genes_are_seen(
    spacing: float, n_spots: int, name: str, word: str
) -> None:
    found, reason = choose_encoder("auto", spacing, n_spots, composed=False)
    assert found == name
    assert word in reason
    assert choose_encoder("auto", spacing, n_spots)[0] == "lgcn"


def test_an_array_is_regular_and_cells_are_not() -> None:
    rng = np.random.default_rng(0)
    array = hexagons(40, 100.0) + rng.normal(0, 1, (1600, 2))
    cells = rng.uniform(0, 1000, (1600, 2))
    one = np.zeros(1600, dtype=int)
    assert measure_spacing(array, one) < 0.03
    assert measure_spacing(cells, one) > 0.3
    assert choose_encoder("auto", measure_spacing(array, one), 1600, composed=False)[0] == "gat"
    assert choose_encoder("auto", measure_spacing(cells, one), 1600, composed=False)[0] == "lgcn"


def test_torn_edges_and_units_do_not_matter() -> None:
    """Slices in other units side by side, a tenth of each torn away."""
    rng = np.random.default_rng(1)
    torn = [
        hexagons(30, pitch)[rng.permutation(900)[:810]] * [1, 1] for pitch in (1.0, 55.0, 300.0)
    ]
    slices = np.repeat([0, 1, 2], 810)
    assert measure_spacing(np.concatenate(torn), slices) < 0.03


def test_too_few_spots_to_tell_are_not_an_array() -> None:
    assert measure_spacing(np.zeros((2, 2)), np.zeros(2, dtype=int)) == 1.0
