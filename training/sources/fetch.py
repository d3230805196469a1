"""Getting the files of a data set: from the net with resume, or from a mirror folder."""

from __future__ import annotations

import hashlib
import http.client
import shutil
import ssl
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from training.errors import DataError, Problem
from training.sources.manifest import RAW_HOST, Dataset, SourceFile

BLOCK = 1 << 18
PARTIAL = ".part"
# Statuses that pass: too many requests, and faults of the server.
PASSING = {408, 425, 429, 500, 502, 503, 504}

Origin = Literal["present", "mirror", "download"]
# Called with a file, the bytes of it there so far, and where they come from.
Report = Callable[[SourceFile, int, Origin], None]


@dataclass(frozen=True)
class Network:
    """How downloads behave: host, seconds to wait for an answer, tries without progress, pause."""

    base_url: str = RAW_HOST
    timeout: float = 30.0
    attempts: int = 5
    pause: float = 1.0


class _Fault(Exception):
    """A file that cannot be had; `fatal` when the next file would fail alike."""

    def __init__(self, problem: Problem, *, fatal: bool = False) -> None:
        super().__init__(str(problem))
        self.problem = problem
        self.fatal = fatal


def fetch(
    dataset: Dataset,
    folder: Path,
    *,
    mirror: Path | None = None,
    network: Network | None = None,
    report: Report | None = None,
) -> dict[SourceFile, Origin]:
    """Bring all files of a data set to `folder`/OWNER/REPO/COMMIT/PATH.

    Files already there with the right checksum stay. A download goes on where an earlier one
    stopped (`PATH.part`). Nothing that is there is ever deleted.

    Args:
        dataset: what to fetch.
        folder: made when absent.
        mirror: folder of the same layout to take files from instead of the net.
        network: how downloads behave.
        report: told of progress.

    Returns:
        Where each file came from.

    Raises:
        DataError: with every file that could not be had, or whose checksum is wrong.
    """
    network = network or Network()
    tell = report or (lambda file, done, origin: None)
    problems: list[Problem] = []
    origins: dict[SourceFile, Origin] = {}
    try:
        _require_space(dataset, folder)
        for at, file in enumerate(dataset.files):
            target = folder / file.path
            try:
                origins[file] = _fetch_one(file, target, mirror, network, tell)
            except _Fault as fault:
                problems.append(fault.problem)
                if fault.fatal:
                    left = len(dataset.files) - at - 1
                    if left:
                        problems.append(_untried(left))
                    break
    except OSError as error:
        problems.append(_disk(folder, error))
    if problems:
        raise DataError(problems)
    return origins


def verify(dataset: Dataset, folder: Path) -> list[Problem]:
    """Problems of the files of a data set under a folder; none when all are there and sound."""
    problems = []
    for file in dataset.files:
        path = folder / file.path
        if not path.is_file():
            problems.append(
                Problem(
                    str(path),
                    "no file",
                    f"{file.bytes:,} bytes",
                    remedy=f"atlas data fetch {dataset.name} --to {folder}",
                )
            )
        else:
            fault = _compare(file, path)
            if fault is not None:
                problems.append(fault)
    return problems


def sha256_of(path: Path) -> str:
    """SHA-256 of a file, as hexadecimal text."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _fetch_one(
    file: SourceFile, target: Path, mirror: Path | None, network: Network, tell: Report
) -> Origin:
    if target.exists():
        fault = _compare(file, target)
        if fault is not None:
            raise _Fault(fault)
        tell(file, file.bytes, "present")
        return "present"
    partial = target.with_name(target.name + PARTIAL)
    target.parent.mkdir(parents=True, exist_ok=True)
    if mirror is None:
        _download(file, partial, network, tell)
    else:
        _copy(file, mirror, partial)
        tell(file, file.bytes, "mirror")
    fault = _compare(file, partial)
    if fault is not None:
        raise _Fault(fault)
    partial.replace(target)
    return "mirror" if mirror is not None else "download"


def _copy(file: SourceFile, mirror: Path, partial: Path) -> None:
    original = mirror / file.path
    if not original.is_file():
        raise _Fault(
            Problem(
                str(original),
                "no such file in the mirror",
                "a mirror laid out as OWNER/REPO/COMMIT/PATH",
                remedy="check --mirror, or leave it out to download the file",
            )
        )
    fault = _compare(file, original)
    if fault is not None:
        raise _Fault(fault)
    shutil.copyfile(original, partial)


def _download(file: SourceFile, partial: Path, network: Network, tell: Report) -> None:
    url = f"{network.base_url}/{urllib.parse.quote(str(file.path))}"
    failures = 0
    while True:
        before = _size(partial)
        if before >= file.bytes and partial.exists():
            return
        try:
            _transfer(url, file, partial, network, tell)
            if _size(partial) >= file.bytes:
                return
            reason = "the connection ended early"
        except urllib.error.HTTPError as error:
            if error.code not in PASSING:
                raise _Fault(_refused(url, error)) from error
            reason = f"HTTP {error.code} {error.reason}"
        except (urllib.error.URLError, http.client.HTTPException, TimeoutError) as error:
            reason = str(getattr(error, "reason", error)) or type(error).__name__
        except (ConnectionError, ssl.SSLError) as error:
            reason = str(error) or type(error).__name__
        failures = 0 if _size(partial) > before else failures + 1
        if failures >= network.attempts:
            raise _Fault(_unreachable(url, file, partial, reason, failures), fatal=True)
        time.sleep(network.pause * 2**failures if failures else 0.0)


def _transfer(url: str, file: SourceFile, partial: Path, network: Network, tell: Report) -> None:
    """One connection: append what is missing; a server without ranges starts anew."""
    done = _size(partial)
    request = urllib.request.Request(url, headers={"User-Agent": "inspire-atlas"})
    if done:
        request.add_header("Range", f"bytes={done}-")
    with urllib.request.urlopen(request, timeout=network.timeout) as answer:
        resumed = answer.status == 206 and str(answer.headers.get("Content-Range", "")).startswith(
            f"bytes {done}-"
        )
        if not resumed:
            done = 0
        with partial.open("ab" if resumed else "wb") as out:
            tell(file, done, "download")
            # One byte more than expected shows that the file is not the one of the manifest.
            while done <= file.bytes:
                block = answer.read(min(BLOCK, file.bytes + 1 - done))
                if not block:
                    break
                out.write(block)
                done += len(block)
                tell(file, done, "download")


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def _compare(file: SourceFile, path: Path) -> Problem | None:
    size = path.stat().st_size
    found = f"{size:,} bytes"
    expected = f"{file.bytes:,} bytes"
    if size == file.bytes:
        digest = sha256_of(path)
        if digest == file.sha256:
            return None
        found, expected = f"sha256 {digest}", f"sha256 {file.sha256}"
    return Problem(
        str(path),
        found,
        expected,
        remedy="nothing was deleted; move this file away and fetch again",
    )


def _require_space(dataset: Dataset, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    needed = sum(
        max(0, file.bytes - _size(folder / f"{file.path}{PARTIAL}"))
        for file in dataset.files
        if not (folder / file.path).exists()
    )
    free = shutil.disk_usage(folder).free
    if needed > free:
        raise DataError(
            [
                Problem(
                    str(folder),
                    f"{free / 1e6:,.1f} MB free",
                    f"room for {needed / 1e6:,.1f} MB",
                    remedy="make room, or choose another folder with --to",
                )
            ]
        )


def _disk(folder: Path, error: OSError) -> Problem:
    place = str(error.filename or folder)
    reason = error.strerror or str(error)
    return Problem(
        place,
        f"a folder that cannot be written to ({reason})",
        "a folder with room, that you may write to",
        remedy="choose another with --to; what is already there is used again",
    )


def _refused(url: str, error: urllib.error.HTTPError) -> Problem:
    return Problem(
        url,
        f"HTTP {error.code} {error.reason}",
        "the file of the manifest",
        remedy="the source may have moved: take the files from a mirror with --mirror",
    )


def _unreachable(url: str, file: SourceFile, partial: Path, reason: str, tries: int) -> Problem:
    return Problem(
        url,
        f"{reason}, after {tries} tries ({_size(partial):,} of {file.bytes:,} bytes are there)",
        "an answer",
        remedy="run the same command again, it goes on from there; or use --mirror",
    )


def _untried(count: int) -> Problem:
    return Problem(
        "the rest",
        f"{count} more files not tried after this",
        "a connection",
        remedy="run the same command again",
    )
