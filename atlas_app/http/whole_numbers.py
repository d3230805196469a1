"""Whole numbers in addresses and headers, as anybody may have written them."""

from __future__ import annotations

# Of thousands of digits Python makes an error.
MOST_DIGITS = 18


def whole(text: str, most: int) -> int | None:
    """The number that digits of ASCII write, from 0 to `most`; None for any other text."""
    if not (text.isascii() and text.isdigit() and len(text) <= MOST_DIGITS):
        return None
    number = int(text)
    return number if number <= most else None
