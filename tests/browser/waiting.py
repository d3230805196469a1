"""Waiting for what a page will be; read by tests through `runpy`."""

from __future__ import annotations

import time
from typing import Any

PATIENCE = 60.0
EVERY_MS = 25


def until(tab: Any, script: str, argument: Any = None, patience: float = PATIENCE) -> Any:
    """Ask a page until the answer is true. Pages forbid eval, which a wait inside them needs."""
    end = time.monotonic() + patience
    while True:
        answer = tab.evaluate(script, argument)
        if answer:
            return answer
        assert time.monotonic() < end, f"still not so after {patience:.0f} s: {script}"
        tab.wait_for_timeout(EVERY_MS)
