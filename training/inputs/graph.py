"""Spatial neighbours within slices, as sparse matrices from a k-d tree."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from scipy.spatial import cKDTree

SAMPLE = 2000
"""Spots per slice looked at to choose a radius: its median settles long before that."""


def choose_radius(
    positions: NDArray[np.floating],
    slices: NDArray[np.integer],
    neighbours: float,
    generator: np.random.Generator,
) -> NDArray[np.float64]:
    """One radius per slice within which a spot has about `neighbours` others.

    Half-way between the distances of the n-th and the (n+1)-th nearest spot, median over spots:
    on a grid this falls between two shells, so that rounding of positions cannot matter.

    Args:
        positions: (n, 2) coordinates, each slice in its own frame and unit.
        slices: (n,) slice index of each spot.
        neighbours: mean number of neighbours aimed at.
    """
    rank = max(round(neighbours), 1)
    radii = np.zeros(int(slices.max()) + 1)
    for index in np.unique(slices):
        inside = positions[slices == index]
        if len(inside) < 2:
            continue
        tree = cKDTree(inside)
        chosen = inside
        if len(inside) > SAMPLE:
            chosen = inside[generator.choice(len(inside), SAMPLE, replace=False)]
        far = min(rank + 2, len(inside))
        distances = tree.query(chosen, k=far)[0]
        last = distances[:, min(rank, far - 1)]
        beyond = distances[:, far - 1]
        radii[index] = float(np.median((last + beyond) / 2)) * (1 + 1e-6)
    return radii


def radius_graph(
    positions: NDArray[np.floating],
    slices: NDArray[np.integer],
    radii: NDArray[np.floating],
) -> sparse.csr_matrix:
    """Adjacency A with self loops: neighbours strictly closer than the slice's radius.

    Returns:
        (n, n) CSR of float32 ones, symmetric; no edge joins two slices.
    """
    rows, columns = [np.arange(len(positions))], [np.arange(len(positions))]
    for index in np.unique(slices):
        members = np.flatnonzero(slices == index)
        radius = float(radii[index])
        if len(members) < 2 or radius <= 0:
            continue
        # query_pairs keeps distances up to and including the radius; the paper wants "closer".
        pairs = cKDTree(positions[members]).query_pairs(
            np.nextafter(radius, 0), output_type="ndarray"
        )
        left, right = members[pairs[:, 0]], members[pairs[:, 1]]
        rows += [left, right]
        columns += [right, left]
    row, column = np.concatenate(rows), np.concatenate(columns)
    ones = np.ones(len(row), dtype=np.float32)
    return sparse.csr_matrix((ones, (row, column)), shape=(len(positions),) * 2)


def normalise_adjacency(adjacency: sparse.csr_matrix) -> sparse.csr_matrix:
    """D^-1/2 A D^-1/2, the symmetric normalisation of graph convolutions."""
    degree = np.asarray(adjacency.sum(axis=1)).ravel()
    scale = sparse.diags_array((1.0 / np.sqrt(np.maximum(degree, 1e-12))).astype(np.float32))
    return sparse.csr_matrix(scale @ adjacency @ scale)
