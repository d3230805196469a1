"""The process that carries out projection jobs, one at a time.

Started by a server process in a session of its own (`python -m atlas_app.runner FOLDER`); ends
when no job waits. Every job is a fresh subprocess, so no model code runs in a server process, and
a job that is killed, hangs or takes too much memory hurts nobody else.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from atlas_app.job_record import CANCELLED, DONE, FAILED, QUEUED, Job
from atlas_app.jobs import JobQueue

# How often a running job is looked at, in seconds: a cancelled one must free the cores within 2 s.
LOOK_EVERY = 0.2
# The end of the worker's error output that is kept as the reason of a failure, in bytes.
REASON_BYTES = 16_384
PR_SET_PDEATHSIG = 1


def main(folder: str) -> None:
    """Run the jobs queued under `folder` until none is left."""
    queue = JobQueue(Path(folder))
    while any(job.state == QUEUED for job in queue.all()):
        with queue.runner_lock() as held:
            if not held:
                # The runner that holds it looks at the queue once more after letting go.
                return
            while (job := queue.take()) is not None:
                run(queue, job)


def run(queue: JobQueue, job: Job) -> None:
    """Carry out one job and record how it ended."""
    files = queue.files(job.id)
    try:
        with files.errors.open("wb") as errors:
            process = subprocess.Popen(
                job.command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=errors,
                start_new_session=True,
                preexec_fn=die_with_parent(),
            )
    except OSError as error:
        queue.finish(job, FAILED, f"The projection could not be started ({error}).")
        return
    stopped = watch(queue, job, process)
    code = process.wait()
    kill_group(process.pid)
    if stopped is not None:
        queue.finish(job, FAILED, stopped)
    elif code == 0 and files.result.exists():
        queue.finish(job, DONE)
    else:
        queue.finish(job, FAILED, reason(code, tail(files.errors)))
    now = queue.get(job.id)
    if now is None or now.state == CANCELLED:
        for path in (files.query, files.result):
            path.unlink(missing_ok=True)


def watch(queue: JobQueue, job: Job, process: subprocess.Popen[bytes]) -> str | None:
    """Wait for the process to end; kill it when cancelled or over a limit.

    Returns why it was stopped, None when it ended by itself or was cancelled.
    """
    until = time.monotonic() + job.seconds
    while True:
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(LOOK_EVERY)
            return None
        record = queue.get(job.id)
        if record is None or record.state == CANCELLED:
            kill_group(process.pid)
            return None
        if time.monotonic() > until:
            kill_group(process.pid)
            return (
                f"The projection took longer than the {job.seconds / 60:.0f} minutes this server "
                "allows. Map fewer spots or impute fewer genes, or run `atlas project` yourself."
            )
        if group_memory(process.pid) > job.memory:
            kill_group(process.pid)
            return (
                f"The projection needed more than the {job.memory / 2**30:.1f} GiB of memory this "
                "server allows. Map fewer spots or impute fewer genes, or run `atlas project` "
                "yourself."
            )


def reason(code: int, errors: str) -> str:
    """Why a projection failed, in words for its user.

    `code` is the exit status (negative: the signal that ended it), `errors` its error output,
    which is the message itself where the fault lies in the query.
    """
    if code < 0:
        name = signal.Signals(-code).name if -code in signal.valid_signals() else str(-code)
        return (
            f"The projection was killed ({name}); the server may have run out of memory. Submit "
            "the file again, or run `atlas project` yourself."
        )
    if code == 0:
        return "The projection ended without a result."
    if not errors or "Traceback (most recent call last)" in errors:
        last = errors.strip().splitlines()[-1] if errors.strip() else f"exit code {code}"
        return f"The projection failed unexpectedly: {last}"
    return errors.strip()


def tail(path: Path) -> str:
    """The end of a text file, '' when it cannot be read."""
    try:
        with path.open("rb") as handle:
            size = handle.seek(0, 2)
            handle.seek(max(0, size - REASON_BYTES))
            return handle.read().decode("utf-8", errors="replace")
    except OSError:
        return ""


def kill_group(group: int) -> None:
    """Kill every process of a group; one that has ended already is no error."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(group, signal.SIGKILL)


def group_memory(group: int) -> int:
    """Resident memory of a process group in bytes; 0 where /proc does not say."""
    page = os.sysconf("SC_PAGE_SIZE")
    total = 0
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError, ValueError, IndexError):
            fields = stat.read_text().rpartition(")")[2].split()
            # Fields after the name: state, parent, group, …; resident pages are the 22nd.
            if int(fields[2]) == group:
                total += int(fields[21]) * page
    return total


def die_with_parent() -> Callable[[], None] | None:
    """What a child calls first so that it is killed when its parent dies; Linux only."""
    if not sys.platform.startswith("linux"):
        return None
    library = ctypes.CDLL(None, use_errno=True)

    def ask() -> None:
        library.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)

    return ask


if __name__ == "__main__":
    main(sys.argv[1])
