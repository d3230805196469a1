"""Sections as a whole: foreign ones are named, the atlas's own are not."""

from __future__ import annotations

import numpy as np

from training.mapping.verdict import judge_sections, name_sections


def test_foreign_sections_are_named() -> None:
    slices = np.repeat([0, 1, 2], [10, 20, 4])
    outside = np.zeros(34, dtype=bool)
    outside[:5] = True  # half of the first: in part only
    outside[10:28] = True
    outside[30] = True  # a quarter of the last: not told
    (told,), (part,) = judge_sections(outside, slices, ["a", "b", "c"])
    assert told.startswith("Section b is not of this atlas's tissue: 90% of its spots")
    assert part.startswith("Section a holds tissue that the atlas lacks: 50% of its spots")
    (alone,), _ = judge_sections(outside[10:30], np.zeros(20, dtype=int), ["b"])
    assert alone.startswith("This section is not")
    assert judge_sections(~outside[10:30], np.zeros(20, dtype=int), ["b"]) == ([], [])


def test_sections_are_called_as_their_spots_say() -> None:
    slices = np.array([1, 0, 1, 0])
    assert name_sections(slices, np.array(["late", "early", "late", "early"])) == ["early", "late"]
    assert name_sections(slices, None) == ["1", "2"]
