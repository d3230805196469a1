"""Each loss of the paper against its formula over spots, genes and pairs: values, gradients."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from training.network.paper.losses import (
    chain_adversarial_loss,
    chain_critic_loss,
    feature_loss,
    geometry_loss,
    measure_spread,
    poisson_loss,
    usage_loss,
)

SIZES = (7, 4, 9)
N, N_SLICES, N_GENES, N_FACTORS = sum(SIZES), 3, 6, 4


class Case:
    """Three slices whose spots come in no order."""

    def __init__(self, seed: int) -> None:
        draw = torch.Generator().manual_seed(seed)

        def normal(*shape: int) -> Tensor:
            return torch.randn(*shape, generator=draw, dtype=torch.float64)

        self.slices = torch.repeat_interleave(torch.arange(N_SLICES), torch.tensor(SIZES))
        self.slices = self.slices[torch.randperm(N, generator=draw)]
        self.counts = torch.poisson(normal(N, N_GENES).exp(), generator=draw)
        self.depth = self.counts.sum(dim=1)
        self.proportions = torch.softmax(normal(N, N_FACTORS), dim=1)
        self.loadings = torch.softmax(normal(N_FACTORS, N_GENES), dim=1)
        self.effects = 0.5 * normal(N_SLICES, N_GENES)
        self.expression = normal(N, N_GENES)
        self.reconstruction = normal(N, N_GENES)
        self.latent = normal(N, 3)
        self.real = [20 * normal(size) for size in SIZES[:-1]]
        self.fake = [20 * normal(size) for size in SIZES[1:]]

    def members(self, index: int) -> list[int]:
        return [i for i in range(N) if int(self.slices[i]) == index]


@pytest.fixture(params=[0, 1, 2])
def case(request: pytest.FixtureRequest) -> Case:
    return Case(request.param)


def agree(loss: Callable[..., Tensor], naive: Callable[..., Tensor], *inputs: Tensor) -> None:
    found = []
    for function in (loss, naive):
        leaves = [value.clone().requires_grad_() for value in inputs]
        value = function(*leaves)
        assert value.shape == ()
        found.append((value.detach(), torch.autograd.grad(value, leaves)))
    torch.testing.assert_close(found[0][0], found[1][0], rtol=1e-10, atol=1e-10)
    for one, other in zip(found[0][1], found[1][1], strict=True):
        torch.testing.assert_close(one, other, rtol=1e-8, atol=1e-9)


def test_poisson_sums_the_means_of_slices(case: Case) -> None:
    def naive(proportions: Tensor, loadings: Tensor, effects: Tensor) -> Tensor:
        total = torch.zeros((), dtype=torch.float64)
        for s in range(N_SLICES):
            spots = case.members(s)
            for i in spots:
                for g in range(N_GENES):
                    share = sum(proportions[i, k] * loadings[k, g] for k in range(N_FACTORS))
                    log_rate = torch.log(share + 1e-6) + effects[s, g]
                    fit = case.counts[i, g] * (torch.log(case.depth[i] + 1e-6) + log_rate)
                    term = fit - case.depth[i] * torch.exp(log_rate)
                    total = total - term / len(spots)
        return total

    agree(
        lambda *x: poisson_loss(case.counts, case.depth, *x, case.slices),
        naive,
        case.proportions,
        case.loadings,
        case.effects,
    )


def test_feature_sums_the_mean_norms_of_slices(case: Case) -> None:
    def naive(reconstruction: Tensor) -> Tensor:
        total = torch.zeros((), dtype=torch.float64)
        for s in range(N_SLICES):
            spots = case.members(s)
            for i in spots:
                error = torch.sqrt(((case.expression[i] - reconstruction[i]) ** 2).sum())
                total = total + error / len(spots)
        return total

    agree(
        lambda x: feature_loss(case.expression, x, case.slices, N_SLICES),
        naive,
        case.reconstruction,
    )


def test_geometry_sums_over_pairs_within_slices(case: Case) -> None:
    def cosine(a: Tensor, b: Tensor) -> Tensor:
        return (a @ b) / torch.sqrt((a @ a) * (b @ b))

    def naive(latent: Tensor) -> Tensor:
        x, total = case.expression, torch.zeros((), dtype=torch.float64)
        for s in range(N_SLICES):
            spots = case.members(s)
            for i in spots:
                for j in spots:
                    gap = cosine(latent[i], latent[j]) - cosine(x[i], x[j])
                    total = total + gap**2 / len(spots)
        return total

    spread = measure_spread(case.expression, case.slices, N_SLICES)
    agree(lambda z: geometry_loss(z, case.expression, case.slices, spread), naive, case.latent)


def test_usage_is_four_times_the_summed_logs(case: Case) -> None:
    def naive(proportions: Tensor) -> Tensor:
        total = torch.zeros((), dtype=torch.float64)
        for k in range(N_FACTORS):
            mean = sum(proportions[i, k] for i in range(N)) / N
            total = total - 4 * torch.log(mean + 1e-6)
        return total

    agree(usage_loss, naive, case.proportions)


def naive_softplus(value: Tensor) -> Tensor:
    return torch.log(1 + torch.exp(value))


@pytest.mark.parametrize("margin", [5.0, 50.0])
def test_the_chain_takes_each_slice_for_real_and_the_next_for_fake(
    case: Case, margin: float
) -> None:
    def naive(*scores: Tensor) -> Tensor:
        real, fake = scores[:2], scores[2:]
        total = torch.zeros((), dtype=torch.float64)
        for s in range(N_SLICES - 1):
            for score in real[s]:
                clamped = score.clamp(-margin, margin)
                total = total + naive_softplus(-clamped) / SIZES[s]
            for score in fake[s]:
                clamped = score.clamp(-margin, margin)
                total = total + naive_softplus(clamped) / SIZES[s + 1]
        return total

    agree(
        lambda *scores: chain_critic_loss(scores[:2], scores[2:], margin),
        naive,
        *case.real,
        *case.fake,
    )


@pytest.mark.parametrize("margin", [5.0, 50.0])
def test_only_the_fake_slice_is_pushed(case: Case, margin: float) -> None:
    def naive(*fake: Tensor) -> Tensor:
        total = torch.zeros((), dtype=torch.float64)
        for s in range(N_SLICES - 1):
            for score in fake[s]:
                total = total + naive_softplus(-score.clamp(-margin, margin)) / SIZES[s + 1]
        return total

    agree(lambda *fake: chain_adversarial_loss(fake, margin), naive, *case.fake)


def test_undecided_critics_cost_two_log_twos_each() -> None:
    flat = [torch.zeros(3), torch.zeros(5)]
    assert float(chain_critic_loss(flat, flat, 5.0)) == pytest.approx(4 * math.log(2))
    assert float(chain_adversarial_loss(flat, 5.0)) == pytest.approx(2 * math.log(2))
