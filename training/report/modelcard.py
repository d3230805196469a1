"""The model card: what was fitted, on what, with which settings and software, how it went."""

from __future__ import annotations

import platform
from collections.abc import Sequence
from dataclasses import asdict
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from training.config import FILES, GIVEN, Config, map_files
from training.inputs.coherence import Width
from training.inputs.encoding import Encoding
from training.inputs.panels import read_measured
from training.slices.quality import SliceReport

if TYPE_CHECKING:
    from anndata import AnnData

    from training.fitted import Fitted

SOFTWARE = ("inspire-atlas", "torch", "numpy", "scipy", "anndata", "zarr", "scanpy", "igraph")
ENDINGS = (".h5ad", ".zarr")
METHOD = (
    "Spatially aware integration after INSPIRE (Zhao et al., Nat Genet 58, 1138, 2026), {form}: "
    "an encoder of each spot's {inputs} and its neighbourhood's, a critic that compares slices, "
    "and a non-negative Poisson factorisation with slice-gene effects on top of the latent."
)
PAPER_METHOD = (
    "INSPIRE as published (Zhao et al., Nat Genet 58, 1138, 2026), {form}: an encoder, a chain of "
    "critics between consecutive slices, and a non-negative Poisson factorisation with slice-gene "
    "effects on top of the latent."
)
INPUTS = {
    "composition": "composition, corrected for what slices differ in among like spots,",
    "genes": "expression",
}
FORMS = {"lgcn": "LGCN form", "gat": "graph-attention form"}


def write_card(
    config: Config,
    source: Path,
    spots: AnnData,
    reports: Sequence[SliceReport],
    fitted: Fitted,
    command: str,
    seconds: float,
) -> dict[str, Any]:
    """Plain values only: the card is stored as JSON and shown on the atlas's pages."""
    told = config.atlas.model_dump()
    # What these files hold is in the atlas; where they lay concerns nobody.
    for key in GIVEN:
        del told[key]
    settings = config.model_dump(mode="json")
    for section, key in FILES:
        settings[section][key] = map_files(settings[section][key], lambda name: Path(name).name)
    told["title"] = told["title"] or title_of(source)
    return {
        **told,
        "label_columns": label_columns(spots),
        "method": describe_method(fitted.encoding),
        "encoder": {"name": fitted.encoding.encoder, "reason": fitted.reason},
        "created_by": "inspire-atlas",
        "command": command,
        "settings": settings,
        "seeds": {"fit": config.train.seed},
        "software": {**_versions(), "python": platform.python_version()},
        "machine": f"{fitted.device.type}, {platform.machine()}",
        "seconds": round(seconds, 1),
        "fitted_genes": len(fitted.prepared.genes),
        "neighbours": round(fitted.prepared.adjacency.nnz / spots.n_obs - 1, 2),
        **_width(fitted.prepared.width),
        "report": [asdict(report) for report in reports],
        "domains": {
            "resolution": fitted.division.resolution,
            "stability": [asdict(each) for each in fitted.division.stability],
        },
        "factors": describe_factors(fitted),
        **_panels(config, spots, fitted),
        **_sketch(spots.n_obs, len(fitted.sketch)),
        "alignment": fitted.alignment,
        "losses": {name: round(value, 5) for name, value in fitted.losses.items()},
    }


def describe_method(encoding: Encoding) -> str:
    """One sentence for readers."""
    method = PAPER_METHOD if encoding.paper else METHOD
    return method.format(form=FORMS[encoding.encoder], inputs=INPUTS[encoding.inputs])


def describe_factors(fitted: Fitted) -> dict[str, Any]:
    """Their number, mean stability or None, and the curve the number was read from, if it was."""
    known = fitted.factor_stability[np.isfinite(fitted.factor_stability)]
    told: dict[str, Any] = {
        "number": len(fitted.loadings),
        "stability": round(float(known.mean()), 4) if len(known) else None,
    }
    if fitted.choice is not None:
        told["reason"] = fitted.choice.reason
        told["curve"] = [asdict(each) for each in fitted.choice.curve]
    return told


def measure_panels(spots: AnnData, fitted: Fitted) -> list[dict[str, Any]]:
    """For each slice, where some did not measure all genes: how many of the atlas's genes it
    measured, how many of the fitted ones, and the share of all loadings on these."""
    measured = read_measured(spots)
    if measured is None:
        return []
    weight = fitted.loadings.mean(axis=0)
    return [
        {
            "slice": str(name),
            "genes": int(own.sum()),
            "fitted_genes": int(own[fitted.prepared.genes].sum()),
            "loading_share": round(float(weight[own[fitted.prepared.genes]].sum()), 4),
        }
        for name, own in zip(spots.obs["slice"].cat.categories, measured, strict=True)
    ]


def _panels(config: Config, spots: AnnData, fitted: Fitted) -> dict[str, Any]:
    slices = measure_panels(spots, fitted)
    if not slices:
        return {}
    return {"panels": {"kept": config.genes.panels, "genes": spots.n_vars, "slices": slices}}


def title_of(source: Path) -> str:
    """What slices are called where nobody gave a title: the name of their folder or file.

    A dot need not begin an ending: a folder may be called `heart_6.5pcw`.
    """
    whole = source.resolve()
    name = whole.stem if whole.suffix.lower() in ENDINGS else whole.name
    return name.replace("_", " ")


def _width(width: Width | None) -> dict[str, Any]:
    """How the number of neighbours was chosen, if it was."""
    if width is None:
        return {}
    errors = {str(number): round(value, 3) for number, value in width.errors.items()}
    return {"width": {"neighbours": width.neighbours, "errors": errors}}


def _sketch(n_spots: int, n_sketch: int) -> dict[str, Any]:
    if n_sketch == n_spots:
        return {}
    use = (
        "domains, their number, UMAP, mixing and connections of domains come from these spots, "
        "drawn with shares ~ sqrt(N) per slice; all others follow their nearest among them"
    )
    return {"sketch": {"spots": n_sketch, "of": n_spots, "use": use}}


def label_columns(spots: AnnData) -> list[str]:
    """Columns of the input that name a few kinds of spot: candidates for an annotation."""
    own = {"slice", "stage", "spot", "time", "domain"}
    return [
        str(name)
        for name, column in spots.obs.items()
        if name not in own
        and column.dtype.name in ("category", "object", "string", "str")
        and 2 <= column.nunique() <= min(100, max(2, len(column) // 5))
    ]


def _versions() -> dict[str, str]:
    found = {}
    for name in SOFTWARE:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found
