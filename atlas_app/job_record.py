"""What is known of one projection job, and where its files lie."""

from __future__ import annotations

import json
import re
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

QUEUED, RUNNING, DONE, FAILED, CANCELLED = "queued", "running", "done", "failed", "cancelled"
ENDED = (DONE, FAILED, CANCELLED)
# 24 random bytes: an address that cannot be guessed is what keeps a result private.
ID_BYTES = 24
ID_PATTERN = re.compile(r"[A-Za-z0-9_-]{32}")


@dataclass(frozen=True)
class Job:
    """The record of one job. Times are seconds since 1970; `command` is the worker's."""

    id: str
    atlas_id: str
    digest: str
    name: str
    impute: tuple[str, ...]
    command: tuple[str, ...]
    submitted: float
    expires: float
    seconds: float
    memory: int
    state: str = QUEUED
    started: float | None = None
    finished: float | None = None
    error: str = ""
    extra: dict[str, Any] = field(default_factory=dict)

    def to_json(self) -> str:
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Job:
        values = json.loads(text)
        values["impute"] = tuple(values["impute"])
        values["command"] = tuple(values["command"])
        return cls(**values)


@dataclass(frozen=True)
class JobFiles:
    """Where the files of one job lie. Their names never depend on what was uploaded."""

    folder: Path

    @property
    def query(self) -> Path:
        return self.folder / "query.h5ad"

    @property
    def result(self) -> Path:
        return self.folder / "result.h5ad"

    @property
    def progress(self) -> Path:
        return self.folder / "progress.jsonl"

    @property
    def errors(self) -> Path:
        return self.folder / "errors.txt"
