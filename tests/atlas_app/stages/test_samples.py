"""Slices or specimens as the replicates of a comparison of stages."""

from __future__ import annotations

import csv
import io
import runpy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from atlas_app.app import page_content
from atlas_app.atlases.data import Atlases
from atlas_app.jobs.queries import Queries
from atlas_app.settings import Settings
from atlas_app.site import Site
from atlas_app.stages.cells import group_spots
from atlas_app.stages.changes import compare_stages, count_noise, log_rates, sum_counts
from atlas_app.stages.replicates import moderated
from atlas_app.stages.samples import Samples, choose_samples
from training.store import Atlas, open_atlas

SMALL = runpy.run_path(str(Path(__file__).parents[1] / "small_atlas.py"))
DONORS = ["one", "one", "two", "one", "three", "four"]


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("donors")
    return Path(SMALL["write_stacks"](folder / "donors.atlas.zarr", donors=DONORS))


@pytest.fixture(scope="module")
def atlas(path: Path) -> Atlas:
    return open_atlas(path)


def test_slices_of_a_stage_and_specimen_are_one_sample(atlas: Atlas) -> None:
    found = choose_samples(atlas, "specimens")
    assert (found.unit, found.column, found.pooled) == ("specimen", "donor", True)
    assert found.names == ["one", "two", "one", "three", "four"]
    assert found.of_slice.tolist() == [0, 0, 1, 2, 3, 4]
    assert found.stage_of.tolist() == [0, 0, 1, 1, 2]
    assert found.slices_of(np.array([0, 3])).tolist() == [0, 1, 4]
    np.testing.assert_array_equal(found.sum(np.arange(6.0)), [1, 2, 3, 4, 5])
    slices = choose_samples(atlas)
    assert (slices.unit, slices.pooled) == ("slice", False)
    assert slices.names == ["a1", "a2", "a3", "b1", "b2", "c1"]


def test_without_a_column_every_slice_is_a_sample(changed: Atlas) -> None:
    found = choose_samples(changed, "specimens")
    assert (found.unit, found.column, found.pooled) == ("slice", "", False)


def test_slices_of_a_specimen_are_pooled(atlas: Atlas) -> None:
    groups, samples = group_spots(atlas), choose_samples(atlas, "specimens")
    found = compare_stages(atlas, groups, "E9", "E10", samples=samples)
    assert (found.n, found.slices, found.unit) == ((2, 2), (3, 2), "specimen")
    gene = found.names.index("MYH7")
    row = list(atlas.genes).index("MYH7")
    counts = sum_counts(atlas.domain_counts(), None, choose_samples(atlas))[:, row]
    depth = groups.counts_in(None)
    shares = [(counts[:2].sum() / depth[:2].sum()), counts[2] / depth[2]]
    assert found.mean_a[gene] == pytest.approx(1e4 * np.mean(shares))
    factors = compare_stages(atlas, groups, "E9", "E10", "heart", "factors", samples=samples)
    heart = groups.spots_in(groups.domains.index("heart"))
    used = groups.sum_spots(atlas.factors[:, 1], groups.domains.index("heart"))
    means = [used[:2].sum() / heart[:2].sum(), used[2] / heart[2]]
    assert factors.mean_a[1] == pytest.approx(np.mean(means))


def test_sections_of_a_specimen_are_no_independent_samples() -> None:
    """Nothing changes, and four donors a stage have three sections each: p over specimens is as it
    should be, p over slices is too small."""
    rng = np.random.default_rng(3)
    donors, sections, genes = 8, 3, 3000
    of_slice = np.repeat(np.arange(donors), sections)
    samples = Samples(
        "specimen", "donor", [str(k) for k in range(donors)], of_slice, np.arange(donors) // 4
    )
    depth = np.full(donors * sections, 2e5)
    share = rng.lognormal(0, 1, genes)
    rates = share / share.sum() * rng.gamma(20, 1 / 20, (donors, genes))[of_slice]
    counts = rng.poisson(rates * depth[:, None])
    below = {}
    for name, table, total in (
        ("slices", counts, depth),
        ("specimens", samples.sum(counts), samples.sum(depth)),
    ):
        logs, noise, half = log_rates(table, total), count_noise(table, total), len(total) // 2
        found = moderated(logs[:half], logs[half:], noise[:half], noise[half:])
        below[name] = float(np.mean(found.p < 0.05))
    assert 0.03 < below["specimens"] < 0.07
    assert below["slices"] > 0.2


def test_answers_and_files_say_what_the_samples_are(
    path: Path, client_for: Callable[..., Any]
) -> None:
    client = client_for(stores=(path,))
    asked = "/api/v1/atlases/donors/stages/changes{}?a=E9&b=E10&by={}"
    found = client.get(asked.format("", "specimens")).get_json()
    assert [found[name] for name in ("n_a", "n_b", "slices_a", "slices_b")] == [2, 2, 3, 2]
    assert found["test"] == "moderated t over specimens"
    slices = client.get(asked.format("", "slices")).get_json()
    assert (slices["n_a"], slices["test"]) == (3, "moderated t over slices")
    assert found["rows"] != slices["rows"]
    text = client.get(asked.format(".csv", "specimens")).text
    assert {row["slices_a"] for row in csv.DictReader(io.StringIO(text))} == {"3"}
    assert client.get(asked.format("", "spots")).status_code == 400


def test_the_page_offers_specimens_where_slices_share_one(
    path: Path, settings_for: Callable[..., Settings]
) -> None:
    def page(settings: Settings, **query: str) -> str:
        atlases = Atlases(settings)
        site = Site(settings, atlases, Queries(settings, atlases))
        return str(
            page_content(site, "stages", {"view": "changes", "a": "E9", "b": "E10", **query})
        )

    donors = settings_for(stores=(path,))
    assert "Replicates" in page(donors)
    assert "Sections of one specimen count as if they were independent" in page(donors)
    pooled = page(donors, by="specimens")
    assert "2 specimens (3 slices) of E9, 2 specimens (2 slices) of E10" in pooled
    assert "in the smallest of these specimens" in pooled
    assert "The column donor says which slices are of one specimen" in pooled
    assert "by=specimens" in pooled
    assert "Replicates" not in page(settings_for())
