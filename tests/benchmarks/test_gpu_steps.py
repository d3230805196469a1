"""The GPU benchmark runs from a checkout with torch, numpy and scipy alone, here on a CPU."""

from __future__ import annotations

import dataclasses
import json
import os
import runpy
import subprocess
import sys
from pathlib import Path

import pytest

from training.config import LossConfig, TrainConfig

PROGRAM = Path(__file__).with_name("gpu_steps.py")
# What the package depends on besides; torch brings what it needs itself.
ABSENT = ["anndata", "pandas", "sklearn", "scanpy", "zarr", "typer", "rich", "h5py", "pydantic"]
ABSENT += ["igraph", "umap", "matplotlib", "dash", "numba"]
BLOCKED = (
    f"import runpy, sys; sys.modules.update(dict.fromkeys({ABSENT})); "
    "sys.argv = sys.argv[1:]; runpy.run_path(sys.argv[0], run_name='__main__')"
)


def test_it_runs_with_three_packages_and_says_what_it_measured(tmp_path: Path) -> None:
    out = tmp_path / "steps.json"
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    # No GPU, also where there is one: the sizes are those of a test.
    environment |= {"OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": ""}
    done = subprocess.run(
        [sys.executable, "-c", BLOCKED, str(PROGRAM), "--json", str(out)],
        env=environment,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    result = json.loads(out.read_text())
    assert json.loads(done.stdout) == result
    assert result["device"].startswith("CPU")
    assert result["sizes"] == "small"
    assert "gpu_steps.py" in result["command"]
    assert all(result[name] for name in ("torch", "numpy", "scipy", "python"))
    lgcn = result["lgcn"]
    plain, short = lgcn["float32"], lgcn["bfloat16"]
    for form in (plain, short, lgcn["deterministic"]):
        assert form["seconds_per_step"] > 0
        assert form["peak_gb"] > 0
        projected = form["projected_seconds_of_10000_steps"]
        assert abs(projected - 1e4 * form["seconds_per_step"]) < 0.1
    # A CPU repeats in any case; bfloat16 differs, a little.
    assert lgcn["deterministic"]["losses_after"] == plain["losses_after"]
    assert short["losses_after"] != plain["losses_after"]
    for name, value in plain["losses_after"].items():
        assert abs(short["losses_after"][name] - value) <= 0.02 * abs(value) + 0.02, name
    assert 0 < lgcn["features_of_514415_spots_gb"] < 10
    attention = result["attention"]
    ratio = attention["dense"]["seconds_per_step"] / attention["ours"]["seconds_per_step"]
    assert abs(attention["ratio"] - ratio) <= 0.1 * ratio + 0.1


@pytest.mark.parametrize(("name", "config"), [("Training", TrainConfig), ("Weights", LossConfig)])
def test_it_steps_with_the_settings_of_a_fit(
    name: str, config: type[TrainConfig] | type[LossConfig]
) -> None:
    """A copy, since settings need a package that the benchmark goes without."""
    copied = runpy.run_path(str(PROGRAM.with_name("step_data.py")))[name]
    for field in dataclasses.fields(copied):
        if field.name not in ("batch", "steps"):
            assert field.default == config.model_fields[field.name].default, field.name
