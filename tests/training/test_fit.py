"""A whole fit: what the store holds of it, and what a fit refuses."""

from __future__ import annotations

import html
import json
import re
import shutil
from pathlib import Path

import anndata as ad
import numpy as np
import pytest
import torch

from training.completion import digest_spots
from training.config import load_config
from training.errors import AtlasError, DataError, NotFittedError
from training.fit import fit_atlas
from training.mapping.encoding.parameters import unpack_model
from training.processes.devices import choose_device
from training.slices.load import load_slices
from training.store import Atlas, ModelPart, open_atlas, validate_store
from training.store.genes.rankedgenes import name_factors

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def atlas(tiny_atlas: Path) -> Atlas:
    return open_atlas(tiny_atlas)


@pytest.fixture(scope="module")
def reference(tiny_atlas: Path) -> ad.AnnData:
    return ad.read_zarr(tiny_atlas / "reference")


def test_the_store_is_sound(tiny_atlas: Path) -> None:
    assert validate_store(tiny_atlas) == []


def test_the_reference_holds_the_input_unchanged(tiny_slices: Path, reference: ad.AnnData) -> None:
    start = 0
    for name in reference.obs["slice"].cat.categories:
        source = ad.read_h5ad(tiny_slices / f"{name}.h5ad")
        rows = slice(start, start + source.n_obs)
        part = reference[rows]
        start += source.n_obs
        assert (part.obs["slice"] == name).all()
        assert part.obs["spot"].tolist() == source.obs_names.tolist()
        assert part.var_names.tolist() == source.var_names.tolist()
        assert part.obs["organ"].astype(str).tolist() == source.obs["organ"].astype(str).tolist()
        assert part.obs["time_days"].tolist() == source.obs["time_days"].tolist()
        np.testing.assert_array_equal(part.X.toarray(), source.X.toarray())
        np.testing.assert_array_equal(part.obsm["spatial"], source.obsm["spatial"])
    assert start == reference.n_obs


def test_the_reference_holds_what_was_fitted(reference: ad.AnnData) -> None:
    n = reference.n_obs
    assert {"slice", "stage", "spot", "domain"} <= set(reference.obs)
    assert reference.obs["stage"].cat.ordered
    assert reference.obsm["latent"].shape[0] == reference.obsm["umap"].shape[0] == n
    assert np.isfinite(reference.obsm["umap"]).all()
    factors = reference.obsm["factors"]
    assert factors.shape == (n, 16)
    np.testing.assert_allclose(factors.sum(axis=1), 1, rtol=1e-4)
    fitted = reference.var["highly_variable"].to_numpy()
    loadings = reference.varm["loadings"]
    assert np.isnan(loadings[~fitted]).all()
    np.testing.assert_allclose(loadings[fitted].sum(axis=0), 1, rtol=1e-4)
    assert list(reference.obs["domain"].cat.categories)[:2] == ["D1", "D2"]


def test_every_loss_is_logged_under_its_name(tiny_atlas: Path) -> None:
    log = tiny_atlas.with_name("tiny.losses.jsonl")
    steps = [json.loads(line) for line in log.read_text().splitlines()]
    assert [each["step"] for each in steps] == list(range(1, 151))
    names = {"step", "poisson", "feature", "geometry", "usage", "adversarial"}
    assert all(set(each) == names for each in steps)
    assert np.isfinite([[each[name] for name in names] for each in steps]).all()
    poisson = [each["poisson"] for each in steps]
    assert np.mean(poisson[-20:]) < np.mean(poisson[:20])


def test_the_workspace_is_gone_when_the_store_is_there(tiny_atlas: Path) -> None:
    assert sorted(path.name for path in tiny_atlas.parent.iterdir()) == [
        "tiny.atlas.zarr",
        "tiny.losses.jsonl",
        "tiny.report.html",
    ]


def test_the_report_stands_alone_and_holds_the_findings(tiny_atlas: Path, atlas: Atlas) -> None:
    page = tiny_atlas.with_name("tiny.report.html").read_text(encoding="utf-8")
    assert "A tiny embryo" in page
    assert page.count("<img") == page.count('src="data:image/png;base64,') == 4
    # The letters of a picture may spell anything.
    written = re.sub(r'src="data:[^"]*"', "", page)
    assert "http" not in written.replace(atlas.card["command"], "")
    for finding in atlas.card["findings"]:
        assert finding["found"] in html.unescape(page)


def test_the_slices_are_registered(atlas: Atlas, tiny_slices: Path) -> None:
    """Slices of one frame lie as they lay in the body; the others stay."""
    truth = np.load(tiny_slices / "truth.npz")
    angles = dict(zip(truth["slice_names"].tolist(), truth["angles"].tolist(), strict=True))
    records = atlas.card["alignment"]
    assert [record["slice"] for record in records] == [each.name for each in atlas.slices]
    assert atlas.aligned is not None
    assert atlas.aligned.shape == (atlas.n_spots, 2)
    spatial = atlas.coordinates("spatial")
    off = []
    for each, record in zip(atlas.slices, records, strict=True):
        rows = slice(each.start, each.stop)
        if not record["registered"]:
            np.testing.assert_array_equal(atlas.aligned[rows], spatial[rows])
            continue
        turned = np.radians(record["rotation"]) - angles[record["reference"]] + angles[each.name]
        wrong = float(np.degrees(abs(np.angle(np.exp(1j * turned)))))
        print(each.name, record["reference"], record["reflected"], round(wrong, 1))
        off.append(180.0 if record["reflected"] else wrong)
    # About a hundred spots a slice: a few may lie askew.
    assert len(off) >= 6
    assert np.median(off) < 20


def test_the_card_tells_how_to_do_it_again(atlas: Atlas) -> None:
    card = atlas.card
    assert card["title"] == "A tiny embryo"
    assert card["settings"]["train"]["steps"] == 150
    assert card["seeds"] == {"fit": 0}
    assert {"torch", "numpy", "python"} <= set(card["software"])
    assert [report["slice"] for report in card["report"]] == [each.name for each in atlas.slices]
    assert sum(report["n_kept"] for report in card["report"]) == atlas.n_spots
    assert "organ" in card["label_columns"]
    assert set(card["losses"]) == {"poisson", "feature", "geometry", "usage", "adversarial"}


def test_how_wide_neighbourhoods_are_is_told_and_kept(tiny_atlas: Path, atlas: Atlas) -> None:
    width = atlas.card["width"]
    assert str(width["neighbours"]) in width["errors"]
    assert atlas.model().config["neighbours"] == width["neighbours"]
    page = tiny_atlas.with_name("tiny.report.html").read_text(encoding="utf-8")
    assert f"{width['neighbours']} neighbours chosen" in page


def test_the_model_part_comes_back_as_it_was_fitted(atlas: Atlas) -> None:
    """Decoder, critic and optimiser stay behind; the encoder gives the stored proportions."""
    parameters = unpack_model(atlas.model())
    assert parameters.genes == [
        gene for gene, kept in zip(atlas.genes, atlas.highly_variable, strict=True) if kept
    ]
    latent = torch.from_numpy(np.array(atlas.latent))
    np.testing.assert_allclose(
        parameters.proportions(latent).numpy(), np.array(atlas.factors), atol=1e-5
    )
    np.testing.assert_allclose(
        parameters.loadings.T, np.array(atlas.loadings)[atlas.highly_variable], rtol=1e-5
    )
    assert parameters.rates.shape == (16, atlas.n_genes)
    assert (parameters.rates >= 0).all()
    assert parameters.distance > 0
    encoder = parameters.build_encoder()
    assert encoder.latent.out_features == atlas.latent.shape[1]


def test_rates_of_genes_outside_the_fit_predict_their_counts(
    few_slices: Path, tmp_path: Path
) -> None:
    """Genes left out of the fit get their rates by regression on the factors."""
    out = tmp_path / "few.atlas.zarr"
    config = load_config(
        None, ["train.steps=30", "genes.n_genes=120", "model.n_factors=12", "imputation.folds=0"]
    )
    fit_atlas(few_slices, out, config, device="cpu")
    atlas = open_atlas(out)
    parameters = unpack_model(atlas.model())
    rest = np.flatnonzero(~atlas.highly_variable)
    assert len(rest) == 120
    depth = sum(atlas.counts(gene) for gene in parameters.genes)
    expected = np.array(atlas.factors) * depth[:, None] @ parameters.rates[:, rest]
    totals = np.array([atlas.counts(atlas.genes[index]).sum() for index in rest])
    assert np.corrcoef(expected.sum(axis=0), totals)[0, 1] > 0.99
    assert expected.sum() == pytest.approx(totals.sum(), rel=0.05)


def test_an_unfitted_model_is_refused() -> None:
    with pytest.raises(NotFittedError, match="atlas fit"):
        unpack_model(ModelPart({}, {}))


def test_the_number_of_factors_is_chosen_that_of_domains_given_and_both_are_told(
    tiny_slices: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "slices"
    folder.mkdir()
    for name in ("E12.5_A", "E12.5_B"):
        shutil.copy(tiny_slices / f"{name}.h5ad", folder)
    settings = ["train.steps=10", "model.n_factors=0", "domains.number=5", "imputation.folds=0"]
    settings += ["start.least_factors=3", "start.most_factors=8"]
    out = tmp_path / "chosen.atlas.zarr"
    fit_atlas(folder, out, load_config(None, settings), device="cpu")
    atlas = open_atlas(out)
    told = atlas.card["factors"]
    assert [each["factors"] for each in told["curve"]] == [3, 4, 5, 6, 8]
    assert told["number"] == atlas.n_factors
    assert atlas.n_factors in (3, 4, 5, 6, 8)
    report = (tmp_path / "chosen.report.html").read_text(encoding="utf-8")
    assert "Number of factors" in report
    assert told["reason"] in report
    assert set(atlas.obs("domain")) == {"D1", "D2", "D3", "D4", "D5"}
    (mixture,) = atlas.card["domains"]["stability"]
    assert (atlas.card["domains"]["resolution"], mixture["domains"]) == (0, 5)
    assert "5, a Gaussian mixture of the number that was given" in report
    assert validate_store(out) == []


def test_more_domains_than_spots_can_tell_apart_are_refused_before_the_fit(
    tiny_slices: Path, tmp_path: Path
) -> None:
    out = tmp_path / "many.atlas.zarr"
    with pytest.raises(AtlasError, match=r"domains\.number=900 .* at most \d+, or 0"):
        fit_atlas(tiny_slices, out, load_config(None, ["domains.number=900"]), device="cpu")
    assert list(tmp_path.iterdir()) == []


def test_factors_are_stored_with_names_and_stability(tiny_atlas: Path) -> None:
    atlas = open_atlas(tiny_atlas)
    assert atlas.factor_names == name_factors(atlas.loadings, atlas.genes)
    assert np.isnan(atlas.factor_stability).sum() == 1
    known = atlas.factor_stability[np.isfinite(atlas.factor_stability)]
    assert ((known >= 0) & (known <= 1)).all()
    assert known.max() > 0.6
    assert atlas.card["factors"]["stability"] == pytest.approx(known.mean(), abs=1e-3)


def test_two_collections_differ_in_digest(tiny_slices: Path) -> None:
    config = load_config()
    spots, _ = load_slices(
        tiny_slices, data=config.data, quality=config.quality, stages=config.stages
    )
    before = digest_spots(spots)
    assert digest_spots(spots.copy()) == before
    moved = spots.copy()
    moved.obsm["spatial"][0, 0] += 1
    counted = spots.copy()
    counted.X.data[0] += 1
    renamed = spots.copy()
    renamed.var_names = ["Other", *renamed.var_names[1:]]
    assert len({before, *map(digest_spots, (moved, counted, renamed))}) == 4


def test_a_store_is_not_written_over_by_accident(tiny_slices: Path, tmp_path: Path) -> None:
    out = tmp_path / "mine.atlas.zarr"
    out.mkdir()
    (out / "mine").write_text("mine")
    with pytest.raises(AtlasError, match="--overwrite"):
        fit_atlas(tiny_slices, out, load_config(), device="cpu")
    assert (out / "mine").read_text() == "mine"


def test_the_name_of_a_store_is_checked_first(tiny_slices: Path, tmp_path: Path) -> None:
    with pytest.raises(AtlasError, match=r"\.atlas\.zarr"):
        fit_atlas(tiny_slices, tmp_path / "heart", load_config(), device="cpu")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU here")
def test_a_missing_gpu_is_told() -> None:
    assert choose_device("auto").type == "cpu"
    with pytest.raises(AtlasError, match="use --device cpu"):
        choose_device("cuda")


def test_names_that_cannot_be_are_refused_before_slices_are_read(tmp_path: Path) -> None:
    (tmp_path / "bad.gmt").write_text("no tabs", encoding="utf-8")
    names = tmp_path / "names.toml"
    names.write_text("[factors.20]\nname = 'A'\n", encoding="utf-8")
    for path, text in ((names, r"\[factors.20\]: found no such factor"), (tmp_path / "x", "TOML")):
        config = load_config(None, [f"atlas.names={path}"])
        with pytest.raises(DataError, match=text):
            fit_atlas(tmp_path / "no slices", tmp_path / "a.atlas.zarr", config, device="cpu")
    sets = load_config(None, [f'atlas.gene_sets=["{tmp_path / "bad.gmt"}"]'])
    with pytest.raises(DataError, match="line 1: found no tab"):
        fit_atlas(tmp_path / "no slices", tmp_path / "a.atlas.zarr", sets, device="cpu")


def test_one_slice_of_one_stage_is_an_atlas(tiny_slices: Path, tmp_path: Path) -> None:
    """With orthologs, gene sets, and names of what it would find that are in part wrong."""
    folder = tmp_path / "one"
    folder.mkdir()
    shutil.copy(next(tiny_slices.glob("E13.5_A.h5ad")), folder)
    out = tmp_path / "one.atlas.zarr"
    genes = ad.read_h5ad(folder / "E13.5_A.h5ad", backed="r").var_names
    table = tmp_path / "orthologs.tsv"
    pairs = [f"{gene}\tHS{i}" for i, gene in enumerate(genes)]
    table.write_text("\n".join(["mouse\thuman", *pairs]), encoding="utf-8")
    (tmp_path / "names.toml").write_text(
        "[factors.2]\nname = 'Third'\nnote = 'Guessed.'\n[domains.nowhere]\nname = 'Lost'\n",
        encoding="utf-8",
    )
    (tmp_path / "sets.gmt").write_text(f"FIRST\t\t{genes[1]}\tNOSUCH\n", encoding="utf-8")
    atlas_settings = "[atlas]\nnames = 'names.toml'\ngene_sets = ['sets.gmt']\n"
    atlas_settings += "descriptions = 'genes.tsv'\n"
    (tmp_path / "genes.tsv").write_text(f"{genes[1]}\tthe second gene\nX\ty\n", encoding="utf-8")
    (tmp_path / "one.toml").write_text(atlas_settings, encoding="utf-8")
    settings = ["train.steps=10", "model.n_factors=6", "imputation.folds=0"]
    settings.append(f"genes.orthologs={table}")
    fit_atlas(folder, out, load_config(tmp_path / "one.toml", settings), device="cpu")
    assert validate_store(out) == []
    atlas = open_atlas(out)
    assert atlas.factor_names[2] == "Third"
    assert atlas.annotations["factor", "2"].note == "Guessed."
    (unmet,) = [each for each in atlas.card["findings"] if each["kind"] == "names"]
    assert unmet["subject"] == "[domains.nowhere]"
    assert "no such domain" in unmet["found"]
    assert "[domains.nowhere]" in (tmp_path / "one.report.html").read_text(encoding="utf-8")
    assert atlas.card["names"][0]["source"] == "names.toml"
    # Where the file lay is nobody's concern.
    assert str(tmp_path) not in json.dumps(atlas.card["settings"])
    assert not (tmp_path / "one.atlas.zarr.fit").exists()
    assert [each.name for each in atlas.slices] == ["E13.5_A"]
    assert atlas.orthologs is not None
    assert atlas.orthologs.resolve("hs3") == genes[3]
    assert atlas.card["orthologs"]["pairs"] == len(genes)
    assert [(each.name, each.genes) for each in atlas.gene_sets] == [("FIRST", (genes[1],))]
    assert atlas.describe_gene(genes[1]).description == "the second gene"
    assert atlas.card["settings"]["atlas"]["descriptions"] == "genes.tsv"
    assert atlas.card["gene_sets"]["not_in_atlas"] == 1
    assert atlas.card["losses"]["adversarial"] == 0
