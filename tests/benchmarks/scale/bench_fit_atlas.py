"""Whole fits with export of a large series: seconds and peak memory of `atlas fit`.

    python tests/benchmarks/scale/bench_fit_atlas.py [--slices FOLDER] [--json FILE]

514,415 spots in 8 slices, all 2,366 genes fitted. Without FOLDER the series is simulated once and
kept in the user's cache.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from measure import fit_measured, report, simulate_once

PRESET = "embryo-atlas"


def main(argv: list[str] | None = None) -> int:
    options = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    options.add_argument("--slices", type=Path)
    options.add_argument("--json", type=Path)
    chosen = options.parse_args(argv)
    folder = simulate_once(PRESET, chosen.slices)
    report({"preset": PRESET, **fit_measured(folder, "genes.n_genes=2366")}, chosen.json)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
