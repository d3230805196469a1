"""Messages that a job waits, which Celery brings to workers through Redis; they carry nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from atlas_app.jobs.backends.backend import JobsUnavailable

if TYPE_CHECKING:
    from celery import Celery

TASK = "atlas.map"
# Everything of ours in the database begins so.
PREFIX = "inspire-atlas:"
# Seconds that an answer of Redis is waited for, and a connection.
ANSWER, CONNECT = 3.0, 2.0


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
