"""Tables of a fit: added to a collection, stored, read back, checked, exported."""

from __future__ import annotations

import shutil
from itertools import pairwise
from pathlib import Path

import anndata as ad
import numpy as np
import pandas as pd
import pytest
import zarr

from training.commands.tables import export_part
from training.config import load_config
from training.downstream.characterise import characterise
from training.downstream.markers import contrast_domains
from training.downstream.relations import connect_domains
from training.errors import AtlasError
from training.export import export_atlas
from training.inputs.graph import radius_graph
from training.inputs.preprocess import normalise
from training.neighbours.nearest import nearest
from training.store import Atlas, ModelPart, StoreError, open_atlas, validate_store
from training.store.schema import FRAMES

GOLDEN = Path(__file__).parents[2] / "contracts" / "golden" / "v1.atlas.zarr"


@pytest.fixture(scope="module")
def atlas(tiny_atlas: Path) -> Atlas:
    return open_atlas(tiny_atlas)


@pytest.fixture(scope="module")
def reference(tiny_atlas: Path) -> ad.AnnData:
    return ad.read_zarr(tiny_atlas / "reference")


def test_the_reference_holds_the_tables_as_data_frames(atlas: Atlas, reference: ad.AnnData) -> None:
    for name, columns in FRAMES.items():
        # Given by the builder, which no fit makes.
        if name in ("annotations", "orthologs", "gene_sets"):
            assert name not in reference.uns
            continue
        frame, table = reference.uns[name], atlas.table(name)
        assert isinstance(frame, pd.DataFrame)
        assert tuple(frame) == tuple(table) == columns
        for column in columns:
            if table[column].dtype == object:
                assert [str(value) for value in frame[column]] == table[column].tolist()
            else:
                np.testing.assert_array_equal(frame[column], table[column])


def test_the_markers_are_those_of_the_stored_counts(atlas: Atlas, reference: ad.AnnData) -> None:
    totals = np.asarray(reference.X.sum(axis=1)).ravel()
    codes = [reference.obs[name].cat.codes.to_numpy() for name in ("domain", "slice")]
    domains = list(reference.obs["domain"].cat.categories)
    found = contrast_domains(normalise(reference.X.tocsr(), totals, 1e4), *codes, len(domains))
    table = atlas.table("markers")
    for row in range(0, len(table["gene"]), 7):
        k, gene = domains.index(table["domain"][row]), atlas.genes.index(table["gene"][row])
        assert table["log2_fold_change"][row] == pytest.approx(found.effect[k, gene], rel=1e-6)
        assert table["q"][row] == pytest.approx(found.q[k, gene], rel=1e-6, nan_ok=True)


def test_the_relations_are_those_of_the_stored_latent(atlas: Atlas, reference: ad.AnnData) -> None:
    near, _ = nearest(np.array(atlas.latent), load_config().domains.neighbours + 1, 0)
    codes = reference.obs["domain"].cat.codes.to_numpy()
    found = connect_domains(near, codes, codes.max() + 1)
    table = pd.DataFrame(atlas.table("domain_relations"))
    own = table[table["relation"] == "connectivity"]
    upper = np.triu_indices(codes.max() + 1, k=1)
    np.testing.assert_allclose(own["value"].astype(float), found.ratio[upper])
    stages = [stage.name for stage in atlas.stages]
    across = table[table["relation"] == "similarity"]
    named = zip(across["stage"], across["other_stage"], strict=True)
    assert set(named) == set(pairwise(stages))
    assert set(across["mutual"]) == {"True", "False"}


def test_spatial_genes_are_in_var(atlas: Atlas, reference: ad.AnnData) -> None:
    assert reference.var["moran_i"].max() > 0.05
    assert reference.var["moran_q"].min() < 1e-6
    genes = atlas.table("genes")
    assert genes["name"].tolist() == atlas.genes
    np.testing.assert_array_equal(genes["moran_i"], reference.var["moran_i"])


@pytest.mark.parametrize(
    ("what", "name"),
    [("markers", "markers"), ("relations", "domain_relations"), ("genes", "genes")],
)
def test_tables_are_exported_as_csv(atlas: Atlas, tmp_path: Path, what: str, name: str) -> None:
    export_part(atlas, what, tmp_path / "table.csv")
    found = pd.read_csv(tmp_path / "table.csv", keep_default_na=False, dtype=str)
    expected = atlas.table(name)
    assert list(found) == list(expected)
    for column, values in expected.items():
        if values.dtype.kind == "f":
            own = pd.to_numeric(found[column]).to_numpy(dtype=float)
            np.testing.assert_allclose(own, values, rtol=1e-8)
        else:
            assert found[column].tolist() == values.tolist()


def test_an_older_store_opens_and_says_what_it_lacks(tmp_path: Path) -> None:
    atlas = open_atlas(GOLDEN)
    assert validate_store(GOLDEN) == []
    with pytest.raises(StoreError, match=r"markers: found nothing there.*fit the slices again"):
        atlas.table("markers")
    with pytest.raises(StoreError, match="one of genes, factors, markers, domain_relations"):
        atlas.table("no such table")
    assert list(atlas.table("genes")) == ["name", "symbol", "ensembl_id", "highly_variable"]
    with pytest.raises((StoreError, AtlasError)):
        export_part(atlas, "relations", tmp_path / "relations.csv")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("column", "value", "told"),
    [
        ("domain", "D99", "a domain of this atlas"),
        ("gene", "NoSuchGene", "a gene of this atlas"),
        ("q", 1.5, "0 to 1 or NaN"),
    ],
)
def test_a_table_that_does_not_fit_the_atlas_is_refused(
    reference: ad.AnnData, tmp_path: Path, column: str, value: object, told: str
) -> None:
    changed = reference.copy()
    frame = changed.uns["markers"].copy()
    frame[column] = frame[column].astype(object if isinstance(value, str) else float)
    frame.iloc[3, frame.columns.get_loc(column)] = value
    changed.uns["markers"] = frame
    with pytest.raises(StoreError) as caught:
        export_atlas(tmp_path / "x.atlas.zarr", changed, ModelPart({}, {}), {})
    assert f"uns/markers/{column}" in str(caught.value)
    assert told in str(caught.value)


def test_a_table_without_its_columns_is_refused(reference: ad.AnnData, tmp_path: Path) -> None:
    changed = reference.copy()
    changed.uns["markers"] = changed.uns["markers"].drop(columns=["gene", "p"])
    with pytest.raises(StoreError, match="no column gene, p"):
        export_atlas(tmp_path / "x.atlas.zarr", changed, ModelPart({}, {}), {})


def test_a_declaration_beyond_the_store_is_refused_on_opening(
    tiny_atlas: Path, tmp_path: Path
) -> None:
    copy = tmp_path / "hostile.atlas.zarr"
    shutil.copytree(tiny_atlas, copy)
    frame = zarr.open_group(copy / "reference" / "uns" / "markers", mode="r", zarr_format=3)
    assert frame["p"].shape[0] > 0
    place = copy / "reference" / "uns" / "markers" / "p" / "zarr.json"
    text = place.read_text()
    length = frame["p"].shape[0]
    place.write_text(
        text.replace(f"{length}\n", f"{10**14}\n").replace(f"[{length}]", f"[{10**14}]")
    )
    assert place.read_text() != text
    faults = validate_store(copy)
    assert any("markers/p" in fault and "declared shape" in fault for fault in faults)


def collection(n_domains: int) -> ad.AnnData:
    rng = np.random.default_rng(0)
    counts = rng.poisson(1.0, (60, 5)).astype(np.float32)
    return ad.AnnData(
        counts,
        obs=pd.DataFrame(
            {
                "slice": pd.Categorical(["s"] * 60),
                "stage": pd.Categorical(["early"] * 60),
                "domain": pd.Categorical([f"D{1 + i % n_domains}" for i in range(60)]),
            },
            index=[str(i) for i in range(60)],
        ),
        var=pd.DataFrame({"moran_i": [1, 2, 3, 4, 5]}, index=list("abcde")),
    )


@pytest.mark.parametrize("n_domains", [1, 2])
def test_one_domain_and_stage_leave_out_what_has_no_rows(n_domains: int) -> None:
    spots = collection(n_domains)
    rng = np.random.default_rng(1)
    latent, positions = rng.normal(size=(60, 3)), rng.uniform(size=(60, 2))
    graph = radius_graph(positions, np.zeros(60, int), np.array([0.2]))
    characterise(spots, graph, nearest(latent, 6, 0)[0], latent)
    assert set(spots.uns) == (set() if n_domains == 1 else {"markers", "domain_relations"})
    assert spots.var["source_moran_i"].tolist() == [1, 2, 3, 4, 5]
    assert spots.var["moran_i"].abs().max() < 1
    if n_domains == 2:
        assert spots.uns["markers"]["p"].isna().all()
