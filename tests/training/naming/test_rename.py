"""A named atlas: what changed, what did not, and that the checks of a store know the table."""

from __future__ import annotations

import json
from pathlib import Path

import anndata
import numpy as np
import pytest
import zarr

from training.errors import AtlasError
from training.naming.rename import annotate_atlas
from training.store import open_atlas, validate_store
from training.store.derived.genelists import factors_csv, factors_gmt
from training.store.digest import content_digest
from training.store.places.location import count_files
from training.store.schema import ROOT_KEY

TESTS = Path(__file__).parents[2]
NAMES = """
[factors.2]
name = "Liver programme"
note = "Albumin and the like."
color = "#123456"
ontology = ["CL:0000182", "GO:0006629"]
[domains.heart]
name = "Heart tube"
color = "#00aa00"
ontology = "UBERON:0004141"
[stages.E9]
name = "Day 9"
ontology = "MmusDv:0000015"
"""


@pytest.fixture(scope="module")
def stores(small_stores: list[Path], tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("named")
    (folder / "names.toml").write_text(NAMES, encoding="utf-8")
    plain = small_stores[0]
    named = folder / "named.atlas.zarr"
    annotate_atlas(plain, folder / "names.toml", named, command="atlas annotate …")
    return plain, named


def test_the_named_store_is_sound_and_the_first_unchanged(stores: tuple[Path, Path]) -> None:
    plain, named = stores
    assert validate_store(named) == []
    assert validate_store(plain) == []
    assert open_atlas(plain).annotations == {}
    assert open_atlas(plain).digest != open_atlas(named).digest
    with pytest.raises(AtlasError, match="exists"):
        annotate_atlas(plain, named.parent / "names.toml", named)


def test_names_stand_wherever_the_old_ones_stood(stores: tuple[Path, Path]) -> None:
    plain, named = map(open_atlas, stores)
    assert named.factor_names[2] == "Liver programme"
    assert named.factor_names[0] == plain.factor_names[0]
    assert [stage.name for stage in named.stages] == ["Day 9", "E10", "E11"]
    domain = named.obs_columns["domain"]
    assert domain.categories == ["Heart tube", "brain", "liver", "gut"]
    # brain had the colour that the heart tube was given
    assert domain.colors is not None
    assert domain.colors[0] == "#00aa00"
    assert len(set(domain.colors)) == 4
    assert domain.colors[2:] == ["#0000aa", "#aaaa00"]
    relations = named.table("domain_relations")
    assert "heart" not in set(relations["domain"]) | set(relations["other_domain"])
    assert "Day 9" in set(relations["stage"])
    told = named.annotations["domain", "Heart tube"]
    assert (told.former, told.terms) == ("heart", ("UBERON:0004141",))
    assert named.annotations["factor", "2"].note == "Albumin and the like."
    assert named.card["names"][0]["digest"] == plain.digest
    data = anndata.read_zarr(named.path / "reference")
    assert data.obs["stage"].cat.ordered
    assert set(data.obs["domain"]) == set(domain.categories)


def test_what_was_counted_and_fitted_is_the_same(stores: tuple[Path, Path]) -> None:
    plain, named = map(open_atlas, stores)
    for name in ("latent", "factors", "loadings"):
        np.testing.assert_array_equal(getattr(plain, name), getattr(named, name))
    np.testing.assert_array_equal(plain.counts("ALB"), named.counts("ALB"))
    np.testing.assert_array_equal(
        plain.values("obs", "domain").data, named.values("obs", "domain").data
    )
    np.testing.assert_array_equal(plain.factor_stability, named.factor_stability)


def test_lists_of_genes_carry_names_and_terms(stores: tuple[Path, Path]) -> None:
    named = open_atlas(stores[1])
    lines = factors_csv(named, k=2).splitlines()
    assert lines[0].split(",")[-3:-1] == ["name", "terms"]
    assert lines[1].split(",")[-3:-1] == ["Liver programme", "CL:0000182 GO:0006629"]
    assert "Factor 2 (Liver programme, CL:0000182, GO:0006629)" in factors_gmt(named, k=2)


def test_a_second_file_keeps_what_it_does_not_mention(
    stores: tuple[Path, Path], tmp_path: Path
) -> None:
    path = tmp_path / "more.toml"
    path.write_text('[domains."Heart tube"]\nname = "Tube"\n', encoding="utf-8")
    again = tmp_path / "again.atlas.zarr"
    annotate_atlas(stores[1], path, again)
    atlas = open_atlas(again)
    told = atlas.annotations["domain", "Tube"]
    assert (told.former, told.terms, told.color) == ("heart", ("UBERON:0004141",), "#00aa00")
    assert atlas.annotations["factor", "2"].color == "#123456"
    assert atlas.factor_names[2] == "Liver programme"
    assert len(atlas.card["names"]) == 2
    # Validation knows the table.
    array = zarr.open_array(again / "reference/uns/annotations/color", mode="r+")
    array[...] = np.array(["red"] * array.shape[0])
    n_files, n_bytes = count_files(again)
    root = json.loads((again / "zarr.json").read_text())
    root["attributes"][ROOT_KEY] |= {
        "n_files": n_files,
        "n_bytes": n_bytes,
        "digest": content_digest(again),
    }
    (again / "zarr.json").write_text(json.dumps(root))
    assert any("'#rrggbb' in lower case" in fault for fault in validate_store(again))
