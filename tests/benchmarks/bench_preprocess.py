"""Graph and features of 100,000 spots: seconds, and memory over the data itself.

python tests/benchmarks/bench_preprocess.py [--spots 100000] [--genes 2000] [--json FILE]
"""

from __future__ import annotations

import argparse
import json
import platform
import resource
import sys
import time
from pathlib import Path

import numpy as np
from scipy import sparse

PER_SPOT = 150
"""Detected genes of a simulated spot: shallow, as at single-cell resolution."""
NEIGHBOURS = 6


def make_counts(n_spots: int, n_genes: int, rng: np.random.Generator) -> sparse.csr_matrix:
    """Sparse counts with about PER_SPOT detected genes a spot, popular genes more often."""
    popular = np.sort(rng.beta(0.7, 3, (n_spots, PER_SPOT)), axis=1)
    columns = np.minimum((popular * n_genes).astype(np.int32), n_genes - 1)
    rows = np.repeat(np.arange(n_spots, dtype=np.int32), PER_SPOT)
    values = rng.geometric(0.6, n_spots * PER_SPOT).astype(np.float32)
    counts = sparse.csr_matrix((values, (rows, columns.ravel())), shape=(n_spots, n_genes))
    counts.sum_duplicates()
    return counts


def peak_bytes() -> int:
    """Largest resident size of this process so far."""
    scale = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * scale


def main(argv: list[str] | None = None) -> int:
    options = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    options.add_argument("--spots", type=int, default=100_000)
    options.add_argument("--genes", type=int, default=2_000)
    options.add_argument("--slices", type=int, default=8)
    options.add_argument("--json", type=Path)
    chosen = options.parse_args(argv)
    # Loaded before measuring: its size is not the data's.
    import torch

    from training.config import Config
    from training.inputs.graph import choose_radius, radius_graph
    from training.preparation.reference import Prepared, make_features

    rng = np.random.default_rng(0)
    counts = make_counts(chosen.spots, chosen.genes, rng)
    slices = np.sort(rng.integers(0, chosen.slices, chosen.spots))
    side = np.sqrt(chosen.spots / chosen.slices) * 50
    positions = rng.uniform(0, side, (chosen.spots, 2)).astype(np.float32)
    config = Config()
    loadings = rng.dirichlet(np.ones(chosen.genes), config.model.n_factors).astype(np.float32)
    effects = np.zeros((chosen.slices, chosen.genes), dtype=np.float32)
    before, began = peak_bytes(), time.perf_counter()
    radii = choose_radius(positions, slices, NEIGHBOURS, rng)
    adjacency = radius_graph(positions, slices, radii)
    graph_seconds = time.perf_counter() - began
    totals = np.asarray(counts.sum(axis=1)).ravel()
    prepared = Prepared(
        np.arange(chosen.genes), counts, totals, adjacency, radii, slices.astype(np.int64)
    )
    features = make_features(prepared, loadings, effects, config.genes.target_sum)
    seconds = time.perf_counter() - began
    result = {
        "spots": chosen.spots,
        "genes": chosen.genes,
        "nonzeros": int(counts.nnz),
        "neighbours": round(adjacency.nnz / chosen.spots - 1, 2),
        "graph_seconds": round(graph_seconds, 2),
        "seconds": round(seconds, 2),
        "peak_over_data_gb": round((peak_bytes() - before) / 1e9, 3),
        "neighbourhood_nonzeros": int(features.neighbourhood.nnz),
        "machine": f"{platform.machine()}, {torch.get_num_threads()} threads",
    }
    print(json.dumps(result, indent=2))
    if chosen.json:
        chosen.json.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
