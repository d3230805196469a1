"""The steps of a fit: losses read in groups are all of them, in order, and no later than asked."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import torch

from training.network.losses import Losses
from training.network.stepping import read_groups


def steps(n: int, taken: list[int]) -> Iterator[Losses]:
    for step in range(n):
        taken.append(step)
        yield Losses(*(torch.tensor(step + part / 8) for part in range(5)))


@pytest.mark.parametrize(("n", "every"), [(7, 1), (7, 3), (6, 3), (2, 20), (0, 5)])
def test_every_step_is_read_once(n: int, every: int) -> None:
    taken: list[int] = []
    seen: list[dict[str, float]] = []
    for group in read_groups(steps(n, taken), every):
        seen += group
        assert len(seen) == len(taken)
        assert len(group) == every or len(seen) == n
    assert [each["poisson"] for each in seen] == list(range(n))
    assert all(list(each) == list(Losses._fields) for each in seen)
    assert [each["adversarial"] for each in seen] == [step + 0.5 for step in range(n)]
