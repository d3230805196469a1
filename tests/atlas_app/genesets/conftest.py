"""A scorer of the atlas in which one slice lacks some genes."""

from __future__ import annotations

import pytest

from atlas_app.genesets.scorer import SetScorer
from atlas_app.stages.cells import group_spots
from training.store import Atlas


@pytest.fixture(scope="session")
def scorer(panels: Atlas) -> SetScorer:
    return SetScorer(panels, lambda: group_spots(panels).counts_in(None))
