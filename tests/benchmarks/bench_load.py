"""How an atlas of 514,415 spots bears 50 readers for two minutes: gunicorn with 2 workers.

    python tests/benchmarks/bench_load.py [--store NAME.atlas.zarr] [--json FILE] [--seconds 120]
        [--genes 2366] [--keep NAME.atlas.zarr]

Each reader opens the atlas, then chooses a gene (most often), a factor or the stages every 1 to 3
seconds, with a connection of its own. Genes are drawn from all of the atlas, each as often, and
all were asked for before: the cache of a worker is full by then, and does not hold all. Printed are
answers, errors, the milliseconds of a gene's bytes, how many genes were asked for, and the memory
of the workers (PSS, Linux only) once readers have come and at the end. Without a store one of
`--genes` is made, without a fit, and left at `--keep` where that is given.
"""

from __future__ import annotations

import argparse
import http.client
import json
import random
import tempfile
import threading
import time
from pathlib import Path

import numpy as np
from bench_http import make_store, start
from bench_selection import connect

from training.store import open_atlas

SPOTS, GENES = 514_415, 2_366
READERS = 50
FILLERS, SHARES = 16, 8
"""Connections that fill the caches, and the shares of the genes that they take turns with."""
WORKERS = 2
TARGET_P95_MS, TARGET_PSS_MB = 100.0, 500.0
GROWTH = 1.2
"""Memory at the end over that once the caches are warm; what is more than this is not flat."""


class Load:
    """What all readers together saw."""

    def __init__(self) -> None:
        self.gene_ms: list[float] = []
        self.genes: set[str] = set()
        self.answers = 0
        self.errors: list[str] = []
        self.lock = threading.Lock()

    def ask(self, connection: http.client.HTTPConnection, address: str, gene: str = "") -> None:
        began = time.perf_counter()
        try:
            connection.request("GET", address, headers={"Accept-Encoding": "zstd, br, gzip"})
            answer = connection.getresponse()
            answer.read()
            fault = "" if answer.status == 200 else f"{address}: status {answer.status}"
        except (OSError, http.client.HTTPException) as error:
            connection.close()
            fault = f"{address}: {error!r}"
        took = 1000 * (time.perf_counter() - began)
        with self.lock:
            self.answers += 1
            if gene:
                self.gene_ms.append(took)
                self.genes.add(gene)
            if fault:
                self.errors.append(fault)

    def read(self, host: str, port: int, base: str, genes: list[str], k: int, until: float) -> None:
        """One reader, until the clock says so."""
        chance = random.Random(k)
        connection = http.client.HTTPConnection(host, port, timeout=60)
        time.sleep(chance.uniform(0, 3))
        for part in ("", "/coordinates/spatial", "/coordinates/umap", "/values/obs/domain"):
            self.ask(connection, base + part)
        while time.monotonic() < until:
            time.sleep(chance.uniform(1, 3))
            what = chance.random()
            if what < 0.7:
                gene = chance.choice(genes)
                self.ask(connection, f"{base}/values/gene/{gene}", gene)
            elif what < 0.85:
                self.ask(connection, f"{base}/values/factor/{chance.randrange(6)}")
            else:
                self.ask(connection, f"{base}/values/obs/stage")


def fill(load: Load, host: str, port: int, base: str, genes: list[str]) -> float:
    """Ask for every gene twice, over connections that both workers have a part of; seconds."""

    def ask(k: int) -> None:
        connection = http.client.HTTPConnection(host, port, timeout=60)
        for gene in genes[k % SHARES :: SHARES]:
            load.ask(connection, f"{base}/values/gene/{gene}")

    began = time.perf_counter()
    fillers = [threading.Thread(target=ask, args=(k,)) for k in range(FILLERS)]
    for filler in fillers:
        filler.start()
    for filler in fillers:
        filler.join()
    return time.perf_counter() - began


def workers_pss(parent: int) -> list[float]:
    """Megabytes (PSS) of each child of a process; [] where the system does not tell."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            if int(stat.read_text().rsplit(")", 1)[1].split()[1]) != parent:
                continue
            rows = (stat.parent / "smaps_rollup").read_text().splitlines()
        except OSError:
            continue
        found += [int(row.split()[1]) / 1024 for row in rows if row.startswith("Pss:")]
    return found


def measure(
    host: str, port: int, parent: int, genes: list[str], seconds: float
) -> tuple[dict[str, float], Load]:
    _, atlas = connect(host, port)
    base = atlas["base"]
    before = Load()
    filled = fill(before, host, port, base, genes)
    load, until = Load(), time.monotonic() + seconds
    load.errors += before.errors
    readers = [
        threading.Thread(target=load.read, args=(host, port, base, genes, k, until))
        for k in range(READERS)
    ]
    for reader in readers:
        reader.start()
    # By then every reader has opened the atlas.
    time.sleep(seconds / 4)
    early = workers_pss(parent)
    for reader in readers:
        reader.join()
    late = workers_pss(parent)
    return {
        "spots": atlas["n_spots"],
        "genes": len(genes),
        "readers": READERS,
        "fill_seconds": filled,
        "seconds": seconds,
        "answers": load.answers,
        "errors": len(load.errors),
        "genes_asked": len(load.genes),
        "gene_ms_p50": float(np.percentile(load.gene_ms, 50)),
        "gene_ms_p95": float(np.percentile(load.gene_ms, 95)),
        "gene_ms_most": max(load.gene_ms),
        "pss_mb_early": max(early, default=float("nan")),
        "pss_mb_end": max(late, default=float("nan")),
        "target_p95_ms": TARGET_P95_MS,
        "target_pss_mb": TARGET_PSS_MB,
    }, load


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--store", type=Path)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--seconds", type=float, default=120.0)
    parser.add_argument("--genes", type=int, default=GENES)
    parser.add_argument("--keep", type=Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        store = options.store
        if store is None:
            store = options.keep or Path(folder) / "load.atlas.zarr"
            make_store(store, n_spots=SPOTS, n_genes=options.genes)
        names = open_atlas(store).genes
        process, host, port = start(store, Path(folder) / "jobs", WORKERS)
        try:
            found, load = measure(host, port, process.pid, names, options.seconds)
        finally:
            process.terminate()
            process.wait()
    print(json.dumps({name: round(value, 3) for name, value in found.items()}, indent=2))
    if options.json:
        options.json.write_text(json.dumps(found, indent=2) + "\n")
    if load.errors:
        raise SystemExit(f"{len(load.errors)} errors, the first: {load.errors[0]}")
    if found["gene_ms_p95"] > TARGET_P95_MS:
        raise SystemExit(f"one gene in twenty takes more than {TARGET_P95_MS} ms")
    if found["pss_mb_end"] > min(TARGET_PSS_MB, GROWTH * found["pss_mb_early"]):
        raise SystemExit("a worker's memory grows, or is more than it should be")


if __name__ == "__main__":
    main()
