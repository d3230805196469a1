"""Training steps on a GPU where there is one, with their projected time and peak memory.

    python tests/benchmarks/gpu_steps.py [--sizes full|small] [--steps N] [--json FILE]

LGCN: 8 x 2,048 spots of 2,366 genes, 60 factors, in float32, in bfloat16 and with deterministic
algorithms. Attention: two whole slices of 8,000 spots of 1,000 genes, 20 factors, beside the
published model's dense form. Without a GPU the sizes are small, and only show that it runs.

Runs from a source checkout with nothing installed but torch (2.11 or later), numpy and scipy, and
draws its own data.
"""

from __future__ import annotations

import argparse
import json
import platform
import resource
import shlex
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import scipy
import torch

sys.path.insert(0, str(Path(__file__).resolve().parent))
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from dense_reference import DenseStep
from step_data import Shape, Spots, make_spots, make_trainer

from training.inputs.resident import measure_resident

WHOLE, ATLAS_SPOTS = 10_000, 514_415


@dataclass(frozen=True)
class Sizes:
    """Spots per slice in a step, slices and genes of LGCN; spots per slice and genes of attention;
    steps timed."""

    batch: int
    slices: int
    genes: int
    attended: int
    attended_genes: int
    steps: int


SIZES = {
    "full": Sizes(2_048, 8, 2_366, 8_000, 1_000, 200),
    "small": Sizes(128, 3, 300, 400, 200, 2),
}
FORMS: dict[str, dict[str, Any]] = {
    "float32": {},
    "bfloat16": {"precision": "bfloat16"},
    "deterministic": {"deterministic": True},
}


class Clock:
    """Seconds and peak memory of repeated calls on a device."""

    def __init__(self, device: torch.device) -> None:
        self.device, self.on_gpu = device, device.type == "cuda"

    def measure(self, call: Callable[[], object], times: int) -> dict[str, Any]:
        """Mean seconds after two calls that are not counted, and the peak in gigabytes.

        On a CPU the peak is that of the process, all that went before included.
        """
        for _ in range(2):
            call()
        self._finish()
        if self.on_gpu:
            torch.cuda.reset_peak_memory_stats()
        began = time.perf_counter()
        for _ in range(times):
            call()
        self._finish()
        seconds = (time.perf_counter() - began) / times
        return {"seconds_per_step": float(f"{seconds:.4g}"), "peak_gb": round(self._peak(), 3)}

    def _peak(self) -> float:
        if self.on_gpu:
            return torch.cuda.max_memory_allocated() / 1e9
        # Kilobytes on Linux, bytes on macOS.
        unit = 1 if sys.platform == "darwin" else 1024
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e9

    def _finish(self) -> None:
        if self.on_gpu:
            torch.cuda.synchronize()


def measure_lgcn(sizes: Sizes, steps: int, clock: Clock) -> dict[str, Any]:
    spots = make_spots(sizes.slices, 2 * sizes.batch, sizes.genes)
    found: dict[str, Any] = {
        "spots_per_step": f"{sizes.slices} x {sizes.batch}",
        "genes": sizes.genes,
        "detected_genes": round(spots.counts.nnz / spots.counts.shape[0]),
    }
    for name, settings in FORMS.items():
        trainer = make_trainer(spots, Shape(), sizes.slices * sizes.batch, clock.device, **settings)
        run = trainer.run()
        measured = clock.measure(lambda run=run: next(run), steps)
        losses = next(run)
        drawn = trainer._draw()
        found[name] = {
            **measured,
            f"projected_seconds_of_{WHOLE}_steps": round(measured["seconds_per_step"] * WHOLE, 1),
            "losses_after": {key: float(f"{value:.5g}") for key, value in losses._asdict().items()},
        }
    found["gathering_of_a_batch"] = clock.measure(
        lambda: trainer.source.gather(drawn, clock.device), 5
    )["seconds_per_step"]
    found["drawing_on_the_host"] = clock.measure(trainer._draw, 5)["seconds_per_step"]
    found["features_lie"] = "on the device" if trainer.source is not trainer.features else "on host"
    size = measure_resident(trainer.features) / trainer.features.n_spots
    found[f"features_of_{ATLAS_SPOTS}_spots_gb"] = round(size * ATLAS_SPOTS / 1e9, 2)
    return found


def measure_attention(sizes: Sizes, steps: int, clock: Clock) -> dict[str, Any]:
    spots: Spots = make_spots(2, sizes.attended, sizes.attended_genes)
    trainer = make_trainer(spots, Shape("gat"), 2 * sizes.attended, clock.device, n_factors=20)
    ours = clock.measure(trainer.run().__next__, steps)
    del trainer
    dense = clock.measure(
        DenseStep(spots, None, 20, device=clock.device).take_step, max(steps // 10, 2)
    )
    return {
        "spots": f"2 x {sizes.attended}",
        "genes": sizes.attended_genes,
        "ours": ours,
        "dense": dense,
        "ratio": round(dense["seconds_per_step"] / ours["seconds_per_step"], 1),
    }


def main(argv: list[str] | None = None) -> int:
    options = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    options.add_argument("--sizes", choices=SIZES, help="full on a GPU, small on a CPU")
    options.add_argument("--steps", type=int, help="steps timed; 200 at full sizes, 2 at small")
    options.add_argument("--json", type=Path)
    chosen = options.parse_args(argv)
    on_gpu = torch.cuda.is_available()
    clock = Clock(torch.device("cuda" if on_gpu else "cpu"))
    name = chosen.sizes or ("full" if on_gpu else "small")
    sizes = SIZES[name]
    steps = chosen.steps or sizes.steps
    result = {
        "device": torch.cuda.get_device_name() if on_gpu else f"CPU, {platform.machine()}",
        "threads": torch.get_num_threads(),
        "python": platform.python_version(),
        "torch": torch.__version__,
        "numpy": np.__version__,
        "scipy": scipy.__version__,
        "cuda": torch.version.cuda if on_gpu else None,
        "command": shlex.join(["python", *sys.argv]),
        "sizes": name,
        "steps": steps,
        "lgcn": measure_lgcn(sizes, steps, clock),
        "attention": measure_attention(sizes, steps, clock),
    }
    print(json.dumps(result, indent=2))
    if chosen.json:
        chosen.json.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
