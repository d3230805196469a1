"""Scripts without a page: each test of a *.test.mjs is a test here, run by Node."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).parent
ASSETS = HERE.parents[1] / "assets"
TEST = re.compile(r'^test\("((?:[^"\\]|\\.)+)"', re.MULTILINE)
PATIENCE = 120


def find_node() -> str:
    """The program; where there is none the test is skipped, or fails under CI."""
    found = shutil.which("node") or shutil.which("nodejs")
    if found is None:
        if os.environ.get("CI"):
            pytest.fail("no node on the PATH; .ci/node installs it")
        pytest.skip("no node on the PATH")
    return found


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.File | None:
    if file_path.name.endswith(".test.mjs"):
        return ScriptFile.from_parent(parent, path=file_path)
    return None


class ScriptFile(pytest.File):
    """One file of tests: run once, when the first of its tests is."""

    def collect(self) -> Iterator[pytest.Item]:
        text = self.path.read_text(encoding="utf-8")
        names = [json.loads(f'"{name}"') for name in TEST.findall(text)]
        assert names, f'{self.path}: no line begins with test("NAME"'
        assert len(set(names)) == len(names), f"{self.path}: a name twice"
        for name in names:
            yield ScriptTest.from_parent(self, name=name)

    @cached_property
    def outcomes(self) -> dict[str, dict[str, Any]]:
        """What became of every test by its name."""
        options = [f"--test-reporter={(HERE / 'reporter.mjs').as_uri()}"]
        ran = subprocess.run(
            [find_node(), *options, "--test-reporter-destination=stdout", str(self.path)],
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
        told = [json.loads(line) for line in ran.stdout.splitlines() if line.startswith("{")]
        if not told:
            raise ScriptFault(ran.stderr or ran.stdout or "node told nothing")
        return {each["name"]: each for each in told}


class ScriptTest(pytest.Item):
    def runtest(self) -> None:
        outcomes = self.parent.outcomes  # type: ignore[union-attr]
        if self.name not in outcomes:
            raise ScriptFault(f"not run; these were: {', '.join(outcomes)}")
        if not outcomes[self.name]["passed"]:
            raise ScriptFault(outcomes[self.name]["fault"])

    def repr_failure(self, excinfo: Any, style: Any = None) -> Any:
        if isinstance(excinfo.value, ScriptFault):
            return str(excinfo.value)
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, int, str]:
        return self.path, 0, self.name


class ScriptFault(Exception):
    """What Node says of a test that failed."""


class Scripts:
    """Modules of `assets/` in a Node that goes on from one call to the next."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def evaluate(self, source: str, argument: object = None) -> Any:
        """What an async function of JavaScript gives for one argument; both as JSON."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps([source, argument]) + "\n")
        self._process.stdin.flush()
        answer = json.loads(self._process.stdout.readline())
        if "fault" in answer:
            raise ScriptFault(answer["fault"])
        return answer["value"]


@pytest.fixture(scope="module")
def scripts() -> Iterator[Scripts]:
    command = [find_node(), str(HERE / "evaluator.mjs"), ASSETS.as_uri()]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        yield Scripts(process)
        assert process.stdin is not None
        process.stdin.close()
