"""How well factors alone tell a gene, held out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy import sparse

from training.imputation.decoding import judge_decoding
from training.mapping.encoding.parameters import Parameters, unpack_model
from training.mapping.reference import ReferenceSpots, of_atlas
from training.rehearsal.rehearsal import Rehearsal, rehearse
from training.store import open_atlas

HIDDEN = 80
Case = tuple[ReferenceSpots, Parameters, Rehearsal, list[str]]


@pytest.fixture(scope="module")
def case(tiny_atlas: Path) -> Case:
    atlas = open_atlas(tiny_atlas)
    reference, parameters = of_atlas(atlas), unpack_model(atlas.model())
    panel = parameters.genes[HIDDEN:]
    found = rehearse(reference, parameters, panel, seed=0)
    return reference, parameters, found, parameters.genes[:HIDDEN]


def test_genes_that_follow_factors_are_told_and_shuffled_ones_are_not(case: Case) -> None:
    reference, parameters, rehearsal, hidden = case
    told = judge_decoding(reference, parameters, rehearsal, hidden)
    assert told.shape == (HIDDEN,)
    assert np.nanmax(told) > 0.4

    def read(genes: Sequence[str]) -> sparse.csc_matrix:
        counts = reference.read(genes).toarray()
        draw = np.random.default_rng(1)
        for index in np.unique(reference.slices):
            own = np.flatnonzero(reference.slices == index)
            counts[own] = counts[draw.permutation(own)]
        return sparse.csc_matrix(counts)

    shuffled = judge_decoding(replace(reference, read=read), parameters, rehearsal, hidden)
    assert abs(np.nanmean(shuffled)) < 0.04 < np.nanmean(told) / 2


def test_what_the_fit_says_of_a_hidden_gene_has_no_part(case: Case) -> None:
    """A leak of loadings or rates would lift or lower the figures of genes they are wrong for."""
    reference, parameters, rehearsal, hidden = case
    rates, loadings = parameters.rates.copy(), parameters.loadings.copy()
    rates[:, [reference.genes.index(gene) for gene in hidden]] = 7.0
    loadings[:, [parameters.genes.index(gene) for gene in hidden]] = 7.0
    wrong = replace(parameters, rates=rates, loadings=loadings)
    np.testing.assert_array_equal(
        judge_decoding(reference, wrong, rehearsal, hidden),
        judge_decoding(reference, parameters, rehearsal, hidden),
    )


def test_rates_come_from_other_slices(case: Case) -> None:
    """A gene that is only in the slices of one group has nothing to be told from."""
    reference, parameters, rehearsal, hidden = case
    first = np.unique(reference.slices) % 4 == 0

    def read(genes: Sequence[str]) -> sparse.csc_matrix:
        counts = reference.read(genes).toarray()
        counts[~first[reference.slices]] = 0
        return sparse.csc_matrix(counts)

    told = judge_decoding(replace(reference, read=read), parameters, rehearsal, hidden)
    judged = np.isfinite(told)
    assert judged.any()
    np.testing.assert_array_equal(told[judged], 0.0)
