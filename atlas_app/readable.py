"""Numbers as a person reads them, on pages and in reports; files and answers hold them in full."""

from __future__ import annotations

import math

# Beyond these a number without a power of ten is a row of noughts.
LEAST, MOST = 1e-4, 1e5


def readable(value: float | None, digits: int = 3) -> str:
    """So many significant digits, as in "0.0123", "968" and "12300"; two where it takes a power of
    ten, as in "1.2e−5"; "–" for None, NaN and infinity."""
    if value is None or not math.isfinite(value):
        return "–"
    if value == 0:
        return "0"
    if LEAST <= abs(value) < MOST:
        rounded = float(f"{value:.{digits}g}")
        return f"{rounded:.15g}".replace("-", "−")
    mantissa, power = f"{value:.1e}".split("e")
    return f"{mantissa}e{int(power)}".replace("-", "−")


def in_line(*values: float) -> list[str]:
    """Numbers that stand beside each other, such as an estimate and the ends of its interval: all
    with the decimals that the largest needs for three digits."""
    largest = max((abs(value) for value in values), default=0.0)
    decimals = 2 if largest == 0 else max(0, 2 - math.floor(math.log10(largest)))
    return [f"{value:.{decimals}f}" for value in values]


def counted(n: int, noun: str) -> str:
    """A number of things, "1 slice" or "1,200 spots"; the plural of `noun` is with an s."""
    return f"{n:,} {noun}" if n == 1 else f"{n:,} {noun}s"
