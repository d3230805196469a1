"""Spots outside a sketch follow their neighbours in it: labels by vote, places in the picture."""

from __future__ import annotations

import numpy as np

from training.downstream.sketch import draw_sketch
from training.downstream.transfer import follow, place_among, vote, weigh_neighbours


def clusters(n: int = 600) -> tuple[np.ndarray, np.ndarray]:
    """Latent (n, 4) of three well divided groups, and the group of each spot."""
    rng = np.random.default_rng(0)
    groups = rng.integers(3, size=n)
    return (10 * np.eye(3, 4)[groups] + rng.normal(0, 0.5, (n, 4))).astype(np.float32), groups


def test_labels_of_a_sketch_reach_all_spots() -> None:
    latent, groups = clusters()
    sketch = draw_sketch(np.zeros(len(latent), dtype=int), 90, 0)
    followers = follow(latent, sketch, 10, 0)
    np.testing.assert_array_equal(followers.carry_labels(groups[sketch], 10), groups)


def test_the_sketch_keeps_what_it_has() -> None:
    """Also where all its neighbours say otherwise."""
    latent, groups = clusters()
    sketch = np.arange(0, len(latent), 5)
    labels = groups[sketch].copy()
    labels[0] = (labels[0] + 1) % 3
    picture = np.random.default_rng(1).normal(size=(len(sketch), 2)).astype(np.float32)
    followers = follow(latent, sketch, 10, 0)
    np.testing.assert_array_equal(followers.carry_labels(labels, 10)[sketch], labels)
    np.testing.assert_array_equal(followers.carry_points(picture, 10)[sketch], picture)


def test_a_whole_sketch_leaves_nobody_to_follow() -> None:
    latent, groups = clusters(50)
    picture = latent[:, :2].copy()
    followers = follow(latent, np.arange(50), 10, 0)
    np.testing.assert_array_equal(followers.carry_labels(groups, 10), groups)
    np.testing.assert_array_equal(followers.carry_points(picture, 10), picture)


def test_the_nearer_neighbours_outvote_the_farther() -> None:
    labels = np.array([0, 1, 1, 1])
    near = np.array([[0, 1, 2, 3], [0, 1, 2, 3]])
    distances = np.array([[0.0, 5.0, 5.0, 5.0], [1.0, 1.0, 1.0, 1.0]])
    weights = weigh_neighbours(distances)
    np.testing.assert_allclose(weights.sum(axis=1), 1)
    np.testing.assert_allclose(weights[0, 1:] / weights[0, 0], np.exp(-1))
    # exp(-1) three times is more than 1; with two of them the nearest wins.
    assert vote(labels, near, distances).tolist() == [1, 1]
    assert vote(labels, near[:, :3], distances[:, :3]).tolist() == [0, 1]


def test_points_lie_among_their_neighbours() -> None:
    """In a smooth picture a spot lands where its latent says."""
    rng = np.random.default_rng(0)
    latent = rng.uniform(0, 1, (4000, 2)).astype(np.float32)
    sketch = np.arange(2000)
    picture = 5 * latent[sketch]
    placed = follow(latent, sketch, 8, 0).carry_points(picture, 8)
    assert np.median(np.linalg.norm(placed[2000:] - 5 * latent[2000:], axis=1)) < 0.1


def test_no_spot_lands_between_two_parts_of_the_picture() -> None:
    picture = np.array([[0, 0], [0.1, 0], [0, 0.1], [100, 0], [100, 0.1]], dtype=np.float32)
    inside = np.array([[0, 1, 2], [1, 0, 2], [3, 4, 4], [2, 0, 1]] * 10)
    torn = np.array([[0, 1, 3]])
    near = np.vstack([inside, torn])
    distances = np.tile([0.1, 0.2, 0.3], (len(near), 1))
    placed = place_among(picture, near, distances)
    assert np.abs(placed[-1]).max() < 0.2
