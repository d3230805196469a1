"""From the files of 514,415 spots to ready to fit: seconds and peak memory of a fresh process.

    python tests/benchmarks/scale/bench_prepare_atlas.py [--slices FOLDER] [--json FILE]

Reading and checking, choosing genes, the graph, the counts that the factorisation starts from and
the features that the networks are fed; the loadings of the composition are drawn at random, as
those of a factorisation cost the same. Without FOLDER the preset is simulated once and kept in the
user's cache.
"""

from __future__ import annotations

import argparse
import itertools
import sys
import time
from pathlib import Path

import numpy as np
from measure import own_peak_gb, report, run_measured, simulate_once

PRESET = "embryo-atlas"


def prepare_atlas(folder: Path, path: Path | None) -> None:
    """Measure in this process."""
    from training.config import load_config
    from training.preparation.reference import make_features, pool_counts, prepare
    from training.slices.load import load_slices

    config = load_config(None, ["genes.n_genes=2366"])
    marks = [("start", time.perf_counter())]
    spots, reports = load_slices(
        folder, data=config.data, quality=config.quality, stages=config.stages
    )
    marks.append(("load", time.perf_counter()))
    prepared = prepare(spots, config)
    marks.append(("genes and graph", time.perf_counter()))
    pooled, _ = pool_counts(prepared, config.start.spots, config.train.seed)
    marks.append(("pool", time.perf_counter()))
    rng = np.random.default_rng(0)
    loadings = rng.dirichlet(np.ones(len(prepared.genes)), config.model.n_factors)
    effects = np.zeros((len(reports), len(prepared.genes)), dtype=np.float32)
    features = make_features(
        prepared, loadings.astype(np.float32), effects, config.genes.target_sum
    )
    marks.append(("features", time.perf_counter()))
    report(
        {
            "preset": PRESET,
            "spots": features.n_spots,
            "genes": len(prepared.genes),
            "nonzeros": int(prepared.counts.nnz),
            "pooled_spots": len(pooled),
            "seconds": round(marks[-1][1] - marks[0][1], 1),
            "parts_seconds": {
                name: round(now - before, 1)
                for (_, before), (name, now) in itertools.pairwise(marks)
            },
            "peak_gb": round(own_peak_gb(), 2),
        },
        path,
    )


def main(argv: list[str] | None = None) -> int:
    options = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    options.add_argument("--slices", type=Path)
    options.add_argument("--json", type=Path)
    options.add_argument("--here", action="store_true", help=argparse.SUPPRESS)
    chosen = options.parse_args(argv)
    folder = simulate_once(PRESET, chosen.slices)
    if chosen.here:
        prepare_atlas(folder, chosen.json)
        return 0
    command = [sys.executable, __file__, "--here", "--slices", str(folder)]
    if chosen.json:
        command += ["--json", str(chosen.json)]
    print(run_measured(command).output, end="")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
