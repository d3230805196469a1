"""The types that JSDoc gives in assets/, checked by the TypeScript compiler."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

HERE = Path(__file__).parent


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """What `tsc` says of the scripts, and of one more that calls one of theirs wrongly."""
    compiler = shutil.which("tsc")
    if compiler is None:
        if os.environ.get("CI"):
            pytest.fail("no tsc on the PATH; .ci/node installs it")
        pytest.skip("no tsc on the PATH")
    folder = tmp_path_factory.mktemp("types")
    camera = (HERE.parents[1] / "assets" / "canvas" / "places" / "camera.mjs").as_posix()
    (folder / "wrong.mjs").write_text(
        f'import {{ Camera }} from "{camera}";\nnew Camera().zoom("2", 0, 0);\n'
    )
    settings = HERE / "tsconfig.json"
    scripts = [
        (HERE / each).resolve().as_posix()
        for each in json.loads(settings.read_text("utf-8"))["include"]
    ]
    project = {"extends": settings.as_posix(), "include": ["wrong.mjs", *scripts]}
    (folder / "tsconfig.json").write_text(json.dumps(project))
    done = subprocess.run(
        [compiler, "--project", str(folder), "--listFiles"],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    return (done.stdout + done.stderr).splitlines()


def test_types_of_the_scripts_hold(told: list[str]) -> None:
    assert [line for line in told if ": error " in line and not line.startswith("wrong.mjs")] == []
    # A pattern that finds nothing is no error of the compiler.
    checked = {Path(line).resolve() for line in told if line.endswith((".js", ".mjs"))}
    assets = HERE.parents[1] / "assets"
    assert {*assets.rglob("*.mjs"), *assets.glob("*.js")} <= checked


def test_a_wrong_type_is_told(told: list[str]) -> None:
    """Scripts that import those of assets are held to what these say."""
    (line,) = (line for line in told if line.startswith("wrong.mjs"))
    assert "Argument of type 'string' is not assignable" in line
