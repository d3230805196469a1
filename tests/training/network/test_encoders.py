"""Shapes, starting values and formulas of the networks."""

from __future__ import annotations

import math

import numpy as np
import torch

from training.network.encoders import (
    Critic,
    Decoder,
    Encoder,
    Factors,
    GeneEncoder,
    principal_axes,
)


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def loadings(n_factors: int = 3, n_genes: int = 8) -> torch.Tensor:
    return torch.softmax(torch.randn(n_factors, n_genes, generator=generator(1)), dim=1)


def test_encoder_is_two_linear_maps_on_a_sphere() -> None:
    encoder = GeneEncoder(10, 6, 4, generator())
    inputs = torch.randn(5, 10, generator=generator(2))
    hidden = inputs @ encoder.hidden.weight.T + encoder.hidden.bias
    hidden = torch.where(hidden > 0, hidden, hidden.exp() - 1)
    latent = hidden @ encoder.latent.weight.T + encoder.latent.bias
    expected = 2 * latent / latent.norm(dim=1, keepdim=True)
    torch.testing.assert_close(encoder(inputs), expected)


def test_a_straight_path_beside_a_hidden_layer() -> None:
    encoder = Encoder(10, 6, 4, generator())
    inputs = torch.randn(5, 10, generator=generator(2))
    straight = inputs @ encoder.straight.weight.T + encoder.straight.bias
    torch.testing.assert_close(encoder(inputs), straight)
    with torch.no_grad():
        encoder.latent.weight.normal_(generator=generator(3))
    hidden = inputs @ encoder.hidden.weight.T + encoder.hidden.bias
    hidden = torch.where(hidden > 0, hidden, hidden.exp() - 1)
    torch.testing.assert_close(encoder(inputs), straight + hidden @ encoder.latent.weight.T)


def test_principal_axes_are_those_of_a_singular_value_decomposition() -> None:
    rng = np.random.default_rng(0)
    inputs = rng.normal(size=(300, 6)) @ rng.normal(size=(6, 6))
    inputs -= inputs.mean(axis=0)
    weights = principal_axes(inputs, 4)
    scores = inputs @ weights.T
    u, s, _ = np.linalg.svd(inputs, full_matrices=False)
    expected = u[:, :4] * s[:4] / np.sqrt((s[:4] ** 2).mean() / 300)
    np.testing.assert_allclose(np.abs(scores), np.abs(expected), rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(scores.var(axis=0).mean(), 1, rtol=1e-5)
    assert (weights[np.arange(4), np.abs(weights).argmax(axis=1)] > 0).all()


def test_more_latent_dimensions_than_axes_begin_at_nil() -> None:
    inputs = np.random.default_rng(0).normal(size=(50, 3))
    weights = principal_axes(inputs - inputs.mean(axis=0), 5)
    assert weights.shape == (5, 3)
    assert (weights[3:] == 0).all()
    assert (weights[:3] != 0).any(axis=1).all()


def test_weights_start_within_their_bound_and_biases_at_nil() -> None:
    encoder = GeneEncoder(200, 100, 8, generator())
    for layer in (encoder.hidden, encoder.latent):
        bound = math.sqrt(6 / sum(layer.weight.shape))
        assert 0.9 * bound < float(layer.weight.detach().abs().max()) <= bound
        assert (layer.bias == 0).all()


def test_one_generator_seed_one_start() -> None:
    one, other, third = (GeneEncoder(7, 5, 3, generator(seed)) for seed in (4, 4, 5))
    assert torch.equal(one.hidden.weight, other.hidden.weight)
    assert not torch.equal(one.hidden.weight, third.hidden.weight)


def test_decoder_knows_the_slice() -> None:
    decoder = Decoder(9, 6, 4, n_slices=3, n_embedding=2, generator=generator())
    latent = torch.randn(1, 4, generator=generator(3)).expand(3, 4)
    found = decoder(latent, torch.tensor([0, 1, 1]))
    assert found.shape == (3, 9)
    torch.testing.assert_close(found[1], found[2])
    assert not torch.allclose(found[0], found[1])


def test_proportions_and_loadings_sum_to_one() -> None:
    factors = Factors(loadings(), torch.zeros(2, 8), 4, generator())
    beta = factors.proportions(10 * torch.randn(6, 4, generator=generator(5)))
    assert beta.shape == (6, 3)
    assert (beta >= 0).all()
    torch.testing.assert_close(beta.sum(dim=1), torch.ones(6))
    torch.testing.assert_close(factors.loadings().sum(dim=1), torch.ones(3))


def test_loadings_and_effects_start_where_the_factorisation_ended() -> None:
    start = loadings()
    effects = torch.randn(4, 8, generator=generator(6))
    factors = Factors(start, effects, 4, generator())
    torch.testing.assert_close(factors.loadings(), start)
    torch.testing.assert_close(factors.centred_effects(), effects - effects.mean(dim=0))


def test_a_constant_effect_belongs_to_the_loadings() -> None:
    """Gamma of a gene the same in every slice leaves no effect and gets no gradient."""
    factors = Factors(loadings(), torch.full((3, 8), 0.7), 4, generator())
    torch.testing.assert_close(factors.centred_effects(), torch.zeros(3, 8))
    (factors.centred_effects() * torch.arange(24.0).reshape(3, 8)).sum().backward()
    assert factors.effects.grad is not None
    torch.testing.assert_close(factors.effects.grad.mean(dim=0), torch.zeros(8))


def test_critic_scores_every_slice() -> None:
    critic = Critic(4, 6, 5, generator())
    latent = torch.randn(7, 4, generator=generator(8))
    scores = critic(latent)
    assert scores.shape == (7, 5)
    torch.testing.assert_close(critic(latent[:1]), scores[:1])


def test_effects_are_centred_over_slices_that_measured_the_gene() -> None:
    measured = torch.tensor([[True, True, False], [True, False, False], [True, True, True]])
    effects = torch.randn(3, 3, generator=torch.Generator().manual_seed(0))
    loadings = torch.full((2, 3), 1 / 3)
    factors = Factors(loadings, effects, 4, torch.Generator().manual_seed(0), measured)
    found = factors.slice_effects()
    assert (found[~measured] == 0).all()
    torch.testing.assert_close(found.sum(dim=0), torch.zeros(3), atol=1e-6, rtol=0)
    torch.testing.assert_close(found[0, 0] - found[1, 0], effects[0, 0] - effects[1, 0])
    # What was measured is known from the slices and adds nothing to a checkpoint.
    plain = Factors(loadings, effects, 4, torch.Generator().manual_seed(0))
    assert factors.state_dict().keys() == plain.state_dict().keys()
