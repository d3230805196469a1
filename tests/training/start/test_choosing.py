"""The number of factors: counts are split without loss, and the planted number is found."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
import torch
from scipy import sparse

from training.preparation.thinning import split_counts
from training.start.choosing import (
    SEEN,
    Candidate,
    candidate_numbers,
    choose_number,
    measure_candidates,
)

PLANTED = 6


def counts_of(n: int = 400, n_genes: int = 90, seed: int = 0) -> sparse.csr_matrix:
    """Counts of spots that each hold mostly one of PLANTED programmes."""
    rng = np.random.default_rng(seed)
    profiles = rng.lognormal(0, 0.3, (PLANTED, n_genes))
    for k in range(PLANTED):
        profiles[k, k * 15 : (k + 1) * 15] *= 10
    profiles /= profiles.sum(axis=1, keepdims=True)
    rate = rng.dirichlet(np.full(PLANTED, 0.3), n) @ profiles * 600
    return sparse.csr_matrix(rng.poisson(rate).astype(np.float32))


def test_numbers_to_try_go_from_end_to_end() -> None:
    numbers = candidate_numbers(5, 40)
    assert numbers[0] == 5
    assert numbers[-1] == 40
    assert all(b > a for a, b in pairwise(numbers))
    assert candidate_numbers(7, 7) == [7]
    assert candidate_numbers(2, 4) == [2, 3, 4]


def test_the_planted_number_is_found_and_stable() -> None:
    seen, unseen = split_counts(counts_of(), np.random.default_rng(3), SEEN)
    slices = torch.arange(400) % 2
    told: list[float] = []
    curve = measure_candidates(
        torch.from_numpy(seen.toarray()),
        torch.from_numpy(unseen.toarray()),
        slices,
        [2, 3, 4, 5, 6, 8, 10, 13],
        torch.Generator().manual_seed(0),
        progress=told.append,
    )
    choice = choose_number(curve)
    assert choice.factors == PLANTED
    stability = {each.factors: each.stability for each in curve}
    assert stability[PLANTED] > 0.8
    assert stability[PLANTED] > stability[13] + 0.1
    assert told == sorted(told)
    assert told[-1] == pytest.approx(1)
    assert min(each.error for each in curve) == 0


def curve_of(likelihoods: list[float]) -> list[Candidate]:
    return [Candidate(5 * (i + 1), value, 0.0, 0.5) for i, value in enumerate(likelihoods)]


def test_where_the_curve_bends_is_chosen_and_said() -> None:
    choice = choose_number(curve_of([0.0, 6.0, 9.0, 9.4, 9.7, 10.0]))
    assert choice.factors == 15
    assert "90%" in choice.reason
    assert "30" in choice.reason
    assert len(choice.curve) == 6


def test_numbers_beyond_the_best_do_not_count() -> None:
    assert choose_number(curve_of([0.0, 9.0, 10.0, 4.0, 2.0, -9.0])).factors == 10


def test_where_the_fewest_are_best_they_are_chosen() -> None:
    choice = choose_number(curve_of([5.0, 4.0, 3.0]))
    assert choice.factors == 5
    assert "fewest" in choice.reason
