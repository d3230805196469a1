"""The registration score against its formula; depths; what the card says of each slice."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from training.alignment.registration import Registration, register_slices
from training.metrics.registration import best_correlations, registration_score


@pytest.mark.parametrize("block", [3, 1024])
def test_the_score_is_the_best_of_six_neighbours(
    block: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("training.metrics.registration.BLOCK", block)
    rng = np.random.default_rng(0)
    one, two = rng.poisson(0.7, (17, 30)).astype(float), rng.poisson(0.7, (23, 30)).astype(float)
    here, there = rng.uniform(0, 10, (17, 2)), rng.uniform(0, 10, (23, 2))
    wanted = []
    for spot, place in zip(one, here, strict=True):
        near = np.linalg.norm(there - place, axis=1).argsort()[:6]
        wanted.append(max(np.corrcoef(spot, two[j])[0, 1] for j in near))
    found = best_correlations(sparse.csr_matrix(one), here, sparse.csr_matrix(two), there)
    np.testing.assert_allclose(found, wanted, atol=1e-12)
    assert registration_score(found) == pytest.approx(np.mean(wanted))


def test_constant_spots_have_no_correlation() -> None:
    one = sparse.csr_matrix(np.array([[0.0, 0, 0], [1, 2, 3]]))
    two = sparse.csr_matrix(np.array([[2.0, 4, 6], [1, 1, 1]]))
    places = np.zeros((2, 2))
    found = best_correlations(one, places, two, places)
    assert np.isnan(found[0])
    assert found[1] == pytest.approx(1.0)
    assert registration_score(found) == pytest.approx(1.0)
    assert registration_score(found[:1]) is None


def registered(z: bool = True) -> tuple[Registration, np.ndarray, np.ndarray]:
    """Three slices of 200 spots: the second is the first turned by 90 degrees and shifted, the
    third holds something else."""
    rng = np.random.default_rng(0)
    tissue = rng.uniform((-20, -8), (20, 12), (400, 2))
    tissue = tissue[tissue[:, 1] < 6 - 0.4 * tissue[:, 0]][:200]
    waves = rng.normal(0, 0.15, (2, 8))
    latent = np.cos(tissue @ waves + np.arange(8))
    other = rng.permutation(latent) + 9.0
    quarter = tissue @ np.array([[0.0, 1.0], [-1.0, 0.0]]) + (70.0, -30.0)
    positions = np.concatenate([tissue, quarter, tissue]).astype(np.float32)
    names = ["first", "second", "third"]
    obs = pd.DataFrame(
        {
            "slice": pd.Categorical(np.repeat(names, 200), categories=names),
            "stage": pd.Categorical(["all"] * 600),
        },
        index=[f"s{i}" for i in range(600)],
    )
    if z:
        obs["z_um"] = np.repeat([0.0, 10.0, 20.0], 200)
    counts = rng.poisson(np.exp(latent)).astype(np.float32)
    expression = sparse.csr_matrix(np.log1p(np.concatenate([counts, counts, counts])))
    latents = np.concatenate([latent, latent + rng.normal(0, 0.02, latent.shape), other])
    return register_slices(obs, positions, latents, expression), positions, tissue


def test_coordinates_and_records_say_the_same() -> None:
    found, positions, tissue = registered()
    assert found.positions.shape == (600, 3)
    assert found.positions.dtype == np.float32
    np.testing.assert_array_equal(found.positions[:, 2], np.repeat([0, 10, 20], 200))
    assert json.loads(json.dumps(found.records, allow_nan=False)) == found.records
    assert [record["slice"] for record in found.records] == ["first", "second", "third"]
    assert {record["z_column"] for record in found.records} == {"z_um"}
    for index, record in enumerate(found.records):
        angle = np.radians(record["rotation"])
        matrix = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
        mirror = np.diag([-1.0 if record["reflected"] else 1.0, 1.0])
        own = slice(200 * index, 200 * index + 200)
        told = record["scale"] * positions[own] @ (matrix @ mirror).T + record["shift"]
        np.testing.assert_allclose(found.positions[own, :2], told, atol=0.01)
    one, two, three = found.records
    assert one["reference"] == two["reference"] == "first"
    assert two["rotation"] == pytest.approx(-90, abs=1)
    assert two["joined"] == ["first"]
    assert two["residual"] < 2
    # The same counts at the same place.
    assert two["score"] == pytest.approx(1.0, abs=0.02)
    np.testing.assert_allclose(found.positions[200:400, :2], tissue, atol=0.8)
    assert (three["registered"], three["reference"], three["z"]) == (False, "third", 20.0)
    assert (three["residual"], three["score"], three["inlier_share"]) == (None, None, None)
    np.testing.assert_array_equal(found.positions[400:, :2], positions[400:])
    assert found.n_registered == 2


def test_without_depths_there_are_two_columns() -> None:
    found, _, _ = registered(z=False)
    assert found.positions.shape == (600, 2)
    assert [record["z"] for record in found.records] == [None] * 3
