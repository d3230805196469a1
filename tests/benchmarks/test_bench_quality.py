"""The quality benchmark runs on slices from disk and takes methods from outside."""

from __future__ import annotations

import importlib.util
import json
import sys
from pathlib import Path
from types import ModuleType

import anndata as ad
import numpy as np
import pandas as pd
import pytest


@pytest.fixture(scope="module")
def bench() -> ModuleType:
    path = Path(__file__).with_name("bench_quality.py")
    spec = importlib.util.spec_from_file_location("bench_quality", path)
    module = importlib.util.module_from_spec(spec)
    # Dataclasses look their module up by name.
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def slices(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two slices of a left and a right tissue with programmes of their own."""
    folder = tmp_path_factory.mktemp("slices")
    rng = np.random.default_rng(0)
    rates = rng.gamma(1.0, 3.0, size=(2, 40))
    for name in ("s1", "s2"):
        spatial = rng.uniform(0, 10, size=(80, 2))
        tissue = (spatial[:, 0] > 5).astype(int)
        data = ad.AnnData(
            X=rng.poisson(rates[tissue]).astype(np.float32),
            obs=pd.DataFrame(
                {"slice": name, "label": np.where(tissue, "right", "left")},
                index=[f"{name}_{i}" for i in range(80)],
            ),
            var=pd.DataFrame(index=[f"G{i}" for i in range(40)]),
        )
        data.obsm["spatial"] = spatial
        data.write_h5ad(folder / f"{name}.h5ad")
    return folder


def test_cheap_rows_and_given_methods_are_measured(
    bench: ModuleType, slices: Path, tmp_path: Path
) -> None:
    def answer(data: ad.AnnData) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        known = (data.obs["label"] == "right").to_numpy(float)
        loadings = np.random.default_rng(0).dirichlet(np.ones(data.n_vars), 2).T
        return known[:, None], np.stack([known, 1 - known], axis=1), loadings

    out = tmp_path / "rows.json"
    arguments = [str(slices), "--rows", "PCA; smooth1, centred; NMF; answer", "--json", str(out)]
    rows = bench.main([*arguments, "--factors", "2"], methods={"answer": answer})
    assert [row.method for row in rows] == ["PCA", "smooth1, centred", "NMF", "answer"]
    pca, _, nmf, known = rows
    assert pca.ari_tied > 0.9
    assert pca.diversity is None
    assert nmf.diversity is not None
    assert known.ari_tied == pytest.approx(1.0)
    assert known.transfer == pytest.approx(1.0)
    assert known.coherence is not None
    assert [each["method"] for each in json.loads(out.read_text())] == [r.method for r in rows]


@pytest.mark.parametrize(
    ("extra", "message"),
    [(["--rows", "PCB"], "no method 'PCB'"), (["--label", "lable"], "no column 'lable'")],
)
def test_wrong_names_are_answered_with_right_ones(
    bench: ModuleType,
    slices: Path,
    extra: list[str],
    message: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit):
        bench.main([str(slices), *extra])
    error = capsys.readouterr().err
    assert message in error
    assert "there are:" in error
