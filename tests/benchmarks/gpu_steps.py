"""LGCN steps on a GPU where there is one: 8 x 2,048 spots of 2,366 genes, 60 factors.

    python tests/benchmarks/gpu_steps.py [--steps N] [--json FILE]

Runs from a source checkout with nothing installed but torch (2.11 or later), numpy and scipy, and
draws its own data. Without a GPU a few steps are taken on the CPU.
"""

from __future__ import annotations

import argparse
import json
import platform
import sys
import time
from pathlib import Path

import numpy as np
import scipy
import torch

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from step_data import Shape, make_spots, make_trainer

BATCH, SLICES, GENES, WHOLE = 2_048, 8, 2_366, 10_000


def main(argv: list[str] | None = None) -> int:
    options = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    options.add_argument("--steps", type=int, help="steps timed; 200 on a GPU, 3 on a CPU")
    options.add_argument("--json", type=Path)
    chosen = options.parse_args(argv)
    on_gpu = torch.cuda.is_available()
    device = torch.device("cuda" if on_gpu else "cpu")
    steps = chosen.steps or (200 if on_gpu else 3)
    trainer = make_trainer(make_spots(SLICES, 2 * BATCH, GENES), Shape(), SLICES * BATCH, device)

    def finish() -> None:
        if on_gpu:
            torch.cuda.synchronize()

    trainer.take_step()
    finish()
    began = time.perf_counter()
    for _ in range(steps):
        trainer.take_step()
    finish()
    seconds = (time.perf_counter() - began) / steps
    began = time.perf_counter()
    for _ in range(3):
        trainer.features.gather(trainer._draw(), device)
    finish()
    gathering = (time.perf_counter() - began) / 3
    result = {
        "device": torch.cuda.get_device_name() if on_gpu else f"CPU, {platform.machine()}",
        "threads": torch.get_num_threads(),
        "python": platform.python_version(),
        "torch": torch.__version__,
        "numpy": np.__version__,
        "scipy": scipy.__version__,
        "cuda": torch.version.cuda if on_gpu else None,
        "steps": steps,
        "seconds_per_step": round(seconds, 4),
        "of_which_gathering_on_the_host": round(gathering, 4),
        "extrapolated_seconds_of_10000_steps": round(seconds * WHOLE),
    }
    print(json.dumps(result, indent=2))
    if chosen.json:
        chosen.json.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
