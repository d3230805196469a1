"""What it costs `atlas extend` to rehearse each panel of genes as mapping does: seconds, with and
without, as fresh processes.

    python tests/benchmarks/bench_extend.py [STORE SLICES] [--runs 3]

SLICES are new ones, as `atlas extend` takes them. Without a store that of `make demo` is taken,
and one of its slices under another name, moved aside and with some counts taken away.
"""

from __future__ import annotations

import argparse
import json
import platform
import runpy
import sys
import tempfile
from pathlib import Path

import anndata as ad
import numpy as np

BENCH = runpy.run_path(str(Path(__file__).with_name("bench_projection.py")))
CHILD = """
import sys
from pathlib import Path

from training.config import Config
from training.extension import extend

store, slices, out, how = sys.argv[1:]
if how == "without":
    extend.rehearse_query = extend.learn_trust = lambda *given: None
atlas = extend.open_atlas(store)
extend.extend_atlas(store, Path(slices), Path(out), extend.reading_settings(atlas, Config()))
"""


def make_new(slices: Path, out: Path) -> Path:
    """A slice that the atlas does not have: another's with a tenth of the counts taken away."""
    section = ad.read_h5ad(slices)
    generator = np.random.default_rng(0)
    section.X.data = generator.binomial(section.X.data.astype(int), 0.9).astype(np.float32)
    section.X.eliminate_zeros()
    section.obsm["spatial"] = section.obsm["spatial"] + 1
    section.obs["slice"] = "new"
    section.obs_names = [f"new {name}" for name in section.obs_names]
    section.write_h5ad(out / "new.h5ad")
    return out / "new.h5ad"


def main(argv: list[str] | None = None) -> int:
    options = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    demo = Path(__file__).resolve().parents[2] / "demo"
    options.add_argument("store", type=Path, nargs="?", default=demo / "embryo.atlas.zarr")
    options.add_argument("slices", type=Path, nargs="?")
    options.add_argument("--runs", type=int, default=3)
    options.add_argument("--json", type=Path)
    chosen = options.parse_args(argv)
    rows: dict[str, dict[str, float]] = {}
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        new = chosen.slices or make_new(demo / "slices" / "E12.5_A.h5ad", folder)
        runs: dict[str, list[dict[str, float]]] = {"with": [], "without": []}
        for number in range(chosen.runs):
            for how, taken in runs.items():
                out = folder / f"{how}{number}.atlas.zarr"
                paths = [str(chosen.store.resolve()), str(new.resolve()), str(out)]
                command = [sys.executable, "-c", CHILD, *paths, how]
                taken.append(BENCH["run_once"](command, Path.cwd()))
        rows = {how: BENCH["summarise"](taken) for how, taken in runs.items()}
    result = {"rows": rows, "runs": chosen.runs, "machine": platform.machine()}
    print(json.dumps(result, indent=2))
    if chosen.json:
        chosen.json.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
