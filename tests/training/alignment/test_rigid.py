"""Rigid motions: the least squares solution, and a fit that wrong matches cannot mislead."""

from __future__ import annotations

import numpy as np
import pytest

from training.alignment.rigid import STILL, Rigid, fit_rigid, kabsch


def motion(degrees: float, shift: tuple[float, float], reflected: bool = False) -> Rigid:
    a = np.radians(degrees)
    matrix = np.array([[np.cos(a), -np.sin(a)], [np.sin(a), np.cos(a)]])
    if reflected:
        matrix = matrix @ np.array([[-1.0, 0.0], [0.0, 1.0]])
    return Rigid(matrix, np.array(shift))


def naive_kabsch(p: np.ndarray, q: np.ndarray, w: np.ndarray, reflected: bool) -> np.ndarray:
    """Rotation by the singular value decomposition, as in the literature."""
    w = w / w.sum()
    u, _, vt = np.linalg.svd((q - w @ q).T @ np.diag(w) @ (p - w @ p))
    sign = -1.0 if reflected else 1.0
    return np.asarray(u @ np.diag([1.0, sign * np.linalg.det(u @ vt)]) @ vt)


@pytest.mark.parametrize("reflected", [False, True])
@pytest.mark.parametrize("seed", range(5))
def test_kabsch_is_the_least_squares_solution(seed: int, reflected: bool) -> None:
    rng = np.random.default_rng(seed)
    p, q, w = rng.normal(size=(9, 2)), rng.normal(size=(9, 2)), rng.uniform(size=9)
    found = kabsch(p, q, w, reflected=reflected)
    np.testing.assert_allclose(found.matrix, naive_kabsch(p, q, w, reflected), atol=1e-12)
    np.testing.assert_allclose(w @ (found.apply(p) - q), 0, atol=1e-12)

    def cost(each: Rigid) -> float:
        return float(w @ ((each.apply(p) - q) ** 2).sum(axis=1))

    for degrees in (-1.0, 1.0):
        turned = motion(degrees, (0, 0)).matrix @ found.matrix
        shift = (w @ q - turned @ (w @ p)) / w.sum()
        assert cost(Rigid(turned, shift)) > cost(found)


@pytest.mark.parametrize("reflected", [False, True])
def test_degrees_inverse_and_composition(reflected: bool) -> None:
    points = np.random.default_rng(0).normal(size=(5, 2))
    one, other = motion(-163.0, (3, -1), reflected), motion(40.0, (0.5, 7))
    assert one.reflected == reflected
    assert one.degrees == pytest.approx(-163.0)
    np.testing.assert_allclose(one.inverse().apply(one.apply(points)), points)
    np.testing.assert_allclose(other.after(one).apply(points), other.apply(one.apply(points)))
    np.testing.assert_array_equal(STILL.apply(points), points)


@pytest.mark.parametrize("reflected", [False, True])
@pytest.mark.parametrize("degrees", [0.0, 33.0, 91.7, -178.0])
def test_three_quarters_of_wrong_matches_do_not_mislead(degrees: float, reflected: bool) -> None:
    rng = np.random.default_rng(1)
    source = rng.uniform(-50, 50, (400, 2))
    truth = motion(degrees, (1000.0, -300.0), reflected)
    target = truth.apply(source) + rng.normal(0, 1.0, source.shape)
    wrong = rng.uniform(size=400) < 0.75
    target[wrong] = truth.apply(rng.uniform(-50, 50, (int(wrong.sum()), 2)))
    fit = fit_rigid(source, target, tolerance=4.0, reflected=reflected)
    error = np.linalg.norm(fit.motion.apply(source) - truth.apply(source), axis=1)
    assert error.max() < 1.0
    assert fit.inliers[~wrong].mean() > 0.98
    assert fit.share == fit.inliers.mean() < 0.35
    distance = np.linalg.norm(fit.motion.apply(source) - target, axis=1)
    assert fit.residual == pytest.approx(np.median(distance[distance <= 4.0]))
    assert fit.score == pytest.approx(np.maximum(1 - (distance / 4.0) ** 2, 0).sum())
    # Plain least squares is led astray by the same matches.
    plain = kabsch(source, target, reflected=reflected)
    off = np.linalg.norm(plain.apply(source) - truth.apply(source), axis=1)
    assert off.max() > 2 * error.max()


def test_a_shape_that_is_mirrored_fits_only_a_reflection() -> None:
    rng = np.random.default_rng(2)
    source = rng.uniform(-10, 10, (200, 2))
    target = motion(20.0, (5, 5), reflected=True).apply(source)
    turned = fit_rigid(source, target, 1.0)
    mirrored = fit_rigid(source, target, 1.0, reflected=True)
    assert not turned.motion.reflected
    assert mirrored.motion.reflected
    assert mirrored.share == 1.0
    assert turned.share < 0.3


def test_weights_say_which_of_two_motions_is_meant() -> None:
    rng = np.random.default_rng(3)
    source = rng.uniform(-10, 10, (100, 2))
    first = np.arange(100) < 40
    target = np.where(first[:, None], source + 50.0, source - 50.0)
    assert fit_rigid(source, target, 1.0).motion.shift == pytest.approx([-50, -50])
    weights = np.where(first, 3.0, 1.0)
    trusted = fit_rigid(source, target, 1.0, weights=weights)
    assert trusted.motion.shift == pytest.approx([50, 50])


def test_too_little_is_refused() -> None:
    points = np.zeros((2, 2))
    with pytest.raises(ValueError, match="at least 3"):
        fit_rigid(points, points, 1.0)
    with pytest.raises(ValueError, match="positive"):
        fit_rigid(np.zeros((5, 2)), np.zeros((5, 2)), 0.0)
