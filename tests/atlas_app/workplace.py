"""Servers and workers around one folder of jobs, on this machine alone or behind a Redis."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py

from atlas_app.app import create_app
from atlas_app.jobs.queue import JobQueue, open_jobs
from atlas_app.settings import Settings

HERE = Path(__file__).parent
PROGRAM = """
import typer
from atlas_app.serve import register

app = typer.Typer()
app.callback()(lambda: None)
register(app)
app()
"""
QUERIES = "/api/v1/atlases/test/queries"
PATIENCE = 90.0
READY = "Waiting for queries"


class Workplace:
    """What tests of jobs drive. `redis` is its address, '' for a machine by itself.

    The stand-in for the projection does what the query says, so that one worker serves all tests.
    """

    def __init__(self, folder: Path, store: Path, query: Path, redis: str = "") -> None:
        self.folder, self.store, self.query, self.redis = folder, store, query, redis
        self.program = (sys.executable, str(HERE / "standin_worker.py"), "file")
        self.servers: dict[str, Any] = {}
        self.workers: list[subprocess.Popen[bytes]] = []
        self.log = folder / "worker.log"

    def settings(self, **given: Any) -> Settings:
        values: dict[str, Any] = {
            "stores": (self.store,),
            "job_folder": self.folder / "jobs",
            "worker_command": self.program,
            "jobs": self.redis,
            "jobs_per_client": 100,
        }
        return Settings(**(values | given))

    def server(self, **given: Any) -> Any:
        """A client of a server with these settings."""
        key = json.dumps(given, sort_keys=True)
        if key not in self.servers:
            self.servers[key] = self.new_server(**given)
        return self.servers[key]

    def new_server(self, **given: Any) -> Any:
        """A client of a server that has just been started and knows of nothing."""
        return create_app(self.settings(**given)).server.test_client()

    def queue(self) -> JobQueue:
        return open_jobs(self.settings())

    # Workers

    def start_worker(self, **environment: str) -> None:
        """Start one and wait until it is there. A machine by itself starts its own."""
        if not self.redis:
            return
        before = self.said().count(READY)
        command = [sys.executable, "-c", PROGRAM, "work", str(self.store)]
        variables = {
            "ATLAS_JOBS": self.redis,
            "ATLAS_JOB_FOLDER": str(self.folder / "jobs"),
            "ATLAS_WORKER_COMMAND": " ".join(self.program),
            "ATLAS_PASSWORD_HASH": "",
        }
        with self.log.open("ab") as log:
            worker = subprocess.Popen(
                command, stdout=log, stderr=log, env={**os.environ, **variables, **environment}
            )
        self.workers.append(worker)
        wait_for(lambda: self.said().count(READY) > before or worker.poll() is not None)
        assert worker.poll() is None, self.said()

    def said(self) -> str:
        return self.log.read_text() if self.log.exists() else ""

    def only_worker(self) -> None:
        """One worker and no more, whatever the tests before have left."""
        self.workers = [worker for worker in self.workers if worker.poll() is None]
        if self.redis and not self.workers:
            self.start_worker()

    def stop_workers(self) -> None:
        for worker in self.workers:
            if worker.poll() is None:
                worker.kill()
            worker.wait()
        self.workers = []

    # Queries

    def query_of(self, mode: str) -> bytes:
        """The bytes of a query that makes the stand-in do that; no two are the same."""
        path = self.folder / f"{secrets.token_hex(4)}.h5ad"
        shutil.copyfile(self.query, path)
        with h5py.File(path, "r+") as file:
            file.attrs["standin"] = mode
            file.attrs["nonce"] = secrets.token_hex(8)
        body = path.read_bytes()
        path.unlink()
        return body

    def send(self, client: Any, mode: str, **more: Any) -> Any:
        body = self.query_of(mode)
        kind = "application/octet-stream"
        return client.post(f"{QUERIES}?name={mode}.h5ad", data=body, content_type=kind, **more)

    def start(self, client: Any, mode: str) -> str:
        """Where the status of a new query is."""
        answer = self.send(client, mode)
        assert answer.status_code == 202, answer.get_json()
        return str(answer.get_json()["status_url"])

    def files_of(self, status: dict[str, Any]) -> Path:
        return self.folder / "jobs" / "files" / status["job"]


def wait_for(good: Callable[[], bool], patience: float = PATIENCE) -> float:
    """Wait until something is so; the seconds it took."""
    began = time.monotonic()
    while not good():
        assert time.monotonic() - began < patience, "waited too long"
        time.sleep(0.05)
    return time.monotonic() - began


def until(
    client: Any, address: str, good: Callable[[dict[str, Any]], bool], patience: float = PATIENCE
) -> dict[str, Any]:
    """The status of a job once it is as wished."""
    stop = time.monotonic() + patience
    while True:
        status = client.get(address).get_json()
        if good(status):
            return dict(status)
        assert time.monotonic() < stop, json.dumps(status)
        time.sleep(0.1)


def ended(status: dict[str, Any]) -> bool:
    return status.get("state") in ("done", "failed", "cancelled")


def at_work(status: dict[str, Any]) -> bool:
    """Whether the stand-in has named the process that it, or what it started, is."""
    return status.get("state") == "running" and str(status["message"]).startswith("child")


def child_of(status: dict[str, Any]) -> int:
    return int(status["message"].split()[1])


def alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


def parent(pid: int) -> int:
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
