"""The command that maps a section again, as a result keeps it."""

from __future__ import annotations

import shlex
from pathlib import Path, PurePath


def repeat_command(
    store: str | Path,
    query: Path | None,
    out: Path,
    coordinates: Path | None = None,
    *,
    impute: str = "",
    column: str = "",
) -> str:
    """The command by its options; files by their last names, as a result may go to anybody.

    Args:
        query: None for a section of the atlas itself.
        impute, column: as on the command line.
    """
    words = ["atlas", "project", PurePath(str(store)).name]
    words.append("--demo" if query is None else query.name)
    if coordinates is not None:
        words += ["--coordinates", coordinates.name]
    words += ["--out", out.name]
    if impute:
        words += ["--impute", impute]
    if column:
        words += ["--section-column", column]
    return shlex.join(words)
