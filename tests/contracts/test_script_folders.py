"""The folders of browser modules import each other in one direction, as those of Python do."""

from __future__ import annotations

import re
from collections import defaultdict
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ASSETS = Path(__file__).parents[2] / "assets"
IMPORT = re.compile(r'^(?:import|export)\b[^;]*?from "(\.[^"]+)"', re.MULTILINE)


def folders_imported(assets: Path) -> dict[str, set[str]]:
    """Of each folder the others that its modules import from; '.' is the top one."""
    found: dict[str, set[str]] = defaultdict(set)
    for module in sorted(assets.rglob("*.mjs")):
        for target in IMPORT.findall(module.read_text(encoding="utf-8")):
            file = (module.parent / target).resolve()
            assert file.is_file(), f"{module}: imports {target}, which is not there"
            own, other = (each.parent.relative_to(assets).as_posix() for each in (module, file))
            if own != other:
                found[own].add(other)
    return found


def test_folders_of_scripts_import_each_other_in_one_direction() -> None:
    found = folders_imported(ASSETS)
    assert len(found) > 5
    TopologicalSorter(found).prepare()


def test_the_page_names_all_scripts_of_the_map_at_once() -> None:
    """Found one after the other they would take a round trip for every step."""
    needed: set[Path] = set()
    left = [ASSETS / "explore" / "page.mjs", ASSETS / "canvas" / "mount.mjs"]
    while left:
        module = left.pop()
        for target in IMPORT.findall(module.read_text(encoding="utf-8")):
            file = (module.parent / target).resolve()
            if file not in needed:
                needed.add(file)
                left.append(file)
    bridge = (ASSETS / "bridge.mjs").read_text(encoding="utf-8")
    named = {(ASSETS / name).resolve() for name in re.findall(r'^import "(.+)";$', bridge, re.M)}
    assert needed <= named, sorted(str(file) for file in needed - named)


def test_a_circle_of_folders_is_found(tmp_path: Path) -> None:
    for name, other in (("a/x.mjs", "../b/y.mjs"), ("b/y.mjs", "../a/x.mjs")):
        file = tmp_path / name
        file.parent.mkdir()
        file.write_text(f'import {{\n  one,\n}} from "{other}";\n', encoding="utf-8")
    with pytest.raises(CycleError):
        TopologicalSorter(folders_imported(tmp_path)).prepare()
