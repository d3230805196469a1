"""The built-in series: deterministic, developing, and in step with the truth beside it."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import anndata as ad
import numpy as np
import pytest

from training.errors import AtlasError
from training.synthetic.embryo import BACKGROUND, HOUSEKEEPING, ORGANS, PROGRAMMES, SPLITS
from training.synthetic.genes import MARKERS
from training.synthetic.layers import CELLS, LAYER_PROGRAMMES, LAYERS, MIXED_PROGRAMMES
from training.synthetic.presets import PRESETS
from training.synthetic.series import SimulatedSeries, simulate, slice_names
from training.synthetic.simulate import write_simulation

# A gene symbol: letters, digits and dashes, with a letter first.
SYMBOL = re.compile(r"^[A-Z][A-Za-z0-9]*(-[0-9A-Za-z]+)?$")


@pytest.fixture(scope="module")
def embryo() -> SimulatedSeries:
    return simulate(PRESETS["embryo"], seed=0)


@pytest.fixture(scope="module")
def tiny() -> SimulatedSeries:
    return simulate(PRESETS["tiny"], seed=0)


def organs_by_stage(series: SimulatedSeries) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for each in series.slices:
        found.setdefault(each.stage, set()).update(map(str, np.unique(each.organs)))
    return found


def test_one_seed_one_series(tiny: SimulatedSeries) -> None:
    again = simulate(PRESETS["tiny"], seed=0)
    assert again.genes == tiny.genes
    np.testing.assert_array_equal(again.effects, tiny.effects)
    for one, other in zip(again.slices, tiny.slices, strict=True):
        np.testing.assert_array_equal(one.counts, other.counts)
        np.testing.assert_array_equal(one.positions, other.positions)
        np.testing.assert_array_equal(one.organs, other.organs)


def test_another_seed_another_series(tiny: SimulatedSeries) -> None:
    other = simulate(PRESETS["tiny"], seed=1)
    assert other.genes != tiny.genes
    assert not np.array_equal(other.profiles, tiny.profiles)
    assert not np.array_equal(other.slices[0].positions, tiny.slices[0].positions)


def test_the_embryo_has_its_promised_size(embryo: SimulatedSeries) -> None:
    stages = [each.stage for each in embryo.slices]
    assert len(set(stages)) >= 6
    assert all(stages.count(stage) == 2 for stage in stages)
    assert 13_500 <= sum(len(each.counts) for each in embryo.slices) <= 16_500
    assert len(embryo.genes) == 800
    times = [each.time for each in embryo.slices]
    assert times == sorted(times)


def test_the_tissue_grows(embryo: SimulatedSeries) -> None:
    extent = [np.ptp(each.positions, axis=0).max() for each in embryo.slices]
    assert min(extent[-2:]) > 1.5 * max(extent[:2])


@pytest.mark.parametrize("preset", ["tiny", "embryo"])
def test_organs_appear_split_and_vanish(preset: str, request: pytest.FixtureRequest) -> None:
    by_stage = list(organs_by_stage(request.getfixturevalue(preset)).values())
    first, last = by_stage[0], by_stage[-1]
    assert {"Brain", "Heart tube", "Primitive streak"} <= first
    assert {"Forebrain", "Hindbrain", "Atrium", "Ventricle", "Liver", "Limb bud"} <= last
    assert not {"Brain", "Heart tube", "Primitive streak"} & last
    assert not {"Liver", "Forebrain", "Hindbrain", "Atrium", "Ventricle", "Limb bud"} & first
    for whole, parts in SPLITS.items():
        assert not any(whole in organs and organs & set(parts) for organs in by_stage)
    present = {organ: [organ in organs for organs in by_stage] for organ in ("Liver", BACKGROUND)}
    assert all(present[BACKGROUND])
    # Once the liver is there it stays.
    assert present["Liver"] == sorted(present["Liver"])
    assert 1 <= sum(present["Liver"]) < len(by_stage)


def test_every_organ_is_seen(embryo: SimulatedSeries) -> None:
    seen = set().union(*organs_by_stage(embryo).values())
    assert seen == {organ.name for organ in ORGANS} | {BACKGROUND}


def test_organs_are_where_they_are_by_space(embryo: SimulatedSeries) -> None:
    """Neighbours share their organ far more often than two random spots."""
    from scipy.spatial import cKDTree

    last = embryo.slices[-1]
    near = cKDTree(last.positions).query(last.positions, k=7)[1][:, 1:]
    agreement = (last.organs[near] == last.organs[:, None]).mean()
    shares = np.unique(last.organs, return_counts=True)[1] / len(last.organs)
    assert agreement > 0.8 > 2 * (shares**2).sum()


def test_gene_names_look_like_genes(embryo: SimulatedSeries) -> None:
    assert len(set(embryo.genes)) == len(embryo.genes)
    assert all(SYMBOL.match(name) for name in embryo.genes)
    assert {"Myh6", "Foxg1", "Alb", "Actb"} <= set(embryo.genes)
    assert len(set(embryo.gene_ids)) == len(embryo.genes)
    assert all(re.fullmatch(r"ENSSIMG\d{11}", name) for name in embryo.gene_ids)


def test_markers_are_of_their_programme(embryo: SimulatedSeries) -> None:
    """A known symbol is raised in the profile of the programme it is named for."""
    position = {name: index for index, name in enumerate(embryo.genes)}
    base = embryo.profiles[PROGRAMMES.index(HOUSEKEEPING)]
    for programme, names in MARKERS.items():
        if programme == HOUSEKEEPING:
            continue
        found = [position[name] for name in names.split() if name in position]
        assert found, programme
        lift = embryo.profiles[PROGRAMMES.index(programme), found] / base[found]
        assert np.median(lift) > 2, programme


def test_counts_follow_the_truth(embryo: SimulatedSeries) -> None:
    """The rate made of the truth explains the counts: their mean, and no more than the noise."""
    for index in (0, len(embryo.slices) - 1):
        each = embryo.slices[index]
        assert each.counts.min() >= 0
        rate = each.proportions @ embryo.profiles * np.exp(embryo.effects[index])
        rate /= rate.sum(axis=1, keepdims=True)
        # A spot's depth is known to about 6 % from its own counts.
        mean = rate * each.counts.sum(axis=1, keepdims=True)
        assert each.counts.sum(axis=0) == pytest.approx(mean.sum(axis=0), rel=0.5, abs=40)
        variance = mean + PRESETS["embryo"].dispersion * mean**2
        spread = ((each.counts - mean) ** 2).sum() / variance.sum()
        assert 0.8 < spread < 1.25


def test_proportions_are_proportions(embryo: SimulatedSeries) -> None:
    for each in embryo.slices:
        assert each.proportions.shape == (len(each.counts), len(PROGRAMMES))
        assert (each.proportions >= 0).all()
        np.testing.assert_allclose(each.proportions.sum(axis=1), 1, rtol=1e-5)
    np.testing.assert_allclose(embryo.profiles.sum(axis=1), 1, rtol=1e-5)


def test_a_spot_runs_the_programme_of_its_organ(embryo: SimulatedSeries) -> None:
    organs = np.concatenate([each.organs for each in embryo.slices])
    proportions = np.concatenate([each.proportions for each in embryo.slices])
    for organ in {organ.name for organ in ORGANS}:
        inside = organs == organ
        for part in SPLITS.get(organ, (organ,)):
            column = proportions[:, PROGRAMMES.index(part)]
            wholes = [whole for whole, parts in SPLITS.items() if part in parts]
            outside = ~np.isin(organs, [organ, part, *wholes])
            assert column[inside].mean() > 0.1
            assert column[outside].max() == 0


def test_programmes_rise_and_fall_with_stage(embryo: SimulatedSeries) -> None:
    mean = np.array([each.proportions.mean(axis=0) for each in embryo.slices])
    by_stage = mean.reshape(-1, 2, len(PROGRAMMES)).mean(axis=1)
    falling = by_stage[:, PROGRAMMES.index("Proliferation")]
    rising = by_stage[:, PROGRAMMES.index("Maturation")]
    assert falling[0] > 3 * falling[-1]
    assert rising[-1] > 3 * rising[0]


def test_slices_differ_in_effect_depth_and_place(embryo: SimulatedSeries) -> None:
    sd = PRESETS["embryo"].batch_sd
    assert embryo.effects.shape == (len(embryo.slices), 800)
    assert embryo.effects.std(axis=1) == pytest.approx(sd, rel=0.15)
    assert np.abs(np.corrcoef(embryo.effects) - np.eye(len(embryo.slices))).max() < 0.2
    depth = [np.median(each.counts.sum(axis=1)) for each in embryo.slices]
    assert max(depth) / min(depth) > 1.2
    pairs = zip(embryo.slices[::2], embryo.slices[1::2], strict=True)
    assert all(len(one.counts) != len(two.counts) for one, two in pairs)


def test_files_hold_the_series(tiny_slices: Path, tiny: SimulatedSeries) -> None:
    truth = np.load(tiny_slices / "truth.npz")
    assert truth["programmes"].tolist() == list(PROGRAMMES)
    assert truth["slice_names"].tolist() == [each.name for each in tiny.slices]
    start = 0
    for each in tiny.slices:
        stored = ad.read_h5ad(tiny_slices / f"{each.name}.h5ad")
        rows = slice(start, start + stored.n_obs)
        start += stored.n_obs
        assert stored.obs_names.tolist() == truth["spots"][rows].tolist()
        assert stored.var_names.tolist() == truth["genes"].tolist() == tiny.genes
        assert stored.obs["organ"].astype(str).tolist() == truth["organs"][rows].tolist()
        assert set(stored.obs["slice"]) == {each.name}
        assert set(stored.obs["stage"]) == {each.stage}
        assert set(stored.obs["time_days"]) == {each.time}
        np.testing.assert_array_equal(stored.X.toarray(), each.counts)
        np.testing.assert_array_equal(stored.obsm["spatial"], each.positions)
        np.testing.assert_array_equal(truth["proportions"][rows], each.proportions)
    assert start == len(truth["spots"])
    assert truth["angles"].tolist() == [each.angle for each in tiny.slices]
    np.testing.assert_array_equal(truth["shifts"], [each.shift for each in tiny.slices])


def test_angle_and_shift_lead_back_to_the_body(embryo: SimulatedSeries) -> None:
    """Turned back, the body lies along x with the brain ahead and the somites behind."""
    for each in embryo.slices:
        a = each.angle
        turn = np.array([[np.cos(a), -np.sin(a)], [np.sin(a), np.cos(a)]])
        body = (each.positions - each.shift) @ turn
        assert np.ptp(body[:, 0]) > 1.4 * np.ptp(body[:, 1])
        somites = body[each.organs == "Somites"]
        brain = body[np.isin(each.organs, ["Brain", "Forebrain", "Hindbrain"])]
        assert brain[:, 0].mean() > 0 > somites[:, 0].mean()
        assert brain[:, 1].mean() > 0


def test_the_same_simulation_may_be_written_again(tmp_path: Path) -> None:
    first = write_simulation(tmp_path, "tiny", 3)
    contents = [ad.read_h5ad(path).X.toarray() for path in first[:2]]
    second = write_simulation(tmp_path, "tiny", 3)
    assert first == second
    for path, before in zip(second[:2], contents, strict=True):
        np.testing.assert_array_equal(ad.read_h5ad(path).X.toarray(), before)


def test_a_folder_of_other_slices_is_left_alone(tmp_path: Path) -> None:
    mine = tmp_path / "mine.h5ad"
    mine.write_bytes(b"mine")
    with pytest.raises(AtlasError, match=r"mine\.h5ad"):
        write_simulation(tmp_path, "tiny", 0)
    assert sorted(tmp_path.iterdir()) == [mine]


def test_large_slices_have_exactly_their_published_size() -> None:
    preset = PRESETS["embryo-atlas"]
    assert sum(preset.spots) == 514_415
    assert preset.genes == 2_366
    panel = PRESETS["imaging-panel"]
    assert panel.slices * sum(panel.spots) == 1_000_000
    small = replace(preset, spots=preset.spots[:2], genes=120)
    series = simulate(small, 0)
    assert [len(each.spots) for each in series.slices] == [5_902, 8_494]
    assert [each.name for each in series.slices] == ["E9.5_A", "E10.5_A"] == slice_names(small)
    assert 200 < np.median(series.slices[0].counts.sum(axis=1)) < 1500


def test_counts_drawn_in_blocks_follow_the_truth(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("training.synthetic.series.BLOCK", 50)
    series = simulate(PRESETS["tiny"], seed=0)
    each = series.slices[0]
    assert len(each.spots) > 50
    rate = each.proportions @ series.profiles * np.exp(each.effects)
    rate /= rate.sum(axis=1, keepdims=True)
    mean = rate * each.counts.sum(axis=1, keepdims=True)
    variance = mean + PRESETS["tiny"].dispersion * mean**2
    assert 0.8 < ((each.counts - mean) ** 2).sum() / variance.sum() < 1.25


def test_four_sections_show_the_same_layers() -> None:
    preset = PRESETS["four-sections"]
    assert (preset.spots, preset.slices, preset.genes) == ((3_600,), 4, 2_000)
    series = simulate(replace(preset, spots=(900,), genes=300), 0)
    assert series.programmes == list(LAYER_PROGRAMMES)
    shares = []
    for each in series.slices:
        assert len(each.spots) == 900
        assert set(each.organs) == set(LAYERS)
        shares.append([(each.organs == layer).mean() for layer in LAYERS])
        for index, layer in enumerate(LAYERS):
            inside = each.organs == layer
            assert each.proportions[inside, index].mean() > 0.2
            assert each.proportions[~inside, index].mean() < 0.05
        # Turned back, layers lie one below the other.
        a = each.angle
        turn = np.array([[np.cos(a), -np.sin(a)], [np.sin(a), np.cos(a)]])
        down = ((each.positions - each.shift) @ turn)[:, 1]
        middles = [np.median(down[each.organs == layer]) for layer in LAYERS]
        assert middles == sorted(middles)
    assert np.ptp(shares, axis=0).max() < 0.05


def test_cells_of_a_mixed_cortex_say_nothing_of_its_layers() -> None:
    series = simulate(replace(PRESETS["mixed-cortex"], spots=(900,), genes=300), 0)
    assert series.programmes == list(MIXED_PROGRAMMES)
    part = PRESETS["mixed-cortex"].cells
    kinds = [series.programmes.index(name) for name in CELLS]
    for each in series.slices:
        assert set(each.organs) == set(LAYERS)
        np.testing.assert_allclose(each.proportions.sum(axis=1), 1, rtol=1e-5)
        cells = each.proportions[:, kinds]
        np.testing.assert_allclose(cells.sum(axis=1), part, rtol=1e-5)
        # Kinds differ from spot to spot far more than between the means of layers.
        means = np.array([cells[each.organs == layer].mean(axis=0) for layer in LAYERS])
        assert means.std(axis=0).max() < 0.25 * cells.std(axis=0).min()


def test_an_unknown_preset_names_those_there_are(tmp_path: Path) -> None:
    with pytest.raises(AtlasError, match="tiny, embryo"):
        write_simulation(tmp_path / "new", "huge", 0)
    assert not (tmp_path / "new").exists()
