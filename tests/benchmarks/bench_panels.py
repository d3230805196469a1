"""Slices with different gene panels: what a fit of all their genes gains over the shared ones.

Of a simulated embryo, genes are hidden in some slices, in four ways. Fits of the genes that are
left in all slices (shared), of all genes by the slices that kept them (union), and of the embryo
before anything was hidden (all) are compared with what is known of it.

python tests/benchmarks/bench_panels.py [--ways technologies] [--seeds 0,1] [--json FILE]
"""

from __future__ import annotations

import argparse
import json
import platform
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from anndata import AnnData
from numpy.typing import NDArray
from scipy import sparse

SPOTS = (100, 130, 160, 200, 250, 300)
GENES = 480
FORMS = ("shared", "union", "all")
FIGURES = ("ari", "transfer", "ilisi", "factors", "loadings", "genes", "seconds")


def technologies(n_genes: int, n_slices: int, rng: np.random.Generator) -> NDArray[np.bool_]:
    """Two panels by turns that have 30 % of the genes in common; (S, G) what is measured."""
    order = rng.permutation(n_genes)
    common, first = order[: int(0.3 * n_genes)], order[int(0.3 * n_genes) : int(0.65 * n_genes)]
    measured = np.ones((n_slices, n_genes), dtype=bool)
    measured[0::2] = np.isin(np.arange(n_genes), [*common, *first])
    measured[1::2] = ~np.isin(np.arange(n_genes), first)
    return measured


def patchy(n_genes: int, n_slices: int, rng: np.random.Generator) -> NDArray[np.bool_]:
    """Every second slice lacks 40 % of the genes, each other ones."""
    measured = np.ones((n_slices, n_genes), dtype=bool)
    for index in range(0, n_slices, 2):
        measured[index, rng.permutation(n_genes)[: int(0.4 * n_genes)]] = False
    return measured


def targeted(n_genes: int, n_slices: int, rng: np.random.Generator) -> NDArray[np.bool_]:
    """Every third slice has a panel of an eighth of the genes."""
    measured = np.ones((n_slices, n_genes), dtype=bool)
    measured[::3] = np.isin(np.arange(n_genes), rng.permutation(n_genes)[: n_genes // 8])
    return measured


def lone(n_genes: int, n_slices: int, rng: np.random.Generator) -> NDArray[np.bool_]:
    """One slice has all genes, the others 40 % of them."""
    measured = np.zeros((n_slices, n_genes), dtype=bool)
    measured[:, rng.permutation(n_genes)[: int(0.4 * n_genes)]] = True
    measured[n_slices // 2] = True
    return measured


WAYS = {"technologies": technologies, "patchy": patchy, "targeted": targeted, "lone": lone}


def hide(spots: AnnData, measured: NDArray[np.bool_], form: str) -> AnnData:
    """A copy of the spots with the genes left to a form of fit."""
    if form == "all":
        return spots.copy()
    if form == "shared":
        return spots[:, measured.all(axis=0)].copy()
    left = spots.copy()
    counts = left.X.tocoo()
    kept = measured[left.obs["slice"].cat.codes.to_numpy()[counts.row], counts.col]
    places = (counts.row[kept], counts.col[kept])
    left.X = sparse.csr_matrix((counts.data[kept], places), shape=counts.shape)
    left.varm["measured"] = measured.T
    return left


def measure(spots: AnnData, truth: Any, config: Any) -> dict[str, float]:
    """Figures of one fit; `truth` holds proportions (n, T) and profiles (T, genes)."""
    from training import metrics
    from training.benchmark.rows import fit

    began = time.perf_counter()
    result = fit(spots, config, False)
    seconds = time.perf_counter() - began
    assert result.proportions is not None
    assert result.loadings is not None
    organs, slices = spots.obs["organ"].astype(str), spots.obs["slice"].astype(str)
    matched = metrics.matched_correlation(result.proportions, truth.proportions)
    loadings = metrics.loading_correlation(result.loadings, truth.profiles, matched.factor)
    figures = {
        "ari": metrics.mixture_scores(result.latent, organs, slices).ari,
        "transfer": metrics.transfer_accuracy(result.latent, organs, slices).mean,
        "ilisi": metrics.ilisi(result.latent, slices),
        "factors": matched.mean,
        "loadings": loadings.mean(),
        "genes": np.isfinite(result.loadings[:, 0]).sum(),
        "seconds": seconds,
    }
    return {name: round(float(value or 0.0), 4) for name, value in figures.items()}


def run(
    ways: Sequence[str],
    forms: Sequence[str],
    seeds: Sequence[int],
    settings: Sequence[str],
    spots: Sequence[int],
) -> list[dict[str, Any]]:
    """All fits, one record each."""
    from training.benchmark.sets import DataSet
    from training.benchmark.truth import read_truth
    from training.config import load_config
    from training.slices.load import load_slices
    from training.synthetic.presets import Preset
    from training.synthetic.simulate import write_series

    known = DataSet("embryo", "embryo", "the built-in series", "organ", truth="simulation")
    records = []
    for seed in seeds:
        config = load_config(None, [f"train.seed={seed}", *settings])
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name) / "slices"
            write_series(folder, Preset(tuple(spots), 2, GENES, 400.0), seed)
            whole, _ = load_slices(
                folder, data=config.data, quality=config.quality, stages=config.stages
            )
            for way in ways:
                n_slices = whole.obs["slice"].nunique()
                measured = WAYS[way](whole.n_vars, n_slices, np.random.default_rng(seed))
                for form in forms:
                    if form == "all" and way != ways[0]:
                        continue
                    left = hide(whole, measured, form)
                    truth = read_truth(known, folder, left)
                    figures = measure(left, truth, config)
                    records.append({"way": way, "form": form, "seed": seed, **figures})
                    print("  ".join(f"{value}" for value in records[-1].values()), flush=True)
    return records


def main(argv: list[str] | None = None) -> int:
    options = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    options.add_argument("--ways", default=",".join(WAYS))
    options.add_argument("--forms", default=",".join(FORMS))
    options.add_argument("--seeds", default="0,1")
    options.add_argument("--spots", default=",".join(map(str, SPOTS)))
    options.add_argument("--set", action="append", default=[], metavar="SECTION.KEY=VALUE")
    options.add_argument("--json", type=Path)
    chosen = options.parse_args(argv)
    import torch

    seeds = [int(seed) for seed in chosen.seeds.split(",")]
    spots = [int(number) for number in chosen.spots.split(",")]
    print("  ".join(("way", "form", "seed", *FIGURES)))
    ways, forms = chosen.ways.split(","), chosen.forms.split(",")
    records = run(ways, forms, seeds, chosen.set, spots)
    result = {
        "figures": records,
        "machine": f"{platform.machine()}, {torch.get_num_threads()} threads",
    }
    if chosen.json:
        chosen.json.write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
