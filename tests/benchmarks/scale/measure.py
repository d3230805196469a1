"""What the benchmarks of whole fits share: slices of a preset, a child process and its peak."""

from __future__ import annotations

import json
import os
import platform
import re
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Run:
    """A finished command: wall-clock seconds, peak resident memory in GB, what it printed."""

    seconds: float
    peak_gb: float
    output: str


def run_measured(command: list[str]) -> Run:
    """Run a command to its end in a process of its own and measure it.

    Raises:
        RuntimeError: if it fails, with the end of what it said.
    """
    began = time.perf_counter()
    child = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert child.stdout is not None
    output = child.stdout.read()
    # The peak of this child alone, which RUSAGE_CHILDREN would mix with earlier ones.
    _, status, used = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    seconds = time.perf_counter() - began
    if child.returncode:
        raise RuntimeError(f"{' '.join(command)} failed:\n{output[-2000:]}")
    return Run(seconds, used.ru_maxrss * _unit() / 1e9, output)


def own_peak_gb() -> float:
    """Largest resident size of this process so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * _unit() / 1e9


def _unit() -> int:
    return 1 if sys.platform == "darwin" else 1024


def atlas(*arguments: str | Path) -> list[str]:
    """The command line of `atlas` in this Python."""
    return [sys.executable, "-m", "training.cli", *map(str, arguments)]


def simulate_once(preset: str, folder: Path | None, seed: int = 0) -> Path:
    """Slices of a preset in `folder` or in the cache; simulated where they are not there yet."""
    if folder is None:
        cache = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache"))
        folder = cache / "inspire-atlas" / f"{preset}-{seed}"
    if not (folder / "truth.npz").exists():
        # The truth is written last: a folder without it is unfinished.
        shutil.rmtree(folder, ignore_errors=True)
        subprocess.run(
            atlas("simulate", folder, "--preset", preset, "--seed", str(seed)), check=True
        )
    return folder


def fit_measured(folder: Path, *settings: str) -> dict[str, Any]:
    """Fit slices in a fresh process with default settings but those given; its figures.

    `ari` is the agreement of the domains with the true organs or layers of the simulation, over all
    spots; `ari_tied` that of a Gaussian mixture of as many components, mean over slices.
    """
    import numpy as np
    from sklearn.metrics import adjusted_rand_score

    from training.metrics import mixture_scores
    from training.store import open_atlas

    options = [part for setting in settings for part in ("--set", setting)]
    with tempfile.TemporaryDirectory() as temporary:
        store = Path(temporary) / "big.atlas.zarr"
        run = run_measured(atlas("fit", folder, "--out", store, *options))
        fitted = open_atlas(store)
        speeds = re.findall(r"([\d.]+) steps/s", run.output)
        domains, truth = fitted.obs("domain"), fitted.obs("organ")
        sizes = [each.stop - each.start for each in fitted.slices]
        slices = np.repeat(np.arange(len(sizes)), sizes)
        tied = mixture_scores(fitted.latent.astype(np.float64), truth, slices).ari
        return {
            "spots": fitted.n_spots,
            "genes": fitted.n_genes,
            "seconds": round(run.seconds, 1),
            "seconds_per_step": round(1 / float(speeds[-1]), 3),
            "peak_gb": round(run.peak_gb, 2),
            "sketch": fitted.card.get("sketch", {}).get("spots"),
            "domains": len(set(domains)),
            "ari": round(float(adjusted_rand_score(truth, domains)), 3),
            "ari_tied": None if tied is None else round(tied, 3),
        }


def report(result: dict[str, Any], path: Path | None) -> None:
    """Print the figures as JSON and write them to `path`, with the machine they hold for."""
    text = json.dumps(
        {**result, "machine": f"{platform.machine()}, {os.cpu_count()} cores"}, indent=2
    )
    print(text)
    if path is not None:
        path.write_text(text + "\n", encoding="utf-8")
