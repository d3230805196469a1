"""Training steps beside the published model's dense form, in one run; memory of attention.

    python tests/benchmarks/bench_steps.py [--json FILE]

LGCN: 8 x 2,048 spots of 2,366 genes with 60 factors. GAT: two whole slices of 1,000 genes with 20
factors; the dense form runs at 2 x 2,000 and 2 x 4,000 spots, and its time for 2 x 8,000, whose
matrices take more memory than many machines have, follows from the power of the number of spots
that these two show. Memory of ours is the largest growth of a fresh process over a step, data
included. All at default settings; ours also with hidden layers as wide as the published ones.
"""

from __future__ import annotations

import argparse
import gc
import json
import platform
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from bench_preprocess import peak_bytes
from dense_reference import HIDDEN, DenseStep
from step_data import Shape, make_spots, make_trainer

CPU = torch.device("cpu")
BATCH, SLICES, GENES = 2_048, 8, 2_366
GAT_GENES, GAT_FACTORS = 1_000, 20
DENSE_SPOTS, GAT_SPOTS = (2_000, 4_000), 8_000
MEMORY_SPOTS = (4_000, 8_000, 16_000, 32_000, 64_000)
WIDE = {"n_hidden": HIDDEN, "n_critic": HIDDEN}


def fastest(step: Callable[[], object], runs: int) -> float:
    """Seconds of the fastest of some steps, after one that is not counted."""
    step()
    seconds = []
    for _ in range(runs):
        began = time.perf_counter()
        step()
        seconds.append(time.perf_counter() - began)
    gc.collect()
    return min(seconds)


def measure_lgcn() -> dict[str, Any]:
    spots = make_spots(SLICES, BATCH + BATCH // 4, GENES)
    default = make_trainer(spots, Shape(), SLICES * BATCH, CPU)
    gathering = fastest(lambda: default.features.gather(default._draw(), CPU), 3)
    ours = fastest(default.take_step, 4)
    wide = fastest(make_trainer(spots, Shape(**WIDE), SLICES * BATCH, CPU).take_step, 2)
    dense = fastest(DenseStep(spots, BATCH, 60).take_step, 2)
    return {
        "spots": f"{SLICES} x {BATCH}",
        "genes": GENES,
        "detected_genes": round(spots.counts.nnz / spots.counts.shape[0]),
        "seconds": round(ours, 3),
        "of_which_gathering": round(gathering, 3),
        "wide_seconds": round(wide, 3),
        "dense_seconds": round(dense, 3),
        "ratio": round(dense / ours, 1),
        "wide_ratio": round(dense / wide, 1),
    }


def measure_gat() -> dict[str, Any]:
    def ours(n_per_slice: int, **shape: int) -> float:
        spots = make_spots(2, n_per_slice, GAT_GENES)
        trainer = make_trainer(
            spots, Shape("gat", **shape), 2 * n_per_slice, CPU, n_factors=GAT_FACTORS
        )
        return fastest(trainer.take_step, 3)

    sparse = {n: ours(n) for n in (*DENSE_SPOTS, GAT_SPOTS)}
    wide = ours(GAT_SPOTS, **WIDE)
    dense = {}
    for n in DENSE_SPOTS:
        spots = make_spots(2, n, GAT_GENES)
        dense[n] = fastest(DenseStep(spots, None, GAT_FACTORS).take_step, 2)
    low, high = DENSE_SPOTS
    power = float(np.log(dense[high] / dense[low]) / np.log(high / low))
    expected = dense[high] * (GAT_SPOTS / high) ** power
    return {
        "genes": GAT_GENES,
        "seconds": {f"2 x {n}": round(value, 3) for n, value in sparse.items()},
        "wide_seconds": round(wide, 3),
        "dense_seconds": {f"2 x {n}": round(value, 3) for n, value in dense.items()},
        "dense_power": round(power, 2),
        "dense_extrapolated": {f"2 x {GAT_SPOTS}": round(expected, 2)},
        "measured_ratios": {f"2 x {n}": round(dense[n] / sparse[n], 1) for n in DENSE_SPOTS},
        "extrapolated_ratio": round(expected / sparse[GAT_SPOTS], 1),
        "extrapolated_wide_ratio": round(expected / wide, 1),
    }


def measure_memory() -> dict[str, Any]:
    """Peak memory of a step over all spots by their number, each in a process of its own."""
    megabytes = []
    for n in MEMORY_SPOTS:
        command = [sys.executable, __file__, "--memory-of", str(n)]
        done = subprocess.run(command, check=True, capture_output=True, text=True)
        megabytes.append(float(done.stdout))
    power = np.polyfit(np.log(MEMORY_SPOTS), np.log(megabytes), 1)[0]
    return {
        "genes": GAT_GENES,
        "megabytes": dict(zip(map(str, MEMORY_SPOTS), megabytes, strict=True)),
        "exponent": round(float(power), 3),
    }


def grow(n_spots: int) -> float:
    """Megabytes that this process grows by over a step of attention over two slices."""
    before = peak_bytes()
    spots = make_spots(2, n_spots // 2, GAT_GENES)
    trainer = make_trainer(spots, Shape("gat"), n_spots, CPU, n_factors=GAT_FACTORS)
    trainer.take_step()
    return round((peak_bytes() - before) / 1e6, 1)


def main(argv: list[str] | None = None) -> int:
    options = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    options.add_argument("--memory-of", type=int, help=argparse.SUPPRESS)
    options.add_argument("--json", type=Path)
    chosen = options.parse_args(argv)
    if chosen.memory_of:
        print(grow(chosen.memory_of))
        return 0
    result = {
        # First: a process begins with the peak of the one that starts it.
        "gat_memory": measure_memory(),
        "lgcn": measure_lgcn(),
        "gat": measure_gat(),
        "machine": f"{platform.machine()}, {torch.get_num_threads()} threads",
    }
    print(json.dumps(result, indent=2))
    if chosen.json:
        chosen.json.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
