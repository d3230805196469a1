"""Uploads in parts: each part says where it begins, so that a broken one goes on where it was.

An upload lives in the folder of the job it is to become, as the bytes received so far and a record
of what they are; there is nothing else to lose when a server process ends.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

from atlas_app.jobs.queue import JobQueue
from atlas_app.jobs.record import ID_PATTERN

CHUNK = 2**20
RECORD = "upload.json"


@dataclass(frozen=True)
class PartialUpload:
    """What is to be uploaded: `size` bytes called `name`, for the atlas `atlas_id`."""

    atlas_id: str
    name: str
    size: int
    impute: tuple[str, ...]
    client: str
    section_column: str = ""


def begin_upload(jobs: JobQueue, upload: PartialUpload) -> str:
    """Make room for an upload; returns its id, which becomes that of its job."""
    upload_id = jobs.new_id()
    files = jobs.files(upload_id)
    files.received.touch(mode=0o600)
    (files.folder / RECORD).write_text(json.dumps(asdict(upload)), encoding="utf-8")
    return upload_id


def find_upload(jobs: JobQueue, upload_id: str) -> PartialUpload | None:
    """The record of an upload, None when there is none; one that is complete keeps its record."""
    if not ID_PATTERN.fullmatch(upload_id):
        return None
    return read_record(jobs.files(upload_id).folder)


def read_record(folder: Path) -> PartialUpload | None:
    try:
        values = json.loads((folder / RECORD).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return PartialUpload(**{**values, "impute": tuple(values["impute"])})


def received_bytes(jobs: JobQueue, upload_id: str, upload: PartialUpload) -> int:
    """How many bytes have come; all of them once the file has become a job's query."""
    try:
        return jobs.files(upload_id).received.stat().st_size
    except FileNotFoundError:
        return upload.size


def write_part(
    path: Path, offset: int, most: int, read: Callable[[int], bytes], chunk: int = CHUNK
) -> int:
    """Write what `read` gives into the file from `offset` on; returns the bytes written.

    Written as it comes: what has come before a connection breaks is kept. A part that is sent
    again while the broken one lingers writes the same bytes to the same places, so none need wait
    for the other.

    Raises ValueError when more than `most` bytes come.
    """
    written = 0
    handle = os.open(path, os.O_WRONLY)
    try:
        while piece := read(chunk):
            if written + len(piece) > most:
                raise ValueError("more than was announced")
            view = memoryview(piece)
            while view:
                done = os.pwrite(handle, view, offset + written)
                written += done
                view = view[done:]
    finally:
        os.close(handle)
        # A folder that grows is not swept as one that was left.
        os.utime(path.parent)
    return written


def uploads_under_way(jobs: JobQueue, client: str) -> int:
    """How many uploads of a client have begun and are not complete."""
    count = 0
    for folder in jobs.files_folder.iterdir():
        if (folder / "received").exists():
            record = read_record(folder)
            count += record is not None and record.client == client
    return count
