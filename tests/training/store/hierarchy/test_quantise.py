"""The arithmetic of the view: bounds of the error, for any numbers."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from training.store.hierarchy.quantise import (
    decode_numbers,
    encode_codes,
    encode_factor,
    encode_numbers,
    encode_positive,
    log_per_ten_thousand,
)

no_deadline = settings(deadline=None, derandomize=True)
anything = hnp.arrays(np.float64, st.integers(1, 60), elements=st.floats(width=64))


@no_deadline
@given(anything)
def test_numbers_come_back_within_half_a_step(values: np.ndarray) -> None:
    data, lo, hi = encode_numbers(values)
    usable = np.abs(values) <= np.finfo(np.float32).max
    assert ((data == 255) == ~usable).all()
    decoded = decode_numbers(data, lo, hi)
    assert np.isnan(decoded[~usable]).all()
    assert np.isfinite([lo, hi]).all()
    span = hi - lo
    error = np.abs(decoded[usable] - values[usable])
    assert (error <= span / 508 + 1e-9 * max(abs(lo), abs(hi)) + 1e-300).all()


def test_a_constant_is_exact_and_an_empty_column_has_range_zero() -> None:
    data, lo, hi = encode_numbers(np.array([7.25, 7.25, np.nan]))
    assert (data.tolist(), lo, hi) == ([0, 0, 255], 7.25, 7.25)
    data, lo, hi = encode_numbers(np.array([np.nan, np.inf]))
    assert (data.tolist(), lo, hi) == ([255, 255], 0.0, 0.0)


@no_deadline
@given(hnp.arrays(np.float32, st.integers(1, 60), elements=st.floats(2**-14, 9.25, width=32)))
def test_positive_values_are_never_zero_and_off_by_less_than_a_step(values: np.ndarray) -> None:
    hi = float(values.max())
    data = encode_positive(values, hi)
    assert data.min() >= 1
    assert data.max() == 254
    error = np.abs(decode_numbers(data, 0.0, hi) - values)
    small = values < hi / 508
    assert (error[~small] <= hi / 508 * (1 + 1e-6)).all()
    assert (error[small] < hi / 254).all()


@no_deadline
@given(hnp.arrays(np.float32, st.integers(1, 60), elements=st.floats(0, 1, width=32)))
def test_factors_come_back_within_half_a_step(values: np.ndarray) -> None:
    hi = float(values.max())
    error = np.abs(decode_numbers(encode_factor(values, hi), 0.0, hi) - values)
    assert (error <= hi / 508 * (1 + 1e-6)).all()


def test_codes_become_bytes_and_none_becomes_missing() -> None:
    assert encode_codes(np.array([0, 254, -1])).tolist() == [0, 254, 255]


def test_logarithm_is_that_of_counts_per_ten_thousand() -> None:
    found = log_per_ten_thousand(np.array([1.0, 3.0, 0.0]), np.array([100.0, 30_000.0, 0.0]))
    np.testing.assert_allclose(found, [np.log(101.0), np.log(2.0), 0.0], rtol=1e-6)
    assert found.dtype == np.float32
