"""Projection jobs: their queue, files and end, wherever they are kept and carried out.

Records and those who carry jobs out belong to a backend: this machine alone (`backends.machine`),
or workers on several machines that share a Redis and a folder (`backends.shared`). The files of a
job lie in a folder of its own.
"""

from __future__ import annotations

import errno
import hashlib
import os
import secrets
import shutil
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from atlas_app.jobs.backends.backend import Backend, ClientBusy, JobsUnavailable, QueueFull
from atlas_app.jobs.command import project_command
from atlas_app.jobs.record import (
    CANCELLED,
    DONE,
    FAILED,
    ID_BYTES,
    ID_PATTERN,
    QUEUED,
    RUNNING,
    Job,
    JobFiles,
)
from atlas_app.settings import Settings

__all__ = ["ClientBusy", "JobQueue", "JobsUnavailable", "QueueFull", "open_jobs"]

LOST = "The worker that was mapping this query stopped."
LOST_TWICE = (
    "The worker that was mapping this query stopped, and so did the next one. Nothing need be "
    "wrong with the file: submit it again later, or run `atlas project` yourself."
)
GIVEN_BACK = "The worker that was mapping this query was shut down. It begins anew on the next one."
# How often a worker is started for a job whose workers are killed.
MOST_ATTEMPTS = 2


def open_jobs(settings: Settings) -> JobQueue:
    """The queue that the settings name: behind a Redis, or of this machine."""
    if not settings.jobs:
        return JobQueue(settings.job_folder)
    from atlas_app.jobs.backends.shared import SharedBackend

    return JobQueue(settings.job_folder, SharedBackend(settings.jobs))


class JobQueue:
    """The jobs under one folder; safe between threads, processes and machines that share both.

    `backend` is this machine's own where none is given. Every method may raise JobsUnavailable.
    """

    def __init__(self, folder: Path, backend: Backend | None = None) -> None:
        self.folder = Path(folder)
        self.files_folder = self.folder / "files"
        for part in (self.folder, self.files_folder):
            part.mkdir(mode=0o700, parents=True, exist_ok=True)
        check_owner(self.folder)
        if backend is None:
            from atlas_app.jobs.backends.machine import MachineBackend

            backend = MachineBackend(self.folder)
        self.backend = backend

    # Records

    def get(self, job_id: str) -> Job | None:
        """The record of that id, None when there is none (any more)."""
        return self.backend.get(job_id) if ID_PATTERN.fullmatch(job_id) else None

    def all(self) -> list[Job]:
        """Every record, the oldest first."""
        return sorted(self.backend.all(), key=age)

    def files(self, job_id: str) -> JobFiles:
        """The files of a job. Raises ValueError for what cannot be an id."""
        if not ID_PATTERN.fullmatch(job_id):
            raise ValueError("not the id of a job")
        return JobFiles(self.files_folder / job_id)

    # What a server process does

    def new_id(self) -> str:
        """An id that cannot be guessed, with an empty folder for the job's files."""
        job_id = secrets.token_urlsafe(ID_BYTES)
        self.files(job_id).folder.mkdir(mode=0o700)
        return job_id

    def discard(self, job_id: str) -> None:
        """Remove a job: its record and its files."""
        folder = self.files(job_id).folder
        try:
            self.backend.delete(job_id)
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def waiting(self) -> int:
        """How many jobs are queued."""
        return sum(job.state == QUEUED for job in self.backend.open())

    def submit(
        self,
        job_id: str,
        *,
        settings: Settings,
        atlas_id: str,
        digest: str,
        store: str | Path,
        name: str,
        impute: Sequence[str],
        client: str = "",
        key: str = "",
        demo: bool = False,
        section_column: str = "",
    ) -> Job:
        """Queue the projection of an uploaded query (`files(job_id).query`) and see it started.

        `store` is the resolved folder or the URL of the atlas. Where a job with the same `key` is
        done, its result is taken and nothing is queued.

        Raises QueueFull when `settings.jobs_queued` jobs wait already, ClientBusy when
        `settings.jobs_per_client` of this client do.
        """
        now = time.time()
        job = Job(
            id=job_id,
            atlas_id=atlas_id,
            digest=digest,
            name=name,
            impute=tuple(impute),
            command=(),
            submitted=now,
            expires=now + 3600 * settings.result_hours,
            seconds=60 * settings.job_minutes,
            memory=settings.job_bytes,
            client=client,
            key=key,
            demo=demo,
            section_column=section_column,
            extra={"hours": settings.result_hours, "anonymous": settings.anonymous},
        )
        command = project_command(job, self.files(job_id), settings.worker_command, store)
        job = replace(job, command=command)
        if key and self._take_result(job):
            return self._record_known(job)
        self.backend.add(job, queued=settings.jobs_queued, per_client=settings.jobs_per_client)
        # It is recorded, and whoever looks at it next wakes the workers.
        with suppress(JobsUnavailable):
            self.backend.wake()
        return job

    def under_way(self, client: str) -> int:
        """How many jobs of a client wait or run."""
        return sum(job.client == client for job in self.backend.open())

    def client_of(self, address: str) -> str:
        """A word for an internet address that does not tell it, the same in every process."""
        key = self.backend.secret().encode()
        return hashlib.blake2b(address.encode(), key=key, digest_size=12).hexdigest()

    def _take_result(self, job: Job) -> bool:
        """Give a job the result of a finished one with the same key, as a file of its own."""
        for other in self.all():
            if other.key == job.key and other.state == DONE:
                mine, theirs = self.files(job.id), self.files(other.id)
                # Deleted or expired meanwhile, or on a file system without links: computed afresh.
                with suppress(OSError):
                    os.link(theirs.result, mine.result)
                    with suppress(OSError):
                        shutil.copyfile(theirs.progress, mine.progress)
                    return True
        return False

    def _record_known(self, job: Job) -> Job:
        note = "The same file was mapped before; this is its result."
        known = replace(job, state=DONE, started=job.submitted, finished=job.submitted, note=note)
        self.backend.put(known)
        self.drop_query(job.id)
        return known

    def look(self, job_id: str) -> Job | None:
        """The record, put right first: expired jobs go, lost ones fail, stuck queues start."""
        job = self.get(job_id)
        if job is None:
            return None
        if job.expires < time.time() and job.state != RUNNING:
            self.discard(job_id)
            return None
        if job.state == RUNNING and not self.backend.at_work(job):
            self.mend(job)
            return self.get(job_id)
        if job.state == QUEUED:
            self.backend.wake()
        return job

    def mend(self, job: Job) -> None:
        """Try a running job that lost its worker once more, or let it fail."""
        if job.attempts < MOST_ATTEMPTS:
            if self.try_again(job, LOST):
                self.backend.wake()
        else:
            self.finish(job, FAILED, LOST_TWICE)

    def mend_all(self) -> None:
        """Put right whatever waits or runs, asked for or not."""
        jobs = self.backend.open()
        for job in jobs:
            if job.state == RUNNING and not self.backend.at_work(job):
                self.mend(job)
        if any(job.state == QUEUED for job in jobs):
            self.backend.wake()

    def cancel(self, job_id: str) -> Job | None:
        """Stop a waiting or running job. Its worker kills the processes within a second."""
        if not ID_PATTERN.fullmatch(job_id):
            return None
        changes = {"state": CANCELLED, "finished": time.time(), "error": ""}
        job = self.backend.update(job_id, (QUEUED, RUNNING), None, changes)
        if job is not None:
            self.drop_query(job_id)
        return job

    def drop_query(self, job_id: str) -> None:
        """Delete what was uploaded and unpacked: of no use once the projection has ended."""
        files = self.files(job_id)
        for path in files.sent:
            path.unlink(missing_ok=True)
        shutil.rmtree(files.temporary, ignore_errors=True)

    def position(self, job: Job) -> int:
        """How many jobs come before this one, running ones included; 0 for others."""
        if job.state != QUEUED:
            return 0
        others = self.backend.open()
        return sum(other.state == RUNNING or age(other) < age(job) for other in others)

    def sweep(self) -> int:
        """Delete expired jobs and folders that no record names (of uploads cut off); how many."""
        now = time.time()
        jobs = self.all()
        expired = [job.id for job in jobs if job.expires < now and job.state != RUNNING]
        known = {job.id for job in jobs}
        hour = 3600.0
        for folder in self.files_folder.iterdir():
            # Another server may sweep at the same time.
            with suppress(FileNotFoundError):
                if folder.name not in known and folder.stat().st_mtime < now - hour:
                    expired.append(folder.name)
        for job_id in expired:
            if ID_PATTERN.fullmatch(job_id):
                self.discard(job_id)
        return len(expired)

    # What those who carry jobs out do

    def take(self) -> Job | None:
        """Mark the oldest queued job as running and return it; None when none waits."""
        for job in sorted(self.backend.open(), key=age):
            if job.state != QUEUED:
                continue
            # Said before the record does: a job that runs and has no sign of life is lost.
            self.backend.beat(job.id)
            changes = {"state": RUNNING, "started": time.time(), "attempts": job.attempts + 1}
            taken = self.backend.update(job.id, (QUEUED,), job.attempts, changes)
            if taken is not None:
                return taken
        return None

    def is_ours(self, job: Job) -> bool:
        """Whether a job that was taken still runs, at the same attempt; says that it lives."""
        record = self.get(job.id)
        ours = record is not None and record.state == RUNNING and record.attempts == job.attempts
        if ours:
            self.backend.beat(job.id)
        return ours

    def try_again(self, job: Job, why: str) -> bool:
        """Queue a running job once more in its old place; whether it may be, and still ran."""
        if job.attempts >= MOST_ATTEMPTS:
            return False
        changes = {"state": QUEUED, "note": f"{why} It is tried once more."}
        return self.backend.update(job.id, (RUNNING,), job.attempts, changes) is not None

    def give_back(self, job: Job) -> None:
        """Queue a running job in its old place, as one whose worker is shut down on purpose."""
        changes = {"state": QUEUED, "note": GIVEN_BACK, "attempts": job.attempts - 1}
        if self.backend.update(job.id, (RUNNING,), job.attempts, changes) is not None:
            self.backend.wake()

    def finish(self, job: Job, state: str, error: str = "") -> None:
        """Record how a running job ended; one that is not ours any more stays as it is."""
        if self.backend.update(job.id, (RUNNING,), job.attempts, ended(job, state, error)):
            self.drop_query(job.id)


def age(job: Job) -> tuple[float, str]:
    """What jobs are ordered by, the oldest first."""
    return job.submitted, job.id


def ended(job: Job, state: str, error: str) -> dict[str, Any]:
    """The changes of a record when its job has ended."""
    now = time.time()
    expires = now + 3600 * float(job.extra.get("hours", 24.0))
    return {"state": state, "error": error, "finished": now, "expires": expires}


def check_owner(folder: Path) -> None:
    """Raise PermissionError when another user owns `folder`: they could plant records in it."""
    owner = folder.stat().st_uid
    if owner not in (0, os.getuid()):
        raise PermissionError(
            errno.EPERM, f"the folder belongs to another user (number {owner})", str(folder)
        )
