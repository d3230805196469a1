"""Slices added to an atlas: what it was it stays, and the new ones stand beside it as mapped."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import anndata as ad
import numpy as np
import pytest

from training.config import Config, load_config
from training.errors import AtlasError, DataError, NotFittedError
from training.extend import Extension, extend_atlas, reading_settings
from training.metrics import matched_correlation
from training.parameters import unpack_model
from training.projection import project
from training.store import Atlas, open_atlas, validate_store

ADDED = ("E10.5_A", "E10.5_B")
SETTINGS = ["train.steps=150", "model.n_factors=16", "domains.resolution=1.0"]
MEASURED = slice(0, 150)
"""Genes that the second added slice measured."""


@dataclass(frozen=True)
class Case:
    """An atlas without a stage, the same with it, and what was said of the fit."""

    before: Path
    after: Path
    slices: Path
    told: Extension


@pytest.fixture(scope="module")
def case(tiny_slices: Path, tmp_path_factory: pytest.TempPathFactory) -> Case:
    from training.fit import fit_atlas

    folder = tmp_path_factory.mktemp("extend")
    old, new = folder / "old", folder / "new"
    for place in (old, new):
        place.mkdir()
    for path in tiny_slices.glob("*.h5ad"):
        shutil.copy(path, new if path.stem in ADDED else old)
    before, after = folder / "before.atlas.zarr", folder / "after.atlas.zarr"
    fit_atlas(old, before, load_config(None, SETTINGS), device="cpu")
    told = extend_atlas(before, new, after, Config(), command="atlas extend")
    return Case(before, after, new, told)


def old_rows(before: Atlas, after: Atlas) -> np.ndarray:
    """Rows of the extended atlas that the slices of the first take, in its order."""
    place = {info.name: info for info in after.slices}
    return np.concatenate(
        [np.arange(place[i.name].start, place[i.name].stop) for i in before.slices]
    )


def test_what_the_atlas_was_it_stays(case: Case) -> None:
    before, after = open_atlas(case.before), open_atlas(case.after)
    rows = old_rows(before, after)
    assert validate_store(case.after) == []
    assert after.genes == before.genes
    np.testing.assert_array_equal(after.loadings, before.loadings)
    for name in ("latent", "factors", "aligned"):
        np.testing.assert_array_equal(getattr(after, name)[rows], getattr(before, name))
    for kind in ("spatial", "umap"):
        np.testing.assert_array_equal(after.coordinates(kind)[rows], before.coordinates(kind))
    assert after.obs_columns["domain"].categories == before.obs_columns["domain"].categories
    for column in ("domain", "slice", "stage", "time", "organ", "spot"):
        np.testing.assert_array_equal(after.obs(column)[rows], before.obs(column))
    assert [after.spot_names[row] for row in rows] == before.spot_names
    np.testing.assert_array_equal(after.counts("Myh7")[rows], before.counts("Myh7"))
    old, new = before.model(), after.model()
    assert new.config == old.config
    for name, values in old.arrays.items():
        if name != "effects":
            np.testing.assert_array_equal(new.arrays[name], values)


def test_a_stage_takes_its_place_by_time(case: Case) -> None:
    after = open_atlas(case.after)
    assert [stage.time for stage in after.stages] == [8.5, 9.5, 10.5, 11.5, 12.5, 13.5]
    names = [info.name for info in after.slices]
    assert names[4:6] == list(ADDED)
    table = after.table("domain_relations")
    follows = {
        (a, b)
        for a, b in zip(table["stage"], table["other_stage"], strict=True)
        if a and a in ("E9.5", "E10.5")
    }
    assert follows == {("E9.5", "E10.5"), ("E10.5", "E11.5")}
    effects = after.model().arrays["effects"]
    assert effects.shape == (12, 240)
    np.testing.assert_array_equal(effects[:4], open_atlas(case.before).model().arrays["effects"][:4])


def test_added_slices_agree_with_the_truth_as_a_projection_does(
    case: Case, tmp_path: Path, tiny_slices: Path
) -> None:
    """And their factors with those of a fit of all slices."""
    from training.fit import fit_atlas

    after = open_atlas(case.after)
    organs, domains = after.obs("organ"), after.obs("domain")
    fitted = ~np.isin(after.obs("slice"), ADDED)
    hits = []
    for name in ADDED:
        project(case.before, case.slices / f"{name}.h5ad", tmp_path / "mapped.h5ad")
        mapped = ad.read_h5ad(tmp_path / "mapped.h5ad").obs["domain"].astype(str).to_numpy()
        own = after.obs("slice") == name
        assert (domains[own] == mapped).mean() == 1
        common = {
            domain: max(set(organs[fitted & (domains == domain)]), key=list(
                organs[fitted & (domains == domain)]).count)
            for domain in set(domains[fitted])
        }
        hits.append(np.mean([common[d] == o for d, o in zip(domains[own], organs[own], strict=True)]))
    fit_atlas(tiny_slices, tmp_path / "all.atlas.zarr", load_config(None, SETTINGS), device="cpu")
    joint = open_atlas(tmp_path / "all.atlas.zarr")
    assert joint.spot_names == after.spot_names
    own = np.isin(after.obs("slice"), ADDED)
    likeness = matched_correlation(after.factors[own], joint.factors[own])
    reference = matched_correlation(after.factors[~own], joint.factors[~own])
    print(f"organ of the domain {np.mean(hits):.3f}; factors of added slices {likeness.mean:.3f}, "
          f"of fitted ones {reference.mean:.3f}")
    assert np.mean(hits) > 0.35
    assert likeness.mean > 0.8 * reference.mean
