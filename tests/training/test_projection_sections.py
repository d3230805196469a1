"""Stage, time and tissue of mapped sections, each by itself, and of their domains."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import anndata as ad
import numpy as np
import pytest

from training.mapping.staging.placement import lift_votes
from training.mapping.staging.trend import Trend, learn_trend
from training.neighbours.nearest import nearest
from training.store import open_atlas

pytestmark = pytest.mark.slow

Map = Callable[..., ad.AnnData]


def test_a_section_is_placed_in_time(left_out: Any, mapped: Map) -> None:
    for name, time in (("E11.5_B", 11.5), ("E13.5_A", 13.5)):
        section = left_out.query[left_out.query.obs["slice"] == name].copy()
        told = mapped(section).uns["projection"]["time"]
        print(name, told)
        assert told["low"] <= time <= told["high"]
        assert told["n_slices"] == 10


def test_sections_of_one_file_are_mapped_as_if_alone(
    left_out: Any, mapped: Map, whole: ad.AnnData
) -> None:
    """Each has its own gene effects and neighbours; both lie at one place on the slide."""
    first = (left_out.query.obs["slice"] == "E11.5_B").to_numpy()
    alone = mapped(left_out.query[first].copy())
    np.testing.assert_allclose(alone.obsm["latent"], whole.obsm["latent"][first], atol=2e-3)
    about, both = alone.uns["projection"], whole.uns["projection"]
    record = both["sections"]["0"]
    assert (record["section"], record["n_spots"]) == ("E11.5_B", first.sum())
    for name, figure in about["stage_posterior"].items():
        assert record["stage_posterior"][name] == pytest.approx(figure, abs=2e-3)
    assert record["time"]["low"] == pytest.approx(about["time"]["low"], abs=0.01)
    assert record["time_beyond"]["verdict"] == about["time_beyond"]["verdict"]
    assert about["section_column"] == both["section_column"] == "slice"
    # One section is what the whole report is of; several have no one time.
    assert "sections" not in about
    assert "time" not in both


def test_a_foreign_section_beside_one_of_the_atlas_is_named(left_out: Any, mapped: Map) -> None:
    query = left_out.query.copy()
    own = (query.obs["slice"] == "E11.5_B").to_numpy()
    order = np.random.default_rng(0).permutation(query.n_vars)
    query.X = np.where(own[:, None], query.X.toarray(), query.X.toarray()[:, order])
    query.obs = query.obs[["organ"]].assign(sample=np.where(own, "heart", "tumour"))
    about = mapped(query).uns["projection"]
    assert about["section_column"] == about["section_obs"] == "sample"
    assert len(np.atleast_1d(about["verdict"])) == 1
    assert np.atleast_1d(about["verdict"])[0].startswith("Section tumour is not of this atlas's")
    found = {each["section"]: each["verdict"] for each in about["sections"].values()}
    assert found == {"heart": "of the atlas's tissue", "tumour": "not of the atlas's tissue"}
    warnings = "\n".join(about["warnings"])
    assert "2 sections were told apart by the column sample" in warnings
    # What is told of all together is of the atlas's tissue alone; each has its own domains.
    heart, tumour = about["sections"]["0"], about["sections"]["1"]
    assert about["stage_posterior"] == pytest.approx(heart["stage_posterior"], abs=1e-3)
    assert "section tumour: it is most like" not in warnings
    sizes = {name: each["n_spots"] for name, each in heart["stage_by_domain"].items()}
    assert {name: each["n_spots"] for name, each in about["stage_by_domain"].items()} == sizes
    assert sum(sizes.values()) <= heart["n_spots"] == own.sum()
    assert tumour["stage_by_domain"]
    # It is no replicate of the other.
    assert about["comparison"]["n_slices"] == 1
    assert "1 slice is not of the atlas's tissue and takes no part in the comparison" in warnings


def test_each_domain_has_its_stages_and_they_add_up(left_out: Any, whole: ad.AnnData) -> None:
    report = whole.uns["projection"]
    told = report["stage_by_domain"]
    sizes = whole.obs["domain"].value_counts()
    assert {name: int(each["n_spots"]) for name, each in told.items()} == {
        str(name): int(size) for name, size in sizes.items() if size
    }
    for each in told.values():
        posterior = {name: float(p) for name, p in each["stage_posterior"].items()}
        assert sum(posterior.values()) == pytest.approx(1, abs=1e-3)
        assert each["stage"] == max(posterior, key=lambda name: posterior[name])
        assert each["calibrated"]
    held = report["stage_by_domain_held_out"]["few"]
    print(f"domains: {held}, beyond: {report.get('time_beyond')}")
    # Of 80 domains in eight slices chance alone puts exactly right ones off by .1 or so.
    assert 0 <= held["calibration_error"] < 0.22
    assert held["accuracy"] > 1 / len(open_atlas(left_out.store).stages)


def test_slices_of_a_stage_that_is_left_out_lie_on_its_side(tiny_atlas: Path) -> None:
    """The stored reference without its first or last stage: small slices, so wide intervals."""
    atlas = open_atlas(tiny_atlas)
    names = [stage.name for stage in atlas.stages]
    times = np.array([float(stage.time or 0) for stage in atlas.stages])
    slices = np.repeat(np.arange(len(atlas.slices)), [part.n_spots for part in atlas.slices])
    truth = np.array([names.index(part.stage) for part in atlas.slices])
    stages = truth[slices]

    def vote(index: int, covered: np.ndarray) -> np.ndarray:
        others = np.flatnonzero((slices != index) & np.isin(stages, covered))
        near, _ = nearest(atlas.latent[others], 20, 0, atlas.latent[slices == index])
        voted = np.bincount(stages[others[near]].ravel(), minlength=len(names))[covered]
        sizes = np.bincount(stages[others], minlength=len(names))[covered]
        return lift_votes(voted[None], sizes)[0]

    found = {}
    for hidden in (0, len(names) - 1):
        covered = np.flatnonzero(np.arange(len(names)) != hidden)
        known = np.flatnonzero(truth != hidden)
        votes = np.array([vote(index, covered) for index in known])
        trend = learn_trend(votes, np.searchsorted(covered, truth[known]), times[covered].tolist())
        assert isinstance(trend, Trend)
        wrong = "later" if hidden == 0 else "earlier"
        for index in np.flatnonzero(truth == hidden):
            told = trend.locate(vote(index, covered))
            print(f"{names[hidden]} left out: {told}")
            assert told["verdict"] != wrong
            assert told["low"] <= times[hidden] <= told["high"]
            found.setdefault(hidden, []).append(float(told["estimate"]))
    first, last = (float(np.mean(found[each])) for each in sorted(found))
    assert first < times[2]
    assert last > times[-3]
