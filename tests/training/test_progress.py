"""Progress on a terminal and in a file."""

from __future__ import annotations

import json
import re
import time
from pathlib import Path

import pytest

from training.progress import ConsoleProgress, FileProgress, InTurn, silent, time_left


def reports(path: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def test_a_file_gets_one_object_per_report(tmp_path: Path) -> None:
    path = tmp_path / "progress.jsonl"
    progress = FileProgress(path, every=0)
    progress("Encoding", 0.0)
    progress("Encoding", 1 / 3, "γ-crystallin")
    progress("Writing", 1.0, "done")
    # Readable while the writer still holds the file.
    assert reports(path) == [
        {"phase": "Encoding", "fraction": 0.0, "message": ""},
        {"phase": "Encoding", "fraction": 0.3333, "message": "γ-crystallin"},
        {"phase": "Writing", "fraction": 1.0, "message": "done"},
    ]


def test_a_file_is_spared_frequent_reports_but_never_ends(tmp_path: Path) -> None:
    path = tmp_path / "progress.jsonl"
    progress = FileProgress(path, every=60)
    for step in range(100):
        progress("Training", step / 99)
    progress("Export", 0.0)
    told = [(each["phase"], each["fraction"]) for each in reports(path)]
    assert told == [("Training", 0.0), ("Training", 1.0), ("Export", 0.0)]


def test_a_file_is_continued(tmp_path: Path) -> None:
    path = tmp_path / "progress.jsonl"
    FileProgress(path)("First", 1.0)
    FileProgress(path)("Second", 1.0)
    assert [each["phase"] for each in reports(path)] == ["First", "Second"]


def test_a_console_without_terminal_gets_plain_lines(capsys: pytest.CaptureFixture[str]) -> None:
    progress = ConsoleProgress()
    progress("Reading slices", 0.0)
    progress("Reading slices", 0.5, "half")
    progress("Reading slices", 1.0, "12 slices")
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "\r" not in captured.err
    assert "\x1b" not in captured.err
    assert "Reading slices …" in captured.err
    assert "100%  12 slices" in captured.err
    assert "half" not in captured.err


def test_speed_and_time_left_are_told() -> None:
    told = time_left(time.monotonic() - 10, done=50, total=650)
    match = re.fullmatch(r"(\d+\.\d) steps/s, (\d+):(\d\d) left", told)
    assert match, told
    assert float(match[1]) == pytest.approx(5, abs=0.2)
    assert int(match[2]) * 60 + int(match[3]) == pytest.approx(120, abs=3)


def test_the_first_report_has_no_speed_yet() -> None:
    assert "left" in time_left(time.monotonic(), done=0, total=10)
    assert silent("Anything", 0.5) is None  # type: ignore[func-returns-value]


def test_phases_side_by_side_are_told_in_turn() -> None:
    told: list[tuple[str, float, str]] = []
    progress = InTurn(lambda phase, fraction, message="": told.append((phase, fraction, message)))
    for phase, fraction in [("a", 0.0), ("b", 0.0), ("c", 0.0), ("a", 0.5), ("b", 1.0)]:
        progress(phase, fraction, phase.upper())
    assert told == [("a", 0.0, "A"), ("a", 0.5, "A")]
    progress("a", 1.0)
    assert told[2:] == [("a", 1.0, ""), ("b", 1.0, "B"), ("c", 0.0, "C")]
    progress("c", 0.2)
    assert told[5:] == [("c", 0.2, "")]
