"""Every kind of wrong number is found, and named, in a store whose digest is right."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from training.store import validate_store


def set_at(index: Any, value: Any) -> Callable[[np.ndarray], None]:
    def change(values: np.ndarray) -> None:
        values[index] = value

    return change


def test_a_sound_store_has_no_faults(pristine: Path) -> None:
    assert validate_store(pristine) == []


@pytest.mark.parametrize(
    ("array", "change", "words"),
    [
        ("reference/obsm/latent", set_at((3, 1), np.nan), "obsm/latent: found 1 spots"),
        ("reference/obsm/spatial", set_at((0, 0), np.inf), "obsm/spatial"),
        ("reference/obsm/umap", set_at((5, 1), 77.0), "view/umap: found other values"),
        ("reference/obsm/factors", set_at((2, 0), 0.999), "do not sum to 1"),
        ("reference/obsm/factors", set_at((2, 0), -0.5), "smallest value -0.5"),
        ("reference/varm/loadings", set_at((0, 1), 2.0), r"factors \[1\]"),
        ("reference/varm/loadings", set_at((0, 1), np.nan), "of a fitted gene|for a fitted gene"),
        ("reference/varm/loadings", set_at((0, 0), -0.01), "negative"),
        ("reference/varm/loadings", set_at(slice(None), np.nan), "no fitted gene"),
        ("reference/X/data", set_at(0, 1.5), "raw counts"),
        ("reference/X/data", set_at(0, -1.0), "raw counts"),
        ("reference/X/data", set_at(slice(0, 3), 900.0), "view/totals"),
        ("reference/X/indices", set_at(0, 40), "spots from 0 to 39"),
        ("reference/X/indices", set_at(0, -3), "spots from 0 to 39"),
        ("reference/X/indices", lambda v: v[[1, 0, *range(2, len(v))]], "rising spot indices"),
        ("reference/X/indptr", set_at(1, 10_000), "offsets that do not fit"),
        ("reference/X/indptr", set_at(0, 2), "offsets that do not fit"),
        ("reference/obs/slice/codes", set_at(0, 1), "several places"),
        ("reference/obs/stage/codes", set_at(0, 1), "one stage and one time"),
        ("reference/obs/stage/codes", set_at(0, 9), "codes from 0 to 9"),
        ("reference/obs/domain/codes", set_at(4, -1), "a domain per spot"),
        ("reference/obs/time", set_at(4, 1.0), "one stage and one time"),
        ("reference/obs/depth", set_at(4, 5_000_000), "tables of slices or columns"),
        ("reference/obs/in_tissue", lambda v: ~v, r"view/obs \(in_tissue\)"),
        ("reference/var/_index", set_at(1, "MYH7"), "occur twice"),
        ("reference/obs/_index", set_at(1, ""), "an empty name"),
        ("view/genes", lambda v: np.where(v > 0, v ^ 64, v), "other bytes for 8 genes"),
        ("view/genes", set_at((2, slice(None)), 9), "the first at position 2"),
        ("view/gene_max", lambda v: v * 2, "view/genes"),
        ("view/factors", set_at((1, 0), 3), r"view/factors \(1\)"),
        ("view/factor_max", set_at(0, 0.1), r"view/factors \(0\)"),
        ("view/obs", set_at((1, 0), 1), r"view/obs \(stage\)"),
        ("view/totals", set_at(0, 3.0), "view/totals"),
        ("view/usage", set_at((0, 0), 0.9), "view/usage"),
        ("view/spatial", set_at((0, 0), 1.0), "view/spatial"),
    ],
)
def test_wrong_numbers_are_found(
    array: str, change: Callable[..., Any], words: str, change_array: Callable[..., Path]
) -> None:
    faults = validate_store(change_array(array, change))
    assert faults
    assert any(re.search(words, fault) for fault in faults), faults


def test_all_faults_are_reported_together(change_array: Callable[..., Path]) -> None:
    change_array("view/totals", set_at(0, 3.0))
    change_array("view/usage", set_at((0, 0), 0.9))
    path = change_array("reference/obsm/latent", set_at((3, 1), np.nan))
    faults = validate_store(path)
    assert len(faults) == 3


def test_a_change_without_a_new_digest_is_found(copy: Path) -> None:
    document = copy / "model" / "zarr.json"
    text = document.read_text()
    document.write_text(text.replace('"n_factors": 3', '"n_factors": 4'))
    assert document.read_text() != text
    faults = validate_store(copy)
    assert len(faults) == 1
    assert "digest" in faults[0]


def test_a_bit_more_or_less_of_a_gene_is_tolerated(change_array: Callable[..., Path]) -> None:
    def nudge(values: np.ndarray) -> np.ndarray:
        return np.where(values > 1, values - 1, values)

    assert validate_store(change_array("view/genes", nudge)) == []
