from __future__ import annotations

import subprocess
import sys
from pathlib import Path

FORBID = """
import sys

class Forbid:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in {names!r}:
            raise ImportError(name + " is forbidden here")

sys.meta_path.insert(0, Forbid())
"""


def run(code: str, *arguments: object, forbidden: set[str] | None = None) -> str:
    if forbidden:
        code = FORBID.format(names=forbidden) + code
    command = [sys.executable, "-c", code, *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_importing_the_package_costs_nothing() -> None:
    loaded = run("import atlas_app, atlas_app.serve, sys; print(' '.join(sys.modules))").split()
    assert not {"dash", "flask", "plotly", "torch", "zarr", "anndata", "gunicorn"} & set(loaded)


def test_browsing_needs_no_torch_and_nothing_of_training_but_store_and_statistics(
    store: Path, tmp_path: Path
) -> None:
    code = """
from pathlib import Path
from atlas_app.app import create_app
from atlas_app.settings import Settings

apps = [
    create_app(Settings(stores=(Path(sys.argv[1]),), job_folder=Path(sys.argv[2]), prefix=prefix))
    for prefix in ("", "/second")
]
client = apps[0].server.test_client()
for address in ("/", "/health", "/api/v1/atlases/test", "/api/v1/atlases/test/values/gene/MYH7"):
    assert client.get(address).status_code == 200, address
assert apps[1].server.test_client().get("/second/health").status_code == 200
print(" ".join(name for name in sys.modules if name.startswith("training")))
"""
    heavy = {"torch", "sklearn", "scanpy", "anndata", "umap", "typer"}
    loaded = run(code, store, tmp_path / "jobs", forbidden=heavy).split()
    light = ("training.store", "training.statistics")
    assert all(
        name == "training" or any(f"{name}.".startswith(f"{package}.") for package in light)
        for name in loaded
    ), loaded
