"""On what a figure was measured: versions, machine, and the memory of this process."""

from __future__ import annotations

import os
import platform
import sys
from importlib import metadata
from pathlib import Path

PACKAGES = (
    "inspire-atlas",
    "numpy",
    "scipy",
    "anndata",
    "scikit-learn",
    "scanpy",
    "igraph",
    "torch",
    "harmonypy",
)
THREAD_VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


def describe_environment() -> dict[str, object]:
    """Versions of what computes, and the machine, as plain text and numbers."""
    versions = {"python": platform.python_version()}
    for name in PACKAGES:
        try:
            versions[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return {
        "versions": versions,
        "machine": {
            "platform": platform.platform(),
            "processor": platform.machine(),
            "cpu_count": os.cpu_count(),
            "threads": {n: os.environ[n] for n in THREAD_VARIABLES if n in os.environ},
        },
    }


def peak_memory() -> int:
    """Most memory this process has held at once so far, bytes."""
    # getrusage counts what the starting process held, up to the moment the new program was loaded.
    status = Path("/proc/self/status")
    if status.exists():
        for line in status.read_text(encoding="ascii", errors="replace").splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024
