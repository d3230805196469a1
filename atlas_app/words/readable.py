"""Numbers as a person reads them, on pages and in reports; files and answers hold them in full."""

from __future__ import annotations

import math

# Beyond these a number without a power of ten is a row of noughts.
LEAST, MOST = 1e-4, 1e5


def readable(value: float | None, digits: int = 3, pad: bool = False) -> str:
    """So many significant digits, as in "0.0123", "968" and "12300"; two where it takes a power of
    ten, as in "1.2e−5"; "–" for None, NaN and infinity. With `pad` noughts at the end stay, for
    numbers below each other: "0.920", "968"."""
    if value is None or not math.isfinite(value):
        return "–"
    if value == 0:
        return "0"
    if LEAST <= abs(value) < MOST:
        rounded = float(f"{value:.{digits}g}")
        decimals = max(0, digits - 1 - math.floor(math.log10(abs(rounded))))
        text = f"{rounded:.{decimals}f}" if pad else f"{rounded:.15g}"
        return text.replace("-", "−")
    mantissa, power = f"{value:.1e}".split("e")
    return f"{mantissa}e{int(power)}".replace("-", "−")


def padded(value: float | None) -> str:
    """Three digits of a number in a column of numbers."""
    return readable(value, pad=True)


def in_line(*values: float) -> list[str]:
    """Numbers that stand beside each other, such as an estimate and the ends of its interval: all
    with the decimals that the largest needs for three digits."""
    largest = max((abs(value) for value in values), default=0.0)
    decimals = 2 if largest == 0 else max(0, 2 - math.floor(math.log10(largest)))
    return [f"{value:.{decimals}f}" for value in values]


def counted(n: int, noun: str) -> str:
    """A number of things, "1 slice" or "1,200 spots"; the plural of `noun` is with an s."""
    return f"{n:,} {noun}" if n == 1 else f"{n:,} {noun}s"
