from __future__ import annotations

import threading

import numpy as np
import pytest
from scipy.stats import mannwhitneyu

from atlas_app.http import turns
from atlas_app.http.errors import ApiError
from atlas_app.selection import contrast, kept
from atlas_app.selection.contrast import compare_counts, compare_sides, enough_slices
from atlas_app.selection.counts import count_groups
from atlas_app.selection.design import slices_of
from atlas_app.selection.kept import SelectionData
from atlas_app.selection.ranks import rank_sum
from atlas_app.selection.sides import find_sides
from training.store import Atlas


def alone(x: float, right: float, slices: str) -> str:
    return f"spatial*{x}_-9_{right}_-9_{right}_99_{x}_99*{slices}"


def test_the_gene_of_the_patch_comes_first_and_others_are_quiet(patched: Atlas, patch: str) -> None:
    found = compare_sides(patched, find_sides(patched, patch))
    assert found.design.kind == "paired"
    assert found.design.a.tolist() == found.design.b.tolist() == [0, 1, 2, 3, 4, 5]
    assert (found.design.spots_a[0], found.design.spots_b[0]) == (18, 42)
    best = int(found.order()[0])
    assert found.names[best] == "GENE33"
    assert found.difference.effect[best] == pytest.approx(2 - np.log2(1.075), abs=0.2)
    assert found.difference.low[best] < found.difference.effect[best] < found.difference.high[best]
    assert found.difference.q[best] < 1e-4
    # More of one gene leaves a smaller share, by a tenth, for all others.
    assert (np.abs(np.delete(found.difference.effect, best)) < 0.35).all()
    assert found.share_a[best] == 1
    assert found.share_b[best] > 0.97
    assert found.mean_a[best] / found.mean_b[best] == pytest.approx(3.7, abs=0.4)
    # Nothing has counts of GENE34; of GENE30 the five slices that measured it count.
    assert found.untested == (1, 0)
    assert found.n_a[found.names.index("GENE30")] == 5
    assert found.n_a[best] == 6
    turned = compare_sides(patched, find_sides(patched, alone(2.5, 99, "0*1*2*3*4*5"), patch))
    np.testing.assert_allclose(turned.difference.effect, -found.difference.effect)
    np.testing.assert_allclose(turned.difference.p, found.difference.p)
    assert not turned.rest


def test_two_selections_in_other_slices_are_compared_without_pairs(
    patched: Atlas, patch: str
) -> None:
    sides = find_sides(patched, alone(-5, 2.5, "0*1*2"), alone(2.5, 99, "3*4"))
    found = compare_sides(patched, sides)
    assert found.design.kind == "unpaired"
    assert (found.design.a.tolist(), found.design.b.tolist()) == ([0, 1, 2], [3, 4])
    assert found.names[int(found.order()[0])] == "GENE33"
    assert set(zip(found.n_a.tolist(), found.n_b.tolist(), strict=True)) == {(3, 2), (2, 2)}


def test_one_slice_gives_effects_without_p_and_its_spots_can_be_tested(patched: Atlas) -> None:
    sides = find_sides(patched, alone(-5, 2.5, "3"))
    found = compare_sides(patched, sides)
    assert found.design.kind == "none"
    assert found.design.within
    assert (found.design.a.tolist(), found.design.b.tolist()) == ([3], [3])
    assert not found.tested
    assert np.isnan(found.difference.p).all()
    assert np.isnan(found.difference.low).all()
    assert found.names[int(found.order()[0])] == "GENE33"
    spots = compare_sides(patched, sides, "spots")
    assert spots.tested
    assert np.isnan(spots.difference.low).all()
    part = patched.slices[3]
    rows = np.arange(part.start, part.stop)
    share = patched.counts("GENE33")[rows] / patched.totals[rows]
    expected = mannwhitneyu(
        share[sides.a[rows]], share[sides.b[rows]], method="asymptotic", use_continuity=True
    ).pvalue
    assert spots.difference.p[spots.names.index("GENE33")] == pytest.approx(expected, rel=1e-6)


def test_spots_are_tested_beside_slices_with_the_interval_of_these(patched: Atlas) -> None:
    sides = find_sides(patched, alone(-5, 2.5, "0*1"))
    slices, spots = compare_sides(patched, sides), compare_sides(patched, sides, "spots")
    assert spots.design.kind == slices.design.kind == "paired"
    rows = np.flatnonzero(np.isin(spots.design.groups(sides, slices_of(patched.slices)), range(4)))
    share = patched.counts("GENE33") / patched.totals
    a, b = (share[rows[side[rows]]] for side in (sides.a, sides.b))
    at, beside = (each.names.index("GENE33") for each in (spots, slices))
    expected = mannwhitneyu(a, b, method="asymptotic", use_continuity=True).pvalue
    assert spots.difference.p[at] == pytest.approx(expected, rel=1e-6)
    assert spots.difference.p[at] < slices.difference.p[beside] / 100
    assert np.isfinite(spots.difference.low[at])
    assert spots.difference.effect[at] == pytest.approx(slices.difference.effect[beside], abs=0.05)


def test_slices_with_few_spots_are_left_out_and_too_few_are_refused(patched: Atlas) -> None:
    text = alone(-5, 2.5, "0*1*2") + "~" + alone(-5, 0.5, "3")
    found = compare_sides(patched, find_sides(patched, text))
    assert found.design.a.tolist() == [0, 1, 2]
    assert found.design.left_out.tolist() == [3]
    other = alone(-5, 2.5, "4*5") + "~" + alone(-5, 0.5, "3")
    beside = compare_sides(patched, find_sides(patched, alone(-5, 2.5, "0*1*2"), other))
    assert beside.design.left_out.tolist() == [3]
    with pytest.raises(ApiError, match="10 spots of the selection") as error:
        compare_sides(patched, find_sides(patched, alone(-5, 0.5, "3")))
    assert error.value.status == 409


@pytest.mark.parametrize("zeros", [True, False])
def test_the_rank_sum_is_that_of_scipy(zeros: bool) -> None:
    rng = np.random.default_rng(7)
    for n_first, n_second in ((15, 400), (60, 60), (200, 10)):
        values = rng.poisson(0.7 if zeros else 30, n_first + n_second).astype(float)
        values[:n_first] *= 1.3
        first = np.arange(len(values)) < n_first
        some = values > 0
        found = rank_sum(values[some], first[some], n_first, n_second)
        expected = mannwhitneyu(values[first], values[~first], method="asymptotic").pvalue
        assert found == pytest.approx(expected, rel=1e-9)
    assert np.isnan(rank_sum(np.zeros(0), np.zeros(0, dtype=bool), 5, 5))
    assert np.isnan(rank_sum(np.ones(10), first[:10], 10, 0))


def simulate(
    rng: np.random.Generator, inside: list[int], outside: int, genes: int = 1500
) -> tuple[np.ndarray, np.ndarray]:
    """Counts (P, G) and depths of regions with `inside` spots and of their rests, with nothing
    different between them: slices differ, and spots scatter more than by counting."""
    share = rng.lognormal(0, 1.5, genes)
    sides: tuple[list[np.ndarray], list[np.ndarray]] = ([], [])
    for n in inside:
        rates = share * np.exp(rng.normal(0, 0.3, genes))
        rates *= 500 * np.exp(rng.normal(0, 0.5)) / rates.sum()
        for spots, side in zip((n, outside), sides, strict=True):
            scatter = rng.lognormal(0, 0.4, spots) @ rng.gamma(1 / 0.3, 0.3, (spots, genes))
            side.append(rng.poisson(rates * scatter))
    counts = np.array([*sides[0], *sides[1]], dtype=float)
    return counts, counts.sum(axis=1)


def p_without_differences(inside: list[int], outside: int, paired: bool = True) -> np.ndarray:
    found = []
    for seed in range(3):
        counts, depth = simulate(np.random.default_rng(seed), inside, outside)
        if not paired:
            # Regions of the first slices beside the rests of the others.
            half = len(inside) // 2
            rows = [*range(half), *range(len(inside) + half, 2 * len(inside))]
            counts, depth, inside = counts[rows], depth[rows], inside[:half]
        n, measured = len(inside), np.ones(counts.shape, dtype=bool)
        counting = contrast.expected_counts(counts, depth, measured) >= contrast.MIN_EXPECTED
        some = enough_slices(counting, n, "paired" if paired else "unpaired")
        assert some.sum() > 200
        difference, _ = compare_counts(
            counts[:, some], depth, measured[:, some], counting[:, some], n, paired
        )
        found.append(difference.p)
        inside = inside if paired else [*inside, *inside]
    return np.concatenate(found)


@pytest.mark.parametrize(
    ("inside", "outside", "paired"),
    [
        ([40] * 2, 300, True),
        ([40] * 4, 300, True),
        ([20] * 12, 200, True),
        ([10, 12, 15, 20, 30, 40, 60, 80, 100, 150], 200, True),
        ([100] * 8, 100, False),
    ],
)
def test_without_differences_one_gene_in_twenty_has_p_below_05(
    inside: list[int], outside: int, paired: bool
) -> None:
    p = p_without_differences(inside, outside, paired)
    assert 0.03 < np.mean(p < 0.05) < 0.07
    assert np.mean(p < 1e-3) < 0.005


def test_without_the_correction_small_selections_would_fall(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    corrected = np.mean(p_without_differences([15] * 20, 300) < 0.05)
    monkeypatch.setattr(contrast, "unbiased", lambda logs, noise: logs)
    plain = np.mean(p_without_differences([15] * 20, 300) < 0.05)
    assert plain > 0.065
    assert corrected < 0.8 * plain


def test_counts_of_groups_are_those_of_the_dense_table(patched: Atlas) -> None:
    groups = np.random.default_rng(0).integers(0, 4, patched.n_spots)
    counts, expressing = count_groups(patched.gene_counts(), groups, 3, patched.n_genes)
    for gene in ("MYH7", "GENE33", "GENE34"):
        values = np.nan_to_num(patched.counts(gene))
        at = patched.genes.index(gene)
        expected = [values[groups == k] for k in range(3)]
        assert counts[at].tolist() == [part.sum() for part in expected]
        assert expressing[at].tolist() == [(part > 0).sum() for part in expected]


def test_comparisons_are_kept_and_only_one_runs(
    patched: Atlas, patch: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kept, "MOST_CONTRASTS", 2)
    data = SelectionData(patched)
    sides = [find_sides(patched, text) for text in (patch, alone(-5, 4.5, "0*1"))]
    first = data.contrast(sides[0], "slices")
    assert data.contrast(sides[0], "slices") is first
    data.contrast(sides[1], "slices")
    assert data.contrast(find_sides(patched, patch), "slices") is first
    third = find_sides(patched, alone(-5, 5.5, "0*1"))
    data.contrast(third, "slices")
    assert len(data._kept) == 2
    assert data.contrast(sides[0], "slices") is first

    monkeypatch.setattr(turns, "MOST_AT_ONCE", 1)
    busy, release, started = SelectionData(patched), threading.Event(), threading.Event()

    def hold() -> None:
        with busy.turn():
            started.set()
            release.wait(60)

    worker = threading.Thread(target=hold)
    worker.start()
    assert started.wait(60)
    with pytest.raises(ApiError) as error:
        busy.contrast(sides[1], "slices")
    assert error.value.status == 503
    assert error.value.headers["Retry-After"]
    release.set()
    worker.join()
    assert busy.contrast(sides[1], "slices").names
