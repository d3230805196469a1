"""The LISI against a point-by-point computation, and its bounds."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import brentq

from training.metrics import ilisi, lisi
from training.metrics.mixing import perplexity_weights


def naive_lisi(points: np.ndarray, codes: np.ndarray, row: int, perplexity: float) -> float:
    """One spot at a time, with a root finder for the width of the kernel."""
    distance = np.sqrt(((points - points[row]) ** 2).sum(axis=1))
    others = np.array([i for i in np.argsort(distance, kind="stable") if i != row])
    near = others[: round(3 * perplexity)]
    d = distance[near]

    def weights(rate: float) -> np.ndarray:
        w = np.exp(-rate * (d - d.min()))
        return w / w.sum()

    def excess(log_rate: float) -> float:
        w = weights(np.exp(log_rate))
        w = w[w > 0]
        return float(-(w * np.log(w)).sum() - np.log(perplexity))

    p = weights(np.exp(brentq(excess, -20, 20, xtol=1e-14)))
    return 1.0 / sum(p[codes[near] == c].sum() ** 2 for c in np.unique(codes[near]))


@pytest.mark.parametrize("perplexity", [5.0, 30.0])
def test_it_is_the_naive_value_at_every_spot(perplexity: float) -> None:
    rng = np.random.default_rng(0)
    points = rng.normal(size=(200, 4)) * [1, 2, 0.1, 5]
    codes = rng.integers(0, 3, 200)
    found = lisi(points, codes, 3, np.arange(200), perplexity)
    expected = [naive_lisi(points, codes, row, perplexity) for row in range(200)]
    np.testing.assert_allclose(found, expected, rtol=1e-4)
    assert ilisi(points, codes, perplexity=perplexity) == pytest.approx(
        np.median(expected), rel=1e-4
    )


def test_weights_have_the_perplexity_asked_for() -> None:
    distance = np.random.default_rng(0).gamma(2.0, 3.0, size=(50, 90))
    weights = perplexity_weights(distance, 30.0)
    np.testing.assert_allclose(weights.sum(axis=1), 1.0)
    entropy = -(weights * np.log(weights)).sum(axis=1)
    np.testing.assert_allclose(np.exp(entropy), 30.0, rtol=1e-4)


def test_slices_apart_give_one_and_identical_slices_their_number() -> None:
    rng = np.random.default_rng(0)
    slices = np.repeat(["a", "b", "c"], 300)
    apart = rng.normal(size=(900, 3)) + 1000 * np.repeat([[0], [1], [2]], 300, axis=0)
    assert ilisi(apart, slices) == pytest.approx(1.0)
    mixed = rng.normal(size=(900, 3))
    assert 2.6 < ilisi(mixed, slices) <= 3.0


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10_000), n=st.integers(3, 150), scale=st.floats(1e-3, 1e3))
def test_it_is_bounded_and_blind_to_names_order_scale_and_place(
    seed: int, n: int, scale: float
) -> None:
    rng = np.random.default_rng(seed)
    points = rng.normal(size=(n, 3))
    slices = rng.integers(0, 4, n)
    value = ilisi(points, slices)
    assert 1.0 - 1e-9 <= value <= 4.0 + 1e-9
    order = rng.permutation(n)
    moved = scale * points[order] + 7.0
    again = ilisi(moved, [f"slice {3 - s}" for s in slices[order]])
    assert again == pytest.approx(value, rel=1e-3)


def test_one_slice_is_one() -> None:
    assert ilisi(np.random.default_rng(0).normal(size=(120, 2)), ["a"] * 120) == pytest.approx(1.0)


def test_a_constant_latent_has_no_preference() -> None:
    value = ilisi(np.zeros((200, 3)), np.arange(200) % 2)
    assert np.isfinite(value)
    assert 1.0 <= value <= 2.0


@pytest.mark.parametrize("n", [0, 1, 2])
def test_fewer_than_three_spots_have_no_value(n: int) -> None:
    assert ilisi(np.zeros((n, 2)), ["a"] * n) is None


def test_a_sample_is_close_and_repeats_with_its_seed() -> None:
    rng = np.random.default_rng(0)
    points = rng.normal(size=(1500, 3)) + np.repeat([[0.0], [0.8]], 750, axis=0)
    slices = np.repeat([0, 1], 750)
    exact = ilisi(points, slices, sample=None)
    sampled = ilisi(points, slices, sample=400, seed=3)
    assert sampled == pytest.approx(exact, abs=0.1)
    assert sampled == ilisi(points, slices, sample=400, seed=3)
    assert sampled != ilisi(points, slices, sample=400, seed=4)
