"""The command `atlas work`: a worker that maps the queries of servers which share a Redis."""

from __future__ import annotations

import os
import secrets
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from atlas_app.terminal import fail, installed, load_settings

if TYPE_CHECKING:
    from atlas_app.backends.shared import SharedBackend
    from atlas_app.settings import Settings

# In the folder of jobs: what tells it from every other.
MARK = "folder.mark"


def work(
    stores: list[str] = typer.Argument(
        None, help="Stores that queries are mapped onto, folders or URLs; default: ATLAS_STORES."
    ),
    job_folder: Path = typer.Option(
        None, help="The folder of uploads and results that servers and workers share."
    ),
) -> None:
    """Map queries for servers on other machines, one at a time, behind the Redis of ATLAS_JOBS.

    Start it as often as the machine has room for projections. It ends on SIGTERM; what it was
    mapping then goes to the next worker.
    """
    missing = [name for name in ("celery", "redis") if not installed(name)]
    if missing:
        fail(
            f"atlas work needs the optional part 'celery', of which {', '.join(missing)} is not "
            "installed. Install it with: pip install 'inspire-atlas[project,celery]'"
        )
    settings = load_settings(stores=tuple(stores) if stores else None, job_folder=job_folder)
    if not settings.jobs:
        fail(
            "No Redis was named. Set ATLAS_JOBS to that of the server, such as redis://HOST:6379/0"
        )
    if not settings.stores:
        fail("No store was given. Name those that are served: atlas work NAME.atlas.zarr")
    found = stores_by_digest(settings)

    from atlas_app.backends.backend import JobsUnavailable
    from atlas_app.backends.celery_worker import work as work_on
    from atlas_app.backends.shared import SharedBackend

    try:
        check_folder(SharedBackend(settings.jobs), settings.job_folder)
    except JobsUnavailable as error:
        fail(f"The queue named in ATLAS_JOBS does not answer ({error}).")

    def announce() -> None:
        names = ", ".join(store.rstrip("/").rpartition("/")[2] for store in found.values())
        typer.echo(f"Waiting for queries to map onto {names}")

    raise typer.Exit(work_on(settings, found, announce))


def stores_by_digest(settings: Settings) -> dict[str, str]:
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
