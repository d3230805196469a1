"""The command `atlas serve`: a production server around the app."""

from __future__ import annotations

import socket
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from atlas_app.start_checks import check_folder, check_stores
from atlas_app.terminal import fail, installed, load_settings
from atlas_app.work import work

if TYPE_CHECKING:
    from atlas_app.settings import Settings

# Shorter passwords can be guessed.
LEAST_PASSWORD = 8
# How often each server process looks for expired results, in seconds.
SWEEP_EVERY = 300.0
# How often storage that is away is tried while a server process starts, in seconds.
REACH_EVERY = 5.0
# A silent server process is replaced after this many seconds.
SILENCE_SECONDS = 120
NEEDED = (
    "dash",
    "dash_mantine_components",
    "dash_ag_grid",
    "flask_compress",
    "gunicorn",
    "diskcache",
)


def register(app: typer.Typer) -> None:
    """Add the commands to the console script's application (entry point `atlas.commands`)."""
    app.command("serve")(serve)
    app.command("work")(work)
    app.command("password")(hash_password)


def serve(
    stores: list[str] = typer.Argument(
        None, help="Stores to serve, folders or URLs; default: ATLAS_STORES."
    ),
    host: str = typer.Option(None, help="Address to listen on. [default: 127.0.0.1]"),
    port: int = typer.Option(None, help="Port to listen on. [default: 8050]"),
    workers: int = typer.Option(None, help="Server processes. [default: 2]"),
    threads: int = typer.Option(None, help="Threads in each of them. [default: 4]"),
    prefix: str = typer.Option(None, help="Path under which everything lies, such as /atlas."),
    title: str = typer.Option(None, help="Name in the browser's tab."),
    job_folder: Path = typer.Option(None, help="Where uploads and results are kept for a while."),
    upload_bytes: int = typer.Option(None, help="Largest query accepted, in bytes."),
    jobs_queued: int = typer.Option(None, help="Queries that may wait."),
    result_hours: float = typer.Option(None, help="Hours after which a result is deleted."),
) -> None:
    """Serve atlases to browsers and programs.

    Every option can also be set in the environment as ATLAS_<NAME>, such as ATLAS_PORT.
    """
    missing = [name for name in NEEDED if not installed(name)]
    if missing:
        fail(
            f"atlas serve needs the optional part 'app', of which {', '.join(missing)} is not "
            "installed. Install it with: pip install 'inspire-atlas[app]'"
        )
    settings = load_settings(
        stores=tuple(stores) if stores else None,
        host=host,
        port=port,
        workers=workers,
        threads=threads,
        prefix=prefix,
        title=title,
        job_folder=job_folder,
        upload_bytes=upload_bytes,
        jobs_queued=jobs_queued,
        result_hours=result_hours,
    )
    if not settings.stores:
        fail("No store was given. Name one: atlas serve NAME.atlas.zarr")
    check_stores(settings)
    check_jobs(settings)
    check_port(settings)
    run(settings)


def hash_password() -> None:
    """Ask for a password and print its hash, for ATLAS_PASSWORD_HASH of `atlas serve`."""
    if not installed("werkzeug"):
        fail("atlas password needs the optional part 'app': pip install 'inspire-atlas[app]'")
    # Asked for, and no option: an option would stay in the shell's history.
    password = typer.prompt("Password", hide_input=True, confirmation_prompt=True, err=True)
    if len(password) < LEAST_PASSWORD:
        fail(f"The password has {len(password)} characters; give {LEAST_PASSWORD} or more.")
    from werkzeug.security import generate_password_hash

    typer.echo(generate_password_hash(password))


def check_jobs(settings: Settings) -> None:
    """End when the folder of jobs cannot be written or belongs to someone else, or when it is not
    that of others behind the same Redis. A Redis that does not answer is said, and no reason not
    to serve: it is mapping alone that waits for it."""
    from atlas_app.jobs.queue import JobsUnavailable, open_jobs

    folder = settings.job_folder
    if settings.jobs:
        missing = [name for name in ("celery", "redis") if not installed(name)]
        if missing:
            fail(
                f"ATLAS_JOBS needs the optional part 'celery', of which {', '.join(missing)} is "
                "not installed. Install it with: pip install 'inspire-atlas[app,celery]'"
            )
    try:
        open_jobs(settings)
        probe = folder / "writable"
        probe.touch()
        probe.unlink(missing_ok=True)
    except OSError as error:
        fail(
            f"The folder for jobs, {folder}, cannot be used ({error.strerror}). Name another with "
            "--job-folder."
        )
    if settings.jobs:
        from atlas_app.jobs.backends.shared import SharedBackend

        try:
            check_folder(SharedBackend(settings.jobs), folder)
        except JobsUnavailable as error:
            typer.echo(
                f"The queue named in ATLAS_JOBS does not answer ({error}). Atlases can be browsed; "
                "sections can be mapped once it does.",
                err=True,
            )


def check_port(settings: Settings) -> None:
    """End with a plain line when the address cannot be listened on."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.host, settings.port))
        except OSError as error:
            fail(
                f"Cannot listen on {settings.host}, port {settings.port}: {error.strerror}. Choose "
                "another with --port (0: any free one)."
            )


def run(settings: Settings) -> None:
    """Serve until stopped."""
    from gunicorn.app.base import BaseApplication

    class Server(BaseApplication):
        def load_config(self) -> None:
            for name, value in server_options(settings).items():
                self.cfg.set(name, value)

        def load(self) -> Callable[..., Any]:
            # In each server process of its own: opened stores and locks must not cross a fork.
            app = create_when_reachable(settings)
            start_sweeping(settings)
            return app.server

    # BaseApplication reads no arguments, but gunicorn warns of ours when it is asked for a config.
    sys.argv = sys.argv[:1]
    Server().run()


def create_when_reachable(settings: Settings) -> Any:
    """The app, once the stores can be read.

    A server process that is replaced while storage is away waits for it: one that ended would end
    the whole server.
    """
    import logging
    import time

    from atlas_app.app import create_app
    from training.store import StoreUnreachable

    while True:
        try:
            return create_app(settings)
        except StoreUnreachable as error:
            logging.getLogger("atlas_app").warning("%s", error)
            time.sleep(REACH_EVERY)


def server_options(settings: Settings) -> dict[str, Any]:
    """gunicorn's settings."""

    def announce(arbiter: Any) -> None:
        for listener in arbiter.LISTENERS:
            host, port = listener.sock.getsockname()[:2]
            shown = f"[{host}]" if ":" in host else host
            typer.echo(f"Serving on http://{shown}:{port}{settings.prefix}/")

    address = f"[{settings.host}]" if ":" in settings.host else settings.host
    return {
        "bind": f"{address}:{settings.port}",
        "workers": settings.workers,
        "threads": settings.threads,
        "worker_class": "gthread",
        "timeout": SILENCE_SECONDS,
        "graceful_timeout": 10,
        "keepalive": 15,
        "limit_request_line": 8190,
        "limit_request_fields": 64,
        "loglevel": "warning",
        "preload_app": False,
        "when_ready": announce,
        "control_socket_disable": True,
    }


def start_sweeping(settings: Settings) -> None:
    """Delete expired queries and results now and every few minutes, in a thread of its own."""
    import logging
    import threading
    import time

    from atlas_app.jobs.queue import JobsUnavailable, open_jobs

    queue = open_jobs(settings)

    def sweep() -> None:
        while True:
            try:
                queue.sweep()
            except JobsUnavailable as error:
                logging.getLogger("atlas_app").warning("expired jobs are left: %s", error)
            except Exception:
                logging.getLogger("atlas_app").exception("sweeping expired jobs failed")
            time.sleep(SWEEP_EVERY)

    threading.Thread(target=sweep, name="sweep", daemon=True).start()
