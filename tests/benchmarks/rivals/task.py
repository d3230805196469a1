"""One task of imputation as the benchmark writes it, and the answer it reads.

A script `run_NAME.py` beside this file is called as `run_NAME.py TASK.npz ANSWER.npz --seed N`.
"""

from __future__ import annotations

import argparse
import resource
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from scipy import sparse


@dataclass(frozen=True)
class Task:
    """What a rival is told.

    Attributes:
        reference: (m, all genes) raw counts; genes: their names; slices: (m,) of the reference.
        query: (n, visible genes) raw counts; visible: their names, all among `genes`.
        hidden: names of the genes to impute, all among `genes`.
    """

    reference: sparse.csr_matrix
    genes: list[str]
    slices: np.ndarray
    query: sparse.csr_matrix
    visible: list[str]
    hidden: list[str]


def answer_task(impute: Callable[[Task, int], np.ndarray], needs: dict[str, Any]) -> None:
    """Read the task named on the command line, impute, and write the answer.

    Args:
        impute: gives values (n, hidden genes), log1p counts per 10,000, for a task and a seed.
        needs: facts to keep beside the figures, such as versions and bounds.
    """
    parser = argparse.ArgumentParser()
    parser.add_argument("task", type=Path)
    parser.add_argument("answer", type=Path)
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    task = read_task(asked.task)
    # Of the processor, so that other work on the machine does not count.
    began = time.process_time()
    values = impute(task, asked.seed)
    seconds = time.process_time() - began
    np.savez(
        asked.answer,
        values=np.asarray(values, dtype=np.float32),
        cpu_seconds=seconds,
        peak_memory=peak_memory(),
        **{f"fact_{name}": str(value) for name, value in needs.items()},
    )


def read_task(path: Path) -> Task:
    with np.load(path) as held:
        return Task(
            _counts(held, "reference"),
            held["genes"].tolist(),
            held["slices"],
            _counts(held, "query"),
            held["visible"].tolist(),
            held["hidden"].tolist(),
        )


def peak_memory() -> int:
    """Most memory this process has held at once so far, bytes.

    As the benchmark takes its own, whose code an environment without the project cannot import.
    """
    # getrusage counts what the starting process held, up to the moment the new program was loaded.
    status = Path("/proc/self/status")
    if status.exists():
        for line in status.read_text(encoding="ascii", errors="replace").splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def _counts(held: Any, name: str) -> sparse.csr_matrix:
    parts = tuple(held[f"{name}_{part}"] for part in ("data", "indices", "indptr"))
    return sparse.csr_matrix(parts, shape=tuple(held[f"{name}_shape"]))
