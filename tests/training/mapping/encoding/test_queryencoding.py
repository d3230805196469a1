"""A query encoded: large sections, of which some of the spots say what their effects are."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from training.factors import composition
from training.mapping.encoding import queryencoding
from training.mapping.encoding.parameters import unpack_model
from training.mapping.reading.query import read_query
from training.store import open_atlas


def test_part_of_a_section_says_what_its_effects_are(
    tiny_atlas: Path, tiny_slices: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As of a section too large for all its spots to be asked."""
    atlas = open_atlas(tiny_atlas)
    parameters = unpack_model(atlas.model())
    query = read_query(tiny_slices / "E13.5_A.h5ad", atlas, parameters.genes)
    whole = queryencoding.encode_query(atlas.genes, parameters, query)
    n = len(query.slices)
    monkeypatch.setattr(queryencoding, "EFFECT_SPOTS", n // 2)
    part = queryencoding.encode_query(atlas.genes, parameters, query)
    known = ~np.isnan(whole.effects[0])
    alike = np.corrcoef(part.effects[0][known], whole.effects[0][known])[0, 1]
    moved = np.linalg.norm(part.latent - whole.latent, axis=1)
    apart = np.linalg.norm(whole.latent - whole.latent[np.arange(n) - n // 2], axis=1)
    print(
        f"effects r {alike:.3f}; a spot moves by {np.median(moved):.3f}, two lie "
        f"{np.median(apart):.3f} apart; proportions differ by "
        f"{np.abs(part.proportions - whole.proportions).max():.3f} at most"
    )
    assert 0.9 < alike < 1
    assert np.median(moved) < 0.1 * np.median(apart)
    assert np.abs(part.proportions - whole.proportions).mean() < 0.01


def test_the_number_of_cores_changes_no_bit(
    tiny_atlas: Path, tiny_slices: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    atlas = open_atlas(tiny_atlas)
    parameters = unpack_model(atlas.model())
    query = read_query(tiny_slices / "E13.5_A.h5ad", atlas, parameters.genes)
    monkeypatch.setattr(composition, "BLOCK", 16)
    monkeypatch.setattr(queryencoding, "AGREEMENT_BLOCK", 16)
    monkeypatch.setattr(queryencoding, "BLOCK", 16)
    before, found = torch.get_num_threads(), []
    try:
        for threads in (1, 3):
            torch.set_num_threads(threads)
            found.append(queryencoding.encode_query(atlas.genes, parameters, query))
    finally:
        torch.set_num_threads(before)
    for name in ("latent", "proportions", "agreement", "effects"):
        np.testing.assert_array_equal(getattr(found[0], name), getattr(found[1], name))
