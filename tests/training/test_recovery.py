"""The built-in embryo is hard enough for cheap methods, and a fit recovers its truth.

Of one seed and of a fifth of the spots; `make bench` takes figures of the whole over three seeds.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from training.benchmark.cheap_rows import plain_pca, smoothed_centred_pca
from training.config import Config, load_config
from training.downstream.domains import (
    choose_stable,
    find_domains,
    match_resolution,
    measure_stability,
)
from training.fit import fit_model
from training.fitted import Fitted
from training.metrics import (
    domain_scores,
    factor_diversity,
    label_leakage,
    matched_correlation,
    mixture_scores,
)
from training.neighbours.nearest import nearest
from training.slices.load import load_slices
from training.synthetic.embryo import HOUSEKEEPING
from training.synthetic.presets import PRESETS
from training.synthetic.simulate import write_series

pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]


@dataclass(frozen=True)
class Case:
    """A simulated embryo, its truth in the order of the spots, and what a fit made of it."""

    config: Config
    fitted: Fitted
    organs: NDArray[np.str_]
    slices: NDArray[np.str_]
    stages: NDArray[np.str_]
    truth: NDArray[np.float32]
    counts: object
    positions: NDArray[np.float32]


@pytest.fixture(scope="module")
def case(tmp_path_factory: pytest.TempPathFactory) -> Case:
    folder: Path = tmp_path_factory.mktemp("embryo")
    whole = PRESETS["embryo"]
    fifth = replace(whole, spots=tuple(n // 5 for n in whole.spots))
    write_series(folder, fifth, seed=0)
    config = load_config(None, ["train.seed=0"])
    spots, _ = load_slices(folder, data=config.data, quality=config.quality, stages=config.stages)
    with np.load(folder / "truth.npz") as stored:
        row = {name: index for index, name in enumerate(stored["spots"])}
        rows = [row[name] for name in spots.obs["spot"]]
        keep = stored["programmes"] != HOUSEKEEPING
        truth = stored["proportions"][rows][:, keep]
    return Case(
        config,
        fit_model(spots, config, device="cpu"),
        spots.obs["organ"].to_numpy(dtype=str),
        spots.obs["slice"].to_numpy(dtype=str),
        spots.obs["stage"].to_numpy(dtype=str),
        truth,
        spots.X.tocsr(),
        spots.obsm["spatial"],
    )


def test_a_fit_recovers_the_truth(case: Case) -> None:
    """Factors, organs, mixing and exclusive tissue, of one fit with default settings."""
    seed = case.config.train.seed
    latent, slices = case.fitted.latent, case.slices
    found = matched_correlation(case.fitted.proportions, case.truth)
    k = case.config.domains.neighbours + 1
    near, _ = nearest(latent, k, seed)
    stable = choose_stable(measure_stability(latent, k, seed)).resolution
    resolution = match_resolution(latent, near, stable, seed)
    domains = np.array(find_domains(near, resolution, seed))
    organ = domain_scores(domains, case.organs, slices).ari
    other = replicate_share(near, slices, case.stages, case.organs)
    leak = label_leakage(latent, case.organs, slices)
    diversity = factor_diversity(case.fitted.loadings.T)
    print(
        f"seed {seed}: factor correlation {found.mean:.3f}, organ ARI {organ:.3f} at resolution "
        f"{resolution:g} (stable {stable:g}), "
        f"other replicate {other:.2f} of expected, liver leakage {leak['Liver']:.2f}, "
        f"streak leakage {leak['Primitive streak']:.2f}, diversity {diversity:.2f}"
    )
    assert found.mean >= 0.8
    assert organ >= 0.8
    # Replicates are told apart by their patches of stage programmes too, so 1 is not to be had;
    # where slices are not mixed at all this is 0.
    assert other > 0.25
    assert leak["Liver"] < 0.2
    assert leak["Primitive streak"] < 0.2
    assert diversity > 0.4


def test_training_beats_an_untrained_network(case: Case) -> None:
    import torch

    from training.network.trainer import Model, infer

    fitted = case.fitted
    fresh = Model(
        case.config.model,
        int(fitted.prepared.slices.max()) + 1,
        torch.from_numpy(fitted.loadings),
        torch.from_numpy(fitted.effects),
        torch.Generator().manual_seed(0),
    )
    _, untrained = infer(fresh, fitted.features, torch.device("cpu"))
    before = matched_correlation(untrained, case.truth).mean
    after = matched_correlation(fitted.proportions, case.truth).mean
    print(f"factor correlation untrained {before:.3f}, trained {after:.3f}")
    assert after > before + 0.2


def test_cheap_rows_do_not_solve_it(case: Case) -> None:
    """Plain PCA ARI <= .6 and smoothed centred PCA <= .8 on organs, or the series is too easy."""
    codes = case.fitted.prepared.slices
    genes = case.fitted.prepared.genes
    rows = {"plain PCA": (plain_pca(case.counts, codes, genes), 0.6)}
    for hops in (1, 3):
        latent = smoothed_centred_pca(case.counts, codes, case.positions, genes, hops=hops)
        rows[f"smoothed centred PCA, {hops} hops"] = (latent, 0.8)
    for name, (latent, limit) in rows.items():
        ari = mixture_scores(
            latent, case.organs, case.slices, n_init=1, seeds=(0,), sample=3000
        ).ari
        print(f"{name}: ARI {ari:.3f}")
        assert ari is not None
        assert ari <= limit, name


def replicate_share(
    near: NDArray[np.integer],
    slices: NDArray[np.str_],
    stages: NDArray[np.str_],
    organs: NDArray[np.str_],
) -> float:
    """Neighbours from the other replicate among those of the same stage and organ, over expected.

    1 where replicates are mixed completely, 0 where they are apart.
    """
    neighbours = near[:, 1:]
    kin = (stages[neighbours] == stages[:, None]) & (organs[neighbours] == organs[:, None])
    other = kin & (slices[neighbours] != slices[:, None])
    expected = np.zeros(len(slices))
    for stage in np.unique(stages):
        for organ in np.unique(organs):
            group = (stages == stage) & (organs == organ)
            for name in np.unique(slices[group]):
                expected[group & (slices == name)] = (slices[group] != name).mean()
    return float(other.sum() / (kin.sum(axis=1) * expected).sum())
