"""A store of forty genes that is written in a moment, and a section for it."""

from __future__ import annotations

import runpy
from pathlib import Path

import anndata as ad
import pytest

from training.store import Atlas, open_atlas

SMALL = runpy.run_path(str(Path(__file__).parents[2] / "atlas_app" / "small_atlas.py"))


@pytest.fixture(scope="session")
def small_atlas(small_stores: list[Path]) -> Atlas:
    return open_atlas(small_stores[0])


@pytest.fixture
def small_section(small_atlas: Atlas) -> ad.AnnData:
    """60 spots x 40 genes, raw counts, spots named s0 … s59."""
    data = SMALL["tissue"](3, ["one"], ["E9"], [9.0])
    section = ad.AnnData(data.X, var=data.var[[]], obsm={"spatial": data.obsm["spatial"]})
    section.obs_names = [f"s{i}" for i in range(60)]
    return section
