"""Mapping a section end to end, as a fresh process of `atlas project`: seconds and peak memory.

    python tests/benchmarks/bench_projection.py [STORE QUERY.h5ad] [--spots 2000 10000] [--runs 3]
        [--genes 500] [--further-genes 1100] [--impute all]

Without a store the atlas of `make demo` and one of its slices are taken. A query with fewer spots
than asked for is repeated, shifted aside, under new names; of its genes those with most counts are
kept, and with --further-genes so many are added that the atlas lacks: copies under other names.
With --against FOLDER, a checkout of another version, both take turns in one run.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import anndata as ad
import numpy as np
import pandas as pd


def enlarge(section: ad.AnnData, n_spots: int) -> ad.AnnData:
    """Copies of a section side by side, cut to `n_spots`."""
    width = float(np.ptp(section.obsm["spatial"][:, 0])) * 1.1
    copies = []
    for index in range(-(-n_spots // section.n_obs)):
        copy = section.copy()
        copy.obsm["spatial"] = copy.obsm["spatial"] + np.array([index * width, 0], dtype=np.float32)
        copy.obs_names = [f"{name}_{index}" for name in copy.obs_names]
        copies.append(copy)
    return ad.concat(copies)[:n_spots].copy()


def keep_genes(section: ad.AnnData, n_genes: int) -> ad.AnnData:
    """The genes with most counts, in their order."""
    order = np.argsort(-np.asarray(section.X.sum(axis=0)).ravel(), kind="stable")
    return section[:, np.sort(order[:n_genes])].copy()


def add_genes(section: ad.AnnData, n_genes: int) -> ad.AnnData:
    """The section with genes that no atlas has: its own, in turn, under other names."""
    if not n_genes:
        return section
    names = pd.DataFrame(index=[f"further_{index}" for index in range(n_genes)])
    counts = section.X[:, np.arange(n_genes) % section.n_vars]
    further = ad.AnnData(counts, obs=section.obs, var=names)
    joined = ad.concat([section, further], axis="var")
    joined.obs, joined.obsm["spatial"] = section.obs, section.obsm["spatial"]
    return joined


def run_once(command: list[str], folder: Path) -> dict[str, float]:
    """Seconds, seconds of computing and peak memory of a command run in `folder`."""
    began = time.perf_counter()
    child = subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL)
    _, status, used = os.wait4(child.pid, 0)
    if status:
        raise SystemExit(f"{' '.join(command)}: failed")
    return {
        "seconds": time.perf_counter() - began,
        "cpu_seconds": used.ru_utime + used.ru_stime,
        # In KiB, but on macOS in bytes.
        "peak_gb": used.ru_maxrss / (1e9 if sys.platform == "darwin" else 1024**2),
    }


def summarise(runs: list[dict[str, float]]) -> dict[str, float]:
    found = {
        f"median_{name}": round(statistics.median(run[name] for run in runs), 2) for name in runs[0]
    }
    return found | {"fastest_seconds": round(min(run["seconds"] for run in runs), 2)}


def measure(
    chosen: argparse.Namespace, section: ad.AnnData, spots: int, folder: Path
) -> dict[str, Any]:
    query, out = folder / "query.h5ad", folder / "result.h5ad"
    enlarge(section, spots).write_h5ad(query)
    command = [sys.executable, "-m", "training.cli", "project", str(chosen.store.resolve())]
    command += [str(query), "--out", str(out)]
    command += ["--impute", chosen.impute] if chosen.impute else []
    places = {"": Path.cwd()} | ({"against_": chosen.against} if chosen.against else {})
    runs: dict[str, list[dict[str, float]]] = {name: [] for name in places}
    for _ in range(chosen.runs):
        for name, place in places.items():
            runs[name].append(run_once(command, place))
    row: dict[str, Any] = {"spots": spots, "genes": section.n_vars}
    for name, taken in runs.items():
        row |= {f"{name}{key}": value for key, value in summarise(taken).items()}
    return row


def main(argv: list[str] | None = None) -> int:
    options = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    demo = Path(__file__).resolve().parents[2] / "demo"
    options.add_argument("store", type=Path, nargs="?", default=demo / "embryo.atlas.zarr")
    options.add_argument("query", type=Path, nargs="?", default=demo / "slices" / "E12.5_A.h5ad")
    options.add_argument("--spots", type=int, nargs="+", default=[2_000, 10_000])
    options.add_argument("--genes", type=int, default=2_000)
    options.add_argument("--further-genes", type=int, default=0)
    options.add_argument("--impute", default="", help="genes, as `atlas project` takes them")
    options.add_argument("--runs", type=int, default=3)
    options.add_argument("--against", type=Path, help="checkout of a version to compare with")
    options.add_argument("--json", type=Path)
    chosen = options.parse_args(argv)
    section = keep_genes(ad.read_h5ad(chosen.query), chosen.genes)
    section = add_genes(section, chosen.further_genes)
    rows = []
    for spots in chosen.spots:
        with tempfile.TemporaryDirectory() as folder:
            rows.append(measure(chosen, section, spots, Path(folder)))
        print(json.dumps(rows[-1], indent=2), flush=True)
    result = {"rows": rows, "runs": chosen.runs, "machine": platform.machine()}
    if chosen.json:
        chosen.json.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
