"""Slices cut from one tissue come back into one frame; what cannot be placed stays where it is."""

from __future__ import annotations

import time
from pathlib import Path

import anndata as ad
import numpy as np
import pytest
from scipy import sparse
from scipy.spatial import cKDTree

from training.alignment.align import SliceAlignment, align_slices, grid_scales
from training.alignment.registration import register_slices
from training.alignment.rigid import Rigid, kabsch
from training.benchmark.cheap_rows import smoothed_centred_pca
from training.inputs.preprocess import normalise
from training.metrics.frames import compare_frames
from training.synthetic.presets import PRESETS
from training.synthetic.series import simulate


def turn(degrees: float, reflected: bool = False) -> np.ndarray:
    a = np.radians(degrees)
    matrix = np.array([[np.cos(a), -np.sin(a)], [np.sin(a), np.cos(a)]])
    return matrix @ np.diag([-1.0, 1.0]) if reflected else matrix


def fields(points: np.ndarray, n: int = 8, seed: int = 5) -> np.ndarray:
    """A latent that varies smoothly over the tissue, the same function for every slice."""
    rng = np.random.default_rng(seed)
    waves = rng.normal(0, 0.15, (2, n))
    return np.asarray(np.cos(points @ waves + rng.uniform(0, 2 * np.pi, n)))


class Stack:
    """Slices of one tissue, each turned, shifted and perhaps turned over."""

    def __init__(self, frames: list[Rigid], n: int = 350, noise: float = 0.25, seed: int = 0):
        rng = np.random.default_rng(seed)
        self.frames = frames
        self.tissue, positions, latents, codes = [], [], [], []
        for index, frame in enumerate(frames):
            # An outline without symmetry, and one side cut off.
            points = rng.uniform((-20, -12), (20, 12), (3 * n, 2))
            points = points[points[:, 1] < 8 - 0.4 * points[:, 0]][:n]
            along = points @ turn(rng.uniform(0, 360))[0]
            points = points[along < np.quantile(along, 0.88)]
            self.tissue.append(points)
            positions.append(frame.apply(points))
            latents.append(fields(points) + rng.normal(0, noise, (len(points), 8)))
            codes.append(np.full(len(points), index))
        self.positions, self.latent = np.concatenate(positions), np.concatenate(latents)
        self.codes = np.concatenate(codes)

    def errors(self, found: list[SliceAlignment]) -> list[float]:
        """Median distance of each slice's spots from where they belong in its reference."""
        result = []
        for index, each in enumerate(found):
            wanted = self.frames[each.reference].apply(self.tissue[index])
            moved = each.apply(self.positions[self.codes == index])
            result.append(float(np.median(np.linalg.norm(moved - wanted, axis=1))))
        return result


FRAMES = [
    Rigid(turn(0), np.array([0.0, 0.0])),
    Rigid(turn(140), np.array([500.0, -80.0])),
    Rigid(turn(-75, reflected=True), np.array([-90.0, 40.0])),
    Rigid(turn(10), np.array([30.0, 1000.0])),
    Rigid(turn(200, reflected=True), np.array([5.0, 5.0])),
]


def test_turned_and_mirrored_slices_come_together() -> None:
    stack = Stack(FRAMES)
    found = align_slices(stack.positions, stack.latent, stack.codes, [0, 0, 0, 1, 1])
    assert all(each.registered for each in found)
    assert len({each.reference for each in found}) == 1
    fixed = found[0].reference
    over = [frame.reflected != FRAMES[fixed].reflected for frame in FRAMES]
    assert [each.motion.reflected for each in found] == over
    # Spots are about 1.5 apart.
    assert max(stack.errors(found)) < 1.0
    np.testing.assert_allclose(found[fixed].motion.matrix, np.eye(2), atol=1e-9)
    for index, each in enumerate(found):
        assert each.scale == 1.0
        assert index not in each.joined
        assert 0 < each.inliers <= each.matches
        assert 0 < each.residual < 5.0


def test_without_reflection_none_is_reported() -> None:
    stack = Stack(FRAMES[:2] + FRAMES[3:4])
    found = align_slices(stack.positions, stack.latent, stack.codes, [0, 0, 0], reflection=False)
    assert max(stack.errors(found)) < 1.0
    assert not any(each.motion.reflected for each in found)


def test_one_seed_one_alignment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("training.alignment.align.SPOTS", 200)
    stack = Stack(FRAMES)
    once, again = (
        align_slices(stack.positions, stack.latent, stack.codes, [0] * 5, seed=3) for _ in range(2)
    )
    for one, other in zip(once, again, strict=True):
        np.testing.assert_array_equal(one.motion.matrix, other.motion.matrix)
        np.testing.assert_array_equal(one.motion.shift, other.motion.shift)
    assert max(stack.errors(once)) < 1.5


def test_tissue_of_one_slice_only_does_not_pull() -> None:
    """A third of slice 1 is foreign: elsewhere in the latent, or like another place of slice 0."""
    for distance in (50.0, 0.0):
        stack = Stack(FRAMES[:2])
        rows = np.flatnonzero(stack.codes == 1)
        foreign = rows[stack.tissue[1][:, 0] > 5]
        assert 0.2 < len(foreign) / len(rows) < 0.5
        rng = np.random.default_rng(0)
        elsewhere = rng.uniform((-20, -12), (0, 12), (len(foreign), 2))
        stack.latent[foreign] = fields(elsewhere) + distance
        found = align_slices(stack.positions, stack.latent, stack.codes, [0, 0])
        assert found[0].registered
        assert max(stack.errors(found)) < 1.5


def test_a_slice_that_has_nothing_in_common_stays_where_it_is() -> None:
    stack = Stack(FRAMES[:4])
    rng = np.random.default_rng(1)
    odd = stack.codes == 2
    stack.latent[odd] = rng.permutation(stack.latent[odd])
    found = align_slices(stack.positions, stack.latent, stack.codes, [0] * 4)
    assert [each.registered for each in found] == [True, True, False, True]
    alone = found[2]
    assert (alone.reference, alone.joined, alone.matches, alone.inliers) == (2, (), 0, 0)
    assert np.isnan(alone.residual)
    np.testing.assert_array_equal(alone.apply(stack.positions[odd]), stack.positions[odd])
    assert max(stack.errors(found)) < 1.0


def test_shuffled_latents_register_nothing() -> None:
    stack = Stack(FRAMES)
    rng = np.random.default_rng(2)
    for index in range(5):
        rows = np.flatnonzero(stack.codes == index)
        stack.latent[rows] = stack.latent[rng.permutation(rows)]
    found = align_slices(stack.positions, stack.latent, stack.codes, [0] * 5)
    assert not any(each.registered for each in found)


def test_one_slice_and_a_tiny_one() -> None:
    rng = np.random.default_rng(0)
    positions, latent = rng.normal(size=(42, 2)), rng.normal(size=(42, 3))
    alone = align_slices(positions, latent, np.zeros(42, dtype=int), [0])
    assert [each.registered for each in alone] == [False]
    codes = np.repeat([0, 1], [40, 2])
    assert not any(each.registered for each in align_slices(positions, latent, codes, [0, 0]))


def grid(pitch: float, jitter: float, seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    x, y = np.meshgrid(np.arange(20.0), np.arange(16.0))
    points = np.column_stack([x.ravel(), y.ravel()])
    return pitch * (points + rng.normal(0, jitter, points.shape))


def test_grids_in_other_units_are_brought_to_one() -> None:
    slices = [grid(100, 0.03, 0), grid(101, 0.03, 1), grid(46, 0.03, 2)]
    np.testing.assert_allclose(grid_scales(slices), [1, 1, 100.5 / 46], rtol=0.02)
    # Where one slice is no grid, distances are biology and stay.
    cells = np.random.default_rng(0).uniform(0, 1000, (300, 2))
    np.testing.assert_array_equal(grid_scales([*slices, cells]), 1)
    np.testing.assert_array_equal(grid_scales([slices[0], slices[1]]), 1)
    np.testing.assert_array_equal(grid_scales([slices[0], slices[2][:4]]), 1)


def test_pixels_of_two_images_are_registered_in_one_unit() -> None:
    rng = np.random.default_rng(0)
    tissue = [grid(1.0, 0.03, seed) for seed in range(3)]
    factors = [1.0, 1.0, 0.5]
    positions = np.concatenate(
        [s * p @ turn(40 * i).T for i, (s, p) in enumerate(zip(factors, tissue, strict=True))]
    )
    latent = np.concatenate([fields(p * 2) for p in tissue])
    latent += rng.normal(0, 0.1, latent.shape)
    codes = np.repeat([0, 1, 2], [len(p) for p in tissue])
    found = align_slices(positions, latent, codes, [0, 0, 0])
    assert [each.registered for each in found] == [True] * 3
    fixed = found[0].reference
    for index, each in enumerate(found):
        assert each.scale == pytest.approx(factors[fixed] / factors[index], rel=0.03)
        moved = each.apply(positions[codes == index])
        wanted = factors[fixed] * tissue[index] @ turn(40 * fixed).T
        assert np.median(np.linalg.norm(moved - wanted, axis=1)) < 0.7 * factors[fixed]
    known = align_slices(positions, latent, codes, [0, 0, 0], one_unit=True)
    assert all(each.scale == 1.0 for each in known)


def test_the_built_in_embryo_is_put_upright_in_seconds() -> None:
    """True programme proportions with noise as the latent; spots are 50 um apart."""
    series = simulate(PRESETS["embryo"], seed=0)
    rng = np.random.default_rng(0)
    latent = np.concatenate([each.proportions for each in series.slices])
    latent = latent + rng.normal(0, 0.05, latent.shape)
    positions = np.concatenate([each.positions for each in series.slices])
    codes = np.repeat(np.arange(12), [len(each.positions) for each in series.slices])
    began = time.process_time()
    found = align_slices(positions, latent, codes, np.arange(12) // 2)
    assert time.process_time() - began < 10
    assert {each.reference for each in found} == {found[0].reference}
    assert not any(each.motion.reflected for each in found)
    fixed = series.slices[found[0].reference]
    for each, slice_ in zip(found, series.slices, strict=True):
        body = (slice_.positions - slice_.shift) @ turn(np.degrees(slice_.angle))
        upright = body @ turn(np.degrees(fixed.angle)).T + fixed.shift
        error = np.linalg.norm(each.apply(slice_.positions) - upright, axis=1)
        # Growth between stages leaves up to two spots, and organs move.
        assert np.median(error) < 2.5 * 50


def test_the_heart_s_sections_make_the_authors_stack(real_data: Path) -> None:
    """Sections turned at random come back to where the authors' own 3D frame has them."""
    folder = real_data / "human_heart_6.5pcw"
    if not folder.is_dir():
        pytest.skip(f"no {folder.name} in ATLAS_TEST_DATA")
    heart = ad.concat([ad.read_h5ad(path) for path in sorted(folder.glob("*.h5ad"))], merge="same")
    heart.obs["slice"] = heart.obs["slice"].astype("category")
    heart.obs["stage"] = heart.obs["stage"].astype("category")
    codes = heart.obs["slice"].cat.codes.to_numpy()
    counts = sparse.csr_matrix(heart.X)
    genes = np.argsort(-np.asarray(counts.sum(axis=0)).ravel())[:2000]
    rng = np.random.default_rng(0)
    spatial = np.asarray(heart.obsm["spatial"], dtype=np.float64)
    turned = np.empty_like(spatial)
    for index in np.unique(codes):
        own = codes == index
        turned[own] = (spatial[own] - spatial[own].mean(axis=0)) @ turn(rng.uniform(0, 360)).T
    latent = smoothed_centred_pca(counts, codes, turned, genes)
    totals = np.asarray(counts.sum(axis=1)).ravel()
    expression = normalise(counts[:, genes], totals, 1e4)
    found = register_slices(heart.obs, turned, latent, expression)
    assert found.positions.shape == (heart.n_obs, 3)
    np.testing.assert_allclose(found.positions[:, 2], heart.obs["z_um"])
    assert found.n_registered >= 7
    assert not any(record["reflected"] for record in found.records)
    kept = np.array([record["registered"] for record in found.records])[codes]
    theirs = np.asarray(heart.obsm["spatial_atlas3d"], dtype=np.float64)[:, :2]
    names = heart.obs["slice"].cat.categories
    turned_back = compare_frames(found.positions[:, :2], theirs, codes)
    for name, each in zip(names, turned_back.by_slice, strict=True):
        print(f"{name}: {each:.0f} from the authors' frame (root mean square)")
    print(f"all: {turned_back.rmse:.0f}, of which {turned_back.within:.0f} within sections")
    assert turned_back.correlation > 0.85
    assert turned_back.rmse < 1.6 * turned_back.within
    spacing = np.median(cKDTree(theirs[codes == 3]).query(theirs[codes == 3], k=5)[0][:, 1:])
    ours = distance_to(found.positions[kept, :2].astype(np.float64), theirs[kept]) / spacing
    before = distance_to(turned[kept], theirs[kept]) / spacing
    print(f"median distance from the authors' frame: {before:.2f} spots, registered {ours:.2f}")
    assert ours < 3.0
    assert ours < 0.6 * before


def distance_to(ours: np.ndarray, theirs: np.ndarray) -> float:
    """Median distance after one turn, shift and scale of all, over the better four fifths."""
    near = np.ones(len(ours), dtype=bool)
    distance = np.zeros(len(ours))
    for _ in range(20):
        centre, goal = ours[near].mean(axis=0), theirs[near].mean(axis=0)
        turned = kabsch(ours[near] - centre, theirs[near] - goal).apply(ours - centre)
        scale = float((turned[near] * (theirs[near] - goal)).sum() / (turned[near] ** 2).sum())
        distance = np.linalg.norm(scale * turned + goal - theirs, axis=1)
        near = distance <= np.quantile(distance, 0.8)
    return float(np.median(distance))
