"""The factor head's beginning: a regression with a known answer, and what it does to a fit."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy import sparse
from torch import nn

from training.network.headstart import OWN, begin_head, smooth_proportions


def test_a_head_that_can_give_the_proportions_gives_them() -> None:
    generator = torch.Generator().manual_seed(0)
    latent = torch.randn(400, 6, generator=generator)
    known = nn.Linear(6, 4)
    wanted = torch.softmax(known(nn.functional.elu(latent)), dim=1).detach()
    head = nn.Linear(6, 4)
    begin_head(head, latent, wanted)
    found = torch.softmax(head(nn.functional.elu(latent)), dim=1)
    for factor in range(4):
        pair = torch.stack([found[:, factor], wanted[:, factor]])
        assert torch.corrcoef(pair)[0, 1] > 0.995
    assert (found - wanted).abs().max() < 0.1


def test_the_beginning_holds_no_chance() -> None:
    generator = torch.Generator().manual_seed(1)
    latent = torch.randn(50, 3, generator=generator)
    wanted = torch.softmax(torch.randn(50, 5, generator=generator), dim=1)
    heads = [nn.Linear(3, 5), nn.Linear(3, 5)]
    for head in heads:
        begin_head(head, latent, wanted)
    assert torch.equal(heads[0].weight, heads[1].weight)
    assert torch.equal(heads[0].bias, heads[1].bias)


def test_a_factor_that_nothing_has_is_left_small() -> None:
    latent = torch.randn(60, 3, generator=torch.Generator().manual_seed(2))
    wanted = torch.zeros(60, 3)
    wanted[:, 0] = 1
    head = nn.Linear(3, 3)
    begin_head(head, latent, wanted)
    found = torch.softmax(head(nn.functional.elu(latent)), dim=1)
    assert torch.isfinite(found).all()
    assert found[:, 1:].max() < 1e-2


def test_proportions_are_blended_with_those_around() -> None:
    composition = np.sqrt(np.array([[1.0, 0.0], [0.0, 1.0], [0.5, 0.5]]))
    pair = sparse.csr_matrix(np.array([[1, 1, 0], [1, 1, 0], [0, 0, 1]]))
    rows = np.array([0, 2])
    blended = smooth_proportions(composition, 2, pair[rows], rows)
    assert blended.sum(axis=1) == pytest.approx(1.0)
    assert blended[0] == pytest.approx([OWN + (1 - OWN) / 2, (1 - OWN) / 2], abs=1e-4)
    assert blended[1] == pytest.approx([0.5, 0.5], abs=1e-4)


def test_corrected_compositions_below_nothing_count_as_nothing() -> None:
    composition = np.array([[-0.3, 1.0], [0.2, -0.1]])
    alone = sparse.identity(2, format="csr")
    found = smooth_proportions(composition, 2, alone, np.arange(2))
    assert found[0] == pytest.approx([0, 1], abs=1e-4)
    assert found[1] == pytest.approx([1, 0], abs=1e-4)
