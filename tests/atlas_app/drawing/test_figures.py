"""What every chart of the app has in common."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go
import pytest

from atlas_app.drawing.figures import blank, confidence_histogram, spots_by_stage


@pytest.mark.parametrize(
    "figure",
    [
        blank(100),
        spots_by_stage(["E9"], [("a", "E9", 12_000)]),
        confidence_histogram(np.full(12_000, 0.5)),
    ],
    ids=["blank", "spots", "confidence"],
)
def test_large_numbers_at_ticks_are_written_as_in_words(figure: go.Figure) -> None:
    for axis in (figure.layout.xaxis, figure.layout.yaxis):
        assert axis.separatethousands is True
        assert axis.exponentformat == "none"
