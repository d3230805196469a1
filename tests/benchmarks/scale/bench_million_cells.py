"""A whole fit of a million cells of an imaging panel: seconds a step and peak memory.

    python tests/benchmarks/scale/bench_million_cells.py [--slices FOLDER] [--json FILE]

1,000,000 cells in 8 slices, 300 genes. Without FOLDER the series is simulated once and kept in the
user's cache.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from measure import fit_measured, report, simulate_once

PRESET = "imaging-panel"


def main(argv: list[str] | None = None) -> int:
    options = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    options.add_argument("--slices", type=Path)
    options.add_argument("--json", type=Path)
    chosen = options.parse_args(argv)
    folder = simulate_once(PRESET, chosen.slices)
    report({"preset": PRESET, **fit_measured(folder)}, chosen.json)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
