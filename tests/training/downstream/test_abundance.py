"""Shares by stage: means over slices, Student's interval, and none where there is one slice."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest

from training.commands.tables import export_part
from training.downstream.abundance import average_stages, tabulate_stages
from training.store import Atlas, open_atlas


def test_mean_and_interval_are_those_of_student() -> None:
    shares = np.array([[0.2, 0.5], [0.3, 0.5], [0.4, 0.5], [0.9, 0.1]])
    found = average_stages(shares, [0, 0, 0, 1], 2)
    np.testing.assert_allclose(found.mean, [[0.3, 0.5], [0.9, 0.1]])
    # t of 2 degrees of freedom at .975 is 4.302653; the standard error .1 / sqrt(3).
    half = 4.302653 * 0.1 / np.sqrt(3)
    np.testing.assert_allclose(found.low[0], [0.3 - half, 0.5], atol=1e-6)
    np.testing.assert_allclose(found.high[0], [0.3 + half, 0.5], atol=1e-6)
    assert found.n_slices.tolist() == [3, 1]


def test_one_slice_has_no_interval() -> None:
    found = average_stages([[0.4]], [0], 1)
    assert found.mean.tolist() == [[0.4]]
    assert np.isnan(found.low).all()
    assert np.isnan(found.high).all()


def test_an_interval_stays_a_share() -> None:
    found = average_stages([[0.0], [0.9]], [0, 0], 1)
    assert (found.low[0, 0], found.high[0, 0]) == (0.0, 1.0)


def test_the_interval_holds_the_mean_as_often_as_it_says() -> None:
    rng = np.random.default_rng(0)
    shares = np.clip(rng.normal(0.5, 0.05, (4, 4000)), 0, 1)
    found = average_stages(shares, np.zeros(4, int), 1)
    held = (found.low <= 0.5) & (found.high >= 0.5)
    assert held.mean() == pytest.approx(0.95, abs=0.015)


@pytest.fixture(scope="module")
def atlas(tiny_atlas: Path) -> Atlas:
    return open_atlas(tiny_atlas)


def test_the_table_of_an_atlas_adds_up(atlas: Atlas, tmp_path: Path) -> None:
    table = tabulate_stages(atlas)
    n_parts = atlas.n_factors + len(atlas.obs_columns["domain"].categories)
    assert {len(column) for column in table.values()} == {n_parts * len(atlas.stages)}
    for stage in atlas.stages:
        for kind in ("factor", "domain"):
            chosen = (table["stage"] == stage.name) & (table["kind"] == kind)
            assert table["mean"][chosen].sum() == pytest.approx(1, abs=1e-4)
            assert set(table["n_slices"][chosen]) == {stage.n_slices}
    assert (table["low"] <= table["mean"] + 1e-12).all()
    assert (table["mean"] <= table["high"] + 1e-12).all()
    export_part(atlas, "stages", tmp_path / "stages.csv")
    with (tmp_path / "stages.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["genes"] for row in rows[:: len(atlas.stages)]][:3] == atlas.factor_names[:3]
    assert [float(row["mean"]) for row in rows] == pytest.approx(table["mean"].tolist(), rel=1e-6)
