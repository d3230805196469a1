"""The documents in step with the code: commands, settings, routes, files, examples."""

from __future__ import annotations

import ast
import importlib
import itertools
import json
import re
import shlex
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

ROOT = Path(__file__).resolve().parents[2]
GOLDEN = ROOT / "tests" / "contracts" / "golden" / "v1.atlas.zarr"
GUIDES = (
    "README.md",
    "training/FITTING.md",
    "training/MAPPING.md",
    "atlas_app/BROWSING.md",
    "atlas_app/SERVING.md",
    "atlas_app/HTTP.md",
    "tests/CONTRIBUTING.md",
    "tests/benchmarks/MEASURED.md",
)
DOCUMENTS = (*GUIDES, "CHANGELOG.md", "training/METHOD.md", "training/store/FORMAT.md")
TEXTS = {name: (ROOT / name).read_text(encoding="utf-8") for name in DOCUMENTS}
CHANGELOG = TEXTS["CHANGELOG.md"]
METHOD = TEXTS["training/METHOD.md"]
# What the tests themselves heed in the environment.
OF_TESTS = {"ATLAS_TEST_DATA", "ATLAS_CHROMIUM"}
# Settings whose default is worked out when the server starts; the table says it in words.
IN_WORDS = {"stores", "job_folder", "worker_command"}


def fenced(language: str, document: str) -> list[str]:
    """A document's blocks of code in one language."""
    return re.findall(rf"^```{language}\n(.*?)^```", TEXTS[document], re.MULTILINE | re.DOTALL)


def everywhere(language: str) -> list[tuple[str, str]]:
    """Documents with their blocks of code in one language."""
    return [(name, block) for name in DOCUMENTS for block in fenced(language, name)]


def inline(text: str) -> list[str]:
    """Pieces of code within prose, with line breaks as blanks."""
    prose = re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL)
    return [" ".join(piece.split()) for piece in re.findall(r"`([^`]+)`", prose)]


def in_prose(*documents: str) -> list[tuple[str, str]]:
    """Documents, all where none is named, with the pieces of code within their prose."""
    return [(name, piece) for name in documents or DOCUMENTS for piece in inline(TEXTS[name])]


def commands() -> list[tuple[str, str]]:
    """Documents with the commands in their blocks that run `atlas`, continued lines joined.

    A command may have variables of the environment before it, or torchrun.
    """
    found = []
    for name, block in everywhere("sh"):
        for line in block.replace("\\\n", " ").splitlines():
            run = re.match(r"(?:[A-Z_]+=\S+ )*(?:torchrun .*--no-python )?(atlas .+)", line.strip())
            if run:
                found.append((name, run[1]))
    return found


def rows(document: str, heading: str = "") -> list[list[str]]:
    """Cells of the tables of a document or of a section of it; escaped bars are bars."""
    section = TEXTS[document]
    if heading:
        section = section.split(f"\n## {heading}\n", 1)[1].split("\n## ", 1)[0]
    bodies = re.findall(r"^\|[-|]+\|\n((?:\|.*\n)+)", section, re.MULTILINE)
    return [
        [cell.strip().replace("\\|", "|") for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
        for body in bodies
        for line in body.splitlines()
    ]


@cache
def settings() -> dict[str, Any]:
    """Every setting of a fit with its default."""
    from training.config import Config

    return {
        f"{section}.{name}": field.default
        for section, group in Config.model_fields.items()
        if isinstance(group.default, BaseModel)
        for name, field in type(group.default).model_fields.items()
    }


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


@pytest.mark.parametrize(("document", "line"), commands())
def test_a_command_in_a_block_is_understood(document: str, line: str) -> None:
    command, rest = find(shlex.split(line, comments=True)[1:])
    # Parses and converts; nothing is run. An unknown option or a missing one raises.
    with command.make_context(line, rest) as context:
        assert context.command is command


def test_commands_named_in_prose_exist() -> None:
    found = set()
    for document, named in in_prose():
        piece = named.removeprefix(".venv/bin/")
        if not piece.startswith("atlas "):
            continue
        found.add(document)
        command, rest = find(piece.split()[1:])
        known = {name for parameter in command.params for name in parameter.opts}
        unknown = [word for word in rest if word.startswith("--") and word not in known]
        assert not unknown, f"{document}: {piece}: no option {unknown}"
    assert {"README.md", "CHANGELOG.md", "tests/benchmarks/MEASURED.md"} <= found


def test_scripts_named_with_options_have_them() -> None:
    lines = [(name, line) for name, block in everywhere("sh") for line in block.splitlines()]
    found = 0
    for document, line in [*lines, *in_prose()]:
        run = re.match(r"(?:\.venv/bin/)?python (tests/\S+\.py)(.*)", line)
        if run:
            script = ROOT / run[1]
            # What the benchmarks of whole fits share has their options too.
            code = [script, *script.parent.glob("measure.py")]
            known = "".join(path.read_text(encoding="utf-8") for path in code)
            for option in re.findall(r"(?<=\s)--[\w-]+", run[2]):
                assert f'"{option}"' in known, f"{document}: {line}"
            found += 1
    assert found > 20


def test_options_named_alone_are_options_of_some_command() -> None:
    known = {
        option
        for _, command in leaves(tree())
        for parameter in command.params
        for option in parameter.opts
    }
    named = {(name, piece.split()[0]) for name, piece in in_prose(*GUIDES) if piece[:2] == "--"}
    assert len(named) > 5
    assert not [(name, option) for name, option in named if option not in known]


def test_every_command_is_in_the_documents() -> None:
    said = "\n".join(piece for _, piece in [*commands(), *in_prose(*GUIDES)])
    missing = [name for name, _ in leaves(tree()) if name not in said]
    assert not missing, f"README and guides do not name {missing}"


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
    expected = settings()
    assert len(expected) > 20
    table = rows("training/FITTING.md", "Settings of a fit")
    written = {row[0].strip("`"): row[1].strip("`") for row in table}
    wrong = [
        f"| `{name}` | `{json.dumps(default)}` | … |"
        for name, default in expected.items()
        if name not in written or json.loads(written[name]) != default
    ]
    assert not wrong, "the settings of FITTING.md should hold:\n" + "\n".join(wrong)
    assert list(written) == list(expected), "rows that are no settings, or in another order"
    assert all(row[2] for row in table)


def test_settings_named_in_prose_are_settings() -> None:
    from training.store import open_atlas

    sections = {name.split(".")[0] for name in settings()}
    atlas = open_atlas(GOLDEN)
    found = set()
    for document, piece in in_prose(*GUIDES):
        name = re.match(r"([a-z]+)\.(?!csv$)([a-z_]+)", piece)
        if name and name[1] in sections:
            # `atlas` is also what the documents call an opened store.
            of_python = name[1] == "atlas" and hasattr(atlas, name[2])
            assert name[0] in settings() or of_python, f"{document}: {piece}"
            found.add(name[0])
    assert len(found) > 15


def test_variables_of_the_environment_are_settings() -> None:
    from atlas_app.settings import ENVIRONMENT_PREFIX, Settings

    known = {ENVIRONMENT_PREFIX + name.upper() for name in Settings.model_fields}
    for document, text in TEXTS.items():
        named = set(re.findall(r"\bATLAS_[A-Z_]+\b", text))
        assert not named - known - OF_TESTS, document


def test_the_method_names_settings_and_rows_that_there_are() -> None:
    from training.benchmark.rows import ROWS

    named = {
        piece.partition("=")[0]
        for piece in inline(METHOD)
        if re.match(r"[a-z]+\.[a-z_]+(=|$)", piece)
    }
    assert len(named) > 15
    assert named <= set(settings()), named - set(settings())
    rows_named = re.findall(r"rows? `([a-z_]+)`", METHOD)
    assert rows_named
    assert set(rows_named) <= {row.name for row in ROWS}


def test_the_table_of_server_settings_is_that_of_the_app() -> None:
    from atlas_app.settings import ENVIRONMENT_PREFIX, Settings

    table = rows("atlas_app/SERVING.md", "Settings of the server")
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
    written = [row[0].strip("`") for row in rows("README.md", "Install without make")]
    assert written[0] == "none"
    assert sorted(written[1:]) == sorted(project["optional-dependencies"])


def test_make_targets_in_the_documents_are_those_of_the_makefile() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    (phony,) = re.findall(r"^\.PHONY: (.+)$", makefile, re.MULTILINE)
    targets = set(phony.split())
    assert targets == set(re.findall(r"^([a-z-]+):", makefile, re.MULTILINE))
    code = "\n".join(piece for _, piece in [*everywhere("sh"), *in_prose()])
    assert set(re.findall(r"\bmake ([a-z-]+)", code)) == targets
    told = set(re.findall(r'@echo "make ([a-z-]+) ', makefile))
    assert told == targets - {"help"}


@pytest.mark.parametrize("document", DOCUMENTS)
def test_files_named_exist(document: str) -> None:
    code = "\n".join([*fenced("sh", document), *inline(TEXTS[document])])
    named = re.findall(
        r"(?<![\w/])(?:tests|training|atlas_app|assets|data_manifest)/[\w/.-]+", code
    )
    missing = [name for name in sorted(set(named)) if not (ROOT / name).exists()]
    assert not missing


def test_the_routes_of_the_documents_are_served(tmp_path: Path) -> None:
    from atlas_app.api_routes import ROUTES
    from atlas_app.app import create_app
    from atlas_app.settings import Settings

    written = [tuple(row[0].strip("`").split(" ", 1)) for row in rows("atlas_app/HTTP.md")]
    assert written == [(route.method, route.path) for route in ROUTES]
    app = create_app(Settings(stores=(GOLDEN,), job_folder=tmp_path / "jobs"))
    addresses = app.server.url_map.bind("localhost")
    for method, path in written:
        for concrete in spelt_out(path):
            rule, _ = addresses.match(concrete, method=method, return_rule=True)
            assert rule.rule.startswith(("/api/v1/", "/health")), concrete
            assert "<path:" not in rule.rule.removesuffix("<path:name>"), f"not served: {concrete}"
    asked = [line for _, block in everywhere("sh") for line in block.splitlines() if "curl" in line]
    assert asked
    for line in asked:
        (path,) = re.findall(r"http://[\w.:]+(/api/v1/[\w/.]*)", line)
        rule, _ = addresses.match(
            path, method="POST" if "--data" in line else "GET", return_rule=True
        )
        assert rule.rule.startswith("/api/v1/"), line


def spelt_out(path: str) -> list[str]:
    """A route's path with each of its alternatives, and something for each parameter."""
    parts = re.split(r"\{([^}]+)\}", path)
    choices = [part.split("|") if i % 2 else [part] for i, part in enumerate(parts)]
    return ["".join(choice) for choice in itertools.product(*choices)]


def test_the_settings_file_of_the_documents_is_read(tmp_path: Path) -> None:
    from training.config import load_config

    # The other one is a file of names: tests/training/naming/test_namesfile.py reads it.
    (document, block), (other, _) = everywhere("toml")
    assert document == other == "training/FITTING.md"
    path = tmp_path / "heart.toml"
    path.write_text(block, encoding="utf-8")
    config = load_config(path)
    assert config.atlas.title == "Developing human heart"
    assert config.stages == {"early": 4.5, "late": 9.0}


@pytest.mark.parametrize(("document", "block"), everywhere("python"))
def test_the_python_of_the_documents_runs(
    document: str, block: str, capsys: pytest.CaptureFixture[str]
) -> None:
    names: dict[str, Any] = {}
    exec(block.replace('"heart.atlas.zarr"', repr(str(GOLDEN))), names)
    atlas = names["atlas"]
    assert len(names["myh7"]) == len(names["share"]) == atlas.n_spots
    assert names["top"][0].rank == 1
    assert atlas.slices[0].name in capsys.readouterr().out
    if document == "training/FITTING.md":
        assert names["loadings"].shape == (atlas.n_genes, atlas.n_factors)
        assert len(names["stability"]) == len(names["names"]) == atlas.n_factors
    else:
        assert document == "README.md"


@pytest.mark.parametrize(("document", "block"), everywhere("py"))
def test_the_python_that_takes_a_fit_names_what_exists(document: str, block: str) -> None:
    tree = ast.parse(block)
    imported = [node for node in tree.body if isinstance(node, ast.ImportFrom)]
    assert imported
    given = {
        alias.name: getattr(importlib.import_module(str(node.module)), alias.name)
        for node in imported
        for alias in node.names
    }
    asked = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    unknown = [name for name in asked if not any(hasattr(each, name) for each in given.values())]
    assert not unknown, f"{document}: {unknown}"


def test_data_sets_named_in_the_documents_exist() -> None:
    from training.sources.manifest import list_datasets

    named = {
        shlex.split(line)[3]
        for _, line in commands()
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
