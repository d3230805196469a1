"""Files of a fit in the making: written whole or not at all, and a refusal told in one error."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from training.errors import AtlasError

GOES_ON = (
    "What was fitted up to the last checkpoint is kept: once that is mended, the same command with "
    "--resume goes on from there."
)
NOTHING_YET = (
    "The fit has not begun and nothing of it is kept: once that is mended, give the same command "
    "again."
)


@contextmanager
def writing(what: str, path: Path, then: str = GOES_ON) -> Iterator[None]:
    """Turn a refusal of the system, such as a full disk, into an AtlasError that names the file
    and ends with `then`, on what is kept."""
    try:
        yield
    except OSError as error:
        raise AtlasError(
            f"{what} cannot be written to {path}: {error.strerror or error}{_room(path)}. {then}"
        ) from error


def replace_file(path: Path, content: bytes, what: str, then: str = GOES_ON) -> None:
    """Write a file under a temporary name and rename it, so that the one before stays until then.

    Raises:
        AtlasError: where it cannot be written; the file before is as it was.
    """
    temporary = path.with_name(path.name + ".tmp")
    with writing(what, path, then):
        try:
            with temporary.open("wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            temporary.replace(path)
        except OSError:
            # What it holds of the room is wanted.
            temporary.unlink(missing_ok=True)
            raise


def _room(path: Path) -> str:
    try:
        return f" ({shutil.disk_usage(path.parent).free // 2**20:,} MiB free)"
    except OSError:
        return ""
