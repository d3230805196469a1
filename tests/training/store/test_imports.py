"""The store is a leaf: quick to import, and in need of NumPy and Zarr only."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

HEAVY = ("pandas", "anndata", "scipy", "torch", "sklearn", "scanpy", "dash", "h5py")


def run_python(code: str, *arguments: str) -> dict[str, object]:
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    return json.loads(done.stdout)


def test_importing_costs_little() -> None:
    # Processor time, so that a busy machine does not decide.
    found = run_python(
        "import json, sys, time\n"
        "start = time.process_time()\n"
        "import training.store\n"
        "took = time.process_time() - start\n"
        "print(json.dumps({'took': took, 'modules': sorted(sys.modules)}))"
    )
    assert isinstance(found["took"], float)
    assert found["took"] < 0.5
    assert "zarr" not in found["modules"]  # type: ignore[operator]


def test_browsing_needs_no_heavy_library(pristine: Path) -> None:
    found = run_python(
        "import json, sys\n"
        "from training.store import *\n"
        "import training.store\n"
        "[getattr(training.store, name) for name in training.store.__all__]\n"
        "atlas = open_atlas(sys.argv[1])\n"
        "atlas.gene('MYH7'), atlas.values('obs', 'domain'), atlas.find_genes('m')\n"
        "atlas.obs('label'), atlas.model(), factors_csv(atlas), validate_store(sys.argv[1])\n"
        "print(json.dumps({'modules': sorted(sys.modules)}))",
        str(pristine),
    )
    modules = found["modules"]
    assert isinstance(modules, list)
    assert not set(HEAVY) & set(modules)
    assert not [m for m in modules if m.startswith("training.") and "store" not in m]
