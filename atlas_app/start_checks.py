"""What servers and workers look after before they start."""

from __future__ import annotations

import os
import secrets
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from atlas_app.terminal import fail

if TYPE_CHECKING:
    from atlas_app.jobs.backends.shared import SharedBackend
    from atlas_app.settings import Settings

# In the folder of jobs: what tells it from every other.
MARK = "folder.mark"


def check_stores(settings: Settings) -> dict[str, str]:
    """Where the stores lie, by digest; ends with one line per store that does not open."""
    from training.store import StoreError, StoreUnreachable, open_atlas

    found, faults = {}, []
    for store in settings.stores:
        try:
            atlas = open_atlas(store, anonymous=settings.anonymous or None)
        except (StoreError, StoreUnreachable) as error:
            faults.append(str(error))
        else:
            found[atlas.digest] = str(atlas.location)
    if faults:
        fail("\n".join(faults))
    return found


def check_folder(backend: SharedBackend, folder: Path) -> None:
    """End when `folder` cannot be used, or is not the one that others of the same Redis use.

    The first to come leaves a mark in its folder and in Redis. Raises JobsUnavailable.
    """
    path = folder / MARK
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not path.exists():
            # Whole when it appears, and the same for all who come at once.
            own = folder / f"{MARK}-{secrets.token_hex(8)}"
            own.write_text(secrets.token_hex(16), encoding="ascii")
            with suppress(FileExistsError):
                os.link(own, path)
            own.unlink()
        mark = path.read_text(encoding="ascii").strip()
    except OSError as error:
        fail(f"The folder for jobs, {folder}, cannot be used ({error.strerror}).")
    if backend.folder(mark) != mark:
        fail(
            f"The folder for jobs, {folder}, is not the one that other servers or workers of the "
            "same Redis use: uploads must lie where all of them find them. Mount theirs and name "
            "it with --job-folder. If it was that one and has been emptied, empty the database in "
            "Redis too; if they have nothing in common, give each its own number in ATLAS_JOBS."
        )
