"""The documents as the tests read them: their texts, and the code, commands and tables within."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
# Beside the code that they are about; the README links them.
GUIDES = (
    "training/FITTING.md",
    "training/MAPPING.md",
    "atlas_app/BROWSING.md",
    "atlas_app/SERVING.md",
    "atlas_app/HTTP.md",
    "tests/CONTRIBUTING.md",
    "tests/benchmarks/MEASURED.md",
    "training/METHOD.md",
    "training/benchmark/RESULTS.md",
    "training/benchmark/MAPPING_RESULTS.md",
)
DOCUMENTS = (
    "README.md",
    *GUIDES,
    "CHANGELOG.md",
    "training/store/FORMAT.md",
)
TEXTS = {name: (ROOT / name).read_text(encoding="utf-8") for name in DOCUMENTS}


def fenced(language: str, document: str) -> list[str]:
    """A document's blocks of code in one language."""
    return re.findall(rf"^```{language}\n(.*?)^```", TEXTS[document], re.MULTILINE | re.DOTALL)


def everywhere(language: str) -> list[tuple[str, str]]:
    """Documents with their blocks of code in one language."""
    return [(name, block) for name in DOCUMENTS for block in fenced(language, name)]


def prose(text: str) -> str:
    """A text without its blocks of code."""
    return re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL)


def inline(text: str) -> list[str]:
    """Pieces of code within prose, with line breaks as blanks."""
    return [" ".join(piece.split()) for piece in re.findall(r"`([^`]+)`", prose(text))]


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


def column(document: str, name: str) -> list[str]:
    """Cells under the heading `name` in all tables of a document that have one."""
    cells = []
    for table in re.findall(r"^\|.*\n\|[-|]+\|\n(?:\|.*\n)+", TEXTS[document], re.MULTILINE):
        head, _, *body = [[cell.strip() for cell in line.split("|")] for line in table.splitlines()]
        if name in head:
            cells += [line[head.index(name)] for line in body]
    return cells


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
