"""Imputed genes against the plain formula, in blocks of any size."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from training import imputation
from training.imputation import impute
from training.mapping.parameters import Parameters, unpack_model
from training.store import Atlas, open_atlas


@pytest.fixture(scope="module")
def atlas(tiny_atlas: Path) -> Atlas:
    return open_atlas(tiny_atlas)


@pytest.fixture(scope="module")
def parameters(atlas: Atlas) -> Parameters:
    return unpack_model(atlas.model())


class Asked:
    """Nine spots with three neighbours each."""

    def __init__(self, atlas: Atlas) -> None:
        rng = np.random.default_rng(0)
        self.neighbours = rng.integers(0, atlas.n_spots, (9, 3))
        self.weights = rng.dirichlet(np.ones(3), 9).astype(np.float32)
        self.proportions = rng.dirichlet(np.ones(atlas.n_factors), 9).astype(np.float32)


def gather(atlas: Atlas, parameters: Parameters, genes: list[str]) -> np.ndarray:
    asked = Asked(atlas)
    blocks = list(
        impute(atlas, genes, asked.neighbours, asked.weights, asked.proportions, parameters.rates)
    )
    assert [place.start for place, _ in blocks] == [0, *(p.stop for p, _ in blocks[:-1])]
    return np.hstack([block for _, block in blocks])


def test_both_estimates_count_alike(atlas: Atlas, parameters: Parameters) -> None:
    genes = [atlas.genes[7], atlas.genes[0], atlas.genes[200]]
    asked = Asked(atlas)
    found = gather(atlas, parameters, genes)
    total = asked.proportions @ parameters.rates.sum(axis=1)
    for column, gene in enumerate(genes):
        expression = atlas.gene(gene)
        near = np.array(
            [
                sum(w * expression[j] for w, j in zip(row, own, strict=True))
                for row, own in zip(asked.weights, asked.neighbours, strict=True)
            ]
        )
        rate = asked.proportions @ parameters.rates[:, atlas.genes.index(gene)] / total
        decoded = np.log1p(1e4 * rate)
        decoded *= near.mean() / decoded.mean()
        np.testing.assert_allclose(found[:, column], (near + decoded) / 2, rtol=1e-4)


def test_blocks_change_nothing(
    atlas: Atlas, parameters: Parameters, monkeypatch: pytest.MonkeyPatch
) -> None:
    genes = atlas.genes[:50]
    whole = gather(atlas, parameters, genes)
    monkeypatch.setattr(imputation, "GENE_BLOCK", 7)
    np.testing.assert_allclose(gather(atlas, parameters, genes), whole, rtol=1e-5)
    assert whole.shape == (9, 50)
    assert whole.dtype == np.float32


def test_no_genes_no_blocks(atlas: Atlas, parameters: Parameters) -> None:
    asked = Asked(atlas)
    given = (asked.neighbours, asked.weights, asked.proportions, parameters.rates)
    assert list(impute(atlas, [], *given)) == []
