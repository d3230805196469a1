"""Domains in a given number: what changes by degrees is divided, and one seed gives one result."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import adjusted_rand_score

from training.config import DomainConfig
from training.downstream.division import divide_spots
from training.downstream.domains import name_by_size
from training.downstream.mixture import divide_by_mixture, measure_mixture
from training.downstream.neighbours import nearest
from training.errors import AtlasError


def layers(n: int = 1200, number: int = 6, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """A latent (n, 4) in which layers follow one another without gaps, and each spot's layer."""
    rng = np.random.default_rng(seed)
    depth = rng.uniform(0, number, n)
    angle = np.pi * depth / number
    latent = np.column_stack([9 * np.cos(angle), 9 * np.sin(angle), *rng.normal(size=(2, n))])
    latent[:, :2] += 0.3 * rng.normal(size=(n, 2))
    return latent.astype(np.float32), depth.astype(int)


def test_layers_without_gaps_are_divided_into_the_number_given() -> None:
    latent, owner = layers()
    near, _ = nearest(latent, 16, 0)
    division = divide_spots(latent, near, DomainConfig(number=6), seed=0)
    assert (division.number, division.resolution) == (6, 0)
    # Borders may lie elsewhere, but each domain is a stretch of the depth.
    assert adjusted_rand_score(owner, division.names) > 0.5
    (told,) = division.stability
    assert told.domains == 6
    assert 0 < told.agreement <= 1
    assert "6, a Gaussian mixture" in division.told()


def test_mixtures_of_halves_agree_where_there_are_clusters() -> None:
    rng = np.random.default_rng(0)
    owner = np.repeat(np.arange(4), 150)
    latent = 12 * np.eye(4)[owner] + rng.normal(size=(600, 4))
    assert measure_mixture(latent, 4, seed=0).agreement > 0.98
    # Of noise nothing comes back.
    assert measure_mixture(rng.normal(size=(600, 8)), 4, seed=0).agreement < 0.5


def test_one_seed_gives_one_mixture() -> None:
    latent, _ = layers(300)
    first, again = (divide_by_mixture(latent, 5, seed=3) for _ in range(2))
    np.testing.assert_array_equal(first, again)


def test_components_left_empty_leave_no_name_out() -> None:
    assert name_by_size(np.array([7, 7, 2, 7, 2, 9])) == ["D1", "D1", "D2", "D1", "D2", "D3"]
    # Two places only: no mixture finds more.
    latent = np.repeat(np.eye(2, dtype=np.float32), 20, axis=0)
    names = name_by_size(divide_by_mixture(latent, 4, seed=0))
    assert set(names) == {f"D{number + 1}" for number in range(len(set(names)))}


def test_more_domains_than_spots_can_tell_apart_are_refused() -> None:
    with pytest.raises(AtlasError, match=r"more domains than 12 spots .* at most 2"):
        divide_by_mixture(np.zeros((12, 3), dtype=np.float32), 6, seed=0)
