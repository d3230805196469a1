"""The types that JSDoc gives in assets/, checked by the TypeScript compiler."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

HERE = Path(__file__).parent


def compiled(project: Path) -> str:
    """What `tsc` says of a project; nothing where all types hold."""
    compiler = shutil.which("tsc")
    if compiler is None:
        if os.environ.get("CI"):
            pytest.fail("no tsc on the PATH; .ci/node installs it")
        pytest.skip("no tsc on the PATH")
    done = subprocess.run(
        [compiler, "--project", str(project)],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    return done.stdout + done.stderr


def test_types_of_the_scripts_hold() -> None:
    assert compiled(HERE) == ""


def test_a_wrong_type_is_told(tmp_path: Path) -> None:
    """Scripts that import those of assets are held to what these say."""
    camera = (HERE.parents[1] / "assets" / "canvas" / "camera.mjs").as_posix()
    (tmp_path / "wrong.mjs").write_text(
        f'import {{ Camera }} from "{camera}";\nnew Camera().zoom("2", 0, 0);\n'
    )
    settings = (HERE / "tsconfig.json").as_posix()
    (tmp_path / "tsconfig.json").write_text(
        f'{{"extends": "{settings}", "include": ["wrong.mjs"]}}'
    )
    assert "Argument of type 'string' is not assignable" in compiled(tmp_path)
