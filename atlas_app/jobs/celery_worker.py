"""Celery between servers and workers: a message says that something waits, a task takes it.

Celery brings messages to workers, keeps them connected and starts and stops them. What it does not
give is made of records and signs of life in the same Redis: revoking does not stop a task of a
worker that has one process, a message that was taken is only given out again after the visibility
timeout, and neither knows of attempts. So messages carry nothing and are acknowledged at once; a
task takes the oldest job, runs it in a process of its own as `atlas_app.jobs.runner` does, says
several times a second that it lives, and looks as often whether it was cancelled. A thread of every
worker looks after jobs of workers that fell silent.
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

from atlas_app.jobs.backends.backend import JobsUnavailable
from atlas_app.jobs.backends.messages import TASK, celery_app
from atlas_app.jobs.backends.shared import SharedBackend
from atlas_app.jobs.command import project_command
from atlas_app.jobs.projecting import carry_out, patiently
from atlas_app.jobs.queue import JobQueue
from atlas_app.jobs.record import FAILED, Job
from atlas_app.settings import Settings

LOG = logging.getLogger("atlas_app.work")
# How often a worker looks after the jobs of others, in seconds.
LOOK_AROUND = 0.5


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
