"""Sums of counts over neighbours."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import sparse

from training.inputs.graph import radius_graph
from training.mapping.encoding import queryencoding
from training.mapping.encoding.pooling import pool
from training.mapping.encoding.queryencoding import _explain


def section(n: int = 400, n_genes: int = 60) -> tuple[sparse.csr_matrix, sparse.csr_matrix]:
    """Counts of three factors in bands with an effect on every gene, and the graph of a grid."""
    rng = np.random.default_rng(0)
    side = round(np.sqrt(n))
    places = np.stack(np.meshgrid(np.arange(side), np.arange(side)), axis=-1).reshape(-1, 2)
    adjacency = radius_graph(places.astype(float), np.zeros(n, dtype=int), np.array([1.1]))
    loadings = np.random.default_rng(1).dirichlet(np.full(n_genes, 0.5), 3)
    rates = loadings[places[:, 0] * 3 // side] * np.exp(rng.normal(0, 0.3, n_genes))
    return sparse.csr_matrix(rng.poisson(300 * rates).astype(np.float32)), adjacency


def test_some_spots_are_summed_as_all_are() -> None:
    counts, adjacency = section()
    rows = np.random.default_rng(0).permutation(400)[:37]
    found = pool(counts, adjacency, rows)
    np.testing.assert_array_equal(found, (adjacency @ counts).toarray()[rows])


@pytest.mark.parametrize("wanted", [True, False])
def test_a_part_of_a_section_says_what_its_effects_are(
    monkeypatch: pytest.MonkeyPatch, wanted: bool
) -> None:
    counts, adjacency = section()
    loadings = np.random.default_rng(1).dirichlet(np.full(60, 0.5), 3).astype(np.float32)
    slices = np.zeros(400, dtype=np.int64)
    whole, effects = _explain(counts, adjacency, slices, loadings, 100.0, True)
    monkeypatch.setattr(queryencoding, "EFFECT_SPOTS", 100)
    amounts, found = _explain(counts, adjacency, slices, loadings, 100.0, wanted)
    assert np.corrcoef(found[0], effects[0])[0, 1] > 0.99
    np.testing.assert_allclose(found, effects, atol=0.1)
    seen = amounts.sum(axis=1) > 0
    assert seen.sum() == (400 if wanted else 100)
    np.testing.assert_allclose(amounts[seen], whole[seen], atol=0.05 * whole.max())
