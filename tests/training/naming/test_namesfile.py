"""Files of names: what is read from a good one, and all that is wrong with a bad one."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from training.errors import DataError
from training.naming.namesfile import Saying, read_names
from training.store import open_atlas

ROOT = Path(__file__).parents[3]
GOLDEN = ROOT / "tests" / "contracts" / "golden" / "v1.atlas.zarr"


def written(folder: Path, text: str) -> Path:
    path = folder / "names.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_file_says_what_stands_in_it(tmp_path: Path) -> None:
    atlas = open_atlas(GOLDEN)
    stage = atlas.stages[0].name
    path = written(
        tmp_path,
        f"[factors.'{atlas.factor_names[1]}']\nname = ' Muscle '\ncolor = '#F0a'\n"
        "ontology = ['CL:0000746', 'CL:0000746']\n"
        f"[stages.'{stage}']\nnote = 'Early.'\nontology = 'HsapDv:0000015'\n",
    )
    assert read_names(path, atlas) == [
        Saying("factor", "1", "Muscle", None, "#ff00aa", ("CL:0000746",)),
        Saying("stage", stage, None, "Early.", None, ("HsapDv:0000015",)),
    ]


def test_all_faults_come_at_once(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        "[factors.99]\nname = ''\n[factors.0]\ncolor = 'red'\n"
        "ontology = ['UBERON:12', 'HsapDv:0000015', 7]\nsize = 3\n"
        "[factors.1]\nname = '12'\n[domains.nowhere]\nname = 'a/b'\n[tissues.x]\nname = 'x'\n",
    )
    with pytest.raises(DataError) as caught:
        read_names(path, open_atlas(GOLDEN))
    said = str(caught.value)
    for part in (
        "[factors.99]: found no such factor",
        "[factors.99] name: found ''",
        "[factors.0] color: found 'red'; expected a colour such as #0072b2",
        "'UBERON:12'; expected UBERON: followed by 7 digits",
        "'HsapDv:0000015'; expected PREFIX:NUMBER such as CL:0000746",
        "a number 7; expected text",
        "[factors.0] size: found no such entry",
        "factor 1: found the name 12",
        "[domains.nowhere]: found no such domain",
        "'a/b'; expected a name without slashes",
        "[tissues]: found a table that nothing is named by",
    ):
        assert part in said
    assert len(caught.value.problems) == 11


def test_two_of_one_name_are_refused(tmp_path: Path) -> None:
    atlas = open_atlas(GOLDEN)
    path = written(tmp_path, f"[factors.0]\nname = '{atlas.factor_names[1]}'\n")
    with pytest.raises(DataError, match="factors 0, 1: found one name for all of them"):
        read_names(path, atlas)


@pytest.mark.parametrize("text", ["", "[factors", "[factors.0]\nname = '\t'"])
def test_a_file_that_says_nothing_sound_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(DataError):
        read_names(written(tmp_path, text), open_atlas(GOLDEN))


def test_the_example_of_the_guide_is_a_file_of_names() -> None:
    guide = (ROOT / "training" / "FITTING.md").read_text(encoding="utf-8")
    block = next(b for b in guide.split("```toml\n")[1:] if "ontology" in b).split("```")[0]
    assert set(tomllib.loads(block)) == {"factors", "domains", "stages"}
