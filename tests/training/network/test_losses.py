"""Each loss against the plain formula over spots, genes and pairs: values and gradients."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from training.network.losses import (
    adversarial_loss,
    critic_loss,
    feature_loss,
    geometry_loss,
    mean_over_slices,
    poisson_loss,
    usage_loss,
)

few = settings(max_examples=12, deadline=None)
sizes = st.tuples(
    st.integers(1, 9), st.integers(1, 7), st.integers(1, 4), st.integers(1, 3), st.integers(0, 999)
)


class Case:
    """Random inputs: n spots, G genes, K factors, S slices; not every slice need be present."""

    def __init__(self, n: int, n_genes: int, n_factors: int, n_slices: int, seed: int) -> None:
        draw = torch.Generator().manual_seed(seed)

        def normal(*shape: int) -> Tensor:
            return torch.randn(*shape, generator=draw, dtype=torch.float64)

        self.n, self.n_slices = n, n_slices
        self.slices = torch.randint(n_slices, (n,), generator=draw)
        self.counts = torch.poisson(normal(n, n_genes).exp(), generator=draw)
        self.depth = self.counts.sum(dim=1)
        self.proportions = torch.softmax(normal(n, n_factors), dim=1)
        self.loadings = torch.softmax(normal(n_factors, n_genes), dim=1)
        self.effects = 0.5 * normal(n_slices, n_genes)
        self.expression = normal(n, n_genes)
        self.reconstruction = normal(n, n_genes)
        self.latent = normal(n, 3)
        self.scores = 3 * normal(n, n_slices)

    def by_slice(self, values: list[Tensor]) -> Tensor:
        """Means within slices, then over the slices that have spots, by plain loops."""
        means = []
        for index in range(self.n_slices):
            own = [values[i] for i in range(self.n) if int(self.slices[i]) == index]
            if own:
                means.append(sum(own, start=torch.zeros(())) / len(own))
        return sum(means, start=torch.zeros(())) / len(means)


def agree(loss: Callable[..., Tensor], naive: Callable[..., Tensor], *inputs: Tensor) -> None:
    """The same value and the same gradient for every input."""
    values, gradients = [], []
    for function in (loss, naive):
        leaves = [value.clone().requires_grad_() for value in inputs]
        # A loss of one slice may depend on none of its inputs.
        value = function(*leaves) + 0 * leaves[0].sum()
        assert value.shape == ()
        values.append(value.detach())
        found = torch.autograd.grad(value, leaves, allow_unused=True)
        gradients.append(
            [
                torch.zeros_like(leaf) if gradient is None else gradient
                for leaf, gradient in zip(leaves, found, strict=True)
            ]
        )
    torch.testing.assert_close(values[0], values[1].to(values[0].dtype), rtol=1e-9, atol=1e-10)
    for one, other in zip(*gradients, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-7, atol=1e-9)


@few
@given(sizes)
def test_poisson_is_the_dense_likelihood(size: tuple[int, ...]) -> None:
    case = Case(*size)

    def naive(proportions: Tensor, loadings: Tensor, effects: Tensor) -> Tensor:
        terms = []
        for i in range(case.n):
            total = torch.zeros((), dtype=torch.float64)
            for g in range(case.counts.shape[1]):
                share = (proportions[i] * loadings[:, g]).sum()
                log_rate = torch.log(share + 1e-6) + effects[int(case.slices[i]), g]
                fit = case.counts[i, g] * (torch.log(case.depth[i] + 1e-6) + log_rate)
                total = total + fit - case.depth[i] * log_rate.exp()
            terms.append(-total)
        return case.by_slice(terms)

    def ours(proportions: Tensor, loadings: Tensor, effects: Tensor) -> Tensor:
        return poisson_loss(case.counts, case.depth, proportions, loadings, effects, case.slices)

    agree(ours, naive, case.proportions, case.loadings, case.effects)


@few
@given(sizes)
def test_feature_is_the_norm_and_not_its_square(size: tuple[int, ...]) -> None:
    case = Case(*size)

    def naive(reconstruction: Tensor) -> Tensor:
        # The floor under the root keeps the gradient finite where nothing is left to reconstruct.
        return case.by_slice(
            [
                (
                    sum(
                        ((case.expression[i, g] - reconstruction[i, g]) ** 2)
                        for g in range(reconstruction.shape[1])
                    )
                    + 1e-12
                ).sqrt()
                for i in range(case.n)
            ]
        )

    def ours(reconstruction: Tensor) -> Tensor:
        return feature_loss(case.expression, reconstruction, case.slices, case.n_slices)

    agree(ours, naive, case.reconstruction)


def test_a_perfect_reconstruction_has_a_finite_gradient() -> None:
    case = Case(4, 3, 2, 2, 0)
    same = case.expression.clone().requires_grad_()
    feature_loss(case.expression, same, case.slices, 2).backward()
    assert same.grad is not None
    assert torch.isfinite(same.grad).all()


def dense_geometry(latent: Tensor, expression: Tensor) -> Tensor:
    n = len(latent)
    total = torch.zeros((), dtype=latent.dtype)
    for i in range(n):
        for j in range(n):
            ours = latent[i] @ latent[j] / (latent[i].norm() * latent[j].norm())
            theirs = expression[i] @ expression[j] / (expression[i].norm() * expression[j].norm())
            total = total + (ours - theirs) ** 2
    return total / n**2


@few
@given(sizes)
def test_geometry_is_the_mean_over_all_pairs(size: tuple[int, ...]) -> None:
    case = Case(*size)
    agree(
        lambda latent: geometry_loss(latent, case.expression),
        lambda latent: dense_geometry(latent, case.expression),
        case.latent,
    )


def test_geometry_does_not_grow_with_the_batch() -> None:
    """A batch given twice has the same mean over pairs."""
    case = Case(30, 4, 2, 1, 5)
    once = geometry_loss(case.latent, case.expression)
    twice = geometry_loss(case.latent.repeat(2, 1), case.expression.repeat(2, 1))
    torch.testing.assert_close(once, dense_geometry(case.latent, case.expression))
    torch.testing.assert_close(once, twice)


def test_geometry_is_nil_where_the_angles_agree() -> None:
    case = Case(8, 5, 2, 1, 1)
    turn, _ = torch.linalg.qr(torch.randn(5, 5, dtype=torch.float64))
    lengths = torch.linspace(0.5, 3, 8, dtype=torch.float64)[:, None]
    assert float(geometry_loss(lengths * case.expression @ turn, case.expression)) < 1e-12


@few
@given(sizes)
def test_usage_is_the_mean_negative_log_of_even_use(size: tuple[int, ...]) -> None:
    case = Case(*size)
    n_factors = case.proportions.shape[1]

    def naive(proportions: Tensor) -> Tensor:
        total = torch.zeros((), dtype=torch.float64)
        for k in range(n_factors):
            usage = case.by_slice([proportions[i, k] for i in range(case.n)])
            total = total - torch.log(n_factors * usage + 1e-6)
        return total / n_factors

    agree(lambda beta: usage_loss(beta, case.slices, case.n_slices), naive, case.proportions)


def test_usage_is_least_when_even() -> None:
    slices = torch.tensor([0, 0, 1])
    even = torch.full((3, 4), 0.25, dtype=torch.float64)
    lone = torch.tensor([[1.0, 0, 0, 0]] * 3, dtype=torch.float64)
    assert abs(float(usage_loss(even, slices, 2))) < 1e-5
    assert float(usage_loss(lone, slices, 2)) > 5


def test_a_large_slice_counts_as_much_as_a_small_one() -> None:
    values = torch.tensor([1.0, 3.0, 10.0], dtype=torch.float64)
    found = mean_over_slices(values, torch.tensor([0, 0, 2]), 4)
    assert float(found) == pytest.approx((2 + 10) / 2)


def pairwise(case: Case, scores: Tensor, term: Callable[[Tensor], Tensor]) -> Tensor:
    """Mean over spots of the mean of `term`(D_t − D_s) over the other slices t."""
    values = []
    for i in range(case.n):
        own = int(case.slices[i])
        others = [term(scores[i, t] - scores[i, own]) for t in range(case.n_slices) if t != own]
        values.append(sum(others, start=torch.zeros(())) / max(len(others), 1))
    return case.by_slice(values)


def softplus(value: Tensor) -> Tensor:
    return torch.log1p(torch.exp(value))


@few
@given(sizes)
def test_critic_learns_from_every_pair_of_slices(size: tuple[int, ...]) -> None:
    case = Case(*size)
    agree(
        lambda scores: critic_loss(scores, case.slices),
        lambda scores: pairwise(case, scores, softplus),
        case.scores,
    )


@few
@given(sizes, st.sampled_from([0.5, 2.0, 50.0]))
def test_adversarial_is_the_clamped_pairwise_form(size: tuple[int, ...], margin: float) -> None:
    case = Case(*size)
    agree(
        lambda scores: adversarial_loss(scores, case.slices, margin),
        lambda scores: pairwise(case, scores, lambda d: softplus(-d.clamp(-margin, margin))),
        case.scores,
    )


@few
@given(st.permutations(range(4)), st.integers(0, 99))
def test_the_order_of_slices_does_not_matter(order: list[int], seed: int) -> None:
    case = Case(12, 2, 2, 4, seed)
    rank = torch.tensor(order)
    shuffled = torch.empty_like(case.scores)
    shuffled[:, rank] = case.scores
    for loss in (critic_loss, lambda scores, slices: adversarial_loss(scores, slices, 5.0)):
        torch.testing.assert_close(
            loss(shuffled, rank[case.slices]), loss(case.scores, case.slices)
        )


def test_beyond_the_margin_there_is_no_gradient() -> None:
    """Tissue that only one slice has is left where it is; doubtful spots still move."""
    scores = torch.tensor([[9.0, 0.0], [0.5, 0.0], [0.0, 9.0]], dtype=torch.float64)
    scores.requires_grad_()
    adversarial_loss(scores, torch.tensor([0, 0, 1]), margin=5.0).backward()
    assert scores.grad is not None
    assert (scores.grad[[0, 2]] == 0).all()
    # Descent lowers the own slice's score and raises the other's.
    assert scores.grad[1, 0] > 0 > scores.grad[1, 1]


def test_every_slice_present_is_pushed() -> None:
    """The chain of critics left the first slice without a gradient; ours must not."""
    scores = torch.zeros(6, 3, dtype=torch.float64, requires_grad=True)
    adversarial_loss(scores, torch.tensor([0, 0, 1, 1, 2, 2]), margin=5.0).backward()
    assert scores.grad is not None
    assert (scores.grad.abs().sum(dim=1) > 0).all()
    assert float(critic_loss(scores, torch.tensor([0, 0, 1, 1, 2, 2])).detach()) == pytest.approx(
        math.log(2)
    )


def test_one_slice_has_nothing_to_compare() -> None:
    scores = torch.tensor([[3.0], [-2.0]], dtype=torch.float64, requires_grad=True)
    slices = torch.tensor([0, 0])
    total = adversarial_loss(scores, slices, 5.0) + critic_loss(scores, slices)
    total.backward()
    assert float(total.detach()) == 0
    assert scores.grad is not None
    assert (scores.grad == 0).all()


def panels(case: Case) -> Tensor:
    """What was measured (S, G): at least the first gene in each slice."""
    draw = torch.Generator().manual_seed(7)
    measured = torch.rand(case.n_slices, case.counts.shape[1], generator=draw) < 0.6
    measured[:, 0] = True
    return measured


@few
@given(sizes)
def test_losses_of_panels_are_those_of_the_measured_genes(size: tuple[int, ...]) -> None:
    """Spot by spot, with the genes that were not measured cut out."""
    case = Case(*size)
    measured = panels(case)
    seen = measured[case.slices]
    counts, x = case.counts * seen, case.expression * seen
    found_poisson = poisson_loss(
        counts,
        counts.sum(1),
        case.proportions,
        case.loadings,
        case.effects,
        case.slices,
        measured=measured,
    )
    found_feature = feature_loss(
        x, case.reconstruction, case.slices, case.n_slices, measured=measured
    )
    poisson, feature = [], []
    for i, s in enumerate(case.slices.tolist()):
        own = measured[s]
        y, gamma = counts[i, own], case.effects[s, own]
        share = case.proportions[i] @ case.loadings[:, own] + 1e-6
        expected = (share * gamma.exp()).sum()
        depth = y.sum() / expected
        rate = depth * share * gamma.exp()
        log_rate = torch.log(share) + gamma + torch.log(depth + 1e-6)
        poisson.append(rate.sum() - (y * log_rate).sum())
        feature.append(((x[i, own] - case.reconstruction[i, own]) ** 2).sum().add(1e-12).sqrt())
    for found, values in ((found_poisson, poisson), (found_feature, feature)):
        plain = mean_over_slices(torch.stack(values), case.slices, case.n_slices)
        torch.testing.assert_close(found, plain, rtol=1e-9, atol=1e-9)
