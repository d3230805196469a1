"""The documents among themselves: links and their anchors, contents, lengths, trees, pictures."""

from __future__ import annotations

import re
import runpy
import subprocess
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
README_LINES = 300
LINE_CHARACTERS = 110
PICTURE_BYTES = 200_000
# A guide that is longer than this begins with its contents.
WITHOUT_CONTENTS = 150
DOCS = runpy.run_path(str(Path(__file__).with_name("documents.py")))
GUIDES, DOCUMENTS, TEXTS = DOCS["GUIDES"], DOCS["DOCUMENTS"], DOCS["TEXTS"]
TREES = ("README.md", "tests/CONTRIBUTING.md")


@cache
def tracked() -> tuple[str, ...]:
    """Files of the repository; of an unpacked archive, all that are not hidden or made."""
    listed = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if listed.returncode == 0:
        return tuple(listed.stdout.splitlines())
    paths = [path.relative_to(ROOT) for path in ROOT.rglob("*") if path.is_file()]
    made = re.compile(r"(^|/)(\.(?!ci/)[^/]*|__pycache__|[^/]*\.egg-info)(/|$)")
    return tuple(path.as_posix() for path in paths if not made.search(path.as_posix()))


def prose(document: str) -> str:
    """A document without its blocks of code."""
    return str(DOCS["prose"](TEXTS[document]))


def links(text: str) -> list[str]:
    """Targets of the links and pictures in a text."""
    return re.findall(r"\]\(([^)\s]+)\)", text)


def anchor(heading: str) -> str:
    """What a heading is linked by, as GitHub has it."""
    plain = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).strip().lower()
    return re.sub(r"[^\w\- ]", "", plain).replace(" ", "-")


def headings(document: str, marks: str = "#+") -> list[str]:
    return re.findall(rf"^{marks} (.+)$", prose(document), re.MULTILINE)


def test_all_documents_are_known() -> None:
    assert {name for name in tracked() if name.endswith(".md")} == set(DOCUMENTS)


@pytest.mark.parametrize("document", DOCUMENTS)
def test_links_lead_to_files_and_headings(document: str) -> None:
    for target in links(prose(document)):
        if re.match(r"https?:", target):
            continue
        name, _, part = target.partition("#")
        path = (ROOT / document).parent / name if name else ROOT / document
        assert path.exists(), f"{document}: {target}"
        if part:
            known = [anchor(each) for each in headings(str(path.resolve().relative_to(ROOT)))]
            assert known.count(part) == 1, f"{document}: {target}"


def test_anchors_are_those_of_github() -> None:
    assert anchor("12. Where the `default` differs, too") == "12-where-the-default-differs-too"
    assert anchor("Explore: slices on the tissue") == "explore-slices-on-the-tissue"
    assert anchor("An *old* snake_case – dash") == "an-old-snake_case--dash"


def test_the_readme_is_short_and_leads_to_every_document() -> None:
    assert TEXTS["README.md"].count("\n") <= README_LINES
    reached = {target.partition("#")[0] for target in links(prose("README.md"))}
    assert {*DOCUMENTS} - {"README.md"} <= reached


@pytest.mark.parametrize("document", GUIDES)
def test_a_long_guide_begins_with_its_contents(document: str) -> None:
    if TEXTS[document].count("\n") <= WITHOUT_CONTENTS:
        return
    begin = prose(document).split("\n## ", 1)[0]
    listed = [target.removeprefix("#") for target in links(begin) if target.startswith("#")]
    assert listed == [anchor(each) for each in headings(document, "##")]


@pytest.mark.parametrize("document", ["README.md", *GUIDES])
def test_lines_are_short_but_for_tables(document: str) -> None:
    lines = enumerate(TEXTS[document].splitlines(), 1)
    long = [n for n, line in lines if len(line) > LINE_CHARACTERS and not line.startswith("|")]
    assert not long, f"{document}: lines {long}"


@pytest.mark.parametrize("document", ["README.md", *GUIDES])
def test_a_document_says_first_what_it_is(document: str) -> None:
    begin = TEXTS[document].splitlines()
    assert re.match(r"# \S", begin[0])
    assert begin[1] == ""
    assert re.match(r"[A-Z]", begin[2]), "the first paragraph is prose"
    assert len(headings(document, "#")) == 1


@pytest.mark.parametrize("document", TREES)
def test_a_tree_names_what_exists(document: str) -> None:
    (block,) = re.findall(r"^```text\n(.*?)^```", TEXTS[document], re.MULTILINE | re.DOTALL)
    folder: Path = ROOT
    top = set()
    for line in block.splitlines():
        found = re.fullmatch(r"( {2})?(\S+) +(\S.*)", line)
        assert found, f"not an entry: {line!r}"
        indent, name, _ = found.groups()
        place = (folder if indent else ROOT) / name
        exists = place.is_dir() if name.endswith("/") else place.is_file()
        assert exists, f"the tree names {place.relative_to(ROOT)}, which is not there"
        if not indent:
            top.add(name.strip("/"))
            folder = place
    tops = {name.split("/")[0] for name in tracked()}
    shown = {name for name in tops if not name.startswith(".") or name == ".ci"}
    assert shown - top == {"README.md"}, f"the tree of {document} lacks entries of the top level"


def test_the_picture_is_small() -> None:
    (name,) = re.findall(r"!\[[^\]]+\]\(([^)]+)\)", TEXTS["README.md"])
    assert (ROOT / name).stat().st_size <= PICTURE_BYTES
