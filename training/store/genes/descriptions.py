"""What genes are, in words: the column of `var` that says it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from training.store.schema import DESCRIPTION_COLUMNS, SYMBOL_COLUMNS

NAME = "gene_name"
"""Holds symbols in some files and words in others, where symbols stand in a column before it."""


def pick_descriptions(
    read: Callable[[str], Sequence[str] | None], names: Sequence[str]
) -> list[str]:
    """A description of every gene, '' where there is none.

    `read` gives a column of text of `var`, '' where missing, or None where there is no such. The
    first of the columns for descriptions counts; without one `gene_name`, where it holds words
    beside a column of symbols. What only repeats a gene's name in `names` is none.
    """
    found: Sequence[str] | None = None
    for column in DESCRIPTION_COLUMNS:
        found = read(column)
        if found is not None:
            break
    before = SYMBOL_COLUMNS[: SYMBOL_COLUMNS.index(NAME)]
    if found is None and any(read(column) is not None for column in before):
        words = read(NAME)
        if words is not None and any(" " in word.strip() for word in words):
            found = words
    if found is None:
        return [""] * len(names)
    cleaned = [" ".join(text.split()) for text in found]
    return [
        "" if text.casefold() == name.casefold() else text
        for text, name in zip(cleaned, names, strict=True)
    ]
