"""The glossary: every term that a page explains is in it, and every term of it is explained."""

from __future__ import annotations

import ast
import json
import re
from pathlib import Path
from typing import Any

import pytest

from atlas_app.components import parts
from atlas_app.layout import shell
from atlas_app.pages import about
from atlas_app.paths import assets_folder
from atlas_app.words.glossary import TERMS

APP = Path(parts.__file__).parents[1]
# Where a key is named: calls in Python with the place of the key among the arguments, calls and
# entries in scripts.
CALLS = {"term_help": 0, "explained": 1, "fact": 2, "heading": 2}
SCRIPTED = re.compile(r"\b(?:termHelp|withHelp|field)\(")
ENTRY = re.compile(r'\bterm: "([a-z-]+)"')


def named_in_python(tree: ast.AST) -> set[str]:
    """Keys named by calls; what is worked out at run time is checked there (`term_help`)."""
    found = set()
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        name = getattr(node.func, "attr", getattr(node.func, "id", ""))
        keys = [word.value for word in node.keywords if word.arg == "help"]
        if name in CALLS and len(node.args) > CALLS[name]:
            keys.append(node.args[CALLS[name]])
        if name == "terms_line":
            keys += [part for arg in node.args for part in ast.walk(arg)]
        for key in keys:
            if isinstance(key, ast.Constant) and isinstance(key.value, str) and key.value:
                found.add(key.value)
    return found


def named_in_script(text: str) -> set[str]:
    """Keys that are the last argument of a call, or the entry `term` of an object."""
    found = set(ENTRY.findall(text))
    for call in SCRIPTED.finditer(text):
        depth, end = 1, call.end()
        while depth and end < len(text):
            depth += {"(": 1, ")": -1}.get(text[end], 0)
            end += 1
        found |= set(re.findall(r'"([a-z-]+)",?\s*\)$', text[call.end() : end]))
    return found


def named() -> dict[str, set[str]]:
    """Keys by the file that names them."""
    files = {
        str(path.relative_to(APP)): named_in_python(ast.parse(path.read_text(encoding="utf-8")))
        for path in APP.rglob("*.py")
        # In options of commands `help` means something else.
        if path not in (APP / "serve.py", APP / "work.py", Path(parts.__file__))
    }
    for path in assets_folder().rglob("*.mjs"):
        files[path.name] = named_in_script(path.read_text(encoding="utf-8"))
    return {name: keys for name, keys in files.items() if keys}


def test_every_term_that_is_explained_is_in_the_glossary() -> None:
    wrong = {name: keys - set(TERMS) for name, keys in named().items() if keys - set(TERMS)}
    assert not wrong, f"terms that the glossary lacks: {wrong}"
    with pytest.raises(KeyError):
        parts.term_help("no such term")


def test_every_term_of_the_glossary_is_explained_somewhere() -> None:
    files = named()
    assert set(TERMS) - set().union(*files.values()) == set()
    # Pages whose headings and labels need it, scripts among them.
    assert {"pages/home.py", "pages/factors/page.py", "pages/stages/views.py"} <= set(files)
    assert {"colorby.mjs", "card.mjs", "genetable.mjs", "table.mjs"} <= set(files)


@pytest.mark.parametrize("key", TERMS)
def test_an_explanation_is_one_or_two_short_sentences(key: str) -> None:
    name, text = TERMS[key]
    assert re.fullmatch(r"[a-z][a-z-]*", key)
    assert name.strip() == name != ""
    assert text.endswith(".")
    assert 1 <= len(re.findall(r"[.:](?= [A-Z]|$)", text)) <= 2
    assert 40 < len(text) < 260


def test_about_lists_all_terms_and_the_shell_hands_them_to_scripts() -> None:
    listed = json.dumps(
        about.glossary().to_plotly_json(), default=lambda part: part.to_plotly_json()
    )
    assert all(json.dumps(text) in listed for _, text in TERMS.values())

    class Nowhere:
        @staticmethod
        def href(page: str) -> str:
            return f"/{page}"

    site: Any = Nowhere()
    (place,) = [
        part for part in shell(site).children if getattr(part, "className", "") == "glossary"
    ]
    told = place.to_plotly_json()["props"]["data-terms"]
    assert {key: tuple(value) for key, value in json.loads(told).items()} == TERMS
