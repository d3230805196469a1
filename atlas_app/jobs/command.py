"""The command that maps one query, as a worker starts it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from atlas_app.jobs.record import Job, JobFiles


def project_command(
    job: Job, files: JobFiles, program: Sequence[str], store: str | Path, out: Path | None = None
) -> tuple[str, ...]:
    """`program` maps the query of a job onto `store`; the result goes to `out`.

    `store` is the resolved folder or the URL of the atlas; `out` is the job's result where it is
    not given.
    """
    command = [
        *program,
        "project",
        str(store),
        "--demo" if job.demo else str(files.query),
        "--out",
        str(out or files.result),
        "--progress-file",
        str(files.progress),
    ]
    if job.impute:
        command += ["--impute", ",".join(job.impute)]
    if job.section_column:
        # One word: what was sent may begin like an option.
        command.append(f"--section-column={job.section_column}")
    return tuple(command)
