"""The rows of the benchmark: cheap linear algebra, fits, and fits with one thing changed.

A new fit is one line of FITS: its name, the settings it changes, and what it is.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.util import find_spec
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from training.benchmark import cheap_rows
from training.config import Config
from training.errors import ConfigError

if TYPE_CHECKING:
    from anndata import AnnData

PANEL_TARGET = 1e3
OPEN_TARGET = 1e4
"""Counts per spot that cheap rows scale to: those of a targeted panel are hundreds, not tens of
thousands."""

Kind = Literal["cheap", "fit", "ablation"]
EXTRA_OF = {"harmonypy": "bench"}
"""Optional part of the installation that brings a module; the others come with `fit`."""


@dataclass(frozen=True)
class Result:
    """What a row says of the spots.

    Attributes:
        latent: (n, d).
        proportions: (n, K), or None without factors.
        loadings: (n_genes, K), NaN for genes that were not fitted, or None.
        details: further facts worth keeping, such as the last losses.
    """

    latent: NDArray[np.floating]
    proportions: NDArray[np.floating] | None = None
    loadings: NDArray[np.floating] | None = None
    details: Mapping[str, object] = field(default_factory=dict)


Compute = Callable[["AnnData", Config, bool], Result]
"""Gives a row's result for a collection of slices, the settings (seed included), and whether the
genes are a targeted panel."""


@dataclass(frozen=True)
class Row:
    """One line of the table.

    Attributes:
        overrides: settings that make this row, stronger than those of the command line.
        reads: sections or settings the row depends on; a change of others measures nothing anew.
        seeded: whether another seed can give another result.
        needs: modules without which the row is left out.
    """

    name: str
    kind: Kind
    text: str
    compute: Compute
    overrides: tuple[str, ...] = ()
    reads: tuple[str, ...] = ()
    seeded: bool = True
    needs: tuple[str, ...] = ()

    def missing(self) -> str:
        """Why the row cannot be computed here; empty if it can."""
        lacking = [name for name in self.needs if find_spec(name) is None]
        if not lacking:
            return ""
        extra = EXTRA_OF.get(lacking[0], "fit")
        return f"needs {lacking[0]}: pip install 'inspire-atlas[{extra}]'"


def fit(spots: AnnData, config: Config, panel: bool) -> Result:
    """Fit the model of this project with `config`."""
    from training.fit import fit_model

    fitted = fit_model(spots, config)
    loadings = np.full((spots.n_vars, len(fitted.loadings)), np.nan, dtype=np.float32)
    loadings[fitted.prepared.genes] = fitted.loadings.T
    details = {
        "device": str(fitted.device),
        "losses": fitted.losses,
        "factor_stability": [
            round(float(value), 4) if np.isfinite(value) else None
            for value in fitted.factor_stability
        ],
        "radii": [float(radius) for radius in np.unique(fitted.prepared.radii)],
    }
    return Result(fitted.latent, fitted.proportions, loadings, details)


def pca(spots: AnnData, config: Config, panel: bool) -> Result:
    counts, slices, _, genes = _arrays(spots, config)
    return Result(cheap_rows.plain_pca(counts, slices, genes, target_sum=_target(panel)))


def pca_harmony(spots: AnnData, config: Config, panel: bool) -> Result:
    latent = np.asarray(pca(spots, config, panel).latent, dtype=np.float64)
    return Result(cheap_rows.harmonised(latent, spots.obs["slice"], config.train.seed))


def smooth(hops: int) -> Compute:
    """Row of the spatial mean taken `hops` times."""

    def compute(spots: AnnData, config: Config, panel: bool) -> Result:
        counts, slices, positions, genes = _arrays(spots, config)
        return Result(
            cheap_rows.smoothed_centred_pca(
                counts, slices, positions, genes, hops, target_sum=_target(panel)
            )
        )

    return compute


def hopped(centred: bool, reduced: int | None) -> Compute:
    """Row of harmonised components beside their means of one to three hops."""

    def compute(spots: AnnData, config: Config, panel: bool) -> Result:
        return Result(
            cheap_rows.multi_hop_pca(
                *_arrays(spots, config),
                centred=centred,
                reduced=reduced,
                target_sum=_target(panel),
                seed=config.train.seed,
            )
        )

    return compute


def nmf(spots: AnnData, config: Config, panel: bool) -> Result:
    if config.model.n_factors == 0:
        raise ConfigError("the row nmf needs a number of factors: model.n_factors=20")
    counts, slices, _, genes = _arrays(spots, config)
    proportions, loadings = cheap_rows.nmf(
        counts,
        slices,
        genes,
        config.model.n_factors,
        target_sum=_target(panel),
        seed=config.train.seed,
    )
    return Result(proportions, proportions, loadings)


# What every row needs: variable genes, mixtures and neighbours, Leiden communities.
SCORING = ("sklearn", "scanpy", "igraph")
READING = (
    "data",
    "stages",
    "quality",
    "genes",
    "domains",
    "registration",
    "atlas.coordinate_unit",
)
HARMONY = (*SCORING, "harmonypy")

CHEAP: tuple[Row, ...] = tuple(
    Row(name, "cheap", text, compute, reads=reads, seeded=seeded, needs=needs)
    for name, text, compute, reads, seeded, needs in (
        ("pca", "30 components of log counts", pca, READING, False, SCORING),
        ("pca_harmony", "the same, Harmony over slices", pca_harmony, READING, True, HARMONY),
        (
            "smooth1",
            "mean over the 6 nearest spots, genes centred per slice, PCA",
            smooth(1),
            READING,
            False,
            SCORING,
        ),
        ("smooth3", "the same, mean taken three times", smooth(3), READING, False, SCORING),
        (
            "cellcharter",
            "pca_harmony beside its means of 1 to 3 hops",
            hopped(centred=False, reduced=None),
            READING,
            True,
            HARMONY,
        ),
        (
            "multihop",
            "the same of genes centred per slice, PCA to 20",
            hopped(centred=True, reduced=20),
            READING,
            True,
            HARMONY,
        ),
        (
            "nmf",
            "Frobenius NMF of log counts",
            nmf,
            (*READING, "model.n_factors"),
            True,
            SCORING,
        ),
    )
)

# A step too small to move a weight: the very code of a fit with all that it begins at, which is not
# chance: the encoder at principal axes, head, loadings and effects at the factorisation.
UNTRAINED = (
    "train.steps=1",
    "train.learning_rate=1e-12",
    "train.encoder_rate=1e-12",
    "train.loading_rate=1e-12",
)

FITS: tuple[tuple[str, Kind, tuple[str, ...], str], ...] = (
    (
        "untrained",
        "fit",
        UNTRAINED,
        "what a fit begins at: principal axes of the compositions for the latent, proportions and "
        "loadings of the factorisation",
    ),
    ("ours", "fit", (), "a fit with default settings"),
    (
        "ours_gat",
        "fit",
        ("model.encoder=gat",),
        "the same, attention to neighbours in place of a hidden layer",
    ),
    (
        "paper_gat",
        "fit",
        ("model.paper=true", "model.encoder=gat", "train.steps=1000"),
        "the published form with attention, a tenth of its steps",
    ),
    (
        "paper_lgcn",
        "fit",
        ("model.paper=true", "train.steps=1000", "train.batch=256"),
        "the published form without, a tenth of its steps and an eighth of its batch",
    ),
    (
        "genes",
        "ablation",
        ("model.inputs=genes", "train.encoder_rate=2e-3"),
        "the encoder sees gene by gene too, begins at random and ends on a sphere",
    ),
    ("no_correction", "ablation", ("model.correction=false",), "compositions as they are"),
    ("six_neighbours", "ablation", ("graph.neighbours=6",), "neighbourhoods of six, always"),
    ("fast_encoder", "ablation", ("train.encoder_rate=5e-4",), "encoder at five times its rate"),
    ("half_steps", "ablation", ("train.steps=200",), "half as many steps"),
    ("four_times_steps", "ablation", ("train.steps=1600",), "four times as many steps"),
    ("no_critic", "ablation", ("loss.adversarial=0",), "nothing mixes the slices"),
    ("no_geometry", "ablation", ("loss.geometry=0",), "similarities between spots not kept"),
    ("no_feature", "ablation", ("loss.feature=0",), "expression not reconstructed"),
    ("no_usage", "ablation", ("loss.usage=0",), "no prior that factors are used"),
    ("no_background", "ablation", ("start.shared=0",), "no background factor at the start"),
    ("no_consensus", "ablation", ("start.restarts=1",), "one random start on all spots"),
    ("no_thinning", "ablation", ("train.thinned=0",), "the encoder sees the counts it explains"),
    ("random_head", "ablation", ("start.head=false",), "the factor head begins at random"),
    ("no_sharpening", "ablation", ("start.sharpened=0",), "factors keep more of what they share"),
    (
        "no_warm_start",
        "ablation",
        ("start.iterations=1", "start.restarts=1"),
        "loadings start from one update of random ones",
    ),
    ("wide_margin", "ablation", ("train.margin=50",), "critic scores hardly clamped"),
)

ROWS: tuple[Row, ...] = (
    *CHEAP,
    *(
        Row(
            name,
            kind,
            text,
            fit,
            overrides,
            reads=(*READING, "graph", "model", "start", "loss", "train"),
            needs=(*SCORING, "torch"),
        )
        for name, kind, overrides, text in FITS
    ),
)


def choose_rows(names: Sequence[str]) -> list[Row]:
    """Rows by their own name or kind (cheap, fit, ablation), in the order of ROWS; or all.

    Raises:
        ConfigError: for a name that is neither.
    """
    known = {name for row in ROWS for name in (row.name, row.kind)}
    for name in names:
        if name not in known:
            there = ", ".join(row.name for row in ROWS)
            raise ConfigError(
                f"--rows: no row '{name}'; there are: {there}; "
                "or all of a kind: cheap, fit, ablation"
            )
    return [row for row in ROWS if not names or row.name in names or row.kind in names]


def find_row(name: str) -> Row:
    """The row of this name, which must exist."""
    return next(row for row in ROWS if row.name == name)


def _arrays(
    spots: AnnData, config: Config
) -> tuple[object, NDArray[np.int64], NDArray[np.floating], NDArray[np.intp]]:
    """Counts, slice indices, positions and shared variable genes."""
    from training.inputs.preprocess import choose_genes

    slices = spots.obs["slice"].cat.codes.to_numpy().astype(np.int64)
    genes = choose_genes(
        spots.X, slices, list(spots.var_names), config.genes.n_genes, config.genes.exclude
    )
    return spots.X, slices, np.asarray(spots.obsm["spatial"]), genes


def _target(panel: bool) -> float:
    return PANEL_TARGET if panel else OPEN_TARGET
