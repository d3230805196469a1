"""The classic study of four sections: a fit with defaults beside one with ten times the steps.

    python tests/benchmarks/scale/bench_four_sections.py [--slices FOLDER] [--json FILE]

4 x 3,600 spots x 2,000 genes with seven layers. `loss` and `loss_tied` are what the default fit's
domains, and a mixture on its latent, lose in agreement with the layers. Without FOLDER the series
is simulated once and kept in the user's cache.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from measure import fit_measured, report, simulate_once

PRESET = "four-sections"
LONGER = 10


def main(argv: list[str] | None = None) -> int:
    options = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    options.add_argument("--slices", type=Path)
    options.add_argument("--json", type=Path)
    chosen = options.parse_args(argv)
    from training.config import load_config

    folder = simulate_once(PRESET, chosen.slices)
    steps = load_config().train.steps * LONGER
    default = fit_measured(folder)
    unlimited = fit_measured(folder, f"train.steps={steps}")
    result = {
        "preset": PRESET,
        "default": default,
        "unlimited": {"steps": steps, **unlimited},
        "loss": round(unlimited["ari"] - default["ari"], 3),
        "loss_tied": round(unlimited["ari_tied"] - default["ari_tied"], 3),
    }
    report(result, chosen.json)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
