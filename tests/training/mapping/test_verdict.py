"""Sections as a whole: foreign ones are named, the atlas's own are not."""

from __future__ import annotations

import numpy as np

from training.mapping.verdict import VERDICTS, judge_sections, judge_share


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


def test_a_share_has_one_verdict() -> None:
    assert [judge_share(share) for share in (0.25, 0.26, 0.5)] == [VERDICTS[i] for i in (0, 1, 1)]
    assert judge_share(0.51) == VERDICTS[2]
