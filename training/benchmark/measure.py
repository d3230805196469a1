"""One row on one data set with one seed: what is asked, and its measurement in a fresh process."""

from __future__ import annotations

import hashlib
import json
import multiprocessing
import signal
import time
import traceback
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from importlib import import_module
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from training import metrics
from training.benchmark.environment import describe_environment, peak_memory
from training.benchmark.figures import take_figures
from training.benchmark.rows import Row, find_row
from training.benchmark.sets import SETS, SIMULATION_SEED, DataSet
from training.benchmark.truth import read_truth
from training.config import Config, load_config
from training.errors import AtlasError
from training.metrics import courses, registration
from training.processes.orphans import end_with_parent


class MeasureError(Exception):
    """A measurement that ended without figures; the message says how."""


@dataclass(frozen=True)
class Task:
    """One measurement to take: names of a data set and a row, a seed, and overrides of settings."""

    dataset: str
    row: str
    seed: int
    settings: tuple[str, ...] = ()

    def config(self) -> Config:
        """The settings of the fit: overrides, then the row's own, then the seed."""
        row = find_row(self.row)
        return load_config(None, [*self.settings, *row.overrides, f"train.seed={self.seed}"])

    def request(self, dataset: DataSet, files: Sequence[Path]) -> dict[str, Any]:
        """All that the figures depend on but the code, as plain values."""
        return {
            "set": asdict(dataset),
            "row": self.row,
            "seed": self.seed,
            "settings": _settings_read(find_row(self.row), self.config()),
            "files": [[file.name, file.stat().st_size] for file in files]
            if files
            else [[dataset.preset, SIMULATION_SEED]],
            "protocol": benchmark_protocol(),
        }

    def file_name(self, request: dict[str, Any]) -> str:
        """Name of the measurement: one per request, so that other settings spoil nothing."""
        digest = hashlib.sha256(json.dumps(request, sort_keys=True).encode()).hexdigest()
        return f"{self.dataset}.{self.row}.seed{self.seed}.{digest[:10]}.json"


def benchmark_protocol() -> dict[str, Any]:
    """The constants of all measures and of the cheap rows, as plain values."""
    from training.alignment.registration import SCORED
    from training.benchmark import rows
    from training.benchmark.figures import MOST_REGISTERED
    from training.downstream import division, domains, mixture

    return {
        **metrics.protocol_constants(),
        "domain_resolutions": list(domains.RESOLUTIONS),
        "domain_draws": domains.DRAWS,
        "domain_share": domains.SHARE,
        "domain_tolerance": domains.TOLERANCE,
        "domain_sketch": domains.SKETCH,
        "domain_restarts": domains.RESTARTS,
        "mixture_numbers": list(mixture.NUMBERS),
        "mixture_starts": mixture.TRIED_STARTS,
        "mixture_draws": mixture.TRIED_DRAWS,
        "mixture_spots": mixture.TRIED_SPOTS,
        "mixture_least_spots": mixture.TRIED_LEAST,
        "mixture_least_agreement": division.LEAST_AGREEMENT,
        "mixture_least_gain": division.LEAST_GAIN,
        "mixture_tolerance": division.TOLERANCE,
        "registration_neighbours": registration.NEIGHBOURS,
        "registration_sample_per_slice": SCORED,
        "registration_most_spots": MOST_REGISTERED,
        "programme_floor": courses.FLOOR,
        "programme_ridge": courses.RIDGE,
        "panel_target_sum": rows.PANEL_TARGET,
        "open_target_sum": rows.OPEN_TARGET,
        "simulation_seed": SIMULATION_SEED,
    }


def measure(task: Task, folder: Path) -> dict[str, Any]:
    """Compute a row on the slices of a folder and take all its figures, in this process.

    Returns:
        Plain values: `figures` by name with None where not applicable, the `reasons` of these,
        `details`, the size of the `data`, and the `environment`. `seconds` counts the row alone,
        without imports and reading; `peak_memory` (bytes) reading and the row, without the scoring.
    """
    from training.slices.load import load_slices

    dataset = next(each for each in SETS if each.name == task.dataset)
    row, config = find_row(task.row), task.config()
    for module in row.needs:
        import_module(module)
    spots, _ = load_slices(folder, data=config.data, quality=config.quality, stages=config.stages)
    if dataset.label is not None and dataset.label not in spots.obs:
        raise AtlasError(f"{dataset.name}: no column '{dataset.label}' with labels in the slices")
    truth = read_truth(dataset, folder, spots)
    began = time.perf_counter()
    result = row.compute(spots, config, dataset.panel)
    seconds, memory = time.perf_counter() - began, peak_memory()
    figures = take_figures(result, spots, dataset, truth, config)
    figures.give("seconds", seconds)
    figures.give("peak_memory", memory)
    return {
        "data": {
            "slices": int(spots.obs["slice"].nunique()),
            "spots": spots.n_obs,
            "genes": spots.n_vars,
        },
        "figures": figures.values,
        "reasons": figures.reasons,
        "details": {**figures.details, **result.details},
        "environment": describe_environment(),
    }


def measure_apart(task: Task, folder: Path) -> dict[str, Any]:
    """`measure` in a process of its own, so that its peak memory is its own.

    Raises:
        MeasureError: with the error of that process, or how it was ended.
    """
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe(duplex=False)
    process = context.Process(target=_answer, args=(task, folder, theirs), daemon=True)
    process.start()
    theirs.close()
    try:
        measured, error = ours.recv()
    except EOFError:
        process.join()
        raise MeasureError(
            f"the process was ended with code {process.exitcode}, perhaps for want of memory"
        ) from None
    finally:
        # After an interruption nobody waits for the answer.
        process.kill()
        process.join()
        ours.close()
    if error:
        raise MeasureError(error)
    assert measured is not None
    return dict(measured)


def _answer(task: Task, folder: Path, to: Connection) -> None:
    # Ctrl-C reaches every process of the terminal; the one that started this ends it.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    end_with_parent()
    try:
        to.send((measure(task, folder), ""))
    except AtlasError as error:
        to.send((None, str(error)))
    except Exception:
        to.send((None, traceback.format_exc().strip()))


def _settings_read(row: Row, config: Config) -> dict[str, Any]:
    tree = config.model_dump(mode="json")
    found: dict[str, Any] = {}
    for name in row.reads:
        value: Any = tree
        for part in name.split("."):
            value = value[part]
        found[name] = value
    # The seed stands in the request; how often a checkpoint is saved changes no figure.
    if "train" in found:
        found["train"] = {
            key: value
            for key, value in found["train"].items()
            if key not in ("seed", "checkpoint_seconds")
        }
    return found
