"""A whole fit of 514,415 spots with export: seconds and peak memory of `atlas fit`.

    python tests/benchmarks/scale_fit.py [--slices FOLDER] [--json FILE]

Without FOLDER the preset is simulated once and kept in the user's cache.
"""

from __future__ import annotations

import argparse
import re
import tempfile
from pathlib import Path

import numpy as np

from measure import atlas, report, run_measured, simulate_once

PRESET = "embryo-atlas"


def main(argv: list[str] | None = None) -> int:
    options = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    options.add_argument("--slices", type=Path)
    options.add_argument("--json", type=Path)
    chosen = options.parse_args(argv)
    from sklearn.metrics import adjusted_rand_score

    from training.store import open_atlas

    folder = simulate_once(PRESET, chosen.slices)
    with tempfile.TemporaryDirectory() as temporary:
        store = Path(temporary) / "big.atlas.zarr"
        run = run_measured(atlas("fit", folder, "--out", store, "--set", "genes.n_genes=2366"))
        fitted = open_atlas(store)
        organs = fitted.obs_columns["organ"]
        truth = np.asarray(organs.categories)[np.asarray(fitted.column("organ"))]
        domains = np.asarray(fitted.column("domain"))
        found = {
            "preset": PRESET,
            "spots": fitted.n_spots,
            "genes": fitted.n_genes,
            "seconds": round(run.seconds, 1),
            "peak_gb": round(run.peak_gb, 2),
            "domains": len(fitted.obs_columns["domain"].categories),
            "ari_organs": round(float(adjusted_rand_score(truth, domains)), 3),
            "sketch": fitted.card.get("sketch", {}).get("spots"),
            "steps_per_second": re.findall(r"([\d.]+) steps/s", run.output)[-1:],
        }
    report(found, chosen.json)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
