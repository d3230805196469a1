"""Slices added to an atlas: what it was it stays, and the new ones stand beside it as mapped."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import anndata as ad
import numpy as np
import pytest

from training.config import Config, load_config
from training.errors import AtlasError, DataError, NotFittedError
from training.export import export_atlas
from training.extension.extend import Extension, extend_atlas, reading_settings
from training.metrics import matched_correlation
from training.projection import project
from training.store import Atlas, ModelPart, open_atlas, validate_store

pytestmark = pytest.mark.slow

STAGE, PANEL = "E11.5_B", "E13.5_A"
N_PANEL = 100
"""Genes that the second added slice measured."""


@dataclass(frozen=True)
class Case:
    """An atlas; the same with a stage of its own; that with a slice of few genes."""

    before: Path
    staged: Path
    after: Path
    told: list[Extension]
    slices: dict[str, Path]


@pytest.fixture(scope="module")
def case(left_out: Any, tiny_slices: Path, tmp_path_factory: pytest.TempPathFactory) -> Case:
    folder = tmp_path_factory.mktemp("extend")
    slices = {name: folder / f"{name}.h5ad" for name in (STAGE, PANEL)}
    late = ad.read_h5ad(tiny_slices / f"{STAGE}.h5ad")
    late.obs["stage"], late.obs["donor"] = "E11", "second"
    late.write_h5ad(slices[STAGE])
    ad.read_h5ad(tiny_slices / f"{PANEL}.h5ad")[:, :N_PANEL].copy().write_h5ad(slices[PANEL])
    staged, after = folder / "staged.atlas.zarr", folder / "after.atlas.zarr"
    told = [
        extend_atlas(left_out.store, slices[STAGE], staged, Config(), command="first"),
        extend_atlas(staged, slices[PANEL], after, Config(), command="second"),
    ]
    return Case(left_out.store, staged, after, told, slices)


def rows_of(atlas: Atlas, names: list[str]) -> np.ndarray:
    """Rows that slices take, in the order of their names."""
    place = {info.name: info for info in atlas.slices}
    return np.concatenate([np.arange(place[name].start, place[name].stop) for name in names])


def test_what_the_atlas_was_it_stays(case: Case) -> None:
    before, after = open_atlas(case.before), open_atlas(case.after)
    rows = rows_of(after, [info.name for info in before.slices])
    assert after.genes == before.genes
    np.testing.assert_array_equal(after.loadings, before.loadings)
    assert before.aligned is not None
    assert after.aligned is not None
    np.testing.assert_array_equal(after.aligned[rows], before.aligned)
    np.testing.assert_array_equal(after.latent[rows], before.latent)
    np.testing.assert_array_equal(after.factors[rows], before.factors)
    for kind in ("spatial", "umap"):
        np.testing.assert_array_equal(after.coordinates(kind)[rows], before.coordinates(kind))
    assert after.obs_columns["domain"].categories == before.obs_columns["domain"].categories
    for column in ("domain", "slice", "stage", "time", "organ", "spot"):
        assert after.obs(column)[rows].tolist() == before.obs(column).tolist()
    assert [after.spot_names[row] for row in rows] == before.spot_names
    for gene in before.genes[::60]:
        np.testing.assert_array_equal(after.counts(gene)[rows], before.counts(gene))
    old, new = before.model(), after.model()
    assert new.config == old.config
    for name, values in old.arrays.items():
        if name != "effects":
            np.testing.assert_array_equal(new.arrays[name], values)
    names = [info.name for info in after.slices]
    place = [names.index(info.name) for info in before.slices]
    np.testing.assert_array_equal(new.arrays["effects"][place], old.arrays["effects"])


def test_every_part_holds_for_all_slices(case: Case) -> None:
    for path in (case.staged, case.after):
        assert validate_store(path) == []
    after = open_atlas(case.after)
    names = [info.name for info in after.slices]
    assert [record["slice"] for record in after.card["alignment"]] == names
    assert [record["slice"] for record in after.card["report"]] == names
    added = np.isin(after.obs("slice"), (STAGE, PANEL))
    assert np.isfinite(after.obs("domain_confidence")[added]).all()
    assert np.isnan(after.obs("domain_confidence")[~added]).all()
    assert set(after.obs("donor")[after.obs("slice") == STAGE]) == {"second"}
    assert len(after.table("markers")["gene"])
    # New spots lie within the picture, near spots of their own domain.
    picture = after.coordinates("umap")
    assert (picture[added] >= picture[~added].min(axis=0)).all()
    assert (picture[added] <= picture[~added].max(axis=0)).all()


def test_a_stage_takes_its_place_by_time(case: Case) -> None:
    staged = open_atlas(case.staged)
    assert [stage.time for stage in staged.stages] == [8.5, 9.5, 10.5, 11.0, 11.5, 12.5, 13.5]
    table = staged.table("domain_relations")
    pairs = set(zip(table["stage"], table["other_stage"], strict=True))
    assert {("E10.5", "E11"), ("E11", "E11.5")} <= pairs
    assert ("E10.5", "E11.5") not in pairs


def test_genes_that_a_slice_did_not_measure_are_missing(case: Case) -> None:
    after = open_atlas(case.after)
    assert after.measured is not None
    assert after.measured.sum(axis=0).tolist() == [
        N_PANEL if info.name == PANEL else 240 for info in after.slices
    ]
    gene = next(g for g, own in zip(after.genes, after.measured, strict=True) if not own.all())
    rows = rows_of(after, [PANEL])
    elsewhere = np.setdiff1d(np.arange(after.n_spots), rows)
    assert np.isnan(after.gene(gene)[rows]).all()
    assert np.isfinite(after.gene(gene)[elsewhere]).all()
    drawn = after.values("gene", gene).data
    assert (drawn[rows] == 255).all()
    assert (drawn[elsewhere] < 255).all()
    assert "100 of 240 fitted genes" in case.told[1].fits[0].warnings[0]
    assert open_atlas(case.staged).measured is None


def test_added_slices_are_mapped_as_a_query_is(
    case: Case, tmp_path: Path, tiny_atlas: Path
) -> None:
    """Domains agree with the organs as those of a query, factors with a fit of all slices."""
    before, after, joint = open_atlas(case.before), open_atlas(case.after), open_atlas(tiny_atlas)
    project(case.before, case.slices[STAGE], tmp_path / "mapped.h5ad")
    mapped = ad.read_h5ad(tmp_path / "mapped.h5ad")
    rows = rows_of(after, [STAGE])
    # Mapping a query also hears a regression on its genes, which added slices do not.
    assert (after.obs("domain")[rows] == mapped.obs["domain"].astype(str).to_numpy()).mean() > 0.9
    np.testing.assert_allclose(after.factors[rows], mapped.obsm["factors"], atol=1e-3)
    organs = before.obs("organ")
    commonest = {
        domain: Counter(organs[before.obs("domain") == domain]).most_common(1)[0][0]
        for domain in before.obs_columns["domain"].categories
    }
    named = np.array([commonest[domain] for domain in after.obs("domain")])
    hits = (named == after.obs("organ"))[rows].mean()
    own = (named == after.obs("organ"))[rows_of(after, ["E11.5_A"])].mean()
    added = matched_correlation(after.factors[rows], joint.factors[rows_of(joint, [STAGE])]).mean
    fitted = [info.name for info in before.slices]
    usual = matched_correlation(
        after.factors[rows_of(after, fitted)], joint.factors[rows_of(joint, fitted)]
    ).mean
    print(
        f"organ hits {hits:.3f}, of the fitted replicate {own:.3f}; factors {added:.3f}/{usual:.3f}"
    )
    assert hits > 0.7 * own
    assert added > 0.8 * usual


def test_the_card_tells_what_was_added_to_what(case: Case) -> None:
    before, staged, after = (open_atlas(p) for p in (case.before, case.staged, case.after))
    card = after.card
    assert [each["digest"] for each in card["extensions"]] == [before.digest, staged.digest]
    assert [each["slices"] for each in card["extensions"]] == [[STAGE], [PANEL]]
    assert [each["slice"] for each in card["added_slices"]] == [STAGE, PANEL]
    fit = card["added_slices"][0]
    assert (fit["stage"], fit["fitted_genes"], fit["loading_share"]) == ("E11", 240, 1.0)
    assert fit["out_of_reference"] < 0.25
    # The factors tell of held counts of tissue that they were not fitted to.
    assert fit["held_gain"] > 0.4 * fit["usual_gain"] > 0
    assert card["command"].endswith("first && second")
    assert {"kind": "added slice", "subject": PANEL}.items() <= card["findings"][-1].items()


def test_a_query_can_be_mapped_onto_an_extended_atlas(
    case: Case, tmp_path: Path, tiny_slices: Path
) -> None:
    gene = open_atlas(case.after).genes[-1]
    report = project(
        case.after, tiny_slices / "E13.5_B.h5ad", tmp_path / "mapped.h5ad", genes=(gene,)
    )
    mapped = ad.read_h5ad(tmp_path / "mapped.h5ad")
    assert np.isfinite(mapped.obsm["imputed"]).all()
    assert set(report["stage_posterior"]) >= {"E11", "E13.5"}


def test_foreign_tissue_is_said_not_to_fit(case: Case, tmp_path: Path) -> None:
    foreign = ad.read_h5ad(case.slices[STAGE])
    foreign.obs["slice"] = "shuffled"
    foreign.var_names = np.random.default_rng(0).permutation(foreign.var_names)
    del foreign.var["ensembl_id"]
    foreign.write_h5ad(tmp_path / "shuffled.h5ad")
    told = extend_atlas(
        case.before, tmp_path / "shuffled.h5ad", tmp_path / "out.atlas.zarr", Config()
    )
    (fit,) = told.fits
    assert fit.out_of_reference > 0.9
    assert fit.held_gain < 0.25 * fit.usual_gain
    assert any("is not of this atlas's tissue" in warning for warning in fit.warnings)


def test_slices_that_cannot_be_added_are_told(case: Case, tmp_path: Path) -> None:
    out = tmp_path / "out.atlas.zarr"
    with pytest.raises(DataError, match=f"'{STAGE}': found a slice of this name in the atlas"):
        extend_atlas(case.after, case.slices[STAGE], out, Config())
    section = ad.read_h5ad(case.slices[STAGE])
    section.obs["slice"] = "again"
    section[::-1].copy().write_h5ad(tmp_path / "again.h5ad")
    with pytest.raises(DataError, match=f"positions and counts of {STAGE} of the atlas"):
        extend_atlas(case.after, tmp_path / "again.h5ad", out, Config())
    folder = tmp_path / "twice"
    folder.mkdir()
    for name in ("one", "two"):
        section.obs["slice"] = name
        section.write_h5ad(folder / f"{name}.h5ad")
    with pytest.raises(DataError, match="'two': found the positions and counts of one"):
        extend_atlas(case.before, folder, out, Config())
    section.var_names = [f"Other{n}" for n in range(section.n_vars)]
    del section.var["ensembl_id"]
    section.write_h5ad(tmp_path / "other.h5ad")
    with pytest.raises(DataError, match="0 of its 240 genes among the 240 fitted ones"):
        extend_atlas(case.before, tmp_path / "other.h5ad", out, Config())
    assert not out.exists()
    assert not list(tmp_path.glob(".*"))


def test_stages_that_have_no_place_are_told(case: Case, tmp_path: Path) -> None:
    out, path = tmp_path / "out.atlas.zarr", tmp_path / "section.h5ad"
    section = ad.read_h5ad(case.slices[STAGE])
    section.obs["stage"] = "late"
    section.obs = section.obs.drop(columns="time_days")
    section.write_h5ad(path)
    with pytest.raises(DataError, match="stages without a time"):
        extend_atlas(case.before, path, out, Config())
    section.obs = section.obs.drop(columns="stage")
    section.write_h5ad(path)
    with pytest.raises(DataError, match="slices without a stage"):
        extend_atlas(case.before, path, out, Config())
    with pytest.raises(AtlasError, match=r"E9\.5 = 10: the atlas has that stage at 9\.5"):
        extend_atlas(case.before, path, out, Config(stages={"E9.5": 10.0}))


def test_stores_that_cannot_be_extended_are_told(case: Case, tmp_path: Path, left_out: Any) -> None:
    with pytest.raises(AtlasError, match="exists; choose another name"):
        extend_atlas(case.before, case.slices[STAGE], case.before, Config())
    with pytest.raises(AtlasError, match=r"ends in \.atlas\.zarr"):
        extend_atlas(case.before, case.slices[STAGE], tmp_path / "out", Config())
    bare = tmp_path / "bare.atlas.zarr"
    export_atlas(bare, ad.read_zarr(case.before / "reference"), ModelPart({}, {}), {})
    with pytest.raises(NotFittedError, match="atlas fit"):
        extend_atlas(bare, case.slices[STAGE], tmp_path / "out.atlas.zarr", Config())


def test_slices_are_read_as_those_of_the_atlas_were(case: Case) -> None:
    atlas = open_atlas(case.before)
    told = reading_settings(atlas, load_config(None, ["data.stage_column=age"]))
    assert told.data.stage_column == "age"
    assert told.quality == load_config().quality
    with pytest.raises(AtlasError, match="settings of train do nothing here"):
        reading_settings(atlas, load_config(None, ["train.steps=5"]))
