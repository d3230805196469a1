"""Celery between servers and workers: a message says that something waits, a task takes it.

Celery brings messages to workers, keeps them connected and starts and stops them. What it does not
give is made of records and signs of life in the same Redis: revoking does not stop a task of a
worker that has one process, a message that was taken is only given out again after the visibility
timeout, and neither knows of attempts. So messages carry nothing and are acknowledged at once; a
task takes the oldest job, runs it in a process of its own as `atlas_app.runner` does, says several
times a second that it lives, and looks as often whether it was cancelled. A thread of every worker
looks after jobs of workers that fell silent.
"""

from __future__ import annotations

import logging
import os
import secrets
import socket
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from atlas_app.backends.backend import JobsUnavailable
from atlas_app.backends.shared import ANSWER, CONNECT, PREFIX, SharedBackend
from atlas_app.job_record import FAILED, Job
from atlas_app.jobs import JobQueue
from atlas_app.project_command import project_command
from atlas_app.projecting import carry_out, patiently
from atlas_app.settings import Settings

if TYPE_CHECKING:
    from celery import Celery

LOG = logging.getLogger("atlas_app.work")
TASK = "atlas.map"
# How often a worker looks after the jobs of others, in seconds.
LOOK_AROUND = 0.5


def celery_app(url: str) -> Celery:
    """Celery on the Redis at `url`: one queue, JSON only, no results, no remote control."""
    from celery import Celery

    app = Celery("inspire-atlas", broker=url, set_as_current=False)
    app.conf.update(
        task_default_queue="queue",
        task_ignore_result=True,
        task_serializer="json",
        accept_content=["json"],
        worker_prefetch_multiplier=1,
        worker_enable_remote_control=False,
        worker_send_task_events=False,
        broker_connection_retry_on_startup=True,
        # Until Redis is back.
        broker_connection_max_retries=None,
        broker_transport_options={
            "global_keyprefix": PREFIX,
            "socket_timeout": ANSWER,
            "socket_connect_timeout": CONNECT,
            # Of those who send.
            "max_retries": 1,
            "interval_start": 0,
            "interval_max": 0.2,
        },
    )
    return app


def send(app: Celery) -> None:
    """Tell one worker that a job waits. Raises JobsUnavailable."""
    from kombu.exceptions import OperationalError

    try:
        # Once more, on a connection of its own: Redis may have closed the one that was kept.
        app.send_task(TASK, retry=True, retry_policy={"max_retries": 1, "interval_start": 0})
    except (OperationalError, OSError) as error:
        raise JobsUnavailable(f"Redis: {error}") from error


def work(settings: Settings, stores: dict[str, str], announce: Callable[[], None]) -> int:
    """Map queries, one at a time, until told to stop; returns the status to end with.

    `stores` are the atlases that queries can be mapped onto, by digest. Told to stop (SIGTERM) a
    worker gives back what it is at, and another begins it anew.
    """
    from celery import signals
    from celery.worker import state

    backend = SharedBackend(settings.jobs)
    queue = JobQueue(settings.job_folder, backend)
    app = celery_app(settings.jobs)

    def stopping() -> bool:
        return state.should_stop is not None or state.should_terminate is not None

    def take_one() -> None:
        try:
            job = queue.take()
            if job is not None:
                carry_out_here(queue, job, settings.worker_command, stores, stopping)
        except JobsUnavailable as error:
            LOG.warning("a query was left where it was: %s", error)

    app.task(name=TASK)(take_one)
    worker = app.Worker(
        # One process that dies as a whole: nothing of it can live on and map on.
        pool="solo",
        concurrency=1,
        without_gossip=True,
        without_mingle=True,
        without_heartbeat=True,
        loglevel="WARNING",
        quiet=True,
    )

    @signals.worker_ready.connect(weak=False)
    def ready(**_: object) -> None:
        start_looking_around(queue, backend)
        announce()

    worker.start()
    return int(worker.exitcode or 0)


def carry_out_here(
    queue: JobQueue,
    job: Job,
    program: Sequence[str],
    stores: dict[str, str],
    stopping: Callable[[], bool],
) -> None:
    """Carry out a job by the paths of this machine, which need not be those of the server."""
    store = stores.get(job.digest)
    if store is None:
        why = (
            f"The worker does not have this atlas (digest {job.digest[:12]}). Tell whoever runs it."
        )
        patiently(lambda: queue.finish(job, FAILED, why))
        return
    files = queue.files(job.id)
    # A worker that is cut off maps on beside the one that took its place.
    out = files.folder / f"result-{job.attempts}.h5ad"
    command = project_command(job, files, program, store, out)
    carry_out(queue, replace(job, command=command), out=out, stopping=stopping)


def start_looking_around(queue: JobQueue, backend: SharedBackend) -> None:
    """Say that this worker is there and mend what others left, in a thread of its own."""
    name = f"{socket.gethostname()} {os.getpid()} {secrets.token_hex(4)}"

    def look() -> None:
        away = False
        while True:
            try:
                backend.attend(name)
                queue.mend_all()
                away = False
            except JobsUnavailable as error:
                if not away:
                    LOG.warning("the queue does not answer: %s", error)
                away = True
            except Exception:
                LOG.exception("looking after the queue failed")
            time.sleep(LOOK_AROUND)

    threading.Thread(target=look, name="look around", daemon=True).start()
