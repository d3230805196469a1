"""How long one gene takes over HTTP: gunicorn, 100,000 spots, one connection kept open.

    python tests/benchmarks/bench_http.py [--store NAME.atlas.zarr] [--json FILE]

Without a store one of 100,000 spots and 200 genes is made. Prints the median and 95th percentile
of a gene that was asked for before (warm) and of one that was not (cold).
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

SPOTS = 100_000
GENES = 200
DENSITY = 0.12
BLOCK = 20_000
ROUNDS = 5
TARGET_MS = 5.0


def make_store(
    path: Path,
    per_stage: int = 2,
    n_genes: int = GENES,
    density: float = DENSITY,
    n_spots: int = SPOTS,
    n_slices: int = 8,
) -> None:
    """A store whose counts are as sparse as those of a section, with no structure."""
    import anndata as ad
    import pandas as pd
    import scipy.sparse as sp

    from training.export import export_atlas
    from training.store import ModelPart

    rng = np.random.default_rng(0)
    # By blocks: choosing from all places at once takes 8 bytes for each place, counted or not.
    blocks = [
        sp.random(min(BLOCK, n_spots - first), n_genes, density, "csr", np.float32, rng=rng)
        for first in range(0, n_spots, BLOCK)
    ]
    counts = sp.vstack(blocks, format="csr")
    counts.data = np.ceil(counts.data * 9).astype(np.float32)
    names = [f"slice_{i}" for i in range(n_slices)]
    part = np.sort(np.arange(n_spots) % n_slices)
    genes = [f"GENE{i}" for i in range(n_genes)]
    obs = pd.DataFrame(
        {
            "slice": pd.Categorical(np.array(names)[part], categories=names),
            "stage": pd.Categorical([f"E{i // per_stage}" for i in part], ordered=True),
            "time": (part // per_stage).astype(float),
            "spot": [str(i) for i in range(n_spots)],
            "domain": pd.Categorical([str(i % 7) for i in range(n_spots)]),
        },
        index=[f"spot{i}" for i in range(n_spots)],
    )
    data = ad.AnnData(counts, obs=obs, var=pd.DataFrame({"highly_variable": True}, index=genes))
    factors = rng.dirichlet(np.ones(6), n_spots).astype(np.float32)
    data.obsm.update(
        latent=factors,
        factors=factors,
        spatial=rng.uniform(0, 5000, (n_spots, 2)).astype(np.float32),
        umap=rng.normal(size=(n_spots, 2)).astype(np.float32),
    )
    data.varm["loadings"] = rng.dirichlet(np.ones(n_genes), 6).T.astype(np.float32)
    model = ModelPart({"weight": np.zeros((1, 1), np.float32)}, {"n_factors": 6})
    export_atlas(path, data, model, {"title": "benchmark"})


def start(store: Path, jobs: Path, workers: int = 1) -> tuple[subprocess.Popen[str], str, int]:
    program = (
        "import typer; from atlas_app.serve import register; app = typer.Typer(); "
        "app.callback()(lambda: None); register(app); app()"
    )
    process = subprocess.Popen(
        [sys.executable, "-u", "-c", program, "serve", str(store), "--port", "0"],
        env={**os.environ, "ATLAS_WORKERS": str(workers), "ATLAS_JOB_FOLDER": str(jobs)},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    found = re.search(r"http://([^:]+):(\d+)", process.stdout.readline())
    if found is None:
        raise SystemExit("the server did not start")
    return process, found.group(1), int(found.group(2))


def asked(connection: http.client.HTTPConnection, address: str) -> tuple[float, int]:
    """(milliseconds, bytes) of one request."""
    began = time.perf_counter()
    connection.request("GET", address, headers={"Accept-Encoding": "zstd, br, gzip"})
    answer = connection.getresponse()
    body = answer.read()
    if answer.status != 200:
        raise SystemExit(f"{address}: status {answer.status}")
    return 1000 * (time.perf_counter() - began), len(body)


def measure(host: str, port: int) -> dict[str, float]:
    connection = http.client.HTTPConnection(host, port, timeout=60)
    for _ in range(100):
        try:
            connection.request("GET", "/api/v1/atlases")
            atlas = json.load(connection.getresponse())["atlases"][0]
            break
        except OSError:
            connection.close()
            time.sleep(0.2)
    base = atlas["base"]
    connection.request("GET", f"{base}/genes?limit=100")
    genes = [gene["name"] for gene in json.load(connection.getresponse())["genes"]]
    cold, warm, sizes = [], [], []
    for gene in genes:
        milliseconds, size = asked(connection, f"{base}/values/gene/{gene}")
        cold.append(milliseconds)
        sizes.append(size)
    for _ in range(ROUNDS):
        for gene in genes:
            warm.append(asked(connection, f"{base}/values/gene/{gene}")[0])
    return {
        "spots": atlas["n_spots"],
        "genes": len(genes),
        "warm_ms_median": statistics.median(warm),
        "warm_ms_p95": float(np.percentile(warm, 95)),
        "cold_ms_median": statistics.median(cold),
        "cold_ms_p95": float(np.percentile(cold, 95)),
        "kilobytes_median": statistics.median(sizes) / 1000,
        "target_warm_ms": TARGET_MS,
    }


def run(
    what: str | None,
    make: Callable[[Path], None],
    measure: Callable[[str, int], dict[str, float]],
) -> dict[str, float]:
    """Parse the options, measure against a server of the store that is named or made, tell."""
    parser = argparse.ArgumentParser(description=what)
    parser.add_argument("--store", type=Path)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        store = options.store
        if store is None:
            store = Path(folder) / "bench.atlas.zarr"
            make(store)
        process, host, port = start(store, Path(folder) / "jobs")
        try:
            found = measure(host, port)
        finally:
            process.terminate()
            process.wait()
    print(json.dumps({name: round(value, 3) for name, value in found.items()}, indent=2))
    if options.json:
        options.json.write_text(json.dumps(found, indent=2) + "\n")
    return found


def main() -> None:
    found = run(__doc__, make_store, measure)
    if found["warm_ms_median"] > TARGET_MS:
        raise SystemExit(f"one gene takes more than {TARGET_MS} ms")


if __name__ == "__main__":
    main()
