"""What a worker may take at most, and what it inherits: set in the child before it starts."""

from __future__ import annotations

import ctypes
import math
import os
import resource
import signal
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

PR_SET_PDEATHSIG = 1
# Address space that threads' stacks take beside the data, in bytes.
STACKS = 2**30
OPEN_FILES = 1024
LARGEST_FILE = 64 * 2**30
# Settings of the server that are no business of a process that reads strangers' files.
WITHHELD = ("ATLAS_PASSWORD_HASH", "ATLAS_JOBS")


def prepare_child(seconds: float, memory: int) -> Callable[[], None]:
    """What a child calls before it becomes the worker.

    It is killed when its parent dies (Linux), and may take `memory` bytes of data, the processor
    time of all cores for `seconds`, and a bounded number of open files and size of a file. The
    kernel holds it to these, so that a file which makes it take much at once ends in an error.
    """
    library = ctypes.CDLL(None, use_errno=True) if sys.platform.startswith("linux") else None
    processor = math.ceil(seconds * (os.cpu_count() or 1)) + 10
    limits = [
        (resource.RLIMIT_DATA, memory + STACKS),
        (resource.RLIMIT_CPU, processor),
        (resource.RLIMIT_NOFILE, OPEN_FILES),
        (resource.RLIMIT_FSIZE, LARGEST_FILE),
        (resource.RLIMIT_CORE, 0),
    ]

    def prepare() -> None:
        if library is not None:
            library.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        for kind, most in limits:
            # A limit that is stricter already can only be kept.
            hard = resource.getrlimit(kind)[1]
            least = most if hard == resource.RLIM_INFINITY else min(most, hard)
            resource.setrlimit(kind, (least, least))

    return prepare


def child_environment(temporary: Path, environment: Mapping[str, str]) -> dict[str, str]:
    """The worker's environment: temporary files in `temporary`, no plugins of HDF5, no secrets."""
    kept = {name: value for name, value in environment.items() if name not in WITHHELD}
    return kept | {"TMPDIR": str(temporary), "HDF5_PLUGIN_PRELOAD": "::"}
