"""What factors alone say of a gene, beside what was measured."""

from __future__ import annotations

import runpy
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from training.export import export_atlas
from training.store import Atlas, Estimates, GeneNotFound, ModelPart, StoreError, open_atlas
from training.store.derived.allloadings import all_loadings, fitted_genes

SMALL = runpy.run_path(str(Path(__file__).parents[3] / "atlas_app" / "small_atlas.py"))
NAMES, STAGES, TIMES = ["a1", "a2", "b1"], ["E9", "E9", "E10"], [9.0, 9.0, 10.0]


@pytest.fixture(scope="module")
def atlas(tmp_path_factory: pytest.TempPathFactory) -> Atlas:
    """Three slices of 60 spots; the second did not measure MYH7, a fitted gene."""
    data = SMALL["tissue"](0, NAMES, STAGES, TIMES)
    counts = data.X.tolil()
    counts[60:120, 0] = 0
    data.X = counts.tocsr()
    measured = np.ones((data.n_vars, 3), dtype=bool)
    measured[0, 1] = False
    data.varm["measured"] = measured
    first = np.arange(data.n_vars) == 0
    data.var["imputation_pearson"] = np.where(first, 0.5, np.nan)
    data.var["estimate_pearson"] = np.where(first, 0.25, np.nan)
    rates = np.nan_to_num(data.varm["loadings"], nan=0.02).T.astype(np.float32)
    path = tmp_path_factory.mktemp("estimates") / "small.atlas.zarr"
    export_atlas(path, data, ModelPart({"rates": rates}, {}), {"title": "Small"})
    return open_atlas(path)


def test_a_gene_is_its_share_of_what_factors_expect(atlas: Atlas) -> None:
    estimates = Estimates(atlas)
    assert estimates.available
    rates = atlas.model().arrays["rates"]
    for spot in (0, 75, 179):
        share = atlas.factors[spot] @ rates
        expected = np.log1p(1e4 * share[0] / share.sum())
        assert estimates.gene("myh7")[spot] == pytest.approx(expected, rel=1e-5)
    # The small tissue was drawn from its factors: the estimate has the level of what was measured.
    known = np.r_[0:60, 120:180]
    measured = np.expm1(atlas.gene("MYH7")[known]).mean()
    assert np.expm1(estimates.gene("MYH7")[known]).mean() == pytest.approx(measured, rel=0.35)
    assert np.corrcoef(estimates.gene("MYH7")[known], atlas.gene("MYH7")[known])[0, 1] > 0.6


def test_a_difference_is_there_only_where_the_gene_was_measured(atlas: Atlas) -> None:
    estimates = Estimates(atlas)
    assert np.isfinite(estimates.gene("MYH7")).all()
    difference = estimates.difference("MYH7")
    assert np.isnan(difference[60:120]).all()
    np.testing.assert_allclose(
        difference[:60], atlas.gene("MYH7")[:60] - estimates.gene("MYH7")[:60], atol=1e-6
    )


def test_genes_that_were_not_fitted_are_told_by_their_rates(atlas: Atlas) -> None:
    estimates = Estimates(atlas)
    last = atlas.genes[-1]
    assert (estimates.fitted(last), estimates.has(last)) == (False, True)
    rates = atlas.model().arrays["rates"]
    depth = atlas.factors @ rates.sum(axis=1)
    expected = np.log1p(1e4 * (atlas.factors @ rates[:, -1]) / depth)
    np.testing.assert_allclose(estimates.gene(last), expected, rtol=1e-5)
    assert np.isnan(estimates.accuracy(last))
    loadings = all_loadings(atlas)
    np.testing.assert_array_equal(loadings[-1], rates[:, -1])
    fitted = fitted_genes(atlas)
    assert 0 < fitted.sum() < atlas.n_genes
    np.testing.assert_array_equal(loadings[fitted], atlas.loadings[fitted])
    with pytest.raises(GeneNotFound):
        estimates.gene("MYH9")


def test_nothing_is_said_of_genes_without_counts(
    atlas: Atlas, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = atlas.model()
    rates = model.arrays["rates"].copy()
    rates[:, -1] = 0
    silent = replace(model, arrays={"rates": rates})
    monkeypatch.setattr(Atlas, "model", lambda self: silent)
    last, estimates = atlas.genes[-1], Estimates(atlas)
    assert not estimates.has(last)
    assert np.isnan(all_loadings(atlas)[-1]).all()
    with pytest.raises(StoreError, match="says nothing"):
        estimates.gene(last)


def test_how_good_an_estimate_is_is_not_how_well_a_gene_is_imputed(atlas: Atlas) -> None:
    estimates = Estimates(atlas)
    assert estimates.accuracy("MYH7") == 0.25
    assert estimates.imputation_accuracy("MYH7") == 0.5
    assert np.isnan(estimates.accuracy("NPPA"))
    assert np.isnan(estimates.imputation_accuracy("NPPA"))


def test_a_store_without_rates_has_no_estimates(tmp_path: Path) -> None:
    path = tmp_path / "bare.atlas.zarr"
    model = ModelPart({"weight": np.zeros(2, np.float32)}, {})
    export_atlas(path, SMALL["tissue"](0, NAMES, STAGES, TIMES), model, {})
    estimates = Estimates(open_atlas(path))
    assert not estimates.available
    assert not estimates.has("MYH7")
    with pytest.raises(StoreError, match="no rates"):
        estimates.gene("MYH7")
