"""Numbers as bytes and back: the arithmetic of the view."""

from __future__ import annotations

import numpy as np

from training.store.schema import MISSING, TARGET_SUM, TOP_BYTE

FLOAT32_MAX = float(np.finfo(np.float32).max)


def log_per_ten_thousand(counts: np.ndarray, totals: np.ndarray) -> np.ndarray:
    """log(1 + 10,000 · count / total), float32, where a total of zero gives 0.

    `counts` are raw counts of one gene, `totals` the summed counts over ALL genes of the same
    spots; equal shapes. The result lies in [0, log(10,001)].
    """
    totals = np.asarray(totals, dtype=np.float64)
    scaled = np.divide(
        np.asarray(counts, dtype=np.float64) * TARGET_SUM,
        totals,
        out=np.zeros(totals.shape),
        where=totals > 0,
    )
    return np.log1p(scaled).astype(np.float32)


def encode_positive(values: np.ndarray, hi: float) -> np.ndarray:
    """Bytes 1..254 of values in (0, hi]: round(254 · v / hi), never 0.

    The error after decoding is at most half a step (hi / 508), and for values below half a
    step, which are raised to byte 1, less than one step (hi / 254).
    """
    if not hi > 0:
        return np.ones(values.shape, dtype=np.uint8)
    steps = np.rint(np.asarray(values, dtype=np.float64) * (TOP_BYTE / hi))
    return np.clip(steps, 1, TOP_BYTE).astype(np.uint8)


def encode_numbers(values: np.ndarray) -> tuple[np.ndarray, float, float]:
    """(bytes, lo, hi) of any numbers: lo and hi are the extremes of the usable values.

    NaN, infinities and magnitudes beyond float32 become 255. No usable value: lo = hi = 0.
    A constant: every byte 0 and lo = hi. The error after decoding is at most (hi − lo) / 508.
    """
    values = np.asarray(values, dtype=np.float64)
    usable = np.abs(values) <= FLOAT32_MAX
    data = np.full(values.shape, MISSING, dtype=np.uint8)
    if not usable.any():
        return data, 0.0, 0.0
    lo, hi = float(values[usable].min()), float(values[usable].max())
    # Subnormal ranges underflow to a zero span and are constants for every reader.
    scale = (hi - lo) / TOP_BYTE
    if scale > 0:
        data[usable] = np.clip(np.rint((values[usable] - lo) / scale), 0, TOP_BYTE)
    else:
        data[usable] = 0
    return data, lo, hi


def encode_factor(values: np.ndarray, hi: float) -> np.ndarray:
    """Bytes 0..254 of proportions in [0, hi]: round(254 · v / hi). Error at most hi / 508."""
    if not hi > 0:
        return np.zeros(values.shape, dtype=np.uint8)
    steps = np.rint(np.asarray(values, dtype=np.float64) * (TOP_BYTE / hi))
    return np.clip(steps, 0, TOP_BYTE).astype(np.uint8)


def encode_codes(codes: np.ndarray) -> np.ndarray:
    """Bytes of category codes 0..254; −1, no category, becomes 255."""
    return np.where(codes < 0, MISSING, codes).astype(np.uint8)


def decode_numbers(data: np.ndarray, lo: float, hi: float) -> np.ndarray:
    """Numbers, float64, of bytes: lo + byte / 254 · (hi − lo); 255 gives NaN."""
    values = lo + data.astype(np.float64) / TOP_BYTE * (hi - lo)
    values[data == MISSING] = np.nan
    return values
