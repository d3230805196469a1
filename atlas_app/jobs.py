"""Projection jobs of one machine: records, queue, files and their end.

A record lives in a diskcache table that every server process shares, its files in a folder of
its own. One runner process at a time (held by a file lock, started by whichever server process
needs it) takes the jobs in order; see `runner`.
"""

from __future__ import annotations

import errno
import fcntl
import hashlib
import os
import secrets
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from atlas_app.job_record import (
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

LOST = "The server stopped while this query was being projected."
LOST_TWICE = (
    "The server stopped twice while this query was being projected. Nothing need be wrong with the "
    "file: submit it again later, or run `atlas project` yourself."
)
# How often a worker is started for a job whose workers are killed.
MOST_ATTEMPTS = 2


class QueueFull(Exception):
    """As many jobs wait as the settings allow."""


class ClientBusy(Exception):
    """As many jobs and uploads of one client are under way as the settings allow."""


class JobQueue:
    """The jobs under one folder; safe between threads and processes."""

    def __init__(self, folder: Path) -> None:
        import diskcache

        self.folder = Path(folder)
        self.files_folder = self.folder / "files"
        for part in (self.folder, self.files_folder):
            part.mkdir(mode=0o700, parents=True, exist_ok=True)
        check_owner(self.folder)
        # Text is stored as text, so nothing is ever unpickled; nothing is evicted but by `sweep`.
        self._records = diskcache.Cache(
            str(self.folder / "records"), eviction_policy="none", timeout=30
        )
        self._lock_file = self.folder / "runner.lock"

    # Records

    def get(self, job_id: str) -> Job | None:
        """The record of that id, None when there is none (any more)."""
        if not ID_PATTERN.fullmatch(job_id):
            return None
        text = self._records.get(job_id)
        return Job.from_json(text) if text is not None else None

    def all(self) -> list[Job]:
        """Every record, the oldest first."""
        found = [self.get(job_id) for job_id in self._records.iterkeys()]
        jobs = [job for job in found if job is not None]
        return sorted(jobs, key=lambda job: (job.submitted, job.id))

    def update(self, job_id: str, only_from: Sequence[str], **changes: Any) -> Job | None:
        """Change a record if its state is one of `only_from`; the new record, or None if not."""
        with self._records.transact():
            job = self.get(job_id)
            if job is None or job.state not in only_from:
                return None
            job = replace(job, **changes)
            self._records.set(job_id, job.to_json())
            return job

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
        self._records.delete(job_id)
        shutil.rmtree(self.files(job_id).folder, ignore_errors=True)

    def waiting(self) -> int:
        """How many jobs are queued."""
        return sum(job.state == QUEUED for job in self.all())

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
    ) -> Job:
        """Queue the projection of an uploaded query (`files(job_id).query`) and see it started.

        `store` is the resolved folder or the URL of the atlas. Where a job with the same `key` is
        done, its result is taken and nothing is queued.

        Raises QueueFull when `settings.jobs_queued` jobs wait already, ClientBusy when
        `settings.jobs_per_client` of this client do.
        """
        files = self.files(job_id)
        command = [
            *settings.worker_command,
            "project",
            str(store),
            "--demo" if demo else str(files.query),
            "--out",
            str(files.result),
            "--progress-file",
            str(files.progress),
        ]
        if impute:
            command += ["--impute", ",".join(impute)]
        now = time.time()
        job = Job(
            id=job_id,
            atlas_id=atlas_id,
            digest=digest,
            name=name,
            impute=tuple(impute),
            command=tuple(command),
            submitted=now,
            expires=now + 3600 * settings.result_hours,
            seconds=60 * settings.job_minutes,
            memory=settings.job_bytes,
            client=client,
            key=key,
            demo=demo,
            extra={"hours": settings.result_hours, "anonymous": settings.anonymous},
        )
        if key and self._take_result(job):
            return self._record_known(job)
        with self._records.transact():
            if self.waiting() >= settings.jobs_queued:
                raise QueueFull
            if client and self.under_way(client) >= settings.jobs_per_client:
                raise ClientBusy
            self._records.set(job_id, job.to_json())
        self.start_runner()
        return job

    def under_way(self, client: str) -> int:
        """How many jobs of a client wait or run."""
        return sum(job.client == client and job.state in (QUEUED, RUNNING) for job in self.all())

    def client_of(self, address: str) -> str:
        """A word for an internet address that does not tell it, the same in every process."""
        self._records.add("secret", secrets.token_hex(16))
        secret = str(self._records.get("secret"))
        return hashlib.blake2b(address.encode(), key=secret.encode(), digest_size=12).hexdigest()

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
        self._records.set(job.id, known.to_json())
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
        if job.state == RUNNING and not self.runner_lives():
            # A runner writes how a job ended before it lets go of the lock, so a job that still
            # runs now has lost its runner.
            if self.try_again(job, LOST):
                self.start_runner()
            else:
                self.update(job_id, (RUNNING,), **self._ended(job, FAILED, LOST_TWICE))
                self.drop_query(job_id)
            return self.get(job_id)
        if job.state == QUEUED and not self.runner_lives():
            self.start_runner()
        return job

    def cancel(self, job_id: str) -> Job | None:
        """Stop a waiting or running job. The runner kills its processes within a second."""
        job = self.update(
            job_id, (QUEUED, RUNNING), state=CANCELLED, finished=time.time(), error=""
        )
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
        """How many jobs come before this one, the running one included; 0 for others."""
        if job.state != QUEUED:
            return 0
        jobs = self.all()
        running = sum(other.state == RUNNING for other in jobs)
        before = sum(
            other.state == QUEUED and (other.submitted, other.id) < (job.submitted, job.id)
            for other in jobs
        )
        return running + before

    def sweep(self) -> int:
        """Delete expired jobs and folders that no record names (of uploads cut off); how many."""
        now = time.time()
        jobs = self.all()
        expired = [job.id for job in jobs if job.expires < now and job.state != RUNNING]
        known = {job.id for job in jobs}
        hour = 3600.0
        for folder in self.files_folder.iterdir():
            if folder.name not in known and folder.stat().st_mtime < now - hour:
                expired.append(folder.name)
        for job_id in expired:
            if ID_PATTERN.fullmatch(job_id):
                self.discard(job_id)
        return len(expired)

    # The runner

    def start_runner(self) -> None:
        """Start a runner of its own session; it ends at once where another holds the lock."""
        with (self.folder / "runner.log").open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "atlas_app.runner", str(self.folder)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        # Its end must be waited for by somebody, or it stays in the process table.
        threading.Thread(target=process.wait, daemon=True).start()

    def runner_lives(self) -> bool:
        """Whether some runner holds the lock now."""
        with self._lock_file.open("ab") as handle:
            try:
                fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except OSError:
                return True
            fcntl.flock(handle, fcntl.LOCK_UN)
            return False

    @contextmanager
    def runner_lock(self, patience: float = 1.0) -> Iterator[bool]:
        """Hold the runner's lock; gives False when another holds it for `patience` seconds.

        `runner_lives` takes the lock for an instant, hence the patience.
        """
        with self._lock_file.open("ab") as handle:
            until = time.monotonic() + patience
            while True:
                try:
                    fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    break
                except OSError:
                    if time.monotonic() > until:
                        yield False
                        return
                    time.sleep(0.05)
            try:
                yield True
            finally:
                fcntl.flock(handle, fcntl.LOCK_UN)

    def take(self) -> Job | None:
        """Mark the oldest queued job as running and return it; None when none waits."""
        for job in self.all():
            if job.state == QUEUED:
                taken = self.update(
                    job.id,
                    (QUEUED,),
                    state=RUNNING,
                    started=time.time(),
                    attempts=job.attempts + 1,
                )
                if taken is not None:
                    return taken
        return None

    def try_again(self, job: Job, why: str) -> bool:
        """Queue a running job once more in its old place; whether it may be, and still ran."""
        if job.attempts >= MOST_ATTEMPTS:
            return False
        self.files(job.id).progress.unlink(missing_ok=True)
        note = f"{why} It is tried once more."
        return self.update(job.id, (RUNNING,), state=QUEUED, note=note) is not None

    def finish(self, job: Job, state: str, error: str = "") -> None:
        """Record how a running job ended; one that was cancelled meanwhile stays cancelled."""
        self.update(job.id, (RUNNING,), **self._ended(job, state, error))
        self.drop_query(job.id)

    @staticmethod
    def _ended(job: Job, state: str, error: str) -> dict[str, Any]:
        now = time.time()
        return {
            "state": state,
            "error": error,
            "finished": now,
            "expires": now + 3600 * float(job.extra.get("hours", 24.0)),
        }


def check_owner(folder: Path) -> None:
    """Raise PermissionError when another user owns `folder`: they could plant records in it."""
    owner = folder.stat().st_uid
    if owner not in (0, os.getuid()):
        raise PermissionError(
            errno.EPERM, f"the folder belongs to another user (number {owner})", str(folder)
        )
