"""What a projection's progress file says: JSON lines of phase, fraction and message."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

# A progress file of thousands of lines is read from its end only.
TAIL_BYTES = 256 * 1024


@dataclass(frozen=True)
class Progress:
    """Where a projection stands. `steps` holds the last message of each phase, in order."""

    phase: str = ""
    fraction: float = 0.0
    message: str = ""
    steps: tuple[tuple[str, str], ...] = ()
    report: dict[str, Any] = field(default_factory=dict)


def read_progress(path: Path) -> Progress:
    """Progress from a file that may be absent, cut off, or not what it should be."""
    try:
        with path.open("rb") as handle:
            size = handle.seek(0, 2)
            handle.seek(max(0, size - TAIL_BYTES))
            text = handle.read().decode("utf-8", errors="replace")
    except OSError:
        return Progress()
    last = Progress()
    steps: dict[str, str] = {}
    report: dict[str, Any] = {}
    for line in text.splitlines():
        try:
            entry = json.loads(line)
            phase = str(entry.get("phase", ""))
            fraction = min(1.0, max(0.0, float(entry.get("fraction", 0.0))))
            message = str(entry.get("message", ""))
            if isinstance(entry.get("report"), dict):
                report.update(entry["report"])
        except (ValueError, TypeError, AttributeError):
            continue
        if message or phase not in steps:
            steps[phase] = message
        last = Progress(phase, fraction, message)
    return Progress(last.phase, last.fraction, last.message, tuple(steps.items()), report)
