"""The shape of the project: arrows between packages, style, types, light imports, clean files."""

from __future__ import annotations

import ast
import json
import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
CODE = ("training", "atlas_app", "tests")
SOURCE_LINES = 400
TEST_LINES = 500
HEAVY = ("torch", "dash", "sklearn", "scanpy", "umap", "rdata", "plotly")
LIGHT_SECONDS = 2.0
APP_MAY_IMPORT = {
    "training.store": "anywhere",
    "training.statistics": "anywhere",
    "training.projection": "in functions",
}


def run(*command: str) -> None:
    """Run a checker in the repository; its output is the failure message."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "NO_COLOR": "1"}
    done = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=500, check=False
    )
    shown = f"$ {' '.join(command)}\n{done.stdout}{done.stderr}"
    assert done.returncode == 0, shown


@cache
def tracked_files() -> tuple[Path, ...]:
    """Files of the repository, without those git ignores; of an unpacked archive, all."""
    try:
        listed = subprocess.run(
            ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True
        ).stdout.decode()
        paths = [ROOT / name for name in listed.split("\0") if name]
    except (OSError, subprocess.CalledProcessError):
        hidden = re.compile(r"(^|/)(\.(?!ci/)[^/]*|__pycache__|[^/]*\.egg-info)(/|$)")
        paths = [
            path
            for path in ROOT.rglob("*")
            if path.is_file() and not hidden.search(path.relative_to(ROOT).as_posix())
        ]
    return tuple(sorted(path for path in paths if path.is_file()))


def text_of(path: Path) -> str | None:
    """The text of a file, None of a binary one."""
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return None


def imports(path: Path) -> Iterator[tuple[str, int, bool]]:
    """Modules a file imports: name, line, and whether it happens when the file is loaded."""

    def visit(node: ast.AST, at_load: bool) -> Iterator[tuple[str, int, bool]]:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.Import):
                for alias in child.names:
                    yield alias.name, child.lineno, at_load
            elif isinstance(child, ast.ImportFrom):
                assert child.level == 0, f"{path}:{child.lineno}: a relative import"
                module = child.module or ""
                if module == "training":
                    for alias in child.names:
                        yield f"training.{alias.name}", child.lineno, at_load
                else:
                    yield module, child.lineno, at_load
            elif isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test):
                # Never run; what it names is held to the same list, as if in a function.
                yield from visit(child, at_load=False)
            else:
                function = isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
                yield from visit(child, at_load and not function)

    yield from visit(ast.parse(path.read_text(encoding="utf-8")), at_load=True)


def test_import_arrows_hold() -> None:
    run(str(Path(sys.executable).with_name("lint-imports")), "--no-cache")


def test_style_holds() -> None:
    run(sys.executable, "-m", "ruff", "check", "--no-cache", *CODE)


def test_formatting_holds() -> None:
    run(sys.executable, "-m", "ruff", "format", "--no-cache", "--check", *CODE)


@pytest.mark.slow
def test_types_hold() -> None:
    run(sys.executable, "-m", "mypy")


def test_the_app_takes_nothing_of_training_but_stores_and_projection() -> None:
    wrong = []
    for path in sorted((ROOT / "atlas_app").rglob("*.py")):
        for module, line, at_load in imports(path):
            if module.split(".")[0] != "training":
                continue
            part = ".".join(module.split(".")[:2])
            allowed = APP_MAY_IMPORT.get(part)
            if allowed is None or (allowed == "in functions" and at_load):
                wrong.append(f"{path.relative_to(ROOT)}:{line}: {module}")
    assert not wrong, "\n".join(wrong)


def test_training_takes_nothing_of_the_app() -> None:
    wrong = [
        f"{path.relative_to(ROOT)}:{line}: {module}"
        for path in sorted((ROOT / "training").rglob("*.py"))
        for module, line, _ in imports(path)
        if module.split(".")[0] in ("atlas_app", "dash", "plotly", "flask")
    ]
    assert not wrong, "\n".join(wrong)


def test_starting_the_command_line_is_light() -> None:
    program = (
        "import sys, json, time; before = time.process_time(); import training.cli; "
        "print(json.dumps([time.process_time() - before, sorted(sys.modules)]))"
    )
    seconds = []
    for _ in range(3):
        done = subprocess.run(
            [sys.executable, "-c", program],
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        took, modules = json.loads(done.stdout)
        seconds.append(took)
        heavy = sorted(set(modules) & set(HEAVY))
        assert not heavy, f"importing training.cli imports {', '.join(heavy)}"
        # Once is enough: others on the machine can only make it slower.
        if took < LIGHT_SECONDS:
            break
    assert min(seconds) < LIGHT_SECONDS


def test_files_are_short() -> None:
    long = []
    for path in tracked_files():
        name = path.relative_to(ROOT)
        if name.suffix not in (".py", ".js", ".mjs"):
            continue
        limit = TEST_LINES if name.parts[0] == "tests" else SOURCE_LINES
        count = len(path.read_text(encoding="utf-8").splitlines())
        if count > limit:
            long.append(f"{name}: {count} lines, at most {limit}")
    assert not long, "\n".join(long)


def test_no_file_names_one_machine_or_one_package_registry() -> None:
    # Written in pieces, or this file would name them.
    patterns = {
        "a folder of one machine": r"(?<![\w.~$}/-])/(work|home|root|Users|mnt)/\w",
        "a Windows folder": r"\b[A-Z]:\\\\?Users\b",
        "a local file address": "file:" + "//",
        "a package registry": "|".join(
            re.escape("".join(parts))
            for parts in (
                ("pypi", ".org"),
                ("pythonhosted", ".org"),
                ("download.py", "torch.org"),
                ("anaconda", ".org"),
                ("registry.npm", "js.org"),
            )
        ),
        "a chosen index": r"--(extra-)?index-" + "url",
    }
    wrong = []
    for path in tracked_files():
        text = text_of(path)
        if text is None or path == Path(__file__).resolve():
            continue
        for number, line in enumerate(text.splitlines(), start=1):
            for what, pattern in patterns.items():
                if re.search(pattern, line):
                    place = f"{path.relative_to(ROOT)}:{number}"
                    wrong.append(f"{place}: {what}: {line.strip()[:100]}")
    assert not wrong, "\n".join(wrong)


def test_every_package_is_listed_for_the_wheel() -> None:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]
    found = {
        ".".join(path.parent.relative_to(ROOT).parts)
        for top in ("training", "atlas_app")
        for path in (ROOT / top).rglob("__init__.py")
    }
    from_folders = set(settings["package-dir"])
    assert set(settings["packages"]) - from_folders == found
    for folder in settings["package-dir"].values():
        assert (ROOT / folder).is_dir()


def test_the_top_level_holds_what_the_design_names() -> None:
    folders = {path.relative_to(ROOT).parts[0] for path in tracked_files() if path.parent != ROOT}
    expected = {".ci", "data_manifest", "assets", "training", "atlas_app", "tests"}
    assert folders <= expected, f"not in the design: {sorted(folders - expected)}"


@pytest.mark.parametrize("word", ["TODO", "FIXME", "XXX"])
def test_nothing_is_left_for_later(word: str) -> None:
    left = []
    for path in tracked_files():
        if path.suffix in (".py", ".js", ".mjs", ".css") and path != Path(__file__).resolve():
            for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
                if re.search(rf"\b{word}\b", line):
                    left.append(f"{path.relative_to(ROOT)}:{number}")
    assert not left, "\n".join(left)
