"""Mapping a section end to end, as a fresh process of `atlas project`: seconds and peak memory.

    python tests/benchmarks/bench_projection.py [STORE QUERY.h5ad] [--spots 2000] [--runs 3]

Without a store the atlas of `make demo` and one of its slices are taken. A query with fewer spots
than asked for is repeated, shifted aside, under new names.
"""

from __future__ import annotations

import argparse
import json
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import anndata as ad
import numpy as np


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


def main(argv: list[str] | None = None) -> int:
    options = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    demo = Path(__file__).resolve().parents[2] / "demo"
    options.add_argument("store", type=Path, nargs="?", default=demo / "embryo.atlas.zarr")
    options.add_argument("query", type=Path, nargs="?", default=demo / "slices" / "E12.5_A.h5ad")
    options.add_argument("--spots", type=int, default=2_000)
    options.add_argument("--runs", type=int, default=3)
    options.add_argument("--json", type=Path)
    chosen = options.parse_args(argv)
    with tempfile.TemporaryDirectory() as folder:
        query, out = Path(folder) / "query.h5ad", Path(folder) / "result.h5ad"
        enlarge(ad.read_h5ad(chosen.query), chosen.spots).write_h5ad(query)
        command = [sys.executable, "-m", "training.cli", "project", str(chosen.store), str(query)]
        seconds = []
        for _ in range(chosen.runs):
            began = time.perf_counter()
            subprocess.run([*command, "--out", str(out)], check=True, capture_output=True)
            seconds.append(time.perf_counter() - began)
    result = {
        "spots": chosen.spots,
        "runs": chosen.runs,
        "median_seconds": round(statistics.median(seconds), 2),
        "fastest_seconds": round(min(seconds), 2),
        "machine": platform.machine(),
    }
    print(json.dumps(result, indent=2))
    if chosen.json:
        chosen.json.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
