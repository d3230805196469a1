"""How long work tells where it is: to a terminal, to a file of JSON lines, or to nobody."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from threading import Lock
from typing import Protocol


class Progress(Protocol):
    """Called often; `fraction` is 0..1 within the phase."""

    def __call__(self, phase: str, fraction: float, message: str = "") -> None: ...


def silent(phase: str, fraction: float, message: str = "") -> None:
    """Tell nobody."""


class ConsoleProgress:
    """One line per phase on standard error, redrawn in place on a terminal."""

    def __init__(self) -> None:
        self._phase = ""
        self._began = self._shown = time.monotonic()
        self._live = sys.stderr.isatty()

    def __call__(self, phase: str, fraction: float, message: str = "") -> None:
        now = time.monotonic()
        if phase != self._phase:
            self._phase, self._began = phase, now
            if not self._live:
                print(f"{phase} …", file=sys.stderr, flush=True)
        elif now - self._shown < (0.2 if self._live else 15.0) and fraction < 1:
            return
        self._shown = now
        line = f"{phase:<28} {fraction:>4.0%}  {message}"
        if self._live:
            end = "\n" if fraction >= 1 else ""
            print(f"\r\033[K{line}", end=end, file=sys.stderr, flush=True)
        else:
            print(f"  {line}", file=sys.stderr, flush=True)


class FileProgress:
    """Appends one JSON object per report: {"phase", "fraction", "message"}."""

    def __init__(self, path: Path, every: float = 0.2) -> None:
        self._file = path.open("a", encoding="utf-8", buffering=1)
        self._every = every
        self._phase = ""
        self._written = 0.0

    def __call__(self, phase: str, fraction: float, message: str = "") -> None:
        now = time.monotonic()
        if phase == self._phase and fraction < 1 and now - self._written < self._every:
            return
        self._phase, self._written = phase, now
        record = {"phase": phase, "fraction": round(fraction, 4), "message": message}
        self._file.write(json.dumps(record) + "\n")


class InTurn:
    """Tells of phases that go on side by side as if one came after the other.

    The phase that began first is told until it ends; how far the others have come meanwhile, then.
    """

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._told: str | None = None
        self._waiting: dict[str, tuple[float, str]] = {}
        self._lock = Lock()

    def __call__(self, phase: str, fraction: float, message: str = "") -> None:
        with self._lock:
            if self._told not in (None, phase):
                self._waiting[phase] = fraction, message
                return
            self._tell(phase, fraction, message)
            while self._told is None and self._waiting:
                phase = next(iter(self._waiting))
                self._tell(phase, *self._waiting.pop(phase))

    def _tell(self, phase: str, fraction: float, message: str) -> None:
        self._progress(phase, fraction, message)
        self._told = phase if fraction < 1 else None


def time_left(began: float, done: int, total: int) -> str:
    """Speed and remaining time in words, from a start on the monotonic clock."""
    elapsed = max(time.monotonic() - began, 1e-6)
    speed = done / elapsed
    rest = (total - done) / max(speed, 1e-9)
    minutes, seconds = divmod(round(rest), 60)
    return f"{speed:.1f} steps/s, {minutes}:{seconds:02d} left"
