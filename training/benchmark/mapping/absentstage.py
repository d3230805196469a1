"""Mapping sections of a stage that the reference lacks: where they are placed, and what is said."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from training.benchmark.environment import describe_environment
from training.benchmark.mapping.division import Division, write_reference
from training.benchmark.mapping.fitted import ask, fit_reference, project_as_asked
from training.benchmark.sets import DataSet
from training.slices.stages import number_in

if TYPE_CHECKING:
    from training.mapping.projected import Projection

SECTIONS = 3
"""Sections of a left-out stage that are mapped."""

Report = Callable[[str], None]


def measure_absent_stage(
    dataset: DataSet,
    folder: Path,
    scratch: Path,
    seed: int,
    settings: Sequence[str] = (),
    report: Report = lambda line: None,
) -> dict[str, Any]:
    """Leave a stage out of the reference and place its sections.

    Returns:
        Plain values: `left_out`, the stage; `absent stage` by panel; `environment`. With fewer than
        three stages, `reason` instead of figures.
    """
    import anndata as ad

    files = sorted(folder.glob("*.h5ad"))
    stage_of = {file: str(ad.read_h5ad(file, backed="r").obs["stage"].iloc[0]) for file in files}
    times = {stage: number_in(stage) for stage in set(stage_of.values())}
    if len(times) < 3 or None in times.values():
        reason = "fewer than three stages with times"
        return {"reason": reason, "environment": describe_environment()}
    order = sorted(times, key=lambda stage: times[stage] or 0.0)
    generator = np.random.default_rng(seed)
    name = order[int(generator.integers(len(order)))]
    of_stage = [file for file in files if stage_of[file] == name]
    chosen = [of_stage[index] for index in generator.permutation(len(of_stage))[:SECTIONS]]
    division = Division(
        [file for file in files if stage_of[file] != name],
        {file.stem: ad.read_h5ad(file) for file in sorted(chosen)},
    )
    report(f"fitting without stage {name}")
    slices = write_reference(division, dataset, scratch / "reference")
    fitted = fit_reference(slices, scratch / "absent.atlas.zarr", seed, settings)
    report("mapping")
    each = [
        place_absent(project_as_asked(fitted, ask(fitted, section, None)), name, order, times)
        for section in division.queries.values()
    ]
    figures = {
        key: float(np.mean([found[key] for found in each if key in found]))
        for key in dict.fromkeys(key for found in each for key in found)
    }
    return {
        "left_out": name,
        "absent stage": {"all": figures},
        "environment": describe_environment(),
    }


def place_absent(
    found: Projection, name: str, order: Sequence[str], times: dict[str, float | None]
) -> dict[str, float]:
    """How a section of a stage that the reference lacks was placed.

    `nearest`: at a stage next to its own; `told`: beyond the atlas's end, where it belongs, the
    report says so for certain (`time_beyond`); `time_error` in the atlas's unit; `time_covered`.
    """
    posterior = found.report["stage_posterior"]
    at = list(order).index(name)
    near = {*order[max(at - 1, 0) : at], *order[at + 1 : at + 2]}
    figures = {"nearest": float(max(posterior, key=posterior.get) in near)}
    beyond = {0: "earlier", len(order) - 1: "later"}.get(at)
    if beyond:
        figures["told"] = float(found.report.get("time_beyond", {}).get("verdict") == beyond)
    told, true = found.report.get("time"), times[name]
    if told is not None and true is not None:
        figures["time_error"] = abs(told["estimate"] - true)
        figures["time_covered"] = float(told["low"] <= true <= told["high"])
    figures["out_of_reference"] = float(found.out_of_reference.mean())
    return figures
