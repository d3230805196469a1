"""The documents in step with the code: commands, settings, routes, the tree, links, examples."""

from __future__ import annotations

import itertools
import json
import re
import shlex
import subprocess
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

ROOT = Path(__file__).resolve().parents[2]
GOLDEN = ROOT / "tests" / "contracts" / "golden" / "v1.atlas.zarr"
README = (ROOT / "README.md").read_text(encoding="utf-8")
CHANGELOG = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
METHOD = (ROOT / "training" / "METHOD.md").read_text(encoding="utf-8")
DOCUMENTS = ("README.md", "CHANGELOG.md", "training/METHOD.md", "training/store/FORMAT.md")
PICTURE_BYTES = 200_000
# Settings whose default is worked out when the server starts; the README says it in words.
IN_WORDS = {"stores", "job_folder", "worker_command"}


def fenced(language: str) -> list[str]:
    """Blocks of code in one language."""
    return re.findall(rf"^```{language}\n(.*?)^```", README, re.MULTILINE | re.DOTALL)


def inline(text: str) -> list[str]:
    """Pieces of code within prose, with line breaks as blanks."""
    prose = re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL)
    return [" ".join(piece.split()) for piece in re.findall(r"`([^`]+)`", prose)]


def commands() -> list[str]:
    """Lines in blocks of code that run `atlas`, continued lines joined."""
    lines = "\n".join(fenced("sh")).replace("\\\n", " ").splitlines()
    return [line.strip() for line in lines if line.startswith("atlas ")]


def rows(heading: str) -> list[list[str]]:
    """Cells of the table under a heading, without its head; escaped bars are bars."""
    section = README.split(f"\n## {heading}\n", 1)[1].split("\n## ", 1)[0]
    lines = [line for line in section.splitlines() if line.startswith("|")]
    return [
        [cell.strip().replace("\\|", "|") for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
        for line in lines[2:]
    ]


@cache
def tree() -> Any:
    """The command line with everything that the app registers."""
    import typer

    from atlas_app.serve import register
    from training.cli import app

    whole: Any = typer.main.get_command(app)
    served = typer.Typer()
    register(served)
    group: Any = typer.main.get_command(served)
    whole.commands.update(group.commands)
    return whole


def leaves(group: Any, name: str = "atlas") -> Iterator[tuple[str, Any]]:
    """Every command with its whole name."""
    for word, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from leaves(command, f"{name} {word}")
        else:
            yield f"{name} {word}", command


def find(words: list[str]) -> tuple[Any, list[str]]:
    """The command that the words after `atlas` name, and the words left for it."""
    command, rest = tree(), list(words)
    while hasattr(command, "commands") and rest and not rest[0].startswith("-"):
        assert rest[0] in command.commands, f"no command {rest[0]!r} in: atlas {' '.join(words)}"
        command = command.commands[rest.pop(0)]
    return command, rest


@pytest.mark.parametrize("line", commands())
def test_a_command_of_the_readme_is_understood(line: str) -> None:
    command, rest = find(shlex.split(line, comments=True)[1:])
    # Parses and converts; nothing is run. An unknown option or a missing one raises.
    with command.make_context(line, rest) as context:
        assert context.command is command


@pytest.mark.parametrize("document", ["README.md", "CHANGELOG.md"])
def test_commands_named_in_prose_exist(document: str) -> None:
    named = [
        piece.removeprefix(".venv/bin/")
        for piece in inline((ROOT / document).read_text(encoding="utf-8"))
    ]
    found = [piece for piece in named if piece.startswith("atlas ")]
    assert found
    for piece in found:
        command, rest = find(piece.split()[1:])
        known = {name for parameter in command.params for name in parameter.opts}
        unknown = [word for word in rest if word.startswith("--") and word not in known]
        assert not unknown, f"{piece}: no option {unknown}"


def test_options_named_alone_are_options_of_some_command() -> None:
    known = {
        option
        for _, command in leaves(tree())
        for parameter in command.params
        for option in parameter.opts
    }
    named = {piece.split()[0] for piece in inline(README) if piece.startswith("--")}
    assert named
    assert named <= known


def test_every_command_is_in_the_readme() -> None:
    said = "\n".join([*commands(), *inline(README)])
    missing = [name for name, _ in leaves(tree()) if name not in said]
    assert not missing, f"the README does not name {missing}"


def test_every_command_and_parameter_has_a_help_text() -> None:
    silent = []
    for name, command in leaves(tree()):
        if not (command.help or "").strip():
            silent.append(name)
        for parameter in command.params:
            if not (parameter.help or "").strip():
                silent.append(f"{name}: {parameter.opts[0]}")
    assert not silent, f"without a help text: {silent}"


def test_the_table_of_settings_is_that_of_the_config() -> None:
    from training.config import Config

    expected = {
        f"{section}.{name}": field.default
        for section, group in Config.model_fields.items()
        if isinstance(group.default, BaseModel)
        for name, field in type(group.default).model_fields.items()
    }
    assert len(expected) > 20
    written = {row[0].strip("`"): row[1].strip("`") for row in rows("Settings of a fit")}
    wrong = [
        f"| `{name}` | `{json.dumps(default)}` | … |"
        for name, default in expected.items()
        if name not in written or json.loads(written[name]) != default
    ]
    assert not wrong, "the README's settings should hold:\n" + "\n".join(wrong)
    assert list(written) == list(expected), "rows that are no settings, or in another order"
    assert all(row[2] for row in rows("Settings of a fit"))


def test_the_method_names_settings_and_rows_that_there_are() -> None:
    from training.benchmark.rows import ROWS
    from training.config import Config

    settings = {
        f"{section}.{name}"
        for section, group in Config.model_fields.items()
        if isinstance(group.default, BaseModel)
        for name in type(group.default).model_fields
    }
    named = {
        piece.partition("=")[0]
        for piece in inline(METHOD)
        if re.match(r"[a-z]+\.[a-z_]+(=|$)", piece)
    }
    assert len(named) > 15
    assert named <= settings, named - settings
    rows_named = re.findall(r"rows? `([a-z_]+)`", METHOD)
    assert rows_named
    assert set(rows_named) <= {row.name for row in ROWS}


def test_the_table_of_server_settings_is_that_of_the_app() -> None:
    from atlas_app.settings import ENVIRONMENT_PREFIX, Settings

    table = rows("Settings of the server")
    written = {row[0].strip("`"): row[1] for row in table}
    fields = Settings.model_fields
    assert list(written) == [ENVIRONMENT_PREFIX + name.upper() for name in fields]
    for name, field in fields.items():
        said = written[ENVIRONMENT_PREFIX + name.upper()]
        if name in IN_WORDS:
            assert said
        else:
            assert json.loads(said.strip("`")) == field.default, f"{name}: {field.default!r}"
    assert all(row[2] for row in table)


def test_the_table_of_extras_is_that_of_the_project() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    written = [row[0].strip("`") for row in rows("Install without make")]
    assert written[0] == "none"
    assert sorted(written[1:]) == sorted(project["optional-dependencies"])


def test_make_targets_in_the_readme_are_those_of_the_makefile() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    (phony,) = re.findall(r"^\.PHONY: (.+)$", makefile, re.MULTILINE)
    targets = set(phony.split())
    assert targets == set(re.findall(r"^([a-z-]+):", makefile, re.MULTILINE))
    code = "\n".join([*fenced("sh"), *inline(README), *inline(CHANGELOG)])
    assert set(re.findall(r"\bmake ([a-z-]+)", code)) == targets
    told = set(re.findall(r'@echo "make ([a-z-]+) ', makefile))
    assert told == targets - {"help"}


def test_the_tree_names_what_exists() -> None:
    (block,) = fenced("text")
    folder: Path = ROOT
    top = set()
    for line in block.splitlines():
        found = re.fullmatch(r"( {2})?(\S+) +(\S.*)", line)
        assert found, f"not an entry: {line!r}"
        indent, name, _ = found.groups()
        place = (folder if indent else ROOT) / name
        exists = place.is_dir() if name.endswith("/") else place.is_file()
        assert exists, f"the README's tree names {place.relative_to(ROOT)}, which is not there"
        if not indent:
            top.add(name.strip("/"))
            folder = place
    shown = {name for name in tracked_tops() if not name.startswith(".") or name == ".ci"}
    assert shown - top == {"README.md"}, "the README's tree lacks entries of the top level"


def tracked_tops() -> set[str]:
    """Names at the top level of the repository; of an unpacked archive, all."""
    listed = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if listed.returncode != 0:
        return {path.name for path in ROOT.iterdir() if path.suffix != ".egg-info"}
    return {name.split("/")[0] for name in listed.stdout.splitlines()}


@pytest.mark.parametrize("document", DOCUMENTS)
def test_links_lead_to_files(document: str) -> None:
    path = ROOT / document
    targets = re.findall(r"\]\(([^)\s]+)\)", path.read_text(encoding="utf-8"))
    for target in targets:
        if not re.match(r"https?:|#", target):
            assert (path.parent / target.split("#")[0]).exists(), f"{document}: {target}"


def test_files_named_in_the_readme_exist() -> None:
    code = "\n".join([*fenced("sh"), *inline(README)])
    named = set(re.findall(r"(?<![\w/])(?:tests|training|atlas_app)/[\w/.-]+", code))
    assert "tests/browser/screenshot.py" in named
    missing = [name for name in sorted(named) if not (ROOT / name).exists()]
    assert not missing


def test_the_picture_is_small() -> None:
    (name,) = re.findall(r"!\[[^\]]+\]\(([^)]+)\)", README)
    assert (ROOT / name).stat().st_size <= PICTURE_BYTES


def test_the_routes_of_the_readme_are_served(tmp_path: Path) -> None:
    from atlas_app.api_routes import ROUTES
    from atlas_app.app import create_app
    from atlas_app.settings import Settings

    written = [tuple(row[0].strip("`").split(" ", 1)) for row in rows("HTTP interface")]
    assert written == [(route.method, route.path) for route in ROUTES]
    app = create_app(Settings(stores=(GOLDEN,), job_folder=tmp_path / "jobs"))
    addresses = app.server.url_map.bind("localhost")
    for method, path in written:
        for concrete in spelt_out(path):
            rule, _ = addresses.match(concrete, method=method, return_rule=True)
            assert rule.rule.startswith(("/api/v1/", "/health")), concrete
            assert "<path:" not in rule.rule.removesuffix("<path:name>"), f"not served: {concrete}"


def spelt_out(path: str) -> list[str]:
    """A route's path with each of its alternatives, and something for each parameter."""
    parts = re.split(r"\{([^}]+)\}", path)
    choices = [part.split("|") if i % 2 else [part] for i, part in enumerate(parts)]
    return ["".join(choice) for choice in itertools.product(*choices)]


def test_the_settings_file_of_the_readme_is_read(tmp_path: Path) -> None:
    from training.config import load_config

    block, _ = fenced("toml")
    path = tmp_path / "heart.toml"
    path.write_text(block, encoding="utf-8")
    config = load_config(path)
    assert config.atlas.title == "Developing human heart"
    assert config.stages == {"early": 4.5, "late": 9.0}


def test_the_python_of_the_readme_runs(capsys: pytest.CaptureFixture[str]) -> None:
    (block,) = fenced("python")
    names: dict[str, Any] = {}
    exec(block.replace('"heart.atlas.zarr"', repr(str(GOLDEN))), names)
    atlas = names["atlas"]
    assert len(names["myh7"]) == len(names["share"]) == atlas.n_spots
    assert names["loadings"].shape == (atlas.n_genes, atlas.n_factors)
    assert names["top"][0].rank == 1
    assert atlas.slices[0].name in capsys.readouterr().out


def test_data_sets_named_in_the_readme_exist() -> None:
    from training.sources.manifest import list_datasets

    named = {
        shlex.split(line)[3]
        for line in commands()
        if line.startswith("atlas data ") and not line.startswith("atlas data list")
    }
    assert named
    assert named <= {dataset.name for dataset in list_datasets()}


def test_the_changelog_begins_with_this_version() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    versions = re.findall(r"^## (\S+)", CHANGELOG, re.MULTILINE)
    assert versions[0] == project["version"]


def test_the_format_in_the_changelog_is_that_of_the_store() -> None:
    from training.store import FORMAT_VERSION

    newest = CHANGELOG.split("\n## ")[1]
    assert f"Store format {FORMAT_VERSION}" in newest
