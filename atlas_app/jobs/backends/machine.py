"""Jobs of one machine: records in a diskcache table, one runner process that starts on demand.

The table is shared by the server's processes. One runner at a time (held by a file lock, started
by whichever server process needs it) takes the jobs in order; see `atlas_app.jobs.runner`.
"""

from __future__ import annotations

import fcntl
import secrets
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from atlas_app.jobs.backends.backend import OPEN, admit
from atlas_app.jobs.record import QUEUED, Job

SECRET = "secret"


class MachineBackend:
    """Records and runner of the jobs under one folder; see `Backend`."""

    def __init__(self, folder: Path) -> None:
        import diskcache

        self.folder = Path(folder)
        # Text is stored as text, so nothing is ever unpickled; nothing is evicted.
        self._records = diskcache.Cache(
            str(self.folder / "records"), eviction_policy="none", timeout=30
        )
        self._lock_file = self.folder / "runner.lock"
        self._runner: subprocess.Popen[bytes] | None = None

    # Records

    def get(self, job_id: str) -> Job | None:
        text = self._records.get(job_id)
        return Job.from_json(text) if text is not None else None

    def all(self) -> list[Job]:
        found = [self.get(name) for name in self._records.iterkeys() if name != SECRET]
        return [job for job in found if job is not None]

    def open(self) -> list[Job]:
        return [job for job in self.all() if job.state in OPEN]

    def add(self, job: Job, *, queued: int, per_client: int) -> None:
        with self._records.transact():
            admit(job, self.open(), queued, per_client)
            self.put(job)

    def put(self, job: Job) -> None:
        self._records.set(job.id, job.to_json())

    def update(
        self, job_id: str, only_from: Sequence[str], attempt: int | None, changes: dict[str, Any]
    ) -> Job | None:
        with self._records.transact():
            job = self.get(job_id)
            if job is None or job.state not in only_from or attempt not in (None, job.attempts):
                return None
            job = replace(job, **changes)
            self.put(job)
            return job

    def delete(self, job_id: str) -> None:
        self._records.delete(job_id)

    def secret(self) -> str:
        self._records.add(SECRET, secrets.token_hex(16))
        return str(self._records.get(SECRET))

    # The runner

    def wake(self) -> None:
        # One that was started holds the lock only once it has come up, and is seen off. One that
        # another process started looks at the queue once more after it has let go of the lock.
        coming = self._runner is not None and self._runner.poll() is None
        if not coming and not self.runner_lives():
            self.start_runner()

    def beat(self, job_id: str) -> None:
        """Nothing to say: a runner holds the lock for as long as it lives."""

    def at_work(self, job: Job) -> bool:
        # A runner writes how a job ended before it lets go of the lock, so a job that still runs
        # when nobody holds it has lost its runner.
        return self.runner_lives()

    def staffed(self) -> bool:
        return True

    def start_runner(self) -> None:
        """Start a runner of its own session; it ends at once where another holds the lock."""
        with (self.folder / "runner.log").open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "atlas_app.jobs.runner", str(self.folder)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self._runner = process
        threading.Thread(target=self._see_off, args=(process,), daemon=True).start()

    def _see_off(self, process: subprocess.Popen[bytes]) -> None:
        """Wait for the end of a runner, or it stays in the process table; and look once more: what
        came after its last look was left to it."""
        if process.wait() == 0 and any(job.state == QUEUED for job in self.open()):
            self.wake()

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
