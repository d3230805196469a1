"""Commands, options, scripts and make targets: those in the documents exist, and all are there."""

from __future__ import annotations

import re
import runpy
import shlex
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
DOCS = runpy.run_path(str(Path(__file__).with_name("documents.py")))
GUIDES = ("README.md", *DOCS["GUIDES"])
commands, everywhere, in_prose = DOCS["commands"], DOCS["everywhere"], DOCS["in_prose"]


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


def test_make_targets_in_the_documents_are_those_of_the_makefile() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    (phony,) = re.findall(r"^\.PHONY: (.+)$", makefile, re.MULTILINE)
    targets = set(phony.split())
    assert targets == set(re.findall(r"^([a-z-]+):", makefile, re.MULTILINE))
    code = "\n".join(piece for _, piece in [*everywhere("sh"), *in_prose()])
    assert set(re.findall(r"\bmake ([a-z-]+)", code)) == targets
    told = set(re.findall(r'@echo "make ([a-z-]+) ', makefile))
    assert told == targets - {"help"}
