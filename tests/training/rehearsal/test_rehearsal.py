"""Reference spots mapped onto the slices other than their own."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import anndata as ad
import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from training.mapping.encoding.parameters import Parameters, unpack_model
from training.mapping.reading.query import Query
from training.mapping.reference import ReferenceSpots, of_atlas, of_collection, pick_rows
from training.projection import project_query
from training.rehearsal import rehearsal as rehearsing
from training.rehearsal.rehearsal import Rehearsal, rehearse, weigh
from training.rehearsal.trust import ONE_SLICE, learn_trust
from training.store import Atlas, open_atlas


@pytest.fixture(scope="module")
def atlas(tiny_atlas: Path) -> Atlas:
    return open_atlas(tiny_atlas)


@pytest.fixture(scope="module")
def parameters(atlas: Atlas) -> Parameters:
    return unpack_model(atlas.model())


def test_rows_are_those_of_indexing() -> None:
    rng = np.random.default_rng(0)
    counts = sparse.random(50, 12, density=0.2, format="csc", dtype=np.float32, rng=rng)
    counts.data[counts.indptr[3] : counts.indptr[4]] = 0
    for rows in (rng.permutation(50)[:20], np.arange(50), np.array([7]), np.array([], dtype=int)):
        found = pick_rows(counts, rows)
        np.testing.assert_array_equal(found.toarray(), counts[rows].toarray())
        assert found.shape == (len(rows), 12)


@pytest.fixture(scope="module")
def held(atlas: Atlas, parameters: Parameters) -> Rehearsal:
    return rehearse(of_atlas(atlas), parameters, atlas.genes)


def test_neighbours_are_of_other_slices(atlas: Atlas, held: Rehearsal) -> None:
    slices = of_atlas(atlas).slices
    assert (slices[held.neighbours] != slices[held.rows][:, None]).all()
    assert len(held.rows) == atlas.n_spots
    np.testing.assert_allclose(weigh(held.distances).sum(axis=1), 1, rtol=1e-5)


def test_with_all_genes_spots_land_where_the_fit_has_them(atlas: Atlas, held: Rehearsal) -> None:
    error = np.linalg.norm(held.latent - atlas.latent, axis=1).mean()
    spread = np.linalg.norm(atlas.latent - atlas.latent.mean(axis=0), axis=1).mean()
    assert error < 0.2 * spread


def test_a_panel_lands_further_away(atlas: Atlas, parameters: Parameters, held: Rehearsal) -> None:
    few = rehearse(of_atlas(atlas), parameters, atlas.genes[::8])
    assert few.counts.shape == (len(few.rows), len(atlas.genes[::8]))
    assert np.abs(few.latent - atlas.latent).mean() > np.abs(held.latent - atlas.latent).mean()


def test_a_lone_slice_is_held_against_its_other_parts(atlas: Atlas, parameters: Parameters) -> None:
    whole = of_atlas(atlas)
    rows = np.flatnonzero(whole.slices == 3)
    lone = ReferenceSpots(
        whole.genes,
        whole.latent[rows],
        np.zeros(len(rows), dtype=np.int64),
        np.zeros(len(rows), dtype=np.int64),
        1,
        whole.positions[rows],
        whole.totals[rows],
        None,
        lambda genes: whole.read(genes)[rows],
    )
    held = rehearse(lone, parameters, atlas.genes)
    assert held.by_parts
    assert (held.folds[held.neighbours] != held.folds[:, None]).all()


def test_probabilities_learnt_on_a_lone_slice_are_told_as_such(
    atlas: Atlas, parameters: Parameters, held: Rehearsal
) -> None:
    part = atlas.slices[3]
    rows = np.arange(part.start, part.stop)
    query = Query(
        counts=of_atlas(atlas).read_rows(atlas.genes, rows).astype(np.float32),
        obs=pd.DataFrame(index=rows.astype(str)),
        var=pd.DataFrame(index=atlas.genes),
        positions=of_atlas(atlas).positions[rows],
        slices=np.zeros(len(rows), dtype=np.int64),
        columns=np.arange(atlas.n_genes),
        genes=list(atlas.genes),
        convention="gene names",
    )
    trust = learn_trust(atlas, of_atlas(atlas), held)
    alone = replace(trust, n_slices=1)
    for told, lone in ((trust, False), (alone, True)):
        report = project_query(atlas, parameters, query, trust=told).report
        assert report["rehearsal"]["calibrated_between_slices"] is not lone
        assert (ONE_SLICE in report["warnings"]) is lone


def test_few_others_are_enough(
    atlas: Atlas, parameters: Parameters, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rehearsing, "OTHERS", 50)
    held = rehearse(of_atlas(atlas), parameters, atlas.genes)
    assert len(np.unique(held.neighbours)) <= 50 * len(atlas.slices)


def test_a_store_and_its_collection_say_the_same(atlas: Atlas, tiny_atlas: Path) -> None:
    stored, kept = of_atlas(atlas), of_collection(ad.read_zarr(tiny_atlas / "reference"))
    names = [atlas.genes[5], atlas.genes[0], atlas.genes[100]]
    for one, other in zip(
        (stored.read(names), stored.expression(stored.read(names))),
        (kept.read(names), kept.expression(kept.read(names))),
        strict=True,
    ):
        np.testing.assert_allclose(one.toarray(), other.toarray(), rtol=1e-6)
    for name in ("slices", "stages", "totals", "positions", "latent"):
        np.testing.assert_allclose(getattr(stored, name), getattr(kept, name), rtol=1e-6)
    np.testing.assert_allclose(
        stored.expression(stored.read(names)).toarray()[:, 0], atlas.gene(names[0]), rtol=1e-5
    )
