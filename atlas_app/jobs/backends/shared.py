"""Jobs of several machines: records in a Redis that servers and workers share.

A record is a field of one hash, and every change of it is a transaction that watches the hash, so
no two processes change it at once. Workers are told by Celery that something waits (see
`messages`); which job is taken, by whom, and whether that worker still lives is decided here:
a message that is lost, doubled or late does no harm.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from atlas_app.jobs.backends.backend import OPEN, JobsUnavailable, admit
from atlas_app.jobs.backends.messages import ANSWER, CONNECT, PREFIX, celery_app, send
from atlas_app.jobs.record import QUEUED, Job

if TYPE_CHECKING:
    from celery import Celery
    from redis.client import Pipeline

RECORDS, UNFINISHED = PREFIX + "jobs", PREFIX + "open"
SECRET, WORKERS, FOLDER = PREFIX + "secret", PREFIX + "workers", PREFIX + "folder"
# A job whose worker was silent for the first time, and then for the second, is lost: together with
# how often somebody looks, less than the 5 s after which a dead worker is to be told. The second
# lets workers speak again after a Redis that was away for all.
SILENT_MS, GRACE_MS = 2500, 1000
# A worker that was not heard of for this long is none, in seconds.
WORKER_SECONDS = 5.0


class SharedBackend:
    """Records of jobs in the Redis at `url`; see `Backend`. Nothing is sent before it is asked."""

    def __init__(self, url: str) -> None:
        import redis
        from redis.backoff import NoBackoff
        from redis.retry import Retry

        self._url = url
        self._fault = redis.RedisError
        self._redis = redis.Redis.from_url(
            url,
            decode_responses=True,
            socket_timeout=ANSWER,
            socket_connect_timeout=CONNECT,
            health_check_interval=30,
            # A connection that Redis closed meanwhile is opened anew once, and then it is away.
            retry=Retry(NoBackoff(), 1),
        )

    @contextmanager
    def _told(self) -> Iterator[None]:
        """Turn what Redis has against a command into JobsUnavailable."""
        try:
            yield
        except self._fault as error:
            raise JobsUnavailable(f"Redis: {error}") from error

    @cached_property
    def _celery(self) -> Celery:
        return celery_app(self._url)

    # Records

    def get(self, job_id: str) -> Job | None:
        with self._told():
            return parsed(self._redis.hget(RECORDS, job_id))

    def all(self) -> list[Job]:
        with self._told():
            return found(self._redis.hvals(RECORDS))

    def open(self) -> list[Job]:
        with self._told():
            return unfinished(self._redis)

    def add(self, job: Job, *, queued: int, per_client: int) -> None:
        def keep(pipe: Pipeline) -> None:
            admit(job, unfinished(pipe), queued, per_client)
            pipe.multi()
            write(pipe, job)

        self._change(keep)

    def put(self, job: Job) -> None:
        with self._told(), self._redis.pipeline() as pipe:
            write(pipe, job)
            pipe.execute()

    def update(
        self, job_id: str, only_from: Sequence[str], attempt: int | None, changes: dict[str, Any]
    ) -> Job | None:
        changed: list[Job] = []

        def change(pipe: Pipeline) -> None:
            changed.clear()
            job = parsed(pipe.hget(RECORDS, job_id))
            pipe.multi()
            if job is None or job.state not in only_from or attempt not in (None, job.attempts):
                return
            changed.append(replace(job, **changes))
            write(pipe, changed[0])

        self._change(change)
        return changed[0] if changed else None

    def delete(self, job_id: str) -> None:
        with self._told(), self._redis.pipeline() as pipe:
            pipe.hdel(RECORDS, job_id)
            pipe.srem(UNFINISHED, job_id)
            pipe.execute()

    def secret(self) -> str:
        return self._agreed(SECRET, secrets.token_hex(16))

    def folder(self, mark: str) -> str:
        """The mark of the folder that all who share this Redis use: `mark` if there was none."""
        return self._agreed(FOLDER, mark)

    def _agreed(self, name: str, value: str) -> str:
        with self._told():
            self._redis.set(name, value, nx=True)
            return str(self._redis.get(name))

    def _change(self, change: Callable[[Pipeline], None]) -> None:
        """Carry out a change that rests on records as they are, anew if they change meanwhile."""
        with self._told():
            self._redis.transaction(change, RECORDS)

    # Workers

    def wake(self) -> None:
        with self._told():
            waiting = sum(job.state == QUEUED for job in unfinished(self._redis))
            sent = int(self._redis.llen(PREFIX + "queue"))
        for _ in range(waiting - sent):
            send(self._celery)

    def beat(self, job_id: str) -> None:
        with self._told(), self._redis.pipeline() as pipe:
            pipe.set(f"{PREFIX}beat:{job_id}", "1", px=SILENT_MS)
            pipe.delete(f"{PREFIX}silent:{job_id}")
            pipe.execute()

    def at_work(self, job: Job) -> bool:
        silent = f"{PREFIX}silent:{job.id}"
        lasts = 60_000
        with self._told():
            if self._redis.exists(f"{PREFIX}beat:{job.id}"):
                return True
            if self._redis.set(silent, "1", nx=True, px=lasts):
                return True
            left = int(self._redis.pttl(silent))
            if left < 0 or left > lasts - GRACE_MS:
                return True
            self._redis.delete(silent)
            return False

    def staffed(self) -> bool:
        with self._told():
            return bool(self._redis.zcount(WORKERS, self._now() - WORKER_SECONDS, "+inf"))

    def attend(self, worker: str) -> None:
        """Say that a worker of that name is there; said again every second or so."""
        with self._told(), self._redis.pipeline() as pipe:
            now = self._now()
            pipe.zadd(WORKERS, {worker: now})
            pipe.zremrangebyscore(WORKERS, "-inf", now - WORKER_SECONDS)
            pipe.execute()

    def leave(self, worker: str) -> None:
        """Say that a worker goes."""
        with self._told():
            self._redis.zrem(WORKERS, worker)

    def _now(self) -> float:
        """Seconds by the clock of Redis: those of the machines may differ."""
        seconds, micros = self._redis.time()
        return float(seconds) + float(micros) / 1e6


def write(pipe: Pipeline, job: Job) -> None:
    """Put the commands that keep a record into a transaction."""
    pipe.hset(RECORDS, job.id, job.to_json())
    if job.state in OPEN:
        pipe.sadd(UNFINISHED, job.id)
    else:
        pipe.srem(UNFINISHED, job.id)


def unfinished(client: Any) -> list[Job]:
    """Jobs that wait or run, read by a client or a transaction that has not begun to write."""
    names = sorted(client.smembers(UNFINISHED))
    return found(client.hmget(RECORDS, names)) if names else []


def found(texts: Sequence[Any]) -> list[Job]:
    return [Job.from_json(text) for text in texts if text is not None]


def parsed(text: Any) -> Job | None:
    return None if text is None else Job.from_json(str(text))
