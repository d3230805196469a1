"""Slices in, one checked collection out; every fault located, all reported together."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from anndata import AnnData
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy import sparse

from training.config import DataConfig, QualityConfig
from training.errors import DataError, Problem
from training.slices.load import load_slices

GENES = [f"GENE{i}" for i in range(40)]


def make_slice(
    name: str | None = "s1",
    stage: str | None = "E9.5",
    *,
    n: int = 24,
    genes: list[str] | None = None,
    seed: int = 0,
    prefix: str = "spot",
    **columns: Any,
) -> AnnData:
    rng = np.random.default_rng(seed)
    genes = genes or GENES
    counts = rng.poisson(2.0, (n, len(genes))).astype(np.float32)
    obs = pd.DataFrame(index=[f"{prefix}{i}" for i in range(n)])
    if name is not None:
        obs["slice"] = name
    if stage is not None:
        obs["stage"] = stage
    for column, value in columns.items():
        obs[column] = value
    return AnnData(
        X=sparse.csr_matrix(counts),
        obs=obs,
        var=pd.DataFrame(index=genes),
        obsm={"spatial": rng.uniform(0, 100, (n, 2)).astype(np.float32)},
    )


def write(folder: Path, **slices: AnnData) -> Path:
    folder.mkdir(exist_ok=True)
    for stem, adata in slices.items():
        adata.write_h5ad(folder / f"{stem}.h5ad")
    return folder


def load(
    path: Path, *, stages: dict[str, float] | None = None, **quality: int
) -> tuple[AnnData, list[Any]]:
    return load_slices(
        path,
        data=DataConfig.model_validate({}),
        quality=QualityConfig.model_validate(quality),
        stages=stages or {},
    )


def faults(path: Path, **options: Any) -> list[Problem]:
    with pytest.raises(DataError) as caught:
        load(path, **options)
    return list(caught.value.problems)


def only_fault(path: Path, **options: Any) -> Problem:
    problems = faults(path, **options)
    assert len(problems) == 1, "\n".join(map(str, problems))
    return problems[0]


# What comes out


def test_slices_are_grouped_and_ordered_by_stage_then_by_file(tmp_path: Path) -> None:
    write(
        tmp_path,
        a10=make_slice("late", "E10.5", seed=1),
        a2=make_slice("early2", "E9.5", seed=2, n=30),
        a1=make_slice("early1", "E9.5", seed=3),
    )
    adata, reports = load(tmp_path)
    assert list(adata.obs["slice"].cat.categories) == ["early1", "early2", "late"]
    assert list(adata.obs["stage"].cat.categories) == ["E9.5", "E10.5"]
    assert adata.obs["stage"].cat.ordered
    assert np.array_equal(
        np.unique(adata.obs["slice"].cat.codes, return_index=True)[1], [0, 24, 54]
    )
    assert (np.diff(adata.obs["slice"].cat.codes) >= 0).all()
    assert adata.obs.groupby("stage", observed=True)["time"].first().tolist() == [9.5, 10.5]
    assert [report.slice for report in reports] == ["early1", "early2", "late"]
    assert [report.n_kept for report in reports] == [24, 30, 24]
    assert adata.X.dtype == np.float32
    assert sparse.issparse(adata.X)
    assert adata.X.format == "csr"
    assert adata.obsm["spatial"].dtype == np.float32


def test_counts_names_and_columns_are_carried_unchanged(tmp_path: Path) -> None:
    first = make_slice("a", seed=1, label="heart", depth=3, donor="d1")
    second = make_slice("b", seed=2, label="gut", depth=4)
    first.var["ensembl_id"] = second.var["ensembl_id"] = [f"ENSG{i:011d}" for i in range(40)]
    first.var["differs"], second.var["differs"] = 1, 2
    adata, _ = load(write(tmp_path, a=first, b=second))
    assert np.array_equal(adata.X.toarray()[:24], first.X.toarray())
    assert np.array_equal(adata.X.toarray()[24:], second.X.toarray())
    assert np.array_equal(adata.obsm["spatial"][24:], second.obsm["spatial"])
    assert adata.var_names.tolist() == GENES
    assert adata.var.columns.tolist() == ["ensembl_id"]
    assert adata.obs["label"].astype(str).tolist() == ["heart"] * 24 + ["gut"] * 24
    assert adata.obs["depth"].tolist() == [3] * 24 + [4] * 24
    assert adata.obs["donor"].isna().tolist() == [False] * 24 + [True] * 24
    assert adata.obs["spot"].tolist() == [f"spot{i}" for i in range(24)] * 2
    assert adata.obs_names[0] == "a:spot0"
    assert adata.obs_names.is_unique
    adata.write_h5ad(tmp_path / "joined.out")


def test_unique_spot_names_stay_as_they_are(tmp_path: Path) -> None:
    write(tmp_path, a=make_slice("a", prefix="x"), b=make_slice("b", prefix="y", seed=1))
    adata, _ = load(tmp_path)
    assert adata.obs_names[0] == "x0"


def test_one_file_with_a_slice_column_is_split(tmp_path: Path) -> None:
    adata = make_slice(None, None, n=60)
    adata.obs["slice"] = ["s2", "s10", "s1"] * 20
    adata.obs["stage"] = adata.obs["slice"].map({"s1": "D14", "s2": "D4", "s10": "D4"})
    adata.write_h5ad(tmp_path / "all.h5ad")
    for path in (tmp_path / "all.h5ad", tmp_path):
        joined, reports = load(path)
        assert [report.slice for report in reports] == ["s2", "s10", "s1"]
        assert [report.time for report in reports] == [4.0, 4.0, 14.0]
        chosen = adata[joined.obs["spot"]]
        assert (chosen.X != joined.X).nnz == 0
        assert np.array_equal(chosen.obsm["spatial"], joined.obsm["spatial"])


def test_a_slice_that_does_not_name_itself_has_its_files_name(tmp_path: Path) -> None:
    varied = make_slice(None, seed=1)
    varied.obs["slice"] = ["p", "q"] * 12
    adata, reports = load(write(tmp_path, one=make_slice(None), two=varied))
    assert [report.slice for report in reports] == ["one", "two"]
    assert adata.obs["source_slice"].dropna().astype(str).tolist() == ["p", "q"] * 12


def test_other_files_are_ignored(tmp_path: Path) -> None:
    write(tmp_path, a=make_slice("a"))
    (tmp_path / "README.md").write_text("notes")
    (tmp_path / "truth.npz").write_bytes(b"1234")
    (tmp_path / "._a.h5ad").write_bytes(b"not a slice")
    (tmp_path / "old.atlas.zarr").mkdir()
    (tmp_path / "old.atlas.zarr" / "zarr.json").write_text("{}")
    adata, _ = load(tmp_path)
    assert adata.n_obs == 24


def test_other_names_of_columns_come_from_the_settings(tmp_path: Path) -> None:
    adata = make_slice(None, None)
    adata.obs["section"], adata.obs["age"], adata.obs["stage"] = "x1", "P7", "unused"
    adata.obsm["xy"] = adata.obsm.pop("spatial")
    adata.write_h5ad(tmp_path / "a.h5ad")
    config = DataConfig(slice_column="section", stage_column="age", spatial_key="xy")
    joined, reports = load_slices(
        tmp_path, data=config, quality=QualityConfig.model_validate({}), stages={}
    )
    assert (reports[0].slice, reports[0].stage, reports[0].time) == ("x1", "P7", 7.0)
    assert joined.obs["source_stage"].astype(str).unique().tolist() == ["unused"]


def test_genes_are_the_shared_ones_in_the_order_of_the_first_slice(tmp_path: Path) -> None:
    first = make_slice("a", genes=GENES[:30], seed=1)
    second = make_slice("b", genes=GENES[:4:-1], seed=2)
    adata, reports = load(write(tmp_path, a=first, b=second))
    assert adata.var_names.tolist() == GENES[5:30]
    assert [report.n_genes_dropped for report in reports] == [5, 10]
    assert np.array_equal(adata.X.toarray()[24:], second[:, GENES[5:30]].X.toarray())
    assert adata.X.has_sorted_indices


def test_poor_spots_are_dropped_and_counted(tmp_path: Path) -> None:
    adata = make_slice()
    counts = adata.X.toarray()
    counts[0] = 0
    counts[1] = 0
    counts[1, 0] = 500
    counts[2] = 0
    counts[2, :15] = 1
    adata.X = sparse.csr_matrix(counts)
    joined, (report,) = load(write(tmp_path, a=adata), min_counts=20, min_genes=5)
    assert (report.n_read, report.n_empty, report.n_low, report.n_kept) == (24, 1, 2, 21)
    assert joined.obs["spot"].tolist() == [f"spot{i}" for i in range(3, 24)]
    assert report.median_counts == np.median(counts[3:].sum(axis=1))


@pytest.mark.parametrize("form", ["csc", "dense", "int64", "uint16", "float64", "dense int"])
def test_every_form_of_counts_reads_alike(tmp_path: Path, form: str) -> None:
    adata = make_slice()
    expected = adata.X.toarray()
    forms: dict[str, Any] = {
        "csc": adata.X.tocsc(),
        "dense": expected,
        "int64": adata.X.astype(np.int64),
        "uint16": adata.X.astype(np.uint16),
        "float64": adata.X.astype(np.float64),
        "dense int": expected.astype(np.int32),
    }
    adata.X = forms[form]
    joined, _ = load(write(tmp_path, a=adata))
    assert np.array_equal(joined.X.toarray(), expected)
    assert joined.X.nnz == np.count_nonzero(expected)


@settings(
    max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(order=st.permutations(range(4)), shuffle=st.booleans())
def test_the_order_of_files_does_not_matter(
    tmp_path_factory: pytest.TempPathFactory, order: list[int], shuffle: bool
) -> None:
    folder = tmp_path_factory.mktemp("slices")
    for place, at in enumerate(order):
        adata = make_slice(f"slice{at}", f"E{8 + at}.5", seed=at, n=12 + at)
        if shuffle:
            adata = adata[np.random.default_rng(at).permutation(adata.n_obs)].copy()
        adata.write_h5ad(folder / f"file{place}.h5ad")
    joined, reports = load(folder)
    assert [report.slice for report in reports] == [f"slice{at}" for at in range(4)]
    for at in range(4):
        part = joined[joined.obs["slice"] == f"slice{at}"]
        expected = make_slice(n=12 + at, seed=at)[part.obs["spot"]]
        assert (part.X != expected.X).nnz == 0
        assert np.array_equal(part.obsm["spatial"], expected.obsm["spatial"])


# Stages


def test_times_come_from_settings_then_columns_then_names(tmp_path: Path) -> None:
    write(
        tmp_path,
        a=make_slice("a", "4.5-5 PCW"),
        b=make_slice("b", "mid", time_pcw=6.25, seed=1),
        c=make_slice("c", "9 PCW", time_pcw=8.0, seed=2),
    )
    _, reports = load(tmp_path, stages={"9 PCW": 9.5})
    assert [report.time for report in reports] == [4.75, 6.25, 9.5]


def test_one_stage_needs_no_time(tmp_path: Path) -> None:
    adata, (report,) = load(write(tmp_path, a=make_slice("a", "adult")))
    assert report.time is None
    assert adata.obs["time"].isna().all()


def test_slices_without_a_stage_column_are_one_stage(tmp_path: Path) -> None:
    adata, _ = load(write(tmp_path, a=make_slice("a", None), b=make_slice("b", None, seed=1)))
    assert list(adata.obs["stage"].cat.categories) == ["all"]


def test_stages_without_times_are_listed(tmp_path: Path) -> None:
    write(
        tmp_path,
        a=make_slice("a", "young"),
        b=make_slice("b", "E9.5", seed=1),
        c=make_slice("c", "old", seed=2),
    )
    problem = only_fault(tmp_path)
    assert list(problem.examples) == ["young", "old"]
    assert "[stages]" in problem.remedy


def test_stage_given_for_some_slices_only(tmp_path: Path) -> None:
    write(tmp_path, a=make_slice("a", "E9.5"), b=make_slice("b", None, seed=1))
    assert "slice 'b'" in only_fault(tmp_path).examples[0]


def test_a_slice_of_two_stages(tmp_path: Path) -> None:
    adata = make_slice("a")
    adata.obs["stage"] = ["E9.5", "E10.5"] * 12
    problem = only_fault(write(tmp_path, a=adata))
    assert "slice 'a'" in problem.place
    assert list(problem.examples) == ["E9.5", "E10.5"]


# Faults


def test_all_faults_of_all_slices_come_together(tmp_path: Path) -> None:
    negative = make_slice("neg", seed=1)
    negative.X[0, 0] = -3
    adrift = make_slice("adrift", seed=2)
    adrift.obsm["spatial"][3, 1] = np.nan
    unplaced = make_slice("unplaced", seed=3)
    del unplaced.obsm["spatial"]
    write(tmp_path, a=make_slice("fine"), b=negative, c=adrift, d=unplaced)
    (tmp_path / "e.h5ad").write_bytes(b"\x89HDF\r\n\x1a\n" + b"\0" * 100)
    problems = faults(tmp_path)
    places = "\n".join(problem.place for problem in problems)
    assert len(problems) == 4
    for name in ("slice 'neg' (b.h5ad)", "slice 'adrift'", "slice 'unplaced'", "e.h5ad"):
        assert name in places
    assert "4 problems" in str(DataError(problems))


def test_log_normalised_counts_with_raw_ones_in_a_layer(tmp_path: Path) -> None:
    adata = make_slice()
    adata.layers["counts"] = adata.X.copy()
    adata.X = adata.X.log1p()
    problem = only_fault(write(tmp_path, a=adata))
    assert "not integers (log-normalised" in problem.found
    assert "layers['counts']" in problem.remedy
    assert len(problem.examples) == 5
    assert problem.examples[0].startswith("spot0, GENE")


def test_scaled_counts_with_raw_ones_in_raw(tmp_path: Path) -> None:
    adata = make_slice()
    adata.raw = adata.copy()
    adata.X = adata.X.toarray() - 0.5
    kinds = faults(write(tmp_path, a=adata))
    assert any("negative" in problem.found for problem in kinds)
    assert all("raw.X" in problem.remedy for problem in kinds)


def test_missing_counts(tmp_path: Path) -> None:
    adata = make_slice()
    adata.X[4, 7] = np.nan
    problem = only_fault(write(tmp_path, a=adata))
    assert list(problem.examples) == ["spot4, GENE7: nan"]


def test_coordinates_of_three_columns(tmp_path: Path) -> None:
    adata = make_slice()
    adata.obsm["spatial"] = np.zeros((24, 3))
    problem = only_fault(write(tmp_path, a=adata))
    assert "(24, 3)" in problem.found
    assert "two columns" in problem.remedy


def test_absent_coordinates_that_lie_elsewhere(tmp_path: Path) -> None:
    adata = make_slice(x=1.0, y=2.0)
    del adata.obsm["spatial"]
    assert "'x' and 'y'" in only_fault(write(tmp_path, a=adata)).remedy
    other = make_slice()
    other.obsm["X_spatial"] = other.obsm.pop("spatial")
    assert "'X_spatial'" in only_fault(write(tmp_path, a=other)).remedy


def test_all_spots_at_one_place(tmp_path: Path) -> None:
    adata = make_slice()
    adata.obsm["spatial"][:] = 5
    assert "all 24 spots at (5, 5)" in only_fault(write(tmp_path, a=adata)).found


def test_spot_names_twice(tmp_path: Path) -> None:
    adata = make_slice()
    adata.obs_names = ["same", "same", *adata.obs_names[2:]]
    problem = only_fault(write(tmp_path, a=adata))
    assert list(problem.examples) == ["same (2 times)"]


def test_a_spot_written_twice_under_two_names(tmp_path: Path) -> None:
    adata = make_slice()
    adata.X[5] = adata.X[2]
    adata.obsm["spatial"][5] = adata.obsm["spatial"][2]
    assert list(only_fault(write(tmp_path, a=adata)).examples) == ["spot5 = spot2"]


def test_cells_above_each_other_are_no_copies(tmp_path: Path) -> None:
    adata = make_slice()
    adata.obsm["spatial"][5] = adata.obsm["spatial"][2]
    joined, _ = load(write(tmp_path, a=adata))
    assert joined.n_obs == 24


def test_gene_names_twice(tmp_path: Path) -> None:
    adata = make_slice(genes=["ACTB", "ACTB", *GENES[2:]])
    problem = only_fault(write(tmp_path, a=adata))
    assert "gene" in problem.found
    assert list(problem.examples) == ["ACTB (2 times)"]


def test_symbols_here_and_ensembl_ids_there(tmp_path: Path) -> None:
    ids = [f"ENSMUSG{i:011d}" for i in range(40)]
    write(tmp_path, a=make_slice("a"), b=make_slice("b", seed=1), c=make_slice("c", genes=ids))
    problem = only_fault(tmp_path)
    assert problem.place == "c.h5ad"
    assert "Ensembl ids" in problem.remedy
    assert problem.examples[0] == "ENSMUSG00000000000 here, GENE0 there"
    named = make_slice("c", genes=ids)
    named.var["symbol"] = GENES
    assert "var['symbol']" in only_fault(write(tmp_path, c=named)).remedy


def test_gene_names_of_another_case(tmp_path: Path) -> None:
    write(tmp_path, a=make_slice("a"), b=make_slice("b", genes=[g.title() for g in GENES]))
    assert "upper and lower case" in only_fault(tmp_path).remedy


def test_panels_that_agree_in_pairs_but_not_together(tmp_path: Path) -> None:
    write(
        tmp_path,
        a=make_slice("a", genes=[f"G{i}" for i in range(40)]),
        b=make_slice("b", genes=[f"G{i}" for i in range(20, 60)], seed=1),
        c=make_slice("c", genes=[f"G{i}" for i in [*range(20), *range(60, 80)]], seed=2),
    )
    problem = only_fault(tmp_path)
    assert problem.place == "all slices together"
    assert "0 genes" in problem.found


@pytest.mark.parametrize(("shape", "word"), [((0, 40), "no spots"), ((24, 0), "no genes")])
def test_an_empty_slice(tmp_path: Path, shape: tuple[int, int], word: str) -> None:
    adata = make_slice()[: shape[0], : shape[1]].copy()
    problem = only_fault(write(tmp_path, hollow=adata))
    assert problem.place == "hollow.h5ad"
    assert problem.found == word


def test_too_few_spots_left(tmp_path: Path) -> None:
    problem = only_fault(write(tmp_path, a=make_slice()), min_counts=1000)
    assert "0 usable spots of 24" in problem.found
    assert "min_counts" in problem.remedy


def test_two_slices_of_one_name(tmp_path: Path) -> None:
    problem = only_fault(write(tmp_path, x=make_slice("same"), y=make_slice("same", seed=1)))
    assert problem.place == "slice 'same'"
    assert list(problem.examples) == ["x.h5ad", "y.h5ad"]


def test_spots_without_a_slice_name(tmp_path: Path) -> None:
    adata = make_slice(None)
    adata.obs["slice"] = ["a", None] * 12
    assert "12 spots without a value" in only_fault(write(tmp_path, x=adata)).found


@pytest.mark.parametrize("share", [0.0, 0.3, 0.9])
def test_a_file_that_ends_early(tmp_path: Path, share: float) -> None:
    path = write(tmp_path, cut=make_slice()) / "cut.h5ad"
    whole = path.read_bytes()
    path.write_bytes(whole[: int(len(whole) * share)])
    problem = only_fault(tmp_path)
    assert problem.place == "cut.h5ad"
    assert "bytes" in problem.found
    assert "checksum" in problem.remedy


def test_a_file_without_counts(tmp_path: Path) -> None:
    adata = make_slice()
    adata.X = None
    problem = only_fault(write(tmp_path, a=adata))
    assert "without X" in problem.found


@pytest.mark.parametrize("kind", ["absent", "empty", "other", "file", "atlas"])
def test_nothing_to_read(tmp_path: Path, kind: str) -> None:
    path = tmp_path / ("x.atlas.zarr" if kind == "atlas" else "x")
    if kind == "file":
        path.write_text("text")
    elif kind != "absent":
        path.mkdir()
    if kind == "other":
        (path / "notes.txt").write_text("text")
    problem = only_fault(path)
    assert ".h5ad" in problem.expected
    assert problem.remedy


# Real slices


def test_real_slices_read_whole(real_data: Path) -> None:
    adata, reports = load(real_data / "developing_human_heart")
    assert len(reports) == 19
    assert sum(report.n_read for report in reports) == 3158
    assert list(adata.obs["stage"].cat.categories) == ["4.5-5 PCW", "6.5 PCW", "9 PCW"]
    assert sorted(set(adata.obs["time"])) == [4.75, 6.5, 9.0]
    assert adata.n_vars == 9395


def test_real_slices_of_different_panels(real_data: Path) -> None:
    adata, reports = load(real_data / "her2st")
    assert len(reports) == 24
    assert adata.n_vars == 12517
    assert adata.obs["time"].isna().all()
