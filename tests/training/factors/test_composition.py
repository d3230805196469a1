"""Decoding many spots in blocks gives what decoding them at once gives."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy import sparse

from training.factors import composition
from training.factors.composition import decode_many, decode_section
from training.factors.factorise import decode
from training.preparation.reference import compose


def problem(n: int = 70, n_genes: int = 40) -> tuple[np.ndarray, ...]:
    """Counts drawn from known amounts, slices out of order, loadings and effects."""
    rng = np.random.default_rng(0)
    loadings = rng.dirichlet(np.full(n_genes, 0.3), 4).astype(np.float32)
    effects = rng.normal(0, 0.5, (3, n_genes)).astype(np.float32)
    slices = rng.integers(3, size=n)
    rates = rng.gamma(0.5, 400, (n, 4)) @ loadings * np.exp(effects[slices])
    return rng.poisson(rates).astype(np.float32), slices, loadings, effects


def test_blocks_agree_with_the_whole() -> None:
    counts, slices, loadings, effects = problem()
    counts[5] = 0
    expected, _ = decode(*(torch.tensor(part) for part in (counts, slices, loadings, effects)))
    found = decode_many(sparse.csr_matrix(counts), slices, loadings, effects)
    np.testing.assert_allclose(found, expected.numpy(), rtol=1e-3, atol=1e-3)
    assert (found[5] == 0).all()


def test_the_size_of_a_block_does_not_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    counts, slices, loadings, effects = problem()
    matrix = sparse.csr_matrix(counts)
    whole = decode_many(matrix, slices, loadings, effects)
    monkeypatch.setattr(composition, "BLOCK", 7)
    np.testing.assert_allclose(decode_many(matrix, slices, loadings, effects), whole, rtol=1e-4)


def test_a_large_collection_has_the_composition_of_a_small_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    counts, slices, loadings, effects = problem()
    matrix, graph = sparse.csr_matrix(counts), sparse.csr_matrix(sparse.eye_array(len(counts)))
    small = compose(matrix, slices, graph, loadings, effects)
    monkeypatch.setattr("training.preparation.reference.MANY_SPOTS", 10)
    large = compose(matrix, slices, graph, loadings, effects)
    np.testing.assert_allclose(large, small, atol=1e-4)


def test_each_slice_is_decoded_by_the_genes_it_measured() -> None:
    counts, slices, loadings, effects = problem()
    measured = np.random.default_rng(1).random((3, 40)) > 0.4
    counts *= measured[slices]
    arrays = (torch.tensor(part) for part in (counts, slices, loadings, effects))
    expected, _ = decode(*arrays, measured=torch.tensor(measured))
    found = decode_many(sparse.csr_matrix(counts), slices, loadings, effects, measured=measured)
    np.testing.assert_allclose(found, expected.numpy(), rtol=1e-3, atol=1e-3)
    plain = decode_many(sparse.csr_matrix(counts), slices, loadings, effects)
    assert np.abs(plain - found).max() > 10


@pytest.mark.parametrize("estimate", [True, False])
def test_a_section_is_decoded_with_its_effects_as_a_whole(
    monkeypatch: pytest.MonkeyPatch, estimate: bool
) -> None:
    counts, slices, loadings, _ = problem(300)
    counts = counts[slices == 1]
    one, flat = torch.zeros(len(counts), dtype=torch.long), torch.zeros(1, 40)
    expected, gamma = decode(
        torch.tensor(counts), one, torch.tensor(loadings), flat, estimate_effects=estimate
    )
    monkeypatch.setattr(composition, "BLOCK", 16)
    found, effects = decode_section(counts, loadings, 100.0, estimate_effects=estimate)
    np.testing.assert_allclose(effects, gamma.numpy()[0], atol=1e-4)
    np.testing.assert_allclose(found, expected.numpy(), rtol=1e-3, atol=1e-2)
    assert (np.abs(effects).max() > 0.1) == estimate
