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
    """The record of one job. Times are seconds since 1970; `command` is the worker's.

    `attempts` counts how often a worker was started for it; `note` says what its reader should
    know meanwhile. `client` stands for who sent it, `key` for all that its result rests on.
    `demo` says that the query is a section of the atlas itself, made by the worker;
    `section_column` is the column that tells its sections apart, as it was asked for.
    """

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
    attempts: int = 0
    client: str = ""
    key: str = ""
    demo: bool = False
    section_column: str = ""
    note: str = ""
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
    def received(self) -> Path:
        """The query while it is being received, before it is known what it is."""
        return self.folder / "received"

    @property
    def query(self) -> Path:
        """The query as it is mapped, query.zip where there is one."""
        zipped = self.folder / "query.zip"
        return zipped if zipped.exists() else self.folder / "query.h5ad"

    @property
    def sent(self) -> tuple[Path, ...]:
        """All that may be there of what was sent."""
        return (self.received, self.folder / "query.zip", self.folder / "query.h5ad")

    def accept(self, form: str) -> None:
        """Make what was received the query; `form` is its ending."""
        self.received.rename(self.folder / f"query{form}")

    def take_back(self) -> None:
        """Undo `accept`: what was received can be sent on its way once more."""
        self.query.rename(self.received)

    @property
    def result(self) -> Path:
        return self.folder / "result.h5ad"

    @property
    def progress(self) -> Path:
        return self.folder / "progress.jsonl"

    @property
    def temporary(self) -> Path:
        """Where the worker puts what it unpacks."""
        return self.folder / "temporary"

    @property
    def errors(self) -> Path:
        return self.folder / "errors.txt"
