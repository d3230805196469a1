"""Latents drawn to their like in other slices: what mixes, what stays, and the same for a query."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from training.downstream.kinship import AROUND, NEAREST, choose_anchors, draw_to_kin


def make_slices(
    seed: int = 0, shift: float = 0.8
) -> tuple[NDArray[np.float32], NDArray[np.int64], NDArray[np.int64]]:
    """Latents (300, 3), slices and tissues: two tissues in both slices, a third in the second."""
    chance = np.random.default_rng(seed)
    slices = np.repeat([0, 1], 150)
    tissues = np.concatenate([np.repeat([0, 1], 75), np.repeat([0, 1, 2], 50)])
    centres = np.array([[0, 0, 0], [8, 0, 0], [0, 0, 40]], dtype=float)
    latent = centres[tissues] + chance.normal(0, 1, (300, 3))
    latent[:, 1] += shift * slices
    return latent.astype(np.float32), slices, tissues


def draw_plainly(
    latent: NDArray[np.floating], slices: NDArray[np.integer], part: float
) -> NDArray[np.floating]:
    """The docstring's equation, spot by spot."""
    found = latent.astype(float).copy()
    for i, z in enumerate(latent.astype(float)):
        squares = ((latent.astype(float) - z) ** 2).sum(axis=1)
        reach = np.sort(squares)[AROUND - 1]
        total, mean = 0.0, np.zeros(latent.shape[1])
        for kind in set(slices) - {slices[i]}:
            members = np.flatnonzero(slices == kind)
            for j in members[np.argsort(squares[members])[:NEAREST]]:
                weight = np.exp(-squares[j] / reach)
                total, mean = total + weight, mean + weight * latent[j]
        found[i] += part * total / (total + 1) * (mean / max(total, 1e-12) - z)
    return found


def test_it_is_the_equation() -> None:
    latent, slices, _ = make_slices()
    found = draw_to_kin(latent, choose_anchors(latent, slices, 0), 0.5, slices)
    np.testing.assert_allclose(found, draw_plainly(latent, slices, 0.5), atol=2e-3)


def test_like_tissues_come_closer_and_a_tissue_of_one_slice_stays() -> None:
    latent, slices, tissues = make_slices()
    moved = draw_to_kin(latent, choose_anchors(latent, slices, 0), 0.8, slices)

    def gap(values: NDArray[np.floating], tissue: int) -> float:
        means = [values[(tissues == tissue) & (slices == s)].mean(axis=0) for s in (0, 1)]
        return float(np.linalg.norm(means[0] - means[1]))

    for tissue in (0, 1):
        assert gap(moved, tissue) < 0.85 * gap(latent, tissue)
    own = tissues == 2
    assert np.abs(moved[own] - latent[own]).max() < 1e-3


def test_the_order_of_slices_does_not_matter() -> None:
    latent, slices, _ = make_slices()
    forward = draw_to_kin(latent, choose_anchors(latent, slices, 0), 0.5, slices)
    backward = draw_to_kin(latent, choose_anchors(latent, 1 - slices, 0), 0.5, 1 - slices)
    np.testing.assert_allclose(forward, backward, atol=1e-5)


def test_a_query_is_moved_as_a_slice_of_the_reference_is() -> None:
    latent, slices, _ = make_slices()
    first = slices == 0
    alone = choose_anchors(latent[~first], slices[~first], 0)
    query = draw_to_kin(latent[first], alone, 0.5)
    joint = draw_to_kin(latent, choose_anchors(latent, slices, 0), 0.5, slices)[first]
    assert np.abs(query - joint).mean() < 0.3 * np.abs(joint - latent[first]).mean()


@pytest.mark.parametrize("part", [0.0, 0.5])
def test_one_slice_and_no_part_leave_latents_as_they_are(part: float) -> None:
    latent, slices, _ = make_slices()
    one = np.zeros_like(slices) if part else slices
    assert draw_to_kin(latent, choose_anchors(latent, one, 0), part, one) is latent


def test_few_spots_and_equal_spots_give_finite_latents() -> None:
    latent = np.zeros((4, 2), dtype=np.float32)
    slices = np.array([0, 0, 1, 1])
    moved = draw_to_kin(latent, choose_anchors(latent, slices, 0), 0.5, slices)
    assert np.isfinite(moved).all()


def test_anchors_are_bounded_and_of_every_slice() -> None:
    latent, slices, _ = make_slices()
    anchors = choose_anchors(latent, slices, 0, most=40)
    assert len(anchors.latent) == 40
    assert set(anchors.slices) == {0, 1}
