"""Real tissue: an atlas of the developing heart, and a section of it that the fit has not seen."""

from __future__ import annotations

import time
from pathlib import Path

import anndata as ad
import numpy as np
import pytest
from numpy.typing import ArrayLike

from training.config import load_config
from training.fit import fit_atlas
from training.metrics import domain_scores, ilisi, mixture_scores, transfer_accuracy
from training.projection import project
from training.store import open_atlas, validate_store

pytestmark = pytest.mark.slow
LEFT_OUT = "6.5pcw_CN74_D1"
SECTIONS = ("4.5-5pcw_CN20_C1", "4.5-5pcw_CN20_D1", "9pcw_CN31_C1", "9pcw_CN31_D1")
SECTIONS += ("6.5pcw_CN73_C2", "6.5pcw_CN74_C1", "6.5pcw_CN74_D2")
# Less than by default, to keep the suite within its time.
SETTINGS = ("genes.n_genes=800", "train.steps=200", "start.restarts=1", "imputation.folds=0")
SETTINGS += ("domains.resolution=0.4",)


@pytest.fixture(scope="module")
def heart(real_data: Path) -> Path:
    folder = real_data / "developing_human_heart"
    if not folder.is_dir():
        pytest.skip(f"no {folder.name} in ATLAS_TEST_DATA")
    return folder


@pytest.fixture(scope="module")
def store(heart: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An atlas of seven sections."""
    slices = tmp_path_factory.mktemp("heart") / "slices"
    slices.mkdir()
    for name in SECTIONS:
        (slices / f"{name}.h5ad").symlink_to(heart / f"{name}.h5ad")
    out = slices.with_name("heart.atlas.zarr")
    began, spent = time.perf_counter(), time.process_time()
    fit_atlas(slices, out, load_config(None, SETTINGS), device="cpu")
    seconds, work = time.perf_counter() - began, time.process_time() - spent
    print(f"\nfitted in {seconds:.0f} s, {work:.0f} s of CPU")
    return out


def test_seven_sections_of_three_stages(store: Path) -> None:
    assert validate_store(store) == []
    atlas = open_atlas(store)
    assert len(atlas.slices) == len(SECTIONS)
    assert [stage.time for stage in atlas.stages] == sorted(s.time or 0 for s in atlas.stages)
    assert len(atlas.stages) == 3
    latent, labels, slices = atlas.latent[:], atlas.obs("label"), atlas.obs("slice")
    tied = mixture_scores(latent, labels, slices, n_init=1, seeds=(0,)).ari
    transfer = transfer_accuracy(latent, labels, slices).mean
    mixing = ilisi(latent, slices)
    assert tied is not None
    assert transfer is not None
    assert mixing is not None
    print(f"ARI tied {tied:.3f}, transfer {transfer:.3f}, iLISI {mixing:.2f}")
    # Far below what is reached, far above chance: a broken fit does not pass.
    assert transfer > 0.6
    assert tied > 0.2
    assert mixing > 1.5


def test_a_left_out_section_is_divided_as_those_of_the_fit_are(
    heart: Path, store: Path, tmp_path: Path
) -> None:
    source = heart / f"{LEFT_OUT}.h5ad"
    report = project(store, source, tmp_path / "result.h5ad")
    result = ad.read_h5ad(tmp_path / "result.h5ad")
    section = ad.read_h5ad(source)
    assert result.obs_names.tolist() == section.obs_names.tolist()
    mapped = agree(result.obs["domain"].astype(str), section.obs["label"].astype(str))

    atlas = open_atlas(store)
    own = section.obs["stage"].astype(str).iloc[0]
    kin = [slice(each.start, each.stop) for each in atlas.slices if each.stage == own]
    domains, labels = atlas.obs("domain"), atlas.obs("label")
    fitted = [agree(domains[rows], labels[rows]) for rows in kin]
    stage = result.obs["stage"].astype(str).mode()[0]
    print(
        f"ARI mapped {mapped:.3f}, fitted {min(fitted):.3f} to {max(fitted):.3f}; stage {stage}, "
        f"posterior {report['stage_posterior']}; out of reference "
        f"{result.obs['out_of_reference'].mean():.3f}"
    )
    assert mapped >= 0.75 * np.mean(fitted)
    assert result.obs["out_of_reference"].mean() < 0.3
    assert stage == own


def agree(domains: ArrayLike, labels: ArrayLike) -> float:
    """ARI of the domains of one slice's spots with their labels."""
    known = np.asarray(labels, dtype=str)
    ari = domain_scores(np.asarray(domains, dtype=str), known, np.repeat("one", len(known))).ari
    assert ari is not None
    return ari
