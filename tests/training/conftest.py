"""An atlas that lacks two of its slices, which then come as a query."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import anndata as ad
import pytest

LEFT_OUT = ("E11.5_B", "E13.5_A")


@dataclass(frozen=True)
class LeftOut:
    """An atlas of ten slices, and the two it has never seen, one under the other."""

    store: Path
    query: ad.AnnData


@pytest.fixture(scope="session")
def left_out(
    tiny_slices: Path, made_once: Callable[[str, Callable[[Path], None]], Path]
) -> LeftOut:
    """Fitted once; tests take copies of the query."""
    from training.config import load_config
    from training.fit import fit_atlas

    # Finer domains than by default: about one for each organ of so small a tissue.
    settings = ["train.steps=150", "model.n_factors=16", "domains.resolution=1.0"]
    settings.append("imputation.folds=0")

    def fit(folder: Path) -> None:
        slices = folder / "slices"
        slices.mkdir()
        for path in tiny_slices.glob("*.h5ad"):
            if path.stem not in LEFT_OUT:
                shutil.copy(path, slices)
        fit_atlas(slices, folder / "part.atlas.zarr", load_config(None, settings), device="cpu")

    store = made_once("left_out", fit) / "part.atlas.zarr"
    parts = [ad.read_h5ad(tiny_slices / f"{name}.h5ad") for name in LEFT_OUT]
    return LeftOut(store, ad.concat(parts, merge="same"))


@pytest.fixture
def mapped(left_out: LeftOut, tmp_path: Path) -> Callable[..., ad.AnnData]:
    """Map a query onto the atlas that lacks two slices; gives the result as it was written."""

    from training.projection import project

    def run(query: ad.AnnData, genes: tuple[str, ...] = ()) -> ad.AnnData:
        query.write_h5ad(tmp_path / "query.h5ad")
        project(left_out.store, tmp_path / "query.h5ad", tmp_path / "result.h5ad", genes=genes)
        return ad.read_h5ad(tmp_path / "result.h5ad")

    return run


@pytest.fixture(scope="session")
def whole(left_out: LeftOut, tmp_path_factory: pytest.TempPathFactory) -> ad.AnnData:
    """The two left-out slices mapped with all their genes."""
    from training.projection import project

    folder = tmp_path_factory.mktemp("whole")
    left_out.query.write_h5ad(folder / "query.h5ad")
    project(left_out.store, folder / "query.h5ad", folder / "result.h5ad")
    return ad.read_h5ad(folder / "result.h5ad")
