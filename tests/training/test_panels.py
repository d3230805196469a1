"""An atlas of slices with two gene panels: nothing that was hidden is a zero anywhere."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path

import anndata as ad
import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import sparse

from training.config import Config, load_config
from training.extension.extend import extend_atlas, reading_settings
from training.fit import fit_atlas, fit_model
from training.fitted import Fitted
from training.metrics import matched_correlation, transfer_accuracy
from training.preparation.thinning import thin_features
from training.projection import project
from training.slices.load import load_slices
from training.store import Atlas, open_atlas, validate_store
from training.synthetic.embryo import HOUSEKEEPING
from training.synthetic.presets import Preset
from training.synthetic.simulate import write_series

pytestmark = pytest.mark.slow

SERIES = Preset((240, 300), 3, 300, 600.0, batch_sd=0.3, dispersion=0.1)
PANEL = {"E8.5_A": "A", "E8.5_B": "B", "E9.5_A": "A", "E9.5_B": "B", "E8.5_C": "A", "E9.5_C": "B"}
FITTED, LATER = list(PANEL)[:4], list(PANEL)[4:]
SETTINGS = ["train.steps=150", "model.n_factors=14", "domains.resolution=1", "imputation.folds=0"]


@dataclass(frozen=True)
class Case:
    """Slices as they were (`whole`) and with the genes of one panel left (`hidden`), by name; the
    genes of the panels of slices A and B; an atlas of the hidden ones."""

    whole: dict[str, ad.AnnData]
    hidden: Path
    panels: dict[str, list[str]]
    store: Path
    truth: Path

    def panel(self, name: str) -> list[str]:
        return self.panels[PANEL[name]]


@pytest.fixture(scope="module")
def case(tmp_path_factory: pytest.TempPathFactory) -> Case:
    folder = tmp_path_factory.mktemp("panels")
    write_series(folder / "whole", SERIES, seed=0)
    whole = {name: ad.read_h5ad(folder / "whole" / f"{name}.h5ad") for name in PANEL}
    genes = np.asarray(whole[FITTED[0]].var_names)
    order = np.random.default_rng(0).permutation(len(genes))
    common, first, second = np.split(order, [90, 195])
    panels = {
        "A": genes[np.sort(np.r_[common, first])].tolist(),
        "B": genes[np.sort(np.r_[common, second])].tolist(),
    }
    for name, slice_ in whole.items():
        place = folder / ("later" if name in LATER else "slices")
        place.mkdir(exist_ok=True)
        slice_[:, panels[PANEL[name]]].copy().write_h5ad(place / f"{name}.h5ad")
    store = folder / "panels.atlas.zarr"
    config = load_config(None, [*SETTINGS, "genes.panels=union"])
    fit_atlas(folder / "slices", store, config, device="cpu")
    return Case(whole, folder, panels, store, folder / "whole" / "truth.npz")


@pytest.fixture(scope="module")
def atlas(case: Case) -> Atlas:
    return open_atlas(case.store)


def fit(case: Case, *settings: str) -> tuple[ad.AnnData, Fitted]:
    config = load_config(None, [*SETTINGS, *settings])
    return read(case, config), fit_model(read(case, config), config, device="cpu")


def read(case: Case, config: Config) -> ad.AnnData:
    return load_slices(
        case.hidden / "slices",
        data=config.data,
        quality=config.quality,
        stages=config.stages,
        genes=config.genes,
    )[0]


def programmes(case: Case, spots: NDArray[np.str_]) -> NDArray[np.float64]:
    """True proportions of spots in the order of their names."""
    with np.load(case.truth) as truth:
        place = {name: index for index, name in enumerate(truth["spots"].tolist())}
        rows = [place[name] for name in spots.tolist()]
        return truth["proportions"][rows][:, truth["programmes"] != HOUSEKEEPING]


def test_a_hidden_gene_is_missing_and_never_zero(case: Case, atlas: Atlas) -> None:
    assert validate_store(case.store) == []
    assert atlas.n_genes == 300
    assert atlas.measured is not None
    for column, info in enumerate(atlas.slices):
        own = {
            gene for gene, seen in zip(atlas.genes, atlas.measured[:, column], strict=True) if seen
        }
        assert own == set(case.panel(info.name))
    hidden = [
        gene for gene, seen in zip(atlas.genes, atlas.measured, strict=True) if not seen.all()
    ]
    assert len(hidden) == 210
    for gene in hidden[::12]:
        seen = atlas.measured[atlas.genes.index(gene)]
        missing = np.repeat(~seen, [info.n_spots for info in atlas.slices])
        for values in (atlas.gene(gene), atlas.counts(gene)):
            np.testing.assert_array_equal(np.isnan(values), missing)
        np.testing.assert_array_equal(atlas.values("gene", gene).data == 255, missing)
    effects = atlas.model().arrays["effects"]
    np.testing.assert_array_equal(np.isnan(effects), ~atlas.measured[atlas.highly_variable].T)


def test_depths_are_those_of_all_genes(case: Case, atlas: Atlas) -> None:
    """The share of its counts that a spot's slice measured, against the counts before hiding."""
    shares = np.asarray(atlas.obs("measured_share"))
    true = []
    for info in atlas.slices:
        before = case.whole[info.name]
        kept = before[:, case.panel(info.name)]
        true.append(np.asarray(kept.X.sum(axis=1) / before.X.sum(axis=1)).ravel())
    error = np.abs(shares / np.concatenate(true) - 1)
    print("share of counts", np.median(shares), "error", np.median(error))
    assert np.median(error) < 0.06
    # Of a gene that all measured, the values drawn are those that nothing hidden would give.
    gene = next(g for g, seen in zip(atlas.genes, atlas.measured, strict=True) if seen.all())
    counts = np.concatenate([case.whole[i.name][:, gene].X.toarray().ravel() for i in atlas.slices])
    totals = np.concatenate(
        [np.asarray(case.whole[i.name].X.sum(axis=1)).ravel() for i in atlas.slices]
    )
    expected = np.log1p(1e4 * counts / totals)
    assert np.abs(atlas.gene(gene) - expected).mean() < 0.05


def test_union_tells_tissues_apart_that_the_shared_genes_do_not(case: Case, atlas: Atlas) -> None:
    spots, shared = fit(case)
    assert spots.n_vars == 90
    truth = programmes(case, spots.obs["spot"].to_numpy())
    names = [name for info in atlas.slices for name in case.whole[info.name].obs_names]
    assert spots.obs["spot"].tolist() == names
    few = matched_correlation(shared.proportions, truth).mean
    many = matched_correlation(np.asarray(atlas.factors), truth).mean
    organs, slices = spots.obs["organ"].astype(str), spots.obs["slice"].astype(str)
    carried = [
        transfer_accuracy(latent, organs, slices).mean for latent in (shared.latent, atlas.latent)
    ]
    print("factors", few, many, "transfer", carried)
    assert many > few
    assert carried[1] > carried[0] + 0.04


def test_card_and_report_tell_what_each_slice_measured(case: Case, atlas: Atlas) -> None:
    told = atlas.card["panels"]
    assert told["kept"] == "union"
    assert told["genes"] == 300
    assert [each["slice"] for each in told["slices"]] == [info.name for info in atlas.slices]
    for each in told["slices"]:
        assert each["genes"] == len(case.panel(each["slice"]))
        assert each["fitted_genes"] == each["genes"]
        assert 0.4 < each["loading_share"] < 0.9
    assert [report["n_genes"] for report in atlas.card["report"]] == [
        each["genes"] for each in told["slices"]
    ]
    page = (case.hidden / "panels.report.html").read_text(encoding="utf-8")
    assert "Genes by slice" in page
    assert "E8.5_A measured 195" in page
    json.dumps(atlas.card, allow_nan=False)


def test_hidden_genes_of_a_query_are_imputed(case: Case, atlas: Atlas, tmp_path: Path) -> None:
    """Genes that only the other panel has, for a slice of this one, against what was hidden."""
    out = tmp_path / "result.h5ad"
    report = project(case.store, case.hidden / "slices" / "E9.5_A.h5ad", out, genes=("all",))
    assert report["n_genes_matched"] == 195
    assert report["out_of_reference"] < 0.3
    result = ad.read_h5ad(out)
    genes = list(result.uns["projection"]["imputed_genes"])
    assert sorted(genes) == sorted(set(atlas.genes) - set(case.panels["A"]))
    before = case.whole["E9.5_A"]
    totals = np.asarray(before.X.sum(axis=1)).ravel()[:, None]
    true = np.log1p(1e4 * before[:, genes].X.toarray() / totals)
    with np.load(case.truth) as truth:
        rows = np.isin(truth["spots"], before.obs_names)
        expected = truth["proportions"][rows] @ truth["profiles"]
        expected = expected[:, [truth["genes"].tolist().index(gene) for gene in genes]]
    imputed = result.obsm["imputed"]
    varied = np.flatnonzero(expected.std(axis=0) > 0.2 * expected.mean(axis=0))
    by_gene = [np.corrcoef(imputed[:, g], expected[:, g])[0, 1] for g in varied]
    print("imputed genes", np.median(by_gene), imputed.mean(), true.mean())
    assert np.median(by_gene) > 0.35
    assert imputed.mean() == pytest.approx(true.mean(), rel=0.2)
    assert np.corrcoef(imputed.mean(axis=0), true.mean(axis=0))[0, 1] > 0.9


def test_slices_of_either_panel_can_be_added(case: Case, atlas: Atlas, tmp_path: Path) -> None:
    out = tmp_path / "more.atlas.zarr"
    extend_atlas(case.store, case.hidden / "later", out, reading_settings(atlas, Config()))
    assert validate_store(out) == []
    after = open_atlas(out)
    assert after.measured is not None
    for column, info in enumerate(after.slices):
        own = {
            gene for gene, seen in zip(after.genes, after.measured[:, column], strict=True) if seen
        }
        assert own == set(case.panel(info.name))
    old = np.concatenate([np.arange(i.start, i.stop) for i in after.slices if i.name in FITTED])
    shares = np.asarray(after.obs("measured_share"))
    np.testing.assert_array_equal(shares[old], atlas.obs("measured_share"))
    assert ((shares > 0) & (shares <= 1)).all()
    gene = case.panels["A"][0]
    np.testing.assert_array_equal(after.gene(gene)[old], atlas.gene(gene))


@pytest.mark.parametrize("encoder", ["lgcn", "gat"])
def test_an_encoder_fed_with_genes_sees_no_gaps(case: Case, encoder: str) -> None:
    settings = ("genes.panels=union", "model.inputs=genes", f"model.encoder={encoder}")
    spots, fitted = fit(case, *settings, "train.steps=3")
    assert np.isfinite(fitted.latent).all()
    features, slices = fitted.features, fitted.features.slices
    measured = fitted.prepared.measured
    assert measured is not None
    assert features.filling is not None
    rows = np.arange(spots.n_obs)
    plain = features.expression.toarray()
    filled = features.filling.fill(plain, rows, slices)
    seen = measured[slices]
    np.testing.assert_array_equal(filled[seen], plain[seen])
    assert (plain[~seen] == 0).all()
    # What is filled in is about what was hidden.
    counts = sparse.vstack([case.whole[name].X for name in spots.obs["slice"].cat.categories])
    order = [case.whole[FITTED[0]].var_names.get_loc(gene) for gene in spots.var_names]
    true = np.log1p(1e4 * counts.toarray() / np.asarray(counts.sum(axis=1)))[:, order]
    true = true[:, fitted.prepared.genes]
    hidden = np.flatnonzero(~seen.all(axis=0))
    mean = [(filled[~seen[:, g], g].mean(), true[~seen[:, g], g].mean()) for g in hidden]
    assert np.corrcoef(np.array(mean).T)[0, 1] > 0.8
    inputs = features.inputs(rows)
    lacking = inputs[:, : plain.shape[1]][~seen]
    assert features.scaling is not None
    zeros = (-features.scaling.mean / features.scaling.deviation)[: plain.shape[1]]
    assert abs(lacking.mean()) < abs(zeros.mean()) / 2


def test_a_model_is_trained_on_what_each_slice_measured(case: Case) -> None:
    """Compositions of half of the counts are like those of all; zeros in place of gaps are not."""
    _, fitted = fit(case, "genes.panels=union", "train.steps=1")
    start = {"blunt": fitted.start, "effects": fitted.effects}
    settings = load_config().train
    thinned = thin_features(fitted.features, fitted.prepared, start, settings).composition
    zeros = replace(fitted.prepared, measured=None)
    naive = thin_features(fitted.features, zeros, start, settings).composition
    whole = fitted.features.composition
    assert np.abs(thinned - whole).mean() < 0.8 * np.abs(naive - whole).mean()
