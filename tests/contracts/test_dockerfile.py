"""The Dockerfile, as far as it can be checked without an engine."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
import tomllib
from dataclasses import dataclass, field
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
TARGETS = ("fit", "serve")


@dataclass
class Stage:
    """One FROM: its name, what it builds on, and its instructions as (word, rest)."""

    name: str
    base: str
    steps: list[tuple[str, str]] = field(default_factory=list)

    def all(self, word: str) -> list[str]:
        return [rest for found, rest in self.steps if found == word]


def parse(text: str) -> dict[str, Stage]:
    """Stages by name. Comment lines are dropped and continued lines joined, as Docker does."""
    lines = [line for line in text.splitlines() if not line.lstrip().startswith("#")]
    joined = re.sub(r"\\\n\s*", " ", "\n".join(lines))
    stages: dict[str, Stage] = {}
    current: Stage | None = None
    for line in joined.splitlines():
        if not line.strip():
            continue
        word, _, rest = line.strip().partition(" ")
        if word == "FROM":
            image, _, name = rest.partition(" AS ")
            current = stages[name.strip()] = Stage(name.strip(), image.strip())
        else:
            assert current is not None, f"{word} stands before the first FROM"
            current.steps.append((word, rest.strip()))
    return stages


@pytest.fixture(scope="module")
def text() -> str:
    return (ROOT / "Dockerfile").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def stages(text: str) -> dict[str, Stage]:
    return parse(text)


def lineage(stages: dict[str, Stage], name: str) -> list[tuple[str, str]]:
    """All instructions of a target with those of the stages it builds on, in order."""
    stage = stages[name]
    before = lineage(stages, stage.base) if stage.base in stages else []
    return before + stage.steps


def environment(steps: list[tuple[str, str]]) -> dict[str, str]:
    pairs = [word for step, rest in steps if step == "ENV" for word in shlex.split(rest)]
    return dict(pair.split("=", 1) for pair in pairs)


def command(stages: dict[str, Stage], word: str, target: str) -> list[str]:
    """The exec form of ENTRYPOINT or CMD; the shell form would swallow signals."""
    (found,) = stages[target].all(word)
    return json.loads(found)


def test_targets_share_the_slim_python_the_project_supports(stages: dict[str, Stage]) -> None:
    assert set(TARGETS) < set(stages)
    for target in TARGETS:
        stage = stages[target]
        while stage.base in stages:
            stage = stages[stage.base]
        assert stage.base == "python:3.11-slim"


@pytest.mark.parametrize("target", TARGETS)
def test_nothing_runs_as_root(stages: dict[str, Stage], target: str) -> None:
    words = [word for word, _ in stages[target].steps]
    (user,) = stages[target].all("USER")
    assert user not in ("root", "0")
    created = " ".join(rest for word, rest in lineage(stages, target) if word == "RUN")
    assert re.search(rf"useradd [^&]*\b{user}\b", created)
    assert words.index("USER") < words.index("ENTRYPOINT")
    assert not {"RUN", "COPY", "ADD"} & set(words[words.index("USER") :])


@pytest.mark.parametrize("target", TARGETS)
def test_the_entry_point_is_the_console_script(stages: dict[str, Stage], target: str) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert command(stages, "ENTRYPOINT", target) == ["atlas"]
    assert "atlas" in project["scripts"]
    assert command(stages, "CMD", target)


def test_what_is_copied_exists_and_no_pattern_keeps_it_out(stages: dict[str, Stage]) -> None:
    kept = {
        line[1:]
        for line in (ROOT / ".dockerignore").read_text().splitlines()
        if line.startswith("!")
    }
    sources = [
        source
        for stage in stages.values()
        for rest in stage.all("COPY")
        for source in shlex.split(rest)[:-1]
    ]
    assert sources
    for source in sources:
        assert (ROOT / source).exists(), f"COPY {source}: not in the repository"
        assert source.rstrip("/") in kept, f"COPY {source}: .dockerignore keeps it out"
    assert {source.rstrip("/") for source in sources} == kept


def test_all_the_wheel_is_made_of_is_copied(stages: dict[str, Stage]) -> None:
    pyproject = tomllib.loads((ROOT / "pyproject.toml").read_text())
    copied = {
        source.rstrip("/") for rest in stages["base"].all("COPY") for source in shlex.split(rest)
    }
    folders = pyproject["tool"]["setuptools"]["package-dir"]
    for package in pyproject["tool"]["setuptools"]["packages"]:
        assert folders.get(package, package.split(".")[0]) in copied
    assert pyproject["project"]["readme"] in copied
    assert set(pyproject["project"]["license-files"]) <= copied


@pytest.mark.parametrize(
    ("target", "extras"),
    [("fit", {"fit", "data"}), ("serve", {"app", "project", "celery", "remote"})],
)
def test_each_target_installs_its_extras_under_the_constraints(
    stages: dict[str, Stage], target: str, extras: set[str]
) -> None:
    known = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    installs = [rest for rest in stages[target].all("RUN") if "pip install" in rest]
    assert len(installs) == 1
    found = re.search(r'"\.\[([\w,]+)\]"', installs[0])
    assert found is not None
    assert set(found[1].split(",")) == extras
    assert extras <= set(known["optional-dependencies"])
    assert "--constraint constraints.txt" in installs[0]


def test_nothing_is_fetched_by_address_and_no_secret_is_built_in(text: str) -> None:
    instructions = "\n".join(
        line for line in text.splitlines() if not line.lstrip().startswith("#")
    )
    assert not re.search(r"^\s*ADD\b", instructions, re.MULTILINE)
    assert not re.search(r"\b(curl|wget)\b", instructions)
    addresses = re.findall(r"https?://([\w.-]+)", text)
    assert set(addresses) <= {"127.0.0.1"}
    assert not re.search(r"(?i)\b\w*(password|secret|token|api_?key)\w*\b", instructions)


def test_health_is_asked_at_a_documented_route_and_the_port_served(
    stages: dict[str, Stage],
) -> None:
    from atlas_app.http.routes import ROUTES

    (check,) = stages["serve"].all("HEALTHCHECK")
    asked = json.loads(check[check.index("CMD") + 3 :])
    paths = re.findall(r"'(/[\w/]+)'", asked[-1])
    assert len(paths) == 1
    assert ("GET", paths[0]) in {(route.method, route.path) for route in ROUTES}
    settings = environment(stages["serve"].steps)
    assert stages["serve"].all("EXPOSE") == [settings["ATLAS_PORT"]]
    assert stages["fit"].all("HEALTHCHECK") == []


@pytest.mark.parametrize(("status", "ends"), [(200, 0), (503, 1)])
def test_the_health_check_is_a_program_that_tells_up_from_down(
    stages: dict[str, Stage], status: int, ends: int
) -> None:
    import threading
    from http.server import BaseHTTPRequestHandler, HTTPServer

    asked: list[str] = []

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(status)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Quiet."""

    (check,) = stages["serve"].all("HEALTHCHECK")
    program = json.loads(check[check.index("CMD") + 3 :])
    assert program[:2] == ["python", "-c"]
    with HTTPServer(("127.0.0.1", 0), Answer) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            done = subprocess.run(
                [sys.executable, *program[1:]],
                env={"ATLAS_PORT": str(server.server_port), "ATLAS_PREFIX": "/hearts"},
                capture_output=True,
                timeout=120,
                check=False,
            )
        finally:
            server.shutdown()
            thread.join()
    assert asked == ["/hearts/health"]
    assert done.returncode == ends


def test_settings_in_the_image_are_settings_of_the_app(stages: dict[str, Stage]) -> None:
    from atlas_app.settings import ENVIRONMENT_PREFIX, Settings

    given = environment(stages["serve"].steps)
    ours = {name for name in given if name.startswith(ENVIRONMENT_PREFIX)}
    assert ours
    assert {name.removeprefix(ENVIRONMENT_PREFIX).lower() for name in ours} <= set(
        Settings.model_fields
    )
    settings = Settings.from_environment(given)
    assert settings.host == "0.0.0.0"
    assert [str(settings.job_folder)] == json.loads(stages["serve"].all("VOLUME")[0])


def test_stores_are_mounted_read_only_and_not_the_servers_to_change(
    text: str, stages: dict[str, Stage]
) -> None:
    mounts = re.findall(r"-v \S+:(/atlas\S*)", text)
    assert mounts
    assert all(mount.endswith(':ro"') for mount in mounts)
    for rest in stages["serve"].all("RUN"):
        assert not re.search(r"(chown|chmod)[^&]* /atlas\b", rest)
    assert "/atlas" not in " ".join(stages["serve"].all("VOLUME") + stages["serve"].all("WORKDIR"))
