"""Leiden domains: blobs come apart, names go by size, one seed one result."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import adjusted_rand_score

from training.downstream.domains import (
    Stability,
    choose_stable,
    find_domains,
    match_resolution,
    measure_stability,
    shared_neighbours,
)
from training.neighbours.nearest import nearest


def blobs(sizes: tuple[int, ...] = (60, 30, 90), seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    owner = np.repeat(np.arange(len(sizes)), sizes)
    centres = 20 * np.eye(len(sizes))
    latent = centres[owner] + rng.normal(size=(len(owner), len(sizes)))
    return latent.astype(np.float32), owner


def test_blobs_become_domains_named_by_size() -> None:
    latent, owner = blobs()
    near, _ = nearest(latent, 16, 0)
    domains = np.array(find_domains(near, 0.5, seed=0))
    # Blob 2 is the largest, then 0, then 1.
    expected = np.array(["D2", "D3", "D1"])[owner]
    np.testing.assert_array_equal(domains, expected)


def test_one_seed_one_partition() -> None:
    latent = np.random.default_rng(1).normal(size=(200, 4)).astype(np.float32)
    near, _ = nearest(latent, 11, 0)
    assert find_domains(near, 1.0, seed=4) == find_domains(near, 1.0, seed=4)


def test_a_higher_resolution_gives_more_domains() -> None:
    latent = np.random.default_rng(1).normal(size=(200, 4)).astype(np.float32)
    near, _ = nearest(latent, 11, 0)
    counts = [len(set(find_domains(near, resolution, 0))) for resolution in (0.1, 0.5, 2.0)]
    assert counts[0] < counts[1] < counts[2]


def test_shared_neighbours_are_the_jaccard_index() -> None:
    near, _ = nearest(blobs((15, 10))[0], 5, 0)
    sets = [set(row) for row in near]
    expected = np.array([[len(a & b) / len(a | b) for b in sets] for a in sets])
    # A single shared spot is no evidence.
    expected[expected <= 1 / 9 + 1e-6] = 0
    np.fill_diagonal(expected, 0)
    np.testing.assert_allclose(shared_neighbours(near).toarray(), expected, rtol=1e-6)


def test_two_spots_are_a_partition_too() -> None:
    near, _ = nearest(np.eye(2, dtype=np.float32), 2, 0)
    domains = find_domains(near, 0.5, 0)
    assert len(domains) == 2
    assert set(domains) <= {"D1", "D2"}


def test_blobs_are_stable_at_their_own_number() -> None:
    latent, _ = blobs((200, 150, 250, 100))
    table = measure_stability(latent, 16, seed=0)
    chosen = choose_stable(table)
    assert chosen.domains == 4
    assert chosen.agreement > 0.99


def test_what_has_no_structure_is_not_stable() -> None:
    latent = np.random.default_rng(2).normal(size=(400, 8)).astype(np.float32)
    table = measure_stability(latent, 16, seed=0, resolutions=(0.8, 1.5))
    assert max(row.agreement for row in table) < 0.6


def test_the_finest_of_equally_stable_partitions_is_taken() -> None:
    table = [Stability(0.1, 3, 0.95), Stability(0.4, 6, 0.94), Stability(0.8, 9, 0.90)]
    assert choose_stable(table).resolution == 0.4


def test_nothing_beyond_a_fall_is_taken() -> None:
    agreements = {0.1: 0.94, 0.3: 0.96, 0.4: 0.955, 0.6: 0.86, 0.8: 0.958}
    table = [Stability(resolution, 5, value) for resolution, value in agreements.items()]
    assert choose_stable(table).resolution == 0.4


def test_stability_repeats() -> None:
    latent, _ = blobs()
    assert measure_stability(latent, 16, 3, (0.3,)) == measure_stability(latent, 16, 3, (0.3,))


def test_what_parts_and_all_spots_show_alike_is_divided_at_the_stable_resolution() -> None:
    latent, _ = blobs()
    near, _ = nearest(latent, 16, 0)
    assert match_resolution(latent, near, 0.3, 0) == 0.3


def test_twice_the_spots_are_divided_as_their_halves_are() -> None:
    """At the resolution of the halves one of the groups comes apart."""
    latent, owner = blobs((700, 600, 500, 400))
    near, _ = nearest(latent, 16, 0)
    resolution = 0.8
    assert len(set(find_domains(near, resolution, 0))) > 4
    matched = match_resolution(latent, near, resolution, 0)
    assert matched < resolution
    assert adjusted_rand_score(owner, find_domains(near, matched, 0)) > 0.95


def test_many_spots_are_divided_as_their_parts_are(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ten times the spots come apart into pieces at the resolution that suits the parts."""
    monkeypatch.setattr("training.downstream.domains.SKETCH", 400)
    latent, owner = blobs((1500, 1200, 1300, 1000))
    near, _ = nearest(latent, 16, 0)
    resolution = 0.8
    pieces = find_domains(near, resolution, 0)
    assert len(set(pieces)) > 4
    matched = match_resolution(latent, near, resolution, 0)
    assert matched < resolution
    domains = find_domains(near, matched, 0)
    assert adjusted_rand_score(owner, domains) > adjusted_rand_score(owner, pieces)
    assert adjusted_rand_score(owner, domains) > 0.95


def test_spots_without_a_shared_neighbour_stand_alone() -> None:
    assert sorted(find_domains(np.array([[0], [1], [2]]), 0.5, 0)) == ["D1", "D2", "D3"]
