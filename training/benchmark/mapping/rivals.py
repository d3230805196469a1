"""Imputation by other people's packages, each a script run in an environment of its own.

A rival is a file `run_NAME.py`; it is called with a task, a place for its answer and a seed, and is
told nothing of the truth. Its answer is scored by the code that scores every other row.
"""

from __future__ import annotations

import hashlib
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from training.benchmark.mapping.estimates import Asked, average_nearest, set_level
from training.benchmark.mapping.figures import score_genes
from training.errors import ConfigError

LONGEST = 3600
"""Seconds that a rival may take for a task."""
TASK, TRUTH = ".task.npz", ".truth.npz"


class RivalError(Exception):
    """A rival without a usable answer; the message says why."""


@dataclass(frozen=True)
class Rival:
    """A row of the table: its script, and the interpreter that has its package."""

    name: str
    script: Path
    python: Path

    def digest(self) -> str:
        """Of the script and what lies beside it, so that a changed one is measured anew."""
        found = hashlib.sha256()
        for file in (self.script, self.script.with_name("task.py")):
            if file.exists():
                found.update(file.read_bytes())
        return found.hexdigest()[:10]


def find_rivals(folder: Path | None, python: Path | None) -> list[Rival]:
    """Rivals of a folder, by name; none without a folder.

    Raises:
        ConfigError: for a folder without scripts, or an interpreter that is not there.
    """
    if folder is None:
        return []
    scripts = sorted(folder.glob("run_*.py"))
    if not scripts:
        raise ConfigError(f"--rivals {folder}: there are no run_NAME.py in it")
    if python is None or not python.is_file():
        raise ConfigError(f"--rivals-python: found {python}; expected an interpreter's file")
    # Not resolved: an environment's interpreter is a link, and knows its place by the link.
    return [
        Rival(script.stem.removeprefix("run_"), script.absolute(), python.absolute())
        for script in scripts
    ]


def write_task(folder: Path, section: str, asked: Asked, truth: NDArray[np.floating]) -> None:
    """Write what a rival is told of a section, and apart from it what its answer is scored by."""
    reference, query = asked.reference, asked.query
    # A rival's own level follows its normalisation; all get that of the neighbours, as ours does.
    level = average_nearest(asked).mean(axis=0)
    counts = sparse.hstack([reference.read(part) for part in _parts(reference.genes)], format="csr")
    np.savez_compressed(
        folder / f"{section}{TASK}",
        genes=np.array(reference.genes),
        slices=reference.slices,
        visible=np.array(query.genes),
        hidden=np.array(list(asked.hidden)),
        reference_positions=reference.positions,
        query_positions=query.positions,
        **_arrays("reference", counts),
        **_arrays("query", sparse.csr_matrix(query.counts_of(query.genes).whole())),
    )
    np.savez_compressed(folder / f"{section}{TRUTH}", truth=truth, level=level)


def measure_rival(rival: Rival, tasks: Path, seed: int) -> dict[str, Any]:
    """Figures of a rival on every task of a folder: means over sections, and the largest memory.

    Raises:
        RivalError: when one of the tasks has no usable answer.
    """
    files = sorted(tasks.glob(f"*{TASK}"))
    found: list[dict[str, float]] = []
    facts: dict[str, str] = {}
    for file in files:
        with np.load(file.with_name(file.name.removesuffix(TASK) + TRUTH)) as held:
            truth, level = held["truth"], held["level"]
        values, spent, facts = ask_rival(rival, file, seed, truth.shape)
        found.append({**score_genes(set_level(values, level), truth), **spent})
    figures = {key: float(np.mean([each[key] for each in found])) for key in found[0]}
    figures["gigabytes"] = max(each["gigabytes"] for each in found)
    return {"imputation": {rival.name: figures}, "rival": {rival.name: facts}}


def ask_rival(
    rival: Rival, task: Path, seed: int, shape: Sequence[int]
) -> tuple[NDArray[np.float32], dict[str, float], dict[str, str]]:
    """Run a rival on one task.

    Returns:
        values (n, hidden genes); `cpu_seconds`, without imports, and `gigabytes` at the peak; facts
        it tells of itself.

    Raises:
        RivalError: when it fails, takes too long, or answers with something else.
    """
    with tempfile.TemporaryDirectory(prefix="atlas-rival-") as place:
        answer = Path(place) / "answer.npz"
        command = [rival.python, rival.script, task.absolute(), answer, "--seed", str(seed)]
        try:
            done = subprocess.run(
                [str(part) for part in command],
                cwd=place,
                capture_output=True,
                text=True,
                errors="replace",
                timeout=LONGEST,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise RivalError(f"no answer within {LONGEST} s") from None
        except OSError as error:
            raise RivalError(str(error)) from None
        if done.returncode or not answer.exists():
            lines = done.stderr.strip().splitlines() or ["it wrote no answer"]
            raise RivalError(f"ended with code {done.returncode}: {lines[-1]}")
        with np.load(answer) as held:
            values = held["values"]
            spent = {
                "cpu_seconds": float(held["cpu_seconds"]),
                "gigabytes": float(held["peak_memory"]) / 1e9,
            }
            told = [name for name in held.files if name.startswith("fact_")]
            facts = {name.removeprefix("fact_"): str(held[name]) for name in told}
    if values.shape != tuple(shape):
        raise RivalError(f"values of shape {values.shape}; expected {tuple(shape)}")
    if not np.isfinite(values).all():
        raise RivalError("some of its values are not numbers")
    return values, spent, facts


def record_name(rival: Rival, stem: str) -> str:
    """File of a rival's measurement beside the others."""
    return f"{stem}.rival-{rival.name}.{rival.digest()}.json"


def _parts(genes: Sequence[str]) -> list[Sequence[str]]:
    return [genes[start : start + 512] for start in range(0, len(genes), 512)]


def _arrays(name: str, counts: sparse.csr_matrix) -> dict[str, Any]:
    return {
        f"{name}_data": counts.data.astype(np.float32),
        f"{name}_indices": counts.indices,
        f"{name}_indptr": counts.indptr,
        f"{name}_shape": np.array(counts.shape),
    }
