"""Names with the settings of a fit: what is refused before it, what is told after it."""

from __future__ import annotations

from pathlib import Path

import pytest

from training.config import load_config
from training.errors import DataError
from training.naming.beforehand import Unmet, read_draft, settle_draft
from training.naming.namesfile import Saying
from training.report.findings import check_names

FACTORS = ["MYH7 NPPA", "SOX2", "ALB"]
DOMAINS = ["D1", "D2"]
STAGES = ["E9", "E10"]


def written(folder: Path, text: str) -> Path:
    path = folder / "names.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_good_file_is_read_before_a_fit_and_holds_after_it(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        "[factors.02]\nname = 'Liver'\n[factors.'SOX2']\nnote = 'Neural.'\n"
        "[domains.D1]\nname = 'Compact'\n[stages.E9]\nname = 'Day 9'\n",
    )
    draft = read_draft(path, 3, STAGES)
    sayings, unmet = settle_draft(draft, FACTORS, DOMAINS, STAGES)
    assert unmet == []
    assert sayings == [
        Saying("factor", "2", "Liver"),
        Saying("factor", "1", None, "Neural."),
        Saying("domain", "D1", "Compact"),
        Saying("stage", "E9", "Day 9"),
    ]


def test_what_can_be_known_is_refused_before_the_fit(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        "[factors.3]\nname = 'A'\n[factors.0]\nname = 'B'\n[factors.1]\nname = 'B'\n"
        "[stages.E12]\nname = 'Day 12'\n[stages.E9]\nname = 'E10'\n[domains.D1]\ncolor = 'red'\n",
    )
    with pytest.raises(DataError) as caught:
        read_draft(path, 3, STAGES)
    said = str(caught.value)
    for part in (
        "[factors.3]: found no such factor; expected a number from 0 to 2",
        "factors 0, 1: found one name for all of them, 'B'",
        "[stages.E12]: found no such stage; expected a stage of the slices",
        "stages E9, E10: found one name for all of them",
        "[domains.D1] color: found 'red'",
    ):
        assert part in said
    assert len(caught.value.problems) == 5
    # Before the slices are read nothing is known of stages, and a number that is chosen by the
    # fit rules out no factor.
    text = "[factors.30]\nname = 'A'\n[stages.E12]\nname = 'Day 12'\n"
    assert len(read_draft(written(tmp_path, text), 0)) == 2


def test_after_the_fit_a_name_is_told_and_nothing_is_lost() -> None:
    draft = [
        Saying("factor", "7", "A"),
        Saying("factor", "0", "Heart"),
        Saying("factor", "MYH7 NPPA", "Muscle"),
        Saying("factor", "2", "SOX2", "A note."),
        Saying("domain", "D9", "B"),
        Saying("domain", "D1", "D2"),
        Saying("domain", "D2", None, None, "#112233"),
    ]
    sayings, unmet = settle_draft(draft, FACTORS, DOMAINS, STAGES)
    assert sayings == [
        Saying("factor", "0", "Heart"),
        Saying("factor", "2", None, "A note."),
        Saying("domain", "D1"),
        Saying("domain", "D2", None, None, "#112233"),
    ]
    assert unmet == [
        Unmet("[factors.7]", "there is no such factor; there are 0, 1, 2"),
        Unmet("[factors.MYH7 NPPA]", "factor 0 has a table already"),
        Unmet("[domains.D9]", "there is no such domain; there are D1, D2"),
        Unmet("[factors.2]", "the name 'SOX2' is that of another factor"),
        Unmet("[domains.D1]", "the name 'D2' is that of another domain"),
    ]
    finding = check_names(unmet)[0]
    assert (finding.kind, finding.subject) == ("names", "[factors.7]")
    assert "atlas annotate" in finding.advice


def test_taking_a_name_back_takes_back_what_was_given_for_it() -> None:
    draft = [
        Saying("domain", "D1", "D2"),
        Saying("domain", "D2", "D3"),
        Saying("domain", "D3", "X"),
    ]
    assert settle_draft(draft, FACTORS, ["D1", "D2", "D3"], STAGES) == (draft, [])
    draft[2] = Saying("domain", "D3", "D4")
    sayings, unmet = settle_draft(draft, FACTORS, ["D1", "D2", "D3", "D4"], STAGES)
    assert [saying.name for saying in sayings] == [None, None, None]
    assert [each.place for each in unmet] == ["[domains.D3]", "[domains.D2]", "[domains.D1]"]


def test_the_file_lies_beside_the_settings(tmp_path: Path) -> None:
    settings = tmp_path / "heart.toml"
    settings.write_text('[atlas]\nnames = "names.toml"\n', encoding="utf-8")
    assert load_config(settings).atlas.names == str(tmp_path / "names.toml")
    assert load_config(settings, ["atlas.names=other.toml"]).atlas.names == "other.toml"
    assert load_config().atlas.names == ""
