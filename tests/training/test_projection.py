"""Queries mapped onto fitted atlases: themselves, unseen slices, panels, and what is foreign."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import anndata as ad
import numpy as np
import pandas as pd
import pytest

from training.errors import AtlasError
from training.mapping.encoding.parameters import unpack_model
from training.mapping.encoding.queryencoding import encode_query
from training.mapping.reading.query import make_query, match_genes
from training.naming.given import GivenFiles
from training.naming.rename import annotate_atlas
from training.projection import project
from training.store import open_atlas

pytestmark = pytest.mark.slow

Map = Callable[..., ad.AnnData]


def organ_hits(store: Path, result: ad.AnnData, organs: pd.Series) -> np.ndarray:
    """Whether the commonest organ of the domain a spot is mapped to is the spot's own."""
    return np.asarray(organs_of(store, result) == organs.astype(str).to_numpy())


def organs_of(store: Path, result: ad.AnnData) -> np.ndarray:
    """The commonest organ of the domain that each spot is mapped to."""
    atlas = open_atlas(store)
    commonest = pd.crosstab(atlas.obs("domain"), atlas.obs("organ")).idxmax(axis=1)
    return np.asarray(commonest.loc[result.obs["domain"].astype(str)], dtype=str)


def permuted_genes(query: ad.AnnData) -> ad.AnnData:
    foreign = query.copy()
    foreign.var_names = np.random.default_rng(0).permutation(query.var_names)
    return foreign[:, query.var_names].copy()


def test_a_section_of_the_reference_comes_back_as_itself(
    tiny_atlas: Path, tiny_slices: Path, tmp_path: Path
) -> None:
    project(tiny_atlas, tiny_slices / "E12.5_A.h5ad", tmp_path / "result.h5ad")
    result = ad.read_h5ad(tmp_path / "result.h5ad")
    atlas = open_atlas(tiny_atlas)
    part = next(each for each in atlas.slices if each.name == "E12.5_A")
    rows = slice(part.start, part.stop)
    agreement = (result.obs["domain"].astype(str) == atlas.obs("domain")[rows]).mean()
    factors = np.array(atlas.factors)[rows]
    correlation = np.corrcoef(result.obsm["factors"].ravel(), factors.ravel())[0, 1]
    print(f"domain agreement {agreement:.3f}, factor correlation {correlation:.4f}")
    assert agreement >= 0.9
    assert correlation >= 0.98
    assert (result.obs["stage"] == "E12.5").mean() >= 0.9
    assert result.obs["out_of_reference"].mean() <= 0.1


def test_the_result_holds_the_query_unchanged(left_out: Any, mapped: Map) -> None:
    query = left_out.query.copy()
    query.obs["domain"] = np.where(np.arange(query.n_obs) % 2, "mine", "yours")
    query.obs["out_of_reference"] = np.arange(query.n_obs)
    query.obsm["spatial"] = query.obsm["spatial"].astype(np.float64)
    result = mapped(query)
    assert result.obs_names.tolist() == query.obs_names.tolist()
    assert result.var_names.tolist() == query.var_names.tolist()
    np.testing.assert_array_equal(result.X.toarray(), query.X.toarray())
    np.testing.assert_allclose(result.obsm["spatial"], query.obsm["spatial"], rtol=1e-6)
    for name in ("slice", "time_days", "organ"):
        assert result.obs[name].tolist() == query.obs[name].tolist()
    for name in ("domain", "stage", "out_of_reference"):
        assert result.obs[f"query_{name}"].tolist() == query.obs[name].tolist()


def test_the_result_has_the_promised_kinds(left_out: Any, whole: ad.AnnData) -> None:
    atlas = open_atlas(left_out.store)
    obs = whole.obs
    assert list(obs["domain"].cat.categories) == atlas.obs_columns["domain"].categories
    assert obs["stage"].cat.ordered
    assert list(obs["stage"].cat.categories) == [stage.name for stage in atlas.stages]
    assert obs["out_of_reference"].dtype == bool
    for name in ("domain_confidence", "stage_confidence", "out_of_reference_score"):
        assert obs[name].dtype == np.float32
        assert np.isfinite(obs[name]).all()
    for name in ("domain_confidence", "stage_confidence"):
        assert obs[name].between(0, 1 + 1e-5).all()
    assert ((obs["out_of_reference_score"] > 1) == obs["out_of_reference"]).all()
    assert whole.obsm["latent"].shape == (whole.n_obs, atlas.latent.shape[1])
    np.testing.assert_allclose(whole.obsm["factors"].sum(axis=1), 1, rtol=1e-4)
    assert "imputed" not in whole.obsm
    probabilities = whole.obsm["domain_probability"]
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, rtol=1e-4)
    np.testing.assert_allclose(probabilities.max(axis=1), obs["domain_confidence"], rtol=1e-5)
    about = whole.uns["projection"]
    assert about["atlas_digest"] == atlas.digest
    assert about["atlas_id"] == atlas.id
    assert about["software"].startswith("inspire-atlas ")
    assert about["n_spots"] == whole.n_obs
    assert about["n_sections"] == 2
    assert about["n_genes_matched"] == about["n_fitted_genes_matched"] == 240
    assert sum(about["stage_posterior"].values()) == pytest.approx(1, abs=1e-3)
    assert len(about["imputed_genes"]) == 0


def test_the_upper_half_in_confidence_is_more_accurate(left_out: Any, whole: ad.AnnData) -> None:
    hits = organ_hits(left_out.store, whole, left_out.query.obs["organ"])
    order = np.argsort(whole.obs["domain_confidence"].to_numpy(), kind="stable")
    half = len(order) // 2
    lower, upper = hits[order[:half]].mean(), hits[order[half:]].mean()
    print(f"accuracy {hits.mean():.3f}: lower half {lower:.3f}, upper half {upper:.3f}")
    assert upper > lower


def test_annotations_of_the_atlas_are_carried_over_with_probability(
    left_out: Any, whole: ad.AnnData
) -> None:
    hits = whole.obs["mapped_organ"].astype(str) == left_out.query.obs["organ"].astype(str)
    promised = whole.obs["mapped_organ_probability"]
    told = whole.uns["projection"]["rehearsal"]
    print(f"{hits.mean():.3f} right, {promised.mean():.3f} promised, {told}")
    assert abs(promised.mean() - hits.mean()) < 0.1
    assert abs(told["organ_accuracy"] - hits.mean()) < 0.1
    assert told["n_slices"] == 10
    # What does not vary within a slice is no annotation of spots.
    assert "mapped_slice" not in whole.obs
    assert "mapped_stage" not in whole.obs


def test_an_unseen_slice_lands_among_its_organs(left_out: Any, whole: ad.AnnData) -> None:
    """Better than any one organ for all spots, and alike from both slices."""
    organs = left_out.query.obs["organ"]
    hits = organ_hits(left_out.store, whole, organs).mean()
    latent = whole.obsm["latent"]
    assert hits > 1.2 * organs.value_counts(normalize=True).iloc[0]
    # Spots of one organ lie together, whichever of the two slices they are from.
    names = left_out.query.obs["organ"].astype(str).to_numpy()
    first = (left_out.query.obs["slice"] == "E11.5_B").to_numpy()
    shared = [
        o
        for o in np.unique(names[first])
        if min((names[first] == o).sum(), (names[~first] == o).sum()) >= 3
    ]
    means = [
        np.array([latent[m & (names == o)].mean(axis=0) for o in shared]) for m in (first, ~first)
    ]
    # What all organs share says nothing of one.
    means = [each - each.mean(axis=0) for each in means]
    likeness = np.corrcoef(*means)[: len(shared), len(shared) :]
    # Chance is one half.
    assert (np.diag(likeness)[:, None] > likeness).sum() / (len(shared) * (len(shared) - 1)) >= 0.8


def test_the_order_of_spots_does_not_matter(left_out: Any, mapped: Map, whole: ad.AnnData) -> None:
    order = np.random.default_rng(0).permutation(left_out.query.n_obs)
    result = mapped(left_out.query[order].copy())
    assert result.obs_names.tolist() == left_out.query.obs_names[order].tolist()
    np.testing.assert_allclose(result.obsm["latent"], whole.obsm["latent"][order], atol=2e-3)
    np.testing.assert_allclose(result.obsm["factors"], whole.obsm["factors"][order], atol=1e-3)
    same = result.obs["domain"].to_numpy() == whole.obs["domain"].to_numpy()[order]
    assert same.mean() > 0.99


def test_the_order_of_genes_and_foreign_genes_do_not_matter(
    left_out: Any, mapped: Map, whole: ad.AnnData
) -> None:
    query = left_out.query
    order = np.random.default_rng(1).permutation(query.n_vars)
    extra = ad.AnnData(
        np.ones((query.n_obs, 3), dtype=np.float32),
        obs=query.obs[[]],
        var=pd.DataFrame(index=["Spike1", "Spike2", "Spike3"]),
    )
    wider = ad.concat([query[:, order].copy(), extra], axis=1, merge="first")
    result = mapped(wider)
    assert result.var_names.tolist() == wider.var_names.tolist()
    np.testing.assert_allclose(result.obsm["latent"], whole.obsm["latent"], atol=2e-3)


def test_ensembl_ids_in_another_case_map_alike(
    left_out: Any, mapped: Map, whole: ad.AnnData
) -> None:
    query = left_out.query.copy()
    query.var_names = query.var["ensembl_id"].str.lower()
    query.var = query.var[[]]
    result = mapped(query)
    np.testing.assert_allclose(result.obsm["latent"], whole.obsm["latent"], atol=1e-4)
    assert result.uns["projection"]["n_genes_matched"] == 240


def test_a_panel_of_genes_lands_better_than_chance(
    left_out: Any, mapped: Map, whole: ad.AnnData
) -> None:
    query = left_out.query
    panel = np.sort(np.random.default_rng(0).permutation(query.n_vars)[:100])
    result = mapped(query[:, panel].copy())
    found, organs = organs_of(left_out.store, result), query.obs["organ"].to_numpy(dtype=str)
    hits = found == organs
    rng = np.random.default_rng(1)
    chance = np.mean([(rng.permutation(found) == organs).mean() for _ in range(20)])
    print(f"panel of 100: accuracy {hits.mean():.3f}, chance {chance:.3f}")
    assert hits.mean() > 1.5 * chance
    assert "100 of 240" in result.uns["projection"]["warnings"][0]
    # Its factors are the encoder's and a regression's, and nearer to what all genes tell.
    weight = result.uns["projection"]["rehearsal"]["factors_by_regression"]
    assert 0 < weight < 1
    atlas = open_atlas(left_out.store)
    parameters = unpack_model(atlas.model())
    asked = make_query(
        query[:, panel].X,
        query.obs[[]].copy(),
        query[:, panel].var[[]].copy(),
        np.asarray(query.obsm["spatial"]),
        query.obs["slice"].astype("category").cat.codes.to_numpy(dtype=np.int64),
        match_genes(query[:, panel].var[[]], atlas),
        parameters.genes,
    )
    encoded = encode_query(atlas.genes, parameters, asked, regress=True)
    assert encoded.regressed is not None
    mixed = (1 - weight) * encoded.proportions + weight * encoded.regressed
    np.testing.assert_allclose(result.obsm["factors"], mixed, atol=2e-3)
    assert whole.uns["projection"]["rehearsal"]["factors_by_regression"] == 0

    def off(proportions: np.ndarray) -> float:
        return float(np.square(proportions - whole.obsm["factors"]).sum())

    assert off(result.obsm["factors"]) < off(encoded.proportions)


def shuffled_counts(query: ad.AnnData) -> ad.AnnData:
    """Each spot keeps its counts but not their genes."""
    rng = np.random.default_rng(0)
    foreign = query.copy()
    foreign.X = np.array([rng.permutation(row) for row in query.X.toarray()])
    return foreign


def noise(query: ad.AnnData) -> ad.AnnData:
    foreign = query.copy()
    foreign.X = np.random.default_rng(0).poisson(2.0, query.shape).astype(np.float32)
    return foreign


@pytest.mark.parametrize("make", [permuted_genes, shuffled_counts, noise])
def test_foreign_tissue_is_out_of_reference(
    left_out: Any, mapped: Map, whole: ad.AnnData, make: Callable[[ad.AnnData], ad.AnnData]
) -> None:
    foreign = mapped(make(left_out.query))
    share = foreign.obs["out_of_reference"].mean()
    own = whole.obs["out_of_reference"].mean()
    assert share > 0.9
    assert own < 0.2
    told = foreign.uns["projection"]["verdict"]
    for name, sentence in zip(sorted(foreign.obs["slice"].unique()), told, strict=True):
        assert sentence.startswith(f"Section {name} is not of this atlas's tissue")
    assert "verdict" not in whole.uns["projection"]


def test_spots_without_counts_are_kept_and_marked(left_out: Any, mapped: Map) -> None:
    query = left_out.query.copy()
    filled = ~np.isin(np.arange(query.n_obs), [3, 77])
    query.X = query.X.multiply(filled[:, None]).tocsr()
    result = mapped(query, genes=(query.var_names[0],))
    assert result.n_obs == query.n_obs
    empty = result.obs.iloc[[3, 77]]
    assert empty["out_of_reference"].all()
    assert (empty["domain_confidence"] == 0).all()
    assert (empty["stage_confidence"] == 0).all()
    assert np.isfinite(result.obsm["latent"]).all()
    assert np.isfinite(result.obsm["imputed"]).all()
    assert "2 spots have no counts" in "\n".join(result.uns["projection"]["warnings"])


@pytest.mark.parametrize("n", [1, 2, 12])
def test_few_spots_are_mapped_with_a_warning(left_out: Any, mapped: Map, n: int) -> None:
    result = mapped(left_out.query[:n].copy(), genes=("all",))
    assert result.n_obs == n
    assert np.isfinite(result.obsm["latent"]).all()
    warnings = "\n".join(result.uns["projection"]["warnings"])
    assert "too few" in warnings
    # Else nobody would see why a file that was asked for all genes has none.
    assert "no gene was imputed: the section measured every gene" in warnings


@pytest.fixture(scope="module")
def imputed(left_out: Any, tmp_path_factory: pytest.TempPathFactory) -> ad.AnnData:
    """The query without every fourth gene, and all that it lacks imputed; read-only."""
    folder = tmp_path_factory.mktemp("imputed")
    query = left_out.query
    hidden = query.var_names[::4]
    query[:, [g for g in query.var_names if g not in hidden]].write_h5ad(folder / "query.h5ad")
    project(left_out.store, folder / "query.h5ad", folder / "result.h5ad", genes=("all",))
    return ad.read_h5ad(folder / "result.h5ad")


@pytest.mark.parametrize("asked", ["all", "named"])
def test_imputed_genes_lie_apart_from_measured_ones(
    left_out: Any, mapped: Map, imputed: ad.AnnData, asked: str
) -> None:
    query = left_out.query
    hidden = query.var_names[::4].tolist()
    seen = [gene for gene in query.var_names if gene not in hidden]
    named = (hidden[3].upper(), seen[2], hidden[0], hidden[3])
    result = imputed if asked == "all" else mapped(query[:, seen].copy(), genes=named)
    # What the query measured itself comes last.
    expected = hidden if asked == "all" else [hidden[3], hidden[0], seen[2]]
    assert list(result.uns["projection"]["imputed_genes"]) == expected
    values = result.obsm["imputed"]
    assert isinstance(values, np.ndarray)
    table = result.uns["imputation"]
    assert list(table.index) == expected
    assert table["pearson"].between(-0.5, 1).all()
    assert (table["low"] <= table["high"]).all()
    assert values.dtype == np.float32
    assert values.shape == (query.n_obs, len(expected))
    assert (values >= 0).all()
    assert result.var_names.tolist() == seen
    if asked == "all":
        assert "measured" not in result.obsm
        assert "here_pearson" not in table
        return
    measured = result.obsm["measured"]
    assert np.isnan(measured[:, :2]).all()
    counts = query[:, seen[2]].X.toarray().ravel()
    assert ((measured[:, 2] == 0) == (counts == 0)).all()
    # Three quarters of the genes were seen, and the depth is that over all of them.
    whole = np.log1p(1e4 * counts / np.asarray(query.X.sum(axis=1)).ravel())
    own = np.log1p(1e4 * counts / np.asarray(query[:, seen].X.sum(axis=1)).ravel())
    assert np.abs(measured[:, 2] - whole).mean() < 0.3 * np.abs(own - whole).mean()
    assert table["here_pearson"].notna().tolist() == [False, False, True]
    assert 0.7 < table["here_inside"].iloc[2] <= 1


def test_imputed_genes_are_nearer_the_truth_than_their_mean(
    left_out: Any, imputed: ad.AnnData
) -> None:
    query = left_out.query
    hidden = query.var_names[::4].tolist()
    values = imputed.obsm["imputed"]
    counts = query[:, hidden].X.toarray()
    depth = np.asarray(query.X.sum(axis=1))
    truth = np.log1p(1e4 * counts / depth)
    often = np.flatnonzero((counts > 0).mean(axis=0) >= 0.05)
    pearson = np.median([np.corrcoef(truth[:, j], values[:, j])[0, 1] for j in often])
    atlas = open_atlas(left_out.store)
    mean = np.array([atlas.gene(gene).mean() for gene in hidden])
    error = np.sqrt(((values - truth) ** 2).mean())
    baseline = np.sqrt(((mean - truth) ** 2).mean())
    print(f"imputed: median Pearson {pearson:.3f}, RMSE {error:.3f}, gene mean {baseline:.3f}")
    # A gene's mean has no correlation with anything.
    assert pearson > 0.05
    assert error < baseline


def test_unknown_genes_to_impute_are_named(left_out: Any, tmp_path: Path) -> None:
    left_out.query[:30].copy().write_h5ad(tmp_path / "query.h5ad")
    with pytest.raises(AtlasError, match="cannot impute Nosuch1, Nosuch2: not in the atlas"):
        project(
            left_out.store,
            tmp_path / "query.h5ad",
            tmp_path / "result.h5ad",
            genes=("Nosuch1", left_out.query.var_names[0], "Nosuch2"),
        )
    assert not (tmp_path / "result.h5ad").exists()


def test_progress_runs_from_checking_to_writing(left_out: Any, tmp_path: Path) -> None:
    left_out.query[:40].copy().write_h5ad(tmp_path / "query.h5ad")
    told: list[tuple[str, float]] = []
    report = project(
        left_out.store,
        tmp_path / "query.h5ad",
        tmp_path / "result.h5ad",
        genes=(left_out.query.var_names[0],),
        progress=lambda phase, fraction, message="": told.append((phase, fraction)),
    )
    assert all(0 <= fraction <= 1 for _, fraction in told)
    assert told[0] == ("Checking the query", 0.0)
    assert told[-1] == ("Writing the result", 1.0)
    assert report["n_spots"] == 40
    # Nothing half-written stays behind.
    assert sorted(path.name for path in tmp_path.iterdir()) == ["query.h5ad", "result.h5ad"]


def in_body(truth: dict[str, np.ndarray], name: str, positions: np.ndarray) -> np.ndarray:
    """Positions of a simulated slice before it was turned and shifted on the slide."""
    at = truth["slice_names"].tolist().index(name)
    c, s = np.cos(truth["angles"][at]), np.sin(truth["angles"][at])
    found: np.ndarray = (positions - truth["shifts"][at]) @ np.array([[c, -s], [s, c]])
    return found


def test_a_left_out_section_turned_and_mirrored_comes_back(
    left_out: Any, mapped: Map, tiny_slices: Path
) -> None:
    query = left_out.query[(left_out.query.obs["slice"] == "E13.5_A").to_numpy()].copy()
    original = query.obsm["spatial"].astype(np.float64)
    angle = np.deg2rad(130)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    query.obsm["spatial"] = (original * [-1, 1] @ turn.T + [500, -200]).astype(np.float32)
    result = mapped(query)
    told = result.uns["projection"]["registration"]["0"]
    print(told)
    assert told["registered"]
    assert told["reflected"]
    assert told["section"] == "E13.5_A"
    assert 0 < told["score"] <= 1
    truth = dict(np.load(tiny_slices / "truth.npz", allow_pickle=False))
    moved = in_body(truth, str(told["reference"]), result.obsm["spatial_registered"])
    away = np.linalg.norm(moved - in_body(truth, "E13.5_A", original), axis=1)
    print(f"from the true place: mean {away.mean():.1f} um, residual {told['residual']:.1f}")
    assert away.mean() < 2 * told["residual"]
    assert told["residual"] < 2 * told["spacing"]


def test_what_resembles_nothing_is_not_registered(left_out: Any, mapped: Map) -> None:
    query = left_out.query[(left_out.query.obs["slice"] == "E13.5_A").to_numpy()].copy()
    query.obsm["spatial"] = np.random.default_rng(0).permutation(query.obsm["spatial"])
    result = mapped(query)
    assert not result.uns["projection"]["registration"]["0"]["registered"]
    assert np.isnan(result.obsm["spatial_registered"]).all()


def test_a_section_of_another_organism_is_mapped_by_orthologs(
    left_out: Any, whole: ad.AnnData, tmp_path: Path
) -> None:
    """Named as in another organism, and without the genes that have no single ortholog there."""
    query = left_out.query.copy()
    names = [f"ENSG{i:011d}" for i in range(query.n_vars)]
    pairs = [f"{gene},{name}" for gene, name in zip(query.var_names, names, strict=True)]
    pairs.append(f"{query.var_names[0]},ENSG99999999999")
    table = tmp_path / "orthologs.csv"
    table.write_text("\n".join(["mouse_symbol,human_ensembl_id", *pairs]), encoding="utf-8")
    store = tmp_path / "both.atlas.zarr"
    annotate_atlas(left_out.store, None, store, files=GivenFiles(table))
    query.var = pd.DataFrame(index=names)
    query.write_h5ad(tmp_path / "query.h5ad")
    project(store, tmp_path / "query.h5ad", tmp_path / "result.h5ad")
    report = (result := ad.read_h5ad(tmp_path / "result.h5ad")).uns["projection"]
    assert report["names_found_in"] == "gene names: orthologs of human, by Ensembl ids"
    assert report["n_genes_matched"] == query.n_vars - 1
    assert list(np.atleast_1d(report["missing_genes"])) == [left_out.query.var_names[0]]
    assert (result.obs["domain"].astype(str) == whole.obs["domain"].astype(str)).mean() > 0.95
