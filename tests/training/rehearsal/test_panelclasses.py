"""Classes of spots by the genes they measured."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from scipy import sparse

from training.mapping.classes import read_classes
from training.mapping.encoding.parameters import unpack_model
from training.mapping.reference import of_atlas
from training.mapping.votes import calibrate, count_votes
from training.rehearsal import panelclasses
from training.rehearsal.panelclasses import POOLED, PanelClassifier, score
from training.rehearsal.rehearsal import Rehearsal, rehearse, weigh
from training.rehearsal.ridge import centre
from training.store import Atlas, open_atlas


@pytest.fixture(scope="module")
def atlas(tiny_atlas: Path) -> Atlas:
    return open_atlas(tiny_atlas)


@pytest.fixture(scope="module")
def few(atlas: Atlas) -> Rehearsal:
    """A rehearsal with a panel of 30 genes."""
    return rehearse(of_atlas(atlas), unpack_model(atlas.model()), atlas.genes[::8])


def test_with_few_genes_scores_tell_classes_better_than_votes(atlas: Atlas, few: Rehearsal) -> None:
    codes, categories = read_classes(atlas)["organ"]
    shares = count_votes(codes, len(categories), few.neighbours, weigh(few.distances))
    scores = PanelClassifier(few).held_out(codes[few.rows], len(categories))
    alone = calibrate(shares, codes[few.rows], few.folds)
    joined = calibrate(shares, codes[few.rows], few.folds, scores)
    print(f"votes {alone.accuracy:.3f}, with scores {joined.accuracy:.3f}")
    assert joined.weight > 0
    assert joined.accuracy > alone.accuracy + 0.03
    assert joined.error < 0.1


def test_scores_of_a_query_are_the_regression_on_its_counts(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rng = np.random.default_rng(0)
    counts = sparse.csr_matrix(rng.poisson(1.0, (40, 5)).astype(np.float32))
    adjacency = sparse.random(40, 40, 0.1, random_state=0, format="csr")
    adjacency.data[:] = 1
    sections = np.repeat([0, 1], [15, 25])
    coefficients = [rng.normal(size=(10, n)).astype(np.float32) for n in (3, 2)]
    described = np.hstack(
        [np.sqrt(counts.toarray()), POOLED * np.sqrt((adjacency @ counts).toarray())]
    )
    monkeypatch.setattr(panelclasses, "BLOCK", 7)
    found = score(counts, adjacency, sections, coefficients)
    for values, given in zip(found, coefficients, strict=True):
        np.testing.assert_allclose(values, centre(described, sections) @ given, atol=1e-4)


def test_most_counts_come_first(few: Rehearsal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(panelclasses, "MOST_GENES", 6)
    totals = np.asarray(few.counts.sum(axis=0)).ravel()
    expected = {few.panel[column] for column in np.argsort(-totals)[:6]}
    assert set(PanelClassifier(few).genes) == expected


def test_spots_without_a_class_teach_nothing(few: Rehearsal) -> None:
    codes = np.full(len(few.rows), -1)
    codes[::2] = 0
    codes[1::4] = 1
    found = PanelClassifier(few).held_out(codes, 3)
    assert np.isfinite(found).all()
    assert np.abs(found[:, 2]).max() == 0
