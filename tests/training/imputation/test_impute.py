"""Hidden genes of slices that an atlas has never seen."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import anndata as ad
import numpy as np
import pytest

from training.errors import AtlasError
from training.imputation import impute as imputing
from training.imputation.accuracy import bound, correlate
from training.imputation.impute import average, average_of, choose_panel
from training.mapping.encoding.parameters import unpack_model
from training.mapping.reading.query import read_query
from training.projection import impute_held_out, impute_query, project_query, rehearse_query
from training.store import open_atlas


@pytest.fixture(scope="module")
def asked(left_out: Any, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """A query that lacks every fourth gene, projected."""
    query = left_out.query
    hidden = query.var_names[::4].tolist()
    path = tmp_path_factory.mktemp("imputed") / "query.h5ad"
    query[:, [gene for gene in query.var_names if gene not in hidden]].copy().write_h5ad(path)
    atlas = open_atlas(left_out.store)
    parameters = unpack_model(atlas.model())
    section = read_query(path, atlas, parameters.genes)
    totals = np.asarray(query.X.sum(axis=1))
    truth = np.log1p(1e4 * query[:, hidden].X.toarray() / np.maximum(totals, 1))
    return {
        "atlas": atlas,
        "parameters": parameters,
        "query": section,
        "projection": project_query(atlas, parameters, section),
        "hidden": hidden,
        "truth": truth,
    }


def run(asked: dict[str, Any], genes: list[str]) -> tuple[np.ndarray, list[Any]]:
    given = asked["atlas"], asked["parameters"], asked["query"]
    rehearsal = rehearse_query(*given, without=genes)
    blocks = list(impute_query(*given, asked["projection"], genes, rehearsal))
    assert [place.start for place, _, _ in blocks] == [0, *(p.stop for p, _, _ in blocks[:-1])]
    return np.hstack([values for _, values, _ in blocks]), [accuracy for *_, accuracy in blocks]


def test_stacked_estimates_beat_each_of_the_former_two(asked: dict[str, Any]) -> None:
    from training.benchmark.mapping.estimates import Asked, average_nearest, decode_factors
    from training.mapping.reference import of_atlas

    values, _ = run(asked, asked["hidden"])
    parts = Asked(
        asked["atlas"],
        asked["parameters"],
        of_atlas(asked["atlas"]),
        asked["query"],
        asked["projection"],
        asked["hidden"],
    )
    truth = asked["truth"]
    medians = {
        name: float(np.median(correlate(found, truth)))
        for name, found in (
            ("ours", values),
            ("neighbours", average_nearest(parts)),
            ("factors", decode_factors(parts)),
        )
    }
    print(medians)
    assert medians["ours"] > max(medians["neighbours"], medians["factors"])


def test_accuracy_is_known_beforehand(asked: dict[str, Any]) -> None:
    values, (accuracy,) = run(asked, asked["hidden"])
    came = correlate(values, asked["truth"])
    likeness = np.corrcoef(accuracy.pearson, came)[0, 1]
    low, high = bound(values, accuracy)
    coverage = ((asked["truth"] >= low) & (asked["truth"] <= high)).mean(axis=0)
    print(f"foresight {likeness:.3f}, coverage {coverage.mean():.3f}")
    assert likeness > 0.7
    assert abs(np.median(accuracy.pearson) - np.median(came)) < 0.1
    assert 0.85 < coverage.mean() < 0.95


def test_a_gene_is_imputed_alike_alone_and_among_others(
    asked: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, _ = run(asked, asked["hidden"])
    alone, _ = run(asked, [asked["hidden"][3]])
    np.testing.assert_allclose(alone[:, 0], whole[:, 3], rtol=1e-4, atol=1e-5)
    monkeypatch.setattr(imputing, "GENE_BLOCK", 7)
    blocks, accuracies = run(asked, asked["hidden"])
    np.testing.assert_allclose(blocks, whole, rtol=1e-4, atol=1e-5)
    assert len(accuracies) > 1
    # Of many spots a block is imputed few genes at a time.
    n_spots = len(whole)
    monkeypatch.setattr(imputing, "VALUES", 3 * n_spots)
    few, accuracies = run(asked, asked["hidden"])
    np.testing.assert_allclose(few, whole, rtol=1e-4, atol=1e-5)
    sizes = [len(each.pearson) for each in accuracies]
    assert max(sizes) == imputing.genes_at_once(n_spots) == 2
    assert sum(sizes) == len(asked["hidden"])


def test_a_measured_gene_is_imputed_from_the_others(asked: dict[str, Any]) -> None:
    """Its own counts must not tell its value, nor those of genes asked for beside it."""
    query, genes = asked["query"], asked["query"].genes[:2]
    given = asked["atlas"], asked["parameters"]
    values, accuracy = held_out(given, query, genes)
    counts = query.counts.tolil(copy=True)
    for column in query.columns[:2]:
        counts[:, column] = np.random.default_rng(0).poisson(50, (counts.shape[0], 1))
    other, _ = held_out(given, replace(query, counts=counts.tocsr()), genes)
    np.testing.assert_array_equal(values, other)
    measured = query.counts[:, query.columns[:2]].toarray()
    found = correlate(values, np.log1p(measured))
    print(f"held out: {found}, foreseen {accuracy.pearson}")
    assert (found < 0.95).all()
    assert (accuracy.pearson < 0.95).all()


def held_out(given: Any, query: Any, genes: list[str]) -> tuple[np.ndarray, Any]:
    ((place, values, accuracy),) = impute_held_out(*given, query, genes)
    assert place == slice(0, len(genes))
    return values, accuracy


def test_the_last_genes_of_a_panel_cannot_be_imputed(asked: dict[str, Any]) -> None:
    given = asked["atlas"], asked["parameters"], asked["query"]
    with pytest.raises(AtlasError, match="fewer than 10 others; name fewer genes"):
        rehearse_query(*given, without=asked["query"].genes[9:])


def test_neighbours_that_lack_a_gene_do_not_count() -> None:
    from scipy import sparse

    expression = sparse.csc_matrix(np.array([[2.0], [0.0], [4.0]]))
    known = sparse.csc_matrix(np.array([[1.0], [0.0], [1.0]]))
    near = average(np.array([[0, 1], [1, 1]]), np.array([[0.5, 0.5], [0.5, 0.5]]), n_reference=3)
    np.testing.assert_allclose(average_of(near, expression, known), [[2.0], [3.0]])


def test_the_panel_is_what_was_fitted_and_then_what_has_most_counts(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(imputing, "MOST_GENES", 4)
    expected = {"a": 1.0, "b": 5.0, "c": 3.0, "d": 2.0, "e": 9.0}
    assert choose_panel(["a", "b", "c", "d", "e"], ["d", "a"], expected) == ["a", "d", "e", "b"]


def test_panels_of_which_slices_measured_parts(tmp_path: Path, left_out: Any) -> None:
    """Genes that one slice of the reference lacks are judged by those that have them."""
    atlas = open_atlas(left_out.store)
    assert atlas.measured is None
    spots = ad.read_zarr(left_out.store / "reference")
    measured = np.ones((spots.n_vars, len(atlas.slices)), dtype=bool)
    measured[:8, 0] = False
    spots.varm["measured"] = measured
    from training.imputation.impute import Imputer
    from training.mapping.reference import of_collection
    from training.rehearsal.rehearsal import rehearse

    reference = of_collection(spots)
    parameters = unpack_model(atlas.model())
    rehearsal = rehearse(reference, parameters, atlas.genes[16:])
    learned = Imputer(reference, rehearsal, parameters.genes).learn(atlas.genes[:16])
    n = len(atlas.slices)
    assert (learned.accuracy.slices[:8] <= n - 1).all()
    assert np.isfinite(learned.coefficients[0]).all()
    assert np.isfinite(learned.weights).all()
