"""The UMAP keeps neighbours together, is the same in every run, and copes with few spots."""

from __future__ import annotations

import numpy as np
import pytest

from training.downstream.embedding import embed
from training.neighbours.nearest import nearest


def blobs() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    owner = np.repeat([0, 1, 2], 20)
    latent = 10 * np.eye(3)[owner] + rng.normal(size=(60, 3))
    return latent.astype(np.float32), owner


def test_blobs_stay_together_and_runs_agree() -> None:
    latent, owner = blobs()
    near, distances = nearest(latent, 11, 0)
    picture = embed(latent, near, distances, 0.3, seed=0)
    assert picture.shape == (60, 2)
    assert picture.dtype == np.float32
    assert np.isfinite(picture).all()
    found, _ = nearest(picture, 6, 0)
    assert (owner[found] == owner[:, None]).mean() > 0.95
    np.testing.assert_array_equal(picture, embed(latent, near, distances, 0.3, seed=0))


@pytest.mark.parametrize("n", [1, 2, 5])
def test_few_spots_take_their_principal_components(n: int) -> None:
    latent = np.random.default_rng(0).normal(size=(n, 4)).astype(np.float32)
    near, distances = nearest(latent, 3, 0)
    picture = embed(latent, near, distances, 0.3, seed=0)
    assert picture.shape == (n, 2)
    centred = latent - latent.mean(axis=0)
    scores = np.linalg.svd(centred, full_matrices=False)
    expected = np.zeros((n, 2))
    keep = min(2, len(scores[1]))
    expected[:, :keep] = np.abs(scores[0] * scores[1])[:, :keep]
    np.testing.assert_allclose(np.abs(picture), expected, atol=1e-4)
