"""What a queue of jobs needs of the place where it is kept and of those who carry jobs out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

from atlas_app.jobs.record import QUEUED, RUNNING, Job

# States of jobs that somebody is still to work on.
OPEN = (QUEUED, RUNNING)


class QueueFull(Exception):
    """As many jobs wait as the settings allow."""


class ClientBusy(Exception):
    """As many jobs and uploads of one client are under way as the settings allow."""


class JobsUnavailable(Exception):
    """The place where records are kept does not answer; says why, without any password."""


class Backend(Protocol):
    """Records of jobs, and those who carry jobs out. Safe between threads and processes.

    Every change of a record is atomic, for all processes and machines that share the backend.
    Every method may raise JobsUnavailable.
    """

    def get(self, job_id: str) -> Job | None:
        """The record of that id, None when there is none."""

    def all(self) -> list[Job]:
        """Every record, in any order."""

    def open(self) -> list[Job]:
        """The records of jobs that wait or run, in any order."""

    def add(self, job: Job, *, queued: int, per_client: int) -> None:
        """Keep the record of a new job that waits.

        Raises QueueFull when `queued` jobs wait, ClientBusy when `per_client` of the job's client
        wait or run; whoever comes at the same time is counted.
        """

    def put(self, job: Job) -> None:
        """Keep a record, whatever was there before."""

    def update(
        self, job_id: str, only_from: Sequence[str], attempt: int | None, changes: dict[str, Any]
    ) -> Job | None:
        """Change a record if its state is one of `only_from` and, unless that is None, if it is at
        that attempt; the new record, or None if nothing was changed."""

    def delete(self, job_id: str) -> None:
        """Forget a record; one that is not there is no error."""

    def secret(self) -> str:
        """A random word, the same for all who share the backend."""

    def wake(self) -> None:
        """See to it that jobs which wait are taken. Costs little where all is well."""

    def beat(self, job_id: str) -> None:
        """Say that a job is being worked on; said again several times a second."""

    def at_work(self, job: Job) -> bool:
        """Whether somebody works on a job that is recorded as running."""

    def staffed(self) -> bool:
        """Whether there is anybody who would take a job."""


def admit(job: Job, unfinished: Sequence[Job], queued: int, per_client: int) -> None:
    """Raise QueueFull or ClientBusy where a new job is one too many beside those unfinished."""
    if sum(other.state == QUEUED for other in unfinished) >= queued:
        raise QueueFull
    if job.client and sum(other.client == job.client for other in unfinished) >= per_client:
        raise ClientBusy
