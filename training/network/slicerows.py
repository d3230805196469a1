"""Rows of a small table by slice, where thousands of spots share a row."""

from __future__ import annotations

from torch import Tensor
from torch.nn.functional import one_hot


def take_rows(table: Tensor, slices: Tensor) -> Tensor:
    """Rows (n, D) of a table (S, D) for slices (n,), as a product with a table of zeros and ones.

    Values and gradient are those of `table[slices]`. The gradient of a product is a product, which
    leaves no order in which the many spots of a slice are added up one by one.
    """
    return one_hot(slices, len(table)).to(table) @ table
