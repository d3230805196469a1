"""Many motions made to agree: exact frames come back, a wrong pair is outvoted."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from training.alignment.rigid import Rigid
from training.alignment.synchronise import Pair, judge_pair, settle_sides, synchronise

TOLERANCE = 3.0


def random_motion(rng: np.random.Generator, reflected: bool) -> Rigid:
    a = rng.uniform(0, 2 * np.pi)
    matrix = np.array([[np.cos(a), -np.sin(a)], [np.sin(a), np.cos(a)]])
    if reflected:
        matrix = matrix @ np.diag([-1.0, 1.0])
    return Rigid(matrix, rng.uniform(-100, 100, 2))


def stack(
    n: int, rng: np.random.Generator, noise: float = 0.0
) -> tuple[list[Rigid], dict[tuple[int, int], Pair]]:
    """Frames of n slices, every third upside down, and all pairs up to two apart."""
    frames = [random_motion(rng, i % 3 == 2) for i in range(n)]
    tissue = rng.uniform(-20, 20, (150, 2))
    pairs = {}
    for i in range(n):
        for j in range(i + 1, min(i + 3, n)):
            source = frames[i].inverse().apply(tissue) + rng.normal(0, noise, tissue.shape)
            target = frames[j].inverse().apply(tissue) + rng.normal(0, noise, tissue.shape)
            motion = frames[j].inverse().after(frames[i])
            pairs[i, j] = Pair(i, j, source, target, TOLERANCE, motion, 100.0)
    return frames, pairs


def errors(found: dict[int, Rigid], frames: list[Rigid], fixed: int) -> list[float]:
    points = np.random.default_rng(9).uniform(-20, 20, (50, 2))
    result = []
    for i, frame in enumerate(frames):
        wanted = frames[fixed].inverse().after(frame).apply(points)
        result.append(float(np.linalg.norm(found[i].apply(points) - wanted, axis=1).max()))
    return result


@pytest.mark.parametrize("fixed", [0, 4])
def test_exact_pairs_give_the_exact_frames(fixed: int) -> None:
    frames, pairs = stack(7, np.random.default_rng(0))
    found = synchronise(list(pairs.values()), list(range(7)), fixed)
    np.testing.assert_allclose(found[fixed].matrix, np.eye(2), atol=1e-9)
    np.testing.assert_allclose(found[fixed].shift, 0, atol=1e-9)
    assert max(errors(found, frames, fixed)) < 1e-4


@pytest.mark.parametrize("steps", [0, 25])
def test_a_wrong_pair_is_outvoted_and_shows_in_its_score(
    steps: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Already before the Gauss-Newton steps."""
    monkeypatch.setattr("training.alignment.synchronise.STEPS", steps)
    rng = np.random.default_rng(1)
    frames, pairs = stack(7, rng)
    wrong = random_motion(rng, reflected=False)
    scattered = rng.uniform(-100, 100, pairs[2, 3].target.shape)
    pairs[2, 3] = Pair(2, 3, pairs[2, 3].source, scattered, TOLERANCE, wrong, 190.0)
    found = synchronise(list(pairs.values()), list(range(7)), 0)
    assert max(errors(found, frames, 0)) < 1e-2
    assert judge_pair(pairs[1, 2], found).share == 1.0
    assert judge_pair(pairs[2, 3], found).share < 0.05


def test_the_joint_solution_is_a_minimum_of_all_matches_together() -> None:
    rng = np.random.default_rng(2)
    frames, pairs = stack(5, rng, noise=0.5)
    every = list(pairs.values())
    # Motions of single pairs start a degree and a unit off.
    a = np.radians(1.0)
    turn = np.array([[np.cos(a), -np.sin(a)], [np.sin(a), np.cos(a)]])
    off = Rigid(turn, np.array([1.0, -1.0]))
    every = [
        Pair(p.first, p.second, p.source, p.target, p.tolerance, off.after(p.motion), p.weight)
        for p in every
    ]
    found = synchronise(every, list(range(5)), 0)
    assert max(errors(found, frames, 0)) < 0.5

    def loss(motions: dict[int, Rigid]) -> float:
        total = 0.0
        for pair in every:
            miss = motions[pair.first].apply(pair.source) - motions[pair.second].apply(pair.target)
            ratio = np.minimum((miss**2).sum(axis=1) / pair.tolerance**2, 1)
            total += pair.tolerance**2 / 6 * float((1 - (1 - ratio) ** 3).sum())
        return total

    best = loss(found)
    for index, (angle, dx, dy) in product(
        range(1, 5), [(0.01, 0, 0), (-0.01, 0, 0), (0, 0.1, 0), (0, -0.1, 0), (0, 0, 0.1)]
    ):
        turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
        moved = Rigid(turn @ found[index].matrix, found[index].shift + np.array([dx, dy]))
        assert loss(found | {index: moved}) > best


@pytest.mark.parametrize("seed", range(8))
def test_sides_are_as_good_as_the_best_of_all(seed: int) -> None:
    rng = np.random.default_rng(seed)
    n = 6
    sides = rng.choice([-1.0, 1.0], n)
    edges = [(i, j) for i in range(n) for j in range(i + 1, min(i + 4, n))]
    evidence = [float(sides[i] * sides[j] * rng.uniform(1, 3)) for i, j in edges]
    flipped = rng.integers(len(edges))
    evidence[flipped] *= -0.5
    found = settle_sides(edges, evidence, n)

    def energy(each: np.ndarray) -> float:
        return -sum(e * each[i] * each[j] for (i, j), e in zip(edges, evidence, strict=True))

    lowest = min(energy(np.array(each)) for each in product([-1.0, 1.0], repeat=n))
    assert energy(found) == pytest.approx(lowest)


def test_without_evidence_nothing_is_turned_over() -> None:
    np.testing.assert_array_equal(settle_sides([], [], 3), 1)
    np.testing.assert_array_equal(settle_sides([(0, 1), (1, 2)], [0.0, 2.0], 3), 1)
