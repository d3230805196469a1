"""The sparse graph against the dense one it stands for."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from training.inputs.graph import choose_radius, normalise_adjacency, radius_graph

few = settings(max_examples=15, deadline=None)


def dense_graph(positions: np.ndarray, slices: np.ndarray, radii: np.ndarray) -> np.ndarray:
    n = len(positions)
    adjacency = np.zeros((n, n))
    for i in range(n):
        for j in range(n):
            near = np.sqrt(((positions[i] - positions[j]) ** 2).sum()) < radii[slices[i]]
            adjacency[i, j] = i == j or (slices[i] == slices[j] and near)
    return adjacency


@few
@given(st.integers(1, 25), st.integers(1, 3), st.integers(0, 999))
def test_graph_is_the_dense_radius_graph(n: int, n_slices: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    positions, slices = rng.uniform(0, 5, (n, 2)), rng.integers(n_slices, size=n)
    radii = rng.uniform(0.3, 3, n_slices)
    found = radius_graph(positions, slices, radii)
    assert found.dtype == np.float32
    np.testing.assert_array_equal(found.toarray(), dense_graph(positions, slices, radii))


def test_neighbours_are_strictly_closer_than_the_radius() -> None:
    row = np.array([[0.0, 0.0], [1.0, 0.0], [2.0, 0.0]])
    slices = np.zeros(3, dtype=int)
    np.testing.assert_array_equal(radius_graph(row, slices, np.array([1.0])).toarray(), np.eye(3))
    wider = radius_graph(row, slices, np.array([1.0 + 1e-9])).toarray()
    np.testing.assert_array_equal(wider, [[1, 1, 0], [1, 1, 1], [0, 1, 1]])


def test_no_edge_joins_two_slices_at_one_place() -> None:
    positions = np.zeros((4, 2))
    positions[:, 0] = [0, 0.1, 0, 0.1]
    found = radius_graph(positions, np.array([0, 0, 1, 1]), np.array([1.0, 1.0])).toarray()
    np.testing.assert_array_equal(found, np.kron(np.eye(2), np.ones((2, 2))))


def random_adjacency(n: int, seed: int) -> sparse.csr_matrix:
    rng = np.random.default_rng(seed)
    positions, slices = rng.uniform(0, 4, (n, 2)), rng.integers(2, size=n)
    return radius_graph(positions, slices, np.array([1.0, 0.4]))


@few
@given(st.integers(1, 25), st.integers(0, 999))
def test_normalisation_is_symmetric(n: int, seed: int) -> None:
    adjacency = random_adjacency(n, seed)
    dense = adjacency.toarray()
    scale = np.diag(dense.sum(axis=1) ** -0.5)
    found = normalise_adjacency(adjacency)
    np.testing.assert_allclose(found.toarray(), scale @ dense @ scale, rtol=1e-6)


def test_normalisation_is_that_of_graph_convolutions() -> None:
    from torch_geometric.nn.conv.gcn_conv import gcn_norm

    adjacency = random_adjacency(40, 3)
    edges = adjacency.tocoo()
    index = torch.from_numpy(np.vstack([edges.row, edges.col]).astype(np.int64))
    index, weight = gcn_norm(index, torch.ones(index.shape[1]), 40, add_self_loops=False)
    expected = sparse.coo_matrix((weight.numpy(), tuple(index.numpy())), shape=(40, 40)).toarray()
    np.testing.assert_allclose(normalise_adjacency(adjacency).toarray(), expected, rtol=1e-5)


def grid(kind: str, rng: np.random.Generator) -> np.ndarray:
    if kind == "random":
        return rng.uniform(0, 100, (900, 2))
    x, y = np.meshgrid(np.arange(30.0), np.arange(30.0))
    if kind == "hexagonal":
        x = x + (y % 2) / 2
        y = y * np.sqrt(3) / 2
    return np.column_stack([x.ravel(), y.ravel()]) * 55.0


@pytest.mark.parametrize(
    ("kind", "asked", "inside"),
    [
        ("hexagonal", 6, (6, 6)),
        ("hexagonal", 18, (18, 18)),
        ("square", 4, (4, 4)),
        ("square", 8, (8, 8)),
        ("random", 6, (5, 8)),
        ("random", 15, (13, 18)),
    ],
)
def test_the_radius_gives_the_number_asked_for(
    kind: str, asked: float, inside: tuple[float, float]
) -> None:
    """Spots far from the border, for which the number is meant, have it: whole shells of a grid."""
    rng = np.random.default_rng(0)
    positions = grid(kind, rng)
    slices = np.zeros(len(positions), dtype=int)
    radii = choose_radius(positions, slices, asked, rng)
    graph = radius_graph(positions.astype(np.float32), slices, radii)
    low, high = np.quantile(positions, [0.25, 0.75], axis=0)
    central = ((positions > low) & (positions < high)).all(axis=1)
    neighbours = (np.diff(graph.indptr) - 1)[central]
    assert inside[0] <= np.mean(neighbours) <= inside[1]


def test_each_slice_has_its_own_unit() -> None:
    rng = np.random.default_rng(1)
    one = rng.uniform(0, 1, (200, 2))
    positions = np.vstack([one, 1000 * one])
    slices = np.repeat([0, 1], 200)
    radii = choose_radius(positions, slices, 6, rng)
    assert radii[1] == pytest.approx(1000 * radii[0], rel=1e-9)
    graph = radius_graph(positions, slices, radii)
    np.testing.assert_array_equal(graph[:200, :200].toarray(), graph[200:, 200:].toarray())


def test_slices_of_few_spots_have_what_neighbours_there_are() -> None:
    positions = np.array([[5.0, 5.0], [0, 0], [1, 0], [0, 0], [1, 0], [0, 1]])
    slices = np.array([0, 1, 1, 2, 2, 2])
    radii = choose_radius(positions, slices, 6, np.random.default_rng(0))
    graph = radius_graph(positions, slices, radii)
    assert np.diff(graph.indptr).tolist() == [1, 2, 2, 3, 3, 3]


def test_a_large_slice_is_sampled_by_the_generator_given() -> None:
    positions = np.random.default_rng(2).uniform(0, 60, (3000, 2))
    slices = np.zeros(3000, dtype=int)
    chosen = [choose_radius(positions, slices, 6, np.random.default_rng(7))[0] for _ in range(2)]
    assert chosen[0] == chosen[1]
    neighbours = radius_graph(positions, slices, np.array(chosen[:1])).nnz / 3000 - 1
    assert 5 <= neighbours <= 8
