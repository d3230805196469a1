"""The documents in step with the code: settings, extras, routes, files, examples."""

from __future__ import annotations

import ast
import importlib
import itertools
import json
import re
import runpy
import shlex
import tomllib
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

ROOT = Path(__file__).resolve().parents[2]
GOLDEN = ROOT / "tests" / "contracts" / "golden" / "v1.atlas.zarr"
DOCS = runpy.run_path(str(Path(__file__).with_name("documents.py")))
DOCUMENTS, TEXTS = DOCS["DOCUMENTS"], DOCS["TEXTS"]
GUIDES = ("README.md", *DOCS["GUIDES"])
fenced, inline, rows, column = (DOCS[name] for name in ("fenced", "inline", "rows", "column"))
commands, everywhere, in_prose = DOCS["commands"], DOCS["everywhere"], DOCS["in_prose"]
CHANGELOG = TEXTS["CHANGELOG.md"]
# What a fit computes, and what was measured of it.
METHOD = "training/METHOD.md"
RESULTS = "training/benchmark/RESULTS.md"
MAPPING_RESULTS = "training/benchmark/MAPPING_RESULTS.md"
# What the tests themselves heed in the environment.
OF_TESTS = {"ATLAS_TEST_DATA", "ATLAS_CHROMIUM"}
# Settings whose default is worked out when the server starts; the table says it in words.
IN_WORDS = {"stores", "job_folder", "worker_command"}


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


def test_the_method_and_its_results_name_settings_and_rows_that_there_are() -> None:
    from training.benchmark.rows import ROWS

    known = {row.name for row in ROWS}
    named = {
        piece.partition("=")[0]
        for _, piece in in_prose(METHOD, RESULTS, MAPPING_RESULTS)
        if re.match(r"[a-z]+\.(?!json$|md$|txt$)[a-z_]+(=|$)", piece)
    }
    assert len(named) > 15
    assert named <= set(settings()), named - set(settings())
    for document in (METHOD, RESULTS):
        rows_named = re.findall(r"rows? `([a-z_]+)`", TEXTS[document])
        assert rows_named
        assert set(rows_named) <= known, document
    measured = {
        re.sub(r"`| \(mean\)", "", name)
        for cell in column(RESULTS, "row")
        for name in cell.split(" / ")
    }
    assert len(measured) > 20
    assert measured - {"the same"} <= known, measured - known


def test_rows_sets_and_units_that_commands_measure_exist() -> None:
    from training.benchmark.mapping.run import choose_units
    from training.benchmark.rows import choose_rows
    from training.benchmark.sets import choose_sets

    choices = {"--rows": choose_rows, "--sets": choose_sets, "--units": choose_units}
    lines = [line for _, line in commands()] + [piece for _, piece in in_prose()]
    asked = [re.findall(r"(--rows|--sets|--units) (\S+)", line) for line in lines]
    named = [pair for pairs in asked for pair in pairs]
    assert {option for option, _ in named} == set(choices)
    for option, names in named:
        # An unknown name raises.
        assert choices[option](names.split(",")), f"{option} {names}"


def test_what_was_measured_has_its_commands() -> None:
    for document, command in ((RESULTS, "fit"), (MAPPING_RESULTS, "mapping")):
        lines = [line for name, line in commands() if name == document]
        assert len(lines) > 3, document
        assert any(line.startswith(f"atlas benchmark {command} ") for line in lines), document


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


@pytest.mark.parametrize("document", DOCUMENTS)
def test_files_named_exist(document: str) -> None:
    code = "\n".join([*fenced("sh", document), *inline(TEXTS[document])])
    named = re.findall(
        r"(?<![\w/])(?:tests|training|atlas_app|assets|data_manifest)/[\w/.-]+", code
    )
    missing = [name for name in sorted(set(named)) if not (ROOT / name).exists()]
    assert not missing


def test_the_routes_of_the_documents_are_served(tmp_path: Path) -> None:
    from atlas_app.app import create_app
    from atlas_app.http.routes import ROUTES
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
