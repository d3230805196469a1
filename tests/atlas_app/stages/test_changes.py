from __future__ import annotations

import csv
import io

import numpy as np
import pytest

from atlas_app.http.errors import ApiError
from atlas_app.stages import kept, rows
from atlas_app.stages.cells import Groups, group_spots
from atlas_app.stages.changes import are_countable, compare_stages, count_noise, log_rates
from atlas_app.stages.kept import StageData
from atlas_app.stages.replicates import moderated
from training.store import Atlas


@pytest.fixture(scope="module")
def groups(changed: Atlas) -> Groups:
    return group_spots(changed)


def test_the_gene_that_rose_comes_first_and_others_are_quiet(
    changed: Atlas, groups: Groups
) -> None:
    found = compare_stages(changed, groups, "E9", "E10", "liver")
    best = int(found.order()[0])
    assert found.names[best] == "GENE12"
    assert found.difference.effect[best] == pytest.approx(1.33, abs=0.35)
    assert found.difference.low[best] > 0.6
    assert found.difference.q[best] < 1e-2
    # Three times as much of one gene leaves a smaller share for the others.
    assert (np.abs(np.delete(found.difference.effect, best)) < 0.7).all()
    assert (found.n, found.left_out) == ((3, 3), ())
    back = compare_stages(changed, groups, "E10", "E9", "liver")
    np.testing.assert_allclose(back.difference.effect, -found.difference.effect)
    np.testing.assert_allclose(back.difference.p, found.difference.p)


def test_genes_that_say_nothing_are_left_out_and_counted(changed: Atlas, groups: Groups) -> None:
    found = compare_stages(changed, groups, "E9", "E10")
    assert "GENE30" not in found.names
    assert changed.genes[-1] not in found.names
    assert found.untested == (1, 1)
    assert "GENE30" in compare_stages(changed, groups, "E10", "E11").names


def test_slices_of_unlike_depth_do_not_feign_changes() -> None:
    """Two shallow slices beside six deep ones, no gene changed: p is as it should be."""
    rng = np.random.default_rng(5)
    depth = np.array([2e4, 1.5e4, *[3e5] * 6])
    share = rng.lognormal(0, 1.5, 4000)
    rates = share / share.sum() * rng.gamma(20, 1 / 20, (8, 4000))
    counts = rng.poisson(rates * depth[:, None])
    kept = are_countable(counts, depth)
    assert 200 < kept.sum() < 3500
    few = counts[:, kept]
    logs, noise = log_rates(few, depth), count_noise(few, depth)
    found = moderated(logs[:2], logs[2:], noise[:2], noise[2:])
    assert np.mean(found.p < 0.05) < 0.12
    assert np.mean(found.p < 1e-3) < 0.01
    # All genes with all slices alike are far off.
    all_logs = log_rates(counts, depth)
    assert np.mean(moderated(all_logs[:2], all_logs[2:]).p < 0.05) > 0.2
    empty = log_rates(np.zeros((8, 1)), depth)
    np.testing.assert_allclose(empty, np.full((8, 1), empty[0, 0]))


def test_means_are_those_of_the_courses(changed: Atlas, groups: Groups) -> None:
    from atlas_app.stages.courses import trace_course

    found = compare_stages(changed, groups, "E9", "E10", "heart")
    course = trace_course(changed, groups, "gene:MYH7", "heart").summary.mean[:, 0]
    at = found.names.index("MYH7")
    np.testing.assert_allclose([found.mean_a[at], found.mean_b[at]], course[:2])


def test_factors_by_proportion(changed: Atlas, groups: Groups) -> None:
    found = compare_stages(changed, groups, "E9", "E10", "brain", "factors")
    assert found.names[int(found.order()[0])] in ("1", "0", "2", "3")
    assert found.difference.effect[1] == pytest.approx(1.4 / 1.7 - 0.7, abs=0.02)
    assert found.difference.p[1] < 0.001
    quiet = compare_stages(changed, groups, "E9", "E10", "liver", "factors")
    assert abs(quiet.difference.effect[1]) < 0.01


def test_one_slice_gives_effects_without_p(changed: Atlas, groups: Groups) -> None:
    found = compare_stages(changed, groups, "E9", "E11", "liver")
    assert found.n == (3, 1)
    assert not found.tested
    assert np.isfinite(found.difference.effect).all()
    assert np.isnan(found.difference.p).all()
    effects = np.abs(found.difference.effect[found.order()])
    assert (np.diff(effects) <= 0).all()
    assert rows.change_columns(found)["test"] == "none: a stage with one slice"


def test_sums_made_on_demand_give_the_same(
    changed: Atlas, groups: Groups, monkeypatch: pytest.MonkeyPatch
) -> None:
    stored = compare_stages(changed, groups, "E9", "E10", "liver")
    monkeypatch.setattr("training.store.parts.pseudobulk.PSEUDOBULK", "view/absent")
    monkeypatch.setattr(type(changed), "has_pseudobulk", False)
    data = StageData(changed)
    older = data.changes("E9", "E10", "liver")
    np.testing.assert_allclose(older.difference.effect, stored.difference.effect)
    assert data.changes("E9", "E10", "liver") is older
    assert data._sums is not None
    monkeypatch.setattr(kept, "MOST_BYTES", 10)
    assert StageData(changed)._kept_sums() is None


def test_only_the_last_comparisons_are_kept(
    changed: Atlas, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kept, "MOST_CHANGES", 2)
    data = StageData(changed)
    first = data.changes("E9", "E10")
    data.changes("E10", "E9")
    assert data.changes("E9", "E10") is first
    data.changes("E9", "E11")
    data.changes("E10", "E11")
    assert data.changes("E9", "E10") is not first


def test_impossible_comparisons_are_refused(changed: Atlas, groups: Groups) -> None:
    with pytest.raises(ApiError, match="with itself") as same:
        compare_stages(changed, groups, "E9", "E9")
    assert same.value.status == 400
    assert (same.value.found, same.value.examples) == ("E9 twice", ["E10", "E11"])
    with pytest.raises(ApiError, match="No such stage") as strange:
        compare_stages(changed, groups, "E9", "E12")
    assert strange.value.status == 404
    few = Groups(
        groups.domains,
        groups.slice_of,
        groups.domain_of,
        np.where(np.arange(4) == 2, 5, groups.spots),
        groups.counts,
        groups.stage_of,
    )
    with pytest.raises(ApiError, match="No slice of E9") as rare:
        compare_stages(changed, few, "E9", "E10", "liver")
    assert rare.value.status == 409
    assert rare.value.found == "fewer than 10 of them in every slice of E9"
    assert rare.value.examples == ["heart", "brain", "gut"]


def test_slices_with_few_spots_of_a_domain_are_left_out(changed: Atlas, groups: Groups) -> None:
    spots = groups.spots.copy()
    spots[0, 2] = 9
    few = Groups(
        groups.domains, groups.slice_of, groups.domain_of, spots, groups.counts, groups.stage_of
    )
    found = compare_stages(changed, few, "E9", "E10", "liver")
    assert (found.n, found.left_out) == ((2, 3), ("a1",))


def test_the_file_names_its_comparison_and_atlas(changed: Atlas, groups: Groups) -> None:
    found = compare_stages(changed, groups, "E9", "E10", "liver")
    text = rows.to_csv(rows.change_rows(found), "d" * 64, rows.change_columns(found))
    table = list(csv.DictReader(io.StringIO(text)))
    assert len(table) == len(found.names)
    assert table[0]["name"] == "GENE12"
    assert float(table[0]["q"]) == pytest.approx(found.difference.q.min(), rel=1e-5)
    assert {row["atlas_digest"] for row in table} == {"d" * 64}
    assert table[0]["n_a"] == "3"
