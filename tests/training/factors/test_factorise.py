"""The Poisson factorisation finds what was planted, and never loses likelihood on the way."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
import torch
from scipy.optimize import linear_sum_assignment
from torch import Tensor

from training.factors.factorise import choose_half, decode, factorise, fit_loadings


class Planted:
    """Counts of known amounts a (n, K), loadings B (K, G) and effects gamma (S, G)."""

    def __init__(
        self, n: int = 240, n_genes: int = 60, n_factors: int = 4, n_slices: int = 3, seed: int = 0
    ) -> None:
        rng = np.random.default_rng(seed)
        profiles = rng.lognormal(0, 0.3, (n_factors, n_genes))
        for k in range(n_factors):
            profiles[k, k * 10 : (k + 1) * 10] *= 12
        self.loadings = profiles / profiles.sum(axis=1, keepdims=True)
        effects = rng.normal(0, 0.4, (n_slices, n_genes))
        self.effects = effects - effects.mean(axis=0)
        self.slices = np.arange(n) % n_slices
        self.proportions = rng.dirichlet(np.full(n_factors, 0.4), n)
        self.amounts = self.proportions * rng.uniform(800, 2000, (n, 1))
        rate = self.amounts @ self.loadings * np.exp(self.effects[self.slices])
        self.counts = rng.poisson(rate)

    def tensors(self) -> tuple[Tensor, Tensor]:
        return torch.from_numpy(self.counts.astype(np.float32)), torch.from_numpy(self.slices)

    def known(self) -> tuple[Tensor, Tensor]:
        return (
            torch.from_numpy(self.loadings.astype(np.float32)),
            torch.from_numpy(self.effects.astype(np.float32)),
        )


@pytest.fixture(scope="module")
def planted() -> Planted:
    return Planted()


def cosine(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    one = one / np.linalg.norm(one, axis=1, keepdims=True)
    other = other / np.linalg.norm(other, axis=1, keepdims=True)
    return one @ other.T


def test_planted_loadings_and_effects_are_found(planted: Planted) -> None:
    found = factorise(*planted.tensors(), 4, torch.Generator().manual_seed(0), iterations=200)
    loadings = found.loadings.numpy()
    likeness = cosine(planted.loadings, loadings)
    row, column = linear_sum_assignment(-likeness)
    assert likeness[row, column].min() > 0.99
    np.testing.assert_allclose(loadings.sum(axis=1), 1, rtol=1e-5)
    assert np.corrcoef(planted.effects.ravel(), found.effects.numpy().ravel())[0, 1] > 0.9


def test_effects_are_centred_over_slices(planted: Planted) -> None:
    found = factorise(*planted.tensors(), 4, torch.Generator().manual_seed(1), iterations=30)
    np.testing.assert_allclose(found.effects.numpy().mean(axis=0), 0, atol=1e-5)


def test_factors_come_by_falling_share(planted: Planted) -> None:
    counts, slices = planted.tensors()
    found = factorise(counts, slices, 4, torch.Generator().manual_seed(2), iterations=60)
    amounts, _ = decode(counts, slices, found.loadings, found.effects, iterations=100)
    shares = amounts.sum(dim=0).numpy()
    assert (np.diff(shares) < 0.02 * shares.sum()).all()


def test_the_likelihood_never_falls(planted: Planted) -> None:
    """Longer runs from one start: each at least as likely as the shorter one before it.

    Without a prior on the effects; the step of the effects is followed by centring, which the
    model allows for by moving a gene's mean effect into the loadings, so a step may cost a little.
    """
    counts, slices = planted.tensors()
    reached = [
        factorise(
            counts,
            slices,
            4,
            torch.Generator().manual_seed(3),
            iterations=iterations,
            restarts=1,
            prior=1e-6,
        ).log_likelihood
        for iterations in (1, 2, 3, 5, 8, 13, 21, 34, 55, 89)
    ]
    assert all(b >= a - 1e-5 * abs(a) for a, b in pairwise(reached)), reached
    assert reached[-1] > reached[0]


def log_likelihood(counts: Tensor, rate: Tensor) -> float:
    return float((counts.double() * rate.double().log() - rate.double()).sum())


def test_decoding_never_loses_likelihood(planted: Planted) -> None:
    counts, slices = planted.tensors()
    loadings, effects = planted.known()
    reached = []
    for iterations in range(1, 12):
        amounts, _ = decode(counts, slices, loadings, effects, iterations=iterations)
        reached.append(log_likelihood(counts, amounts @ loadings * effects.exp()[slices]))
    assert (np.diff(reached) >= -1e-4 * np.abs(reached[:-1])).all()


def test_amounts_of_known_loadings_are_recovered(planted: Planted) -> None:
    counts, slices = planted.tensors()
    amounts, effects = decode(counts, slices, *planted.known(), iterations=200)
    found = amounts.numpy()
    for k in range(4):
        assert np.corrcoef(found[:, k], planted.amounts[:, k])[0, 1] > 0.98
    assert found.sum() == pytest.approx(planted.amounts.sum(), rel=0.02)
    np.testing.assert_allclose(effects.numpy(), planted.effects, atol=1e-5)


def test_effects_of_a_query_are_estimated_on_frozen_loadings(planted: Planted) -> None:
    counts, slices = planted.tensors()
    loadings, effects = planted.known()
    flat = torch.zeros_like(effects)
    _, found = decode(
        counts, slices, loadings, flat, iterations=80, estimate_effects=True, prior=10.0
    )
    assert np.corrcoef(found.numpy().ravel(), planted.effects.ravel())[0, 1] > 0.95


def test_a_large_prior_holds_effects_at_nil(planted: Planted) -> None:
    counts, slices = planted.tensors()
    loadings, effects = planted.known()
    flat = torch.zeros_like(effects)
    _, found = decode(counts, slices, loadings, flat, estimate_effects=True, prior=1e9)
    assert found.abs().max() < 1e-3


def test_rates_of_further_genes_on_frozen_amounts(planted: Planted) -> None:
    """Rates are absolute, not normalised: amounts times rates are the expected counts."""
    counts, slices = planted.tensors()
    amounts = torch.from_numpy(planted.amounts.astype(np.float32))
    rates, effects = fit_loadings(counts, slices, amounts, iterations=150, prior=10.0)
    assert cosine(planted.loadings, rates.numpy()).diagonal().min() > 0.99
    np.testing.assert_allclose(rates.numpy().sum(axis=1), 1, atol=0.05)
    np.testing.assert_allclose(effects.numpy().mean(axis=0), 0, atol=1e-5)
    assert np.corrcoef(effects.numpy().ravel(), planted.effects.ravel())[0, 1] > 0.9


def test_spots_without_counts_stay_finite(planted: Planted) -> None:
    counts, slices = planted.tensors()
    counts = counts.clone()
    counts[:5] = 0
    counts[:, 7] = 0
    found = factorise(counts, slices, 3, torch.Generator().manual_seed(4), iterations=30)
    assert torch.isfinite(found.loadings).all()
    assert torch.isfinite(found.effects).all()
    amounts, _ = decode(counts, slices, found.loadings, found.effects)
    assert (amounts[:5] == 0).all()
    assert torch.isfinite(amounts).all()


def test_one_seed_one_result(planted: Planted) -> None:
    first, second = (
        factorise(*planted.tensors(), 4, torch.Generator().manual_seed(5), iterations=30)
        for _ in range(2)
    )
    assert torch.equal(first.loadings, second.loadings)
    assert torch.equal(first.effects, second.effects)


def test_progress_counts_every_iteration_once(planted: Planted) -> None:
    told: list[float] = []
    factorise(
        *planted.tensors(),
        3,
        torch.Generator().manual_seed(6),
        iterations=30,
        restarts=2,
        trial=10,
        progress=told.append,
    )
    assert len(told) == 2 * 10 + 20
    assert told == sorted(told)
    assert told[-1] == pytest.approx(1)


def test_halves_hold_half_of_every_slice() -> None:
    slices = torch.tensor([0] * 9 + [2] * 1 + [1] * 40)
    first, second = (choose_half(slices, torch.Generator().manual_seed(s)) for s in (0, 1))
    assert torch.bincount(slices[first]).tolist() == [5, 20, 1]
    assert first.tolist() == sorted(set(first.tolist()))
    assert first.tolist() != second.tolist()


def test_planted_factors_are_stable_and_one_too_many_is_not(planted: Planted) -> None:
    right = factorise(*planted.tensors(), 4, torch.Generator().manual_seed(7))
    assert right.stability.min() > 0.8
    many = factorise(*planted.tensors(), 6, torch.Generator().manual_seed(7))
    assert many.stability.min() < 0.6
    single = factorise(
        *planted.tensors(), 4, torch.Generator().manual_seed(7), iterations=20, restarts=1
    )
    assert np.isnan(single.stability).all()


def test_the_background_is_not_judged_and_sharpening_sets_factors_apart(planted: Planted) -> None:
    found = factorise(
        *planted.tensors(), 5, torch.Generator().manual_seed(8), shared=0.2, sharpened=0.7
    )
    assert np.isnan(found.stability).sum() == 1
    for loadings in (found.blunt, found.loadings):
        np.testing.assert_allclose(loadings.sum(dim=1), 1, rtol=1e-4)
    likeness = cosine(planted.loadings, found.loadings.numpy())
    row, column = linear_sum_assignment(-likeness)
    assert np.isnan(found.stability[np.setdiff1d(np.arange(5), column)]).all()
    own = [found.loadings[column[k], k * 10 : (k + 1) * 10].sum().item() for k in row]
    blunt = [found.blunt[column[k], k * 10 : (k + 1) * 10].sum().item() for k in row]
    assert all(sharp > before for sharp, before in zip(own, blunt, strict=True))


def hide(planted: Planted, share: float = 0.4, seed: int = 1) -> tuple[Tensor, Tensor]:
    """Counts without a part of the genes in each slice but the last, and what is left (S, G)."""
    rng = np.random.default_rng(seed)
    n_slices, n_genes = planted.effects.shape
    measured = rng.random((n_slices, n_genes)) >= share
    measured[-1] = True
    counts = planted.counts * measured[planted.slices]
    return torch.from_numpy(counts.astype(np.float32)), torch.from_numpy(measured)


def best_match(planted: Planted, loadings: np.ndarray) -> np.ndarray:
    likeness = cosine(planted.loadings, loadings)
    return likeness[linear_sum_assignment(-likeness)]


def test_hidden_genes_are_no_zeros(planted: Planted) -> None:
    counts, measured = hide(planted)
    slices = torch.from_numpy(planted.slices)
    settings = {"iterations": 200, "measured": measured}
    found = factorise(counts, slices, 4, torch.Generator().manual_seed(0), **settings)
    settings["measured"] = None
    naive = factorise(counts, slices, 4, torch.Generator().manual_seed(0), **settings)
    whole = factorise(*planted.tensors(), 4, torch.Generator().manual_seed(0), iterations=200)
    own = best_match(planted, found.loadings.numpy())
    assert own.min() > 0.97
    assert own.min() > best_match(planted, whole.loadings.numpy()).min() - 0.02
    assert own.min() > best_match(planted, naive.loadings.numpy()).min() + 0.02
    assert (found.effects[~measured] == 0).all()
    assert torch.isfinite(found.effects).all()
    np.testing.assert_allclose(found.effects.sum(dim=0).numpy(), 0, atol=1e-4)


def test_spots_of_a_panel_are_decoded_by_its_genes_alone(planted: Planted) -> None:
    """The same as if there were no other genes in the world."""
    counts, measured = hide(planted)
    loadings, effects = planted.known()
    found, _ = decode(
        counts, torch.from_numpy(planted.slices), loadings, effects, 60, measured=measured
    )
    for index, own in enumerate(measured):
        rows = torch.from_numpy(planted.slices == index)
        alone, _ = decode(
            counts[rows][:, own],
            torch.zeros(int(rows.sum()), dtype=torch.int64),
            loadings[:, own],
            effects[index : index + 1, own],
            60,
        )
        np.testing.assert_allclose(found[rows].numpy(), alone.numpy(), rtol=1e-3, atol=1e-2)
    # Amounts are those of whole spots, whatever part of them was measured.
    ratio = found.sum(dim=1).numpy() / planted.amounts.sum(axis=1)
    for index in range(3):
        assert np.median(ratio[planted.slices == index]) == pytest.approx(1, abs=0.05)


def test_effects_of_a_panel_are_found_where_it_measured(planted: Planted) -> None:
    counts, measured = hide(planted)
    loadings, effects = planted.known()
    _, found = decode(
        counts,
        torch.from_numpy(planted.slices),
        loadings,
        torch.zeros_like(effects),
        60,
        True,
        measured=measured,
    )
    seen = measured.numpy()
    assert np.corrcoef(found.numpy()[seen], planted.effects[seen])[0, 1] > 0.95
    assert (found.numpy()[~seen] == 0).all()


def test_rates_of_further_genes_come_from_slices_that_measured_them(planted: Planted) -> None:
    counts, measured = hide(planted)
    amounts = torch.from_numpy(planted.amounts.astype(np.float32))
    slices = torch.from_numpy(planted.slices)
    found, effects = fit_loadings(counts, slices, amounts, 60, measured=measured)
    level = found.numpy().mean(axis=0) / planted.loadings.mean(axis=0)
    assert np.median(level) == pytest.approx(1, abs=0.05)
    assert level.min() > 0.5
    assert (effects[~measured] == 0).all()


def test_a_mask_of_all_genes_changes_nothing_that_is_decoded(planted: Planted) -> None:
    counts, slices = planted.tensors()
    loadings, effects = planted.known()
    every = torch.ones_like(effects, dtype=torch.bool)
    for one, other in zip(
        decode(counts, slices, loadings, effects, measured=every),
        decode(counts, slices, loadings, effects),
        strict=True,
    ):
        assert torch.equal(one, other)
