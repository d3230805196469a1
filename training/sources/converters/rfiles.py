"""R data files (.RData, .rda)."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

from training.errors import DataError, MissingExtraError, Problem


def read_r_file(path: Path) -> dict[str, Any]:
    """Objects of an R data file by name; data frames as pandas, S4 objects as plain attributes.

    Raises:
        MissingExtraError: without the reader of R files.
        DataError: for a file that is not R data.
    """
    try:
        import rdata
    except ImportError as error:
        raise MissingExtraError("reading R data files", "data") from error
    with warnings.catch_warnings():
        # S4 classes unknown to the reader come as attributes, which is what is wanted.
        warnings.simplefilter("ignore")
        try:
            objects = rdata.read_rda(path)
        # The parser raises many types on damaged files.
        except Exception as error:
            raise DataError(
                [
                    Problem(
                        str(path),
                        f"a file that cannot be read ({error})",
                        "R data as published",
                        remedy="check it with: atlas data verify",
                    )
                ]
            ) from error
    return {str(name): value for name, value in objects.items()}
