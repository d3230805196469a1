"""Carrying out one projection job: a process of its own, watched and held to its limits.

No model code runs in a server or worker process, and a job that is killed, hangs or takes too much
memory hurts nobody else.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

from atlas_app.jobs.limits import child_environment, prepare_child
from atlas_app.jobs.queue import JobQueue, JobsUnavailable
from atlas_app.jobs.record import CANCELLED, DONE, FAILED, Job

# How often a running job is looked at, in seconds: a cancelled one must free the cores within 2 s.
LOOK_EVERY = 0.2
# How long the end of a job is kept to be recorded while its queue does not answer, in seconds.
MOST_PATIENCE = 900.0
# The end of the worker's error output that is kept as the reason of a failure, in bytes.
REASON_BYTES = 16_384
# Signals that others send; a worker that is ended by one of its own faults would be again.
FROM_OUTSIDE = (signal.SIGKILL, signal.SIGTERM)
CRASHES = (signal.SIGSEGV, signal.SIGBUS, signal.SIGABRT, signal.SIGFPE, signal.SIGILL)

NO_FILES = (
    "What was uploaded is not where the worker looks for it. The machines of this server must "
    "share one folder of jobs; tell whoever runs it."
)


class Interrupted(Exception):
    """Whoever carries out the job is shut down, and is to give it back."""


def carry_out(
    queue: JobQueue,
    job: Job,
    *,
    out: Path | None = None,
    stopping: Callable[[], bool] = lambda: False,
) -> None:
    """Carry out a job that was taken; record how it ended, or that it is to be tried once more.

    `out` is where its command writes the result, which is put in its place when it is whole and
    the job is still ours. Once `stopping` says so, the job is given back.
    """
    files = queue.files(job.id)
    out = out or files.result
    if not files.folder.is_dir():
        patiently(lambda: queue.finish(job, FAILED, NO_FILES))
        return
    try:
        # There before anybody looks for it: over a network, "no such file" is remembered a while.
        files.progress.write_bytes(b"")
        shutil.rmtree(files.temporary, ignore_errors=True)
        files.temporary.mkdir(mode=0o700)
        with files.errors.open("wb") as errors:
            process = subprocess.Popen(
                job.command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=errors,
                start_new_session=True,
                preexec_fn=prepare_child(job.seconds, job.memory),
                env=child_environment(files.temporary, os.environ) | anonymity(job),
            )
    except OSError as error:
        why = f"The projection could not be started ({error})."
        patiently(lambda: queue.finish(job, FAILED, why))
        return
    try:
        stopped = watch(queue, job, process, stopping)
    except Interrupted:
        process.wait()
        patiently(lambda: queue.give_back(job))
        return
    finally:
        kill_group(process.pid)
    code = process.wait()
    patiently(lambda: record(queue, job, out, code, stopped))


def record(queue: JobQueue, job: Job, out: Path, code: int, stopped: str | None) -> None:
    """Record the end of a job whose process ended with `code`, or was `stopped` for a reason."""
    files = queue.files(job.id)
    if queue.is_ours(job):
        if stopped is not None:
            queue.finish(job, FAILED, stopped)
        elif -code in FROM_OUTSIDE and queue.try_again(job, killed(code)):
            queue.backend.wake()
        elif code == 0 and out.exists():
            out.replace(files.result)
            queue.finish(job, DONE)
        elif code == 0 and files.result.exists():
            # It was put there before the queue fell silent for a while.
            queue.finish(job, DONE)
        else:
            queue.finish(job, FAILED, reason(code, tail(files.errors), job.memory))
    now = queue.get(job.id)
    if now is None or now.state == CANCELLED:
        queue.drop_query(job.id)
        files.result.unlink(missing_ok=True)
    if out != files.result:
        out.unlink(missing_ok=True)


def patiently(act: Callable[[], None]) -> None:
    """Do what needs the queue, again and again while it does not answer.

    Raises JobsUnavailable after `MOST_PATIENCE` seconds; the job counts as lost then, and is tried
    once more when the queue is back.
    """
    until = time.monotonic() + MOST_PATIENCE
    while True:
        try:
            act()
            return
        except JobsUnavailable:
            if time.monotonic() > until:
                raise
            time.sleep(LOOK_EVERY)


def anonymity(job: Job) -> dict[str, str]:
    """What tells the worker to read storage without credentials, where the server does."""
    return {"ATLAS_ANONYMOUS": "true"} if job.extra.get("anonymous") else {}


def watch(
    queue: JobQueue, job: Job, process: subprocess.Popen[bytes], stopping: Callable[[], bool]
) -> str | None:
    """Wait for the process to end; kill it when cancelled, taken by another or over a limit.

    Returns why it was stopped, None when it ended by itself or is not ours any more. Raises
    Interrupted, with the process killed, once `stopping` says so.
    """
    until = time.monotonic() + job.seconds
    while True:
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(LOOK_EVERY)
            return None
        # A queue that does not answer is no reason to throw away what was computed.
        with contextlib.suppress(JobsUnavailable):
            if not queue.is_ours(job):
                kill_group(process.pid)
                return None
        if stopping():
            kill_group(process.pid)
            raise Interrupted
        if time.monotonic() > until:
            kill_group(process.pid)
            return (
                f"The projection took longer than the {job.seconds / 60:.0f} minutes this server "
                "allows. Map fewer spots or impute fewer genes, or run `atlas project` yourself."
            )
        if group_memory(process.pid) > job.memory:
            kill_group(process.pid)
            return too_much_memory(job.memory)


def too_much_memory(memory: int) -> str:
    return (
        f"The projection needed more than the {memory / 2**30:.1f} GiB of memory this server "
        "allows. Map fewer spots or impute fewer genes, or run `atlas project` yourself."
    )


def killed(code: int) -> str:
    """Which signal ended a worker, by its exit status below 0."""
    name = signal.Signals(-code).name if -code in signal.valid_signals() else str(-code)
    return f"The projection was killed ({name})."


def reason(code: int, errors: str, memory: int) -> str:
    """Why a projection failed, in words for its user.

    `code` is the exit status (negative: the signal that ended it), `errors` its error output,
    which is the message itself where the fault lies in the query.
    """
    if -code == signal.SIGXCPU:
        return (
            "The projection took more processor time than this server allows. Map fewer spots or "
            "impute fewer genes, or run `atlas project` yourself."
        )
    if -code in CRASHES:
        return (
            f"{killed(code)} Something in the file is not as its form promises. Write it again "
            "with AnnData.write_h5ad."
        )
    if code < 0:
        return (
            f"{killed(code)} It was tried twice; the server may have run out of memory. Submit the "
            "file again later, or run `atlas project` yourself."
        )
    if "MemoryError" in errors or "not enough memory" in errors:
        return too_much_memory(memory)
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
