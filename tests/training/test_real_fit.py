"""Real tissue: an atlas of the developing heart, and a section of it that the fit has not seen."""

from __future__ import annotations

import shutil
import time
from pathlib import Path

import anndata as ad
import numpy as np
import pytest

from training.config import load_config
from training.fit import fit_atlas
from training.metrics import domain_scores
from training.projection import project
from training.score import score_atlas
from training.store import open_atlas, validate_store

pytestmark = pytest.mark.slow
LEFT_OUT = "6.5pcw_CN74_D1"
# Less than by default, alike for both fits, to keep the suite within its time.
SETTINGS = ("genes.n_genes=800", "train.steps=200", "start.restarts=1", "imputation.folds=0")


@pytest.fixture(scope="module")
def heart(real_data: Path) -> Path:
    folder = real_data / "developing_human_heart"
    if not folder.is_dir():
        pytest.skip(f"no {folder.name} in ATLAS_TEST_DATA")
    return folder


@pytest.fixture(scope="module")
def joint(heart: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return fit(heart, tmp_path_factory.mktemp("joint") / "heart.atlas.zarr")


@pytest.fixture(scope="module")
def without(heart: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("without")
    slices = folder / "slices"
    slices.mkdir()
    for path in heart.glob("*.h5ad"):
        if path.stem != LEFT_OUT:
            shutil.copy(path, slices)
    return fit(slices, folder / "heart.atlas.zarr")


def fit(slices: Path, out: Path) -> Path:
    began, spent = time.perf_counter(), time.process_time()
    fit_atlas(slices, out, load_config(None, SETTINGS), device="cpu")
    seconds, work = time.perf_counter() - began, time.process_time() - spent
    print(f"\n{slices.name}: fitted in {seconds:.0f} s, {work:.0f} s of CPU")
    return out


def test_nineteen_sections_in_three_stages(joint: Path) -> None:
    assert validate_store(joint) == []
    atlas = open_atlas(joint)
    assert len(atlas.slices) == 19
    assert [stage.time for stage in atlas.stages] == sorted(s.time or 0 for s in atlas.stages)
    assert len(atlas.stages) == 3
    score = score_atlas(atlas, label="label")
    assert score.mean.ari_tied is not None
    assert score.mean.transfer is not None
    assert score.ilisi is not None
    print(
        f"ARI tied {score.mean.ari_tied:.3f}, domains {score.mean.ari_domain:.3f}, "
        f"transfer {score.mean.transfer:.3f}, iLISI {score.ilisi:.2f}"
    )
    # Far below what is reached, far above chance: a broken fit does not pass.
    assert score.mean.transfer > 0.6
    assert score.mean.ari_tied > 0.2
    assert score.ilisi > 1.5


def test_a_left_out_section_keeps_the_joint_fit_s_agreement(
    heart: Path, joint: Path, without: Path, tmp_path: Path
) -> None:
    assert validate_store(without) == []
    source = heart / f"{LEFT_OUT}.h5ad"
    report = project(without, source, tmp_path / "result.h5ad")
    result = ad.read_h5ad(tmp_path / "result.h5ad")
    section = ad.read_h5ad(source)
    assert result.obs_names.tolist() == section.obs_names.tolist()
    labels = section.obs["label"].astype(str).to_numpy()
    one = np.repeat(LEFT_OUT, len(labels))
    mapped = domain_scores(result.obs["domain"].astype(str), labels, one).ari

    atlas = open_atlas(joint)
    part = next(each for each in atlas.slices if each.name == LEFT_OUT)
    rows = slice(part.start, part.stop)
    together = domain_scores(atlas.obs("domain")[rows], atlas.obs("label")[rows], one).ari
    assert mapped is not None
    assert together is not None
    stage = result.obs["stage"].astype(str).mode()[0]
    print(
        f"ARI mapped {mapped:.3f}, joint {together:.3f}; stage {stage}, "
        f"posterior {report['stage_posterior']}; out of reference "
        f"{result.obs['out_of_reference'].mean():.3f}"
    )
    assert mapped >= 0.9 * together
    assert result.obs["out_of_reference"].mean() < 0.3
    assert stage == part.stage
