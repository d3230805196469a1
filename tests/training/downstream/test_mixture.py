"""Domains by a mixture, asked or unasked: what changes by degrees is divided."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import adjusted_rand_score

from training.config import DomainConfig
from training.downstream.division import LEAST_AGREEMENT, choose_mixture, divide_spots
from training.downstream.domains import Stability, compare_parts, name_by_size
from training.downstream.mixture import Trial, divide_by_mixture, measure_mixture, try_numbers
from training.errors import AtlasError
from training.neighbours.nearest import nearest


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


def steps(n: int = 800, number: int = 5, seed: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """A latent (n, 8) in which layers follow one another, a fifth of the spots in between, each
    spot of cells that vary more than layers do; and each spot's layer."""
    rng = np.random.default_rng(seed)
    layer = rng.integers(0, number, n)
    depth = layer + np.where(rng.random(n) < 0.2, rng.uniform(-0.5, 0.5, n), 0)
    angle = np.pi * depth / number
    course = 3 * np.column_stack([np.cos(angle), np.sin(angle), np.cos(2 * angle)])
    noise = rng.normal(size=(n, 8)) * np.array([0.2] * 3 + [4] * 5)
    return np.pad(course, ((0, 0), (0, 5))) + noise, layer


def test_layers_that_communities_cannot_see_are_found_unasked() -> None:
    latent, layer = steps()
    near, _ = nearest(latent, 16, 0)
    division = divide_spots(latent, near, DomainConfig(), seed=0)
    assert division.resolution == 0
    # One layer may come in two parts.
    assert division.number in (5, 6)
    assert adjusted_rand_score(layer, division.names) > 0.9
    assert division.taken in division.stability
    assert "says more than communities" in division.told()
    # Communities were tried beside it, and several of them do not come back.
    several = [each for each in division.stability if each.resolution and each.domains > 2]
    assert several
    assert max(each.agreement for each in several) < 0.5


def test_groups_that_communities_find_are_left_to_them() -> None:
    rng = np.random.default_rng(0)
    latent = (20 * np.eye(6)[np.repeat(np.arange(6), 60)] + rng.normal(size=(360, 6))).astype(
        np.float32
    )
    near, _ = nearest(latent, 16, 0)
    division = divide_spots(latent, near, DomainConfig(), seed=0)
    assert division.resolution > 0
    assert division.number == 6
    assert f"at resolution {division.resolution:g}" in division.told()


def test_a_mixture_must_come_back_and_say_clearly_more() -> None:
    def trial(number: int, agreement: float, information: float) -> Trial:
        return Trial(Stability(0.0, number, agreement, information), [])

    communities = Stability(0.3, 3, 0.9, 1.0)
    layered = [trial(2, 0.94, 0.3), trial(5, 0.6, 0.9), trial(7, 0.9, 1.6), trial(9, 0.7, 1.8)]
    assert choose_mixture(layered, communities) is layered[2]
    # A finer one is taken where it is hardly less stable, and halves agree on it.
    finer = [trial(7, 0.82, 1.6), trial(8, 0.81, 1.7), trial(9, 0.795, 1.8), trial(11, 0.78, 1.9)]
    assert choose_mixture(finer, communities) is finer[1]
    assert choose_mixture([trial(7, LEAST_AGREEMENT - 0.01, 1.6)], communities) is None
    assert choose_mixture([trial(7, 0.9, 1.05)], communities) is None
    # More at all is enough where halves agree on it better, and less never is.
    stable = [trial(7, 0.99, 1.05), trial(9, 0.99, 0.95)]
    assert choose_mixture(stable, communities) is stable[0]
    assert choose_mixture([], communities) is None


def test_information_is_what_two_divisions_tell_of_each_other() -> None:
    halves = np.repeat([0, 1], 500)
    agreement, information = compare_parts(np.stack([halves, halves]))
    assert agreement == 1
    assert information == pytest.approx(np.log(2) - 1 / 2000)
    rng = np.random.default_rng(0)
    by_chance = rng.integers(0, 8, size=(6, 1000))
    by_chance[:, :100] = -1
    agreement, information = compare_parts(by_chance)
    assert abs(agreement) < 0.01
    # 49 / 1800 nats would be told without what chance gives.
    assert abs(information) < 0.006


def test_few_spots_are_tried_in_few_parts() -> None:
    latent = np.random.default_rng(0).normal(size=(170, 3)).astype(np.float32)
    assert [each.stability.domains for each in try_numbers(latent, 0)] == [2, 3, 4]
    assert try_numbers(latent[:60], 0) == []
    near, _ = nearest(latent[:2], 2, 0)
    assert divide_spots(latent[:2], near, DomainConfig(), 0).number <= 2
