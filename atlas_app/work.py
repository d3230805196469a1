"""The command `atlas work`: a worker that maps the queries of servers which share a Redis."""

from __future__ import annotations

from pathlib import Path

import typer

from atlas_app.start_checks import check_folder, check_stores
from atlas_app.terminal import fail, installed, load_settings


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
    found = check_stores(settings)

    from atlas_app.jobs.backends.backend import JobsUnavailable
    from atlas_app.jobs.backends.shared import SharedBackend
    from atlas_app.jobs.celery_worker import work as work_on

    try:
        check_folder(SharedBackend(settings.jobs), settings.job_folder)
    except JobsUnavailable as error:
        fail(f"The queue named in ATLAS_JOBS does not answer ({error}).")

    def announce() -> None:
        names = ", ".join(store.rstrip("/").rpartition("/")[2] for store in found.values())
        typer.echo(f"Waiting for queries to map onto {names}")

    raise typer.Exit(work_on(settings, found, announce))
