"""The queries of one app: their jobs, what is said of one, and the results opened last."""

from __future__ import annotations

import re
from collections import OrderedDict
from pathlib import Path
from threading import Lock
from typing import Any

from atlas_app.atlases.data import Atlases, ServedAtlas
from atlas_app.http.errors import ApiError
from atlas_app.jobs.progress import Progress, read_progress
from atlas_app.jobs.queue import open_jobs
from atlas_app.jobs.record import DONE, QUEUED, Job
from atlas_app.results.mapped import ResultView
from atlas_app.settings import Settings
from training.store.repeating import repeat_command

# Result files kept described in memory, per server process.
VIEWS_KEPT = 16
# The place of a problem, by the name of `JobFiles.query`.
KEPT_AS = re.compile(r"^- query\.(h5ad|zip)(?=[:, ])", re.MULTILINE)
NO_WORKER = "No worker is running at the moment. The query keeps its place until there is one."


class Queries:
    """The queries of one app: its job queue, and the results opened last."""

    def __init__(self, settings: Settings, atlases: Atlases) -> None:
        self.settings = settings
        self.atlases = atlases
        self.jobs = open_jobs(settings)
        self._views: OrderedDict[str, ResultView] = OrderedDict()
        self._lock = Lock()

    def base(self, job_id: str) -> str:
        return f"{self.settings.prefix}/api/v1/jobs/{job_id}"

    def look(self, job_id: str) -> Job:
        """The job of that id; a 404 ApiError when there is none (any more)."""
        job = self.jobs.look(job_id)
        if job is None:
            hours = self.settings.result_hours
            raise ApiError(
                404,
                "No such job.",
                found=job_id[:80],
                expected=f"the id of a job; jobs are deleted {hours:g} hours after they end",
            )
        return job

    def view(self, job_id: str) -> ResultView:
        """The result of a finished job; an ApiError (409) when there is none."""
        job = self.look(job_id)
        served = self.atlases.find(job.atlas_id)
        if job.state != DONE or served is None:
            raise ApiError(
                409,
                "This job has no result.",
                found=f"a job that is {job.state}",
                expected="a job that is done",
            )
        with self._lock:
            view = self._views.get(job_id)
            if view is None:
                view = ResultView(
                    self.jobs.files(job_id).result,
                    atlas=served.atlas,
                    job_id=job_id,
                    base=self.base(job_id),
                    title=job.name.removesuffix(".h5ad").removesuffix(".zip") or "query",
                )
                self._views[job_id] = view
                while len(self._views) > VIEWS_KEPT:
                    self._views.popitem(last=False)
            self._views.move_to_end(job_id)
        return view

    def status(self, job: Job) -> dict[str, Any]:
        """What the interface says of a job."""
        done, queued = job.state == DONE, job.state == QUEUED
        # What an earlier attempt said counts no more.
        progress = Progress() if queued else read_progress(self.jobs.files(job.id).progress)
        note = job.note
        if queued and not self.jobs.backend.staffed():
            note = " ".join(filter(None, (note, NO_WORKER)))
        base = self.base(job.id)
        return {
            "job": job.id,
            "atlas": job.atlas_id,
            "digest": job.digest,
            "name": job.name,
            "impute": list(job.impute),
            "section_column": job.section_column,
            "demo": job.demo,
            "state": job.state,
            "position": self.jobs.position(job),
            "phase": "done" if done else progress.phase,
            "fraction": 1.0 if done else progress.fraction,
            "message": progress.message,
            "steps": [{"phase": phase, "message": text} for phase, text in progress.steps],
            "report": self.view(job.id).report if done else progress.report,
            "error": told_error(job),
            "note": note,
            "submitted": job.submitted,
            "started": job.started,
            "finished": job.finished,
            "expires": job.expires,
            "command": job_command(job, self.atlases.find(job.atlas_id)),
            "status_url": base,
            "view_url": f"{base}/view" if done else None,
            "result_url": f"{base}/result.h5ad" if done else None,
            "csv_url": f"{base}/result.csv" if done else None,
            "report_url": f"{base}/report.html" if done else None,
            "imputed_url": f"{base}/imputed.csv" if done else None,
        }


def told_error(job: Job) -> str:
    """Why a job failed, by the name that the file came with: here it has another."""
    return KEPT_AS.sub(lambda _: f"- {job.name}", job.error.removeprefix("error: "))


def job_command(job: Job, served: ServedAtlas | None) -> str:
    """The command that maps the same file again."""
    store = served.atlas.location.name if served is not None else f"{job.atlas_id}.atlas.zarr"
    return repeat_command(
        store,
        None if job.demo else Path(job.name),
        Path("result.h5ad"),
        impute=",".join(job.impute),
        column=job.section_column,
    )
