"""What the model card says of an atlas nobody described."""

from __future__ import annotations

from pathlib import Path

import pytest

from training.report.modelcard import title_of


@pytest.mark.parametrize(
    ("source", "title"),
    [
        ("data/human_heart_6.5pcw", "human heart 6.5pcw"),
        ("human_heart_6.5pcw.h5ad", "human heart 6.5pcw"),
        ("data/brain.zarr", "brain"),
        ("data/one/../mouse_brain/", "mouse brain"),
    ],
)
def test_a_title_is_the_whole_name_of_the_source(source: str, title: str) -> None:
    assert title_of(Path(source)) == title


def test_here_has_a_name_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "lung_E9.5"
    folder.mkdir()
    monkeypatch.chdir(folder)
    assert title_of(Path()) == "lung E9.5"
