"""The score of a gene set against the same written out spot by spot and gene by gene."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest

from atlas_app.genesets.score import CONTROLS, bin_genes, standardised, weigh
from atlas_app.genesets.scorer import SetScorer
from atlas_app.stages.cells import group_spots
from training.store import Atlas


def plain_scores(atlas: Atlas, scorer: SetScorer, genes: list[str]) -> np.ndarray:
    """score_i = mean of z over the set − mean over the set of the mean z of its bins' controls."""
    z = {}
    for name in atlas.genes:
        values = atlas.gene(name).astype(float)
        spread = np.nanstd(values)
        z[name] = (values - np.nanmean(values)) / (spread if spread > 0 else 1)
    place = {name: i for i, name in enumerate(atlas.genes)}
    scores = np.full(atlas.n_spots, np.nan)
    for part in atlas.slices:
        rows = slice(part.start, part.stop)
        own = [g for g in genes if np.isfinite(z[g][rows]).all() and z[g].any()]
        if not own:
            continue
        background = []
        for gene in own:
            controls = [
                atlas.genes[c]
                for c in scorer.bins.controls[scorer.bins.of[place[gene]]]
                if atlas.genes[c] not in genes
            ]
            controls = [c for c in controls if np.isfinite(z[c][rows]).all()]
            background.append(np.mean([z[c][rows] for c in controls], axis=0))
        scores[rows] = np.mean([z[g][rows] for g in own], axis=0) - np.mean(background, axis=0)
    return scores


@pytest.mark.parametrize("first", [0, 90, 120])
def test_scores_are_those_written_out(panels: Atlas, scorer: SetScorer, first: int) -> None:
    genes = [f"G{i}" for i in range(first, first + 25)]
    assert len(scorer.bins.controls) == 3
    found = scorer.score(tuple(genes))
    # A byte is within half a step of the value: a 508th of the largest, in units of its spread.
    np.testing.assert_allclose(found.values, plain_scores(panels, scorer, genes), atol=0.02)
    assert np.isfinite(found.values).all()


def test_a_slice_that_measured_none_of_the_set_has_no_score(
    panels: Atlas, scorer: SetScorer
) -> None:
    genes = ["G104", "G110", "G129"]
    found = scorer.score(tuple(genes))
    assert np.isnan(found.values[60:120]).all()
    np.testing.assert_allclose(found.values, plain_scores(panels, scorer, genes), atol=0.02)
    assert found.measured.tolist() == [3, 0, 3]


def test_the_order_of_names_and_the_time_of_asking_do_not_matter(
    panels: Atlas, scorer: SetScorer
) -> None:
    genes = tuple(f"G{i}" for i in range(10, 60))
    first = scorer.score(genes).values
    again = SetScorer(panels, lambda: group_spots(panels).counts_in(None))
    again.score(("G1",))
    assert np.array_equal(again.score(genes[::-1]).values, first)


def test_a_programme_stands_out_from_genes_drawn_by_chance(atlas: Atlas) -> None:
    """Genes 8 to 15 of the small atlas are those of the brain."""
    scorer = SetScorer(atlas, lambda: group_spots(atlas).counts_in(None))
    values = scorer.score(tuple(atlas.genes[8:16])).values
    brain = atlas.obs("domain") == "brain"
    assert values[brain].min() > values[~brain].max()
    mixed = scorer.score(tuple(atlas.genes[2:32:8])).values
    assert abs(mixed[brain].mean() - mixed[~brain].mean()) < 0.3


def test_genes_that_no_spot_expresses_are_left_out_and_told(scorer: SetScorer) -> None:
    both = scorer.score(("G5", "G159"))
    assert (both.scored, both.silent) == (("G5",), ("G159",))
    assert np.array_equal(both.values, scorer.score(("G5",)).values)
    alone = scorer.score(("G159",))
    assert alone.scored == ()
    assert np.isnan(alone.values).all()


def test_all_genes_at_once_have_no_controls(panels: Atlas, scorer: SetScorer) -> None:
    found = scorer.score(tuple(panels.genes))
    # Three bins of 53 genes have 50 controls each, which are all in the set.
    assert found.controls.tolist() == [0, 0, 0]
    assert np.isfinite(found.values).all()
    assert abs(float(found.values.mean())) < 0.05


def test_bins_hold_as_many_genes_and_draw_their_controls_by_name() -> None:
    rng = np.random.default_rng(0)
    means = rng.gamma(0.3, 1.0, 3000)
    means[:100] = 0
    means[100:110] = np.nan
    names = [f"gene {i}" for i in range(3000)]
    bins = bin_genes(means, names)
    assert len(bins.controls) == 25
    assert (bins.of[:110] == -1).all()
    sizes = np.bincount(bins.of[110:])
    assert sizes.max() - sizes.min() <= 1
    top = [means[bins.of == b].max() for b in range(25)]
    assert top == sorted(top)
    for b, controls in enumerate(bins.controls):
        assert len(controls) == CONTROLS
        assert (bins.of[controls] == b).all()
    other = bin_genes(means, [f"other {i}" for i in range(3000)])
    assert not np.array_equal(other.controls[3], bins.controls[3])
    assert len(bin_genes(np.ones(40), names[:40]).controls) == 1


def test_a_bin_without_controls_takes_its_neighbours() -> None:
    means = np.arange(1.0, 101.0)
    bins = bin_genes(means, [f"g{i}" for i in range(100)])
    assert len(bins.controls) == 2
    weights = weigh(bins.controls[0], bins, None, 1)
    assert weights.controls.tolist() == [50]
    assert weights.bins[:, 0].tolist() == pytest.approx([0, 1 / 50])
    np.testing.assert_allclose(weights.genes, 1 / 50)


def test_standardised_bytes_have_mean_0_and_spread_1() -> None:
    data = np.array([0, 0, 254, 127, 255], np.uint8)
    table = standardised(data, 3.0)
    z = table[data]
    assert z[4] == 0
    assert z[:4].mean() == pytest.approx(0, abs=1e-6)
    assert z[:4].std() == pytest.approx(1)
    assert not standardised(np.full(5, 255, np.uint8), 1.0).any()
    assert not standardised(np.full(5, 9, np.uint8), 1.0).any()


def test_what_is_kept_is_bounded(
    panels: Atlas, monkeypatch: pytest.MonkeyPatch, scorer: SetScorer
) -> None:
    from atlas_app.genesets import scorer as module

    genes = tuple(f"G{i}" for i in range(0, 150, 3))
    wanted = scorer.score(genes).values
    monkeypatch.setattr(module, "KEPT_BYTES", 4 * panels.n_spots)
    small = SetScorer(panels, lambda: group_spots(panels).counts_in(None))
    assert np.array_equal(small.score(genes).values, wanted)
    assert len(small._sums) == 1


def test_scoring_allocates_a_few_arrays_of_spots(panels: Atlas, scorer: SetScorer) -> None:
    genes = tuple(f"G{i}" for i in range(0, 150))
    scorer.score(genes)
    tracemalloc.start()
    scorer.score(genes)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 1_000_000
