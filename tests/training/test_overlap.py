"""Slices that share only part of their tissue, and collections of many slices."""

from __future__ import annotations

from pathlib import Path

import anndata as ad
import numpy as np
import pytest

from training.config import load_config
from training.estimator import Inspire
from training.fit import fit_atlas
from training.metrics import label_leakage
from training.neighbours.nearest import nearest
from training.store import open_atlas, validate_store
from training.synthetic.series import Preset, simulate
from training.synthetic.simulate import to_anndata

pytestmark = pytest.mark.slow

LACKING = (("Gut", "Somites", "Limb bud"), ("Forebrain", "Hindbrain", "Atrium"))
"""Organs cut away from each slice of a stage, as if the section had missed them."""


def test_tissue_that_a_slice_lacks_stays_apart() -> None:
    """Spots of an organ that the other sections missed do not mix into what those have instead,
    while tissue that all have does mix."""
    series = simulate(Preset((40, 260), 2, 240, 800.0, batch_sd=0.3, dispersion=0.1), 0)
    sections = [to_anndata(each, series) for each in series.slices if each.name.startswith("E9.5")]
    spots = ad.concat(
        [
            section[~section.obs["organ"].isin(lacking)].copy()
            for section, lacking in zip(sections, LACKING, strict=True)
        ],
        merge="same",
    )
    config = load_config(None, ["train.steps=200", "model.n_factors=14", "imputation.folds=0"])
    model = Inspire(config).fit(spots, device="cpu")
    organs, slices = spots.obs["organ"].astype(str).to_numpy(), spots.obs["slice"].to_numpy()
    leakage = label_leakage(model.latent_, organs, slices)
    print({organ: round(value, 2) for organ, value in leakage.items()})
    sizes = spots.obs["organ"].value_counts()
    apart = np.mean([leakage[o] for own in LACKING for o in own if sizes[o] >= 10])
    # The same measure of what both sections have.
    shared = np.isin(organs, [organ for organ in sizes.index if organ not in sum(LACKING, ())])
    near = nearest(model.latent_, 16, 0)[0][shared, 1:]
    expected = np.array([(slices != name).mean() for name in slices[shared]])
    mixed = ((slices[near] != slices[shared, None]).mean(axis=1) / expected).mean()
    print(f"apart {apart:.2f}, shared tissue mixed {mixed:.2f}")
    assert apart < 0.4
    assert mixed > 0.5
    assert mixed > 2 * apart


def test_thirty_two_slices_make_an_atlas(tmp_path: Path) -> None:
    series = simulate(Preset((36, 40, 44, 48), 8, 120, 500.0, batch_sd=0.3, dispersion=0.1), 0)
    folder = tmp_path / "slices"
    folder.mkdir()
    for each in series.slices:
        to_anndata(each, series).write_h5ad(folder / f"{each.name}.h5ad")
    out = tmp_path / "many.atlas.zarr"
    config = load_config(
        None, ["train.steps=10", "model.n_factors=5", "start.iterations=20", "imputation.folds=0"]
    )
    fit_atlas(folder, out, config, device="cpu")
    assert validate_store(out) == []
    atlas = open_atlas(out)
    assert len(atlas.slices) == 32
    assert [stage.n_slices for stage in atlas.stages] == [8, 8, 8, 8]
    assert np.isfinite(atlas.latent).all()
    assert atlas.model().arrays["effects"].shape == (32, 120)
    np.testing.assert_allclose(atlas.usage().sum(axis=1), 1, rtol=1e-3)
