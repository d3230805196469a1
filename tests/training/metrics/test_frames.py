"""Frames laid over each other: known similarities come back, known errors are told."""

from __future__ import annotations

import numpy as np
import pytest

from training.metrics.frames import compare_frames, fit_similarity


def turn(degrees: float) -> np.ndarray:
    c, s = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    return np.array([[c, -s], [s, c]])


def test_a_similarity_comes_back() -> None:
    points = np.random.default_rng(0).normal(size=(50, 2))
    scale, rotation, shift = fit_similarity(points, 2.5 * points @ turn(70).T + (3.0, -8.0))
    assert scale == pytest.approx(2.5)
    np.testing.assert_allclose(rotation, turn(70), atol=1e-12)
    np.testing.assert_allclose(shift, (3.0, -8.0), atol=1e-12)
    with pytest.raises(ValueError, match="one place"):
        fit_similarity(np.zeros((4, 2)), points[:4])


def test_a_mirrored_frame_is_not_turned_over() -> None:
    points = np.random.default_rng(1).normal(size=(80, 2)) * (3.0, 1.0)
    _, rotation, _ = fit_similarity(points, points * (-1.0, 1.0))
    assert np.linalg.det(rotation) == pytest.approx(1.0)


def test_a_slice_out_of_place_is_told_from_one_that_is_bent() -> None:
    rng = np.random.default_rng(2)
    slices = np.repeat([0, 1, 2, 3], 200)
    theirs = rng.normal(size=(800, 2))
    ours = (theirs @ turn(-30).T + (4.0, 4.0)) / 7.0
    same = compare_frames(ours, theirs, slices)
    assert same.rmse < 1e-9
    assert same.correlation == pytest.approx(1.0)
    shifted = ours.copy()
    shifted[slices == 2] += (0.1, 0.0)
    found = compare_frames(shifted, theirs, slices)
    assert found.within < 1e-9
    assert found.by_slice.argmax() == 2
    assert found.by_slice[2] == pytest.approx(0.7 * 0.75, rel=0.1)
    bent = theirs.copy()
    bent[:, 0] += 0.3 * np.sin(3 * theirs[:, 1])
    found = compare_frames(ours, bent, slices)
    assert found.within == pytest.approx(found.rmse, rel=0.02)
