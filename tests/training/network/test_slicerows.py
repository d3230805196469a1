"""Rows by slice: values and gradient of indexing."""

from __future__ import annotations

import torch

from training.network.slicerows import take_rows


def test_values_and_gradient_are_those_of_indexing() -> None:
    generator = torch.Generator().manual_seed(0)
    table = torch.randn(5, 7, generator=generator, dtype=torch.float64)
    # The last slice has no spot.
    slices = torch.randint(0, 4, (50,), generator=generator)
    weights = torch.randn(50, 7, generator=generator, dtype=torch.float64)
    found = []
    for take in (take_rows, lambda values, rows: values[rows]):
        given = table.clone().requires_grad_(True)
        rows = take(given, slices)
        (rows * weights).sum().backward()
        found.append((rows.detach(), given.grad))
    assert torch.equal(found[0][0], found[1][0])
    torch.testing.assert_close(found[0][1], found[1][1])
    assert (found[0][1][4] == 0).all()
