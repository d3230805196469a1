"""The data sets of the benchmark: where they lie, what is scored, which slices belong together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from training.errors import ConfigError

SIMULATION_SEED = 0
"""The built-in series is one data set; only the fits of it differ by seed."""


@dataclass(frozen=True)
class DataSet:
    """One collection of slices that is fitted and scored as a whole.

    Attributes:
        name: as `--sets` and the table have it.
        folder: its folder under `--data`; sets that share one are chosen together by its name.
        slices: pattern of the files that belong to the set.
        label: obs column scored against; None where nobody has annotated the slices.
        drop: labels that are not scored.
        components: of the Gaussian mixture; None for the number of labels.
        panel: a targeted panel of genes, with hundreds of counts a spot instead of thousands.
        preset: of the built-in simulation; such a set needs no folder.
        truth: how the true proportions are stored, if they are known.
        default: measured when no sets are named.
        split: folder under `--data` with lists of genes to show and to hide, if there are any.
    """

    name: str
    folder: str
    slices: str = "*.h5ad"
    label: str | None = None
    drop: tuple[str, ...] = ()
    components: int | None = None
    panel: bool = False
    preset: str = ""
    truth: Literal["simulation", "cell types", ""] = ""
    default: bool = True
    split: str = ""


SETS: tuple[DataSet, ...] = (
    DataSet(
        "human_heart_6.5pcw",
        "human_heart_6.5pcw",
        label="label",
        drop=("unassigned", "unassigned (whole heart)"),
        # Of 1,062 labelled spots, 28 are of three further regions: a mixture cannot be asked for
        # components of 7, 8 and 13 spots, and splits a ventricle instead.
        components=5,
        split="heart_imputation_split",
    ),
    DataSet(
        "developing_human_heart",
        "developing_human_heart",
        label="label",
        truth="cell types",
    ),
    DataSet(
        "seqfish_mouse_embryo",
        "seqfish_mouse_embryo",
        label="label",
        drop=("Low quality",),
        panel=True,
    ),
    # Patients differ more than sections do, so each is a set of its own.
    *(
        DataSet(
            f"her2st_{patient}",
            "her2st",
            slices=f"{patient}*.h5ad",
            label="label",
            drop=("unlabelled", "undetermined"),
        )
        for patient in "ABCD"
    ),
    DataSet("mouse_hippocampus", "mouse_hippocampus"),
    DataSet("embryo", "embryo", label="organ", panel=True, preset="embryo", truth="simulation"),
    DataSet(
        "mixed_cortex",
        "mixed_cortex",
        label="organ",
        preset="mixed-cortex",
        truth="simulation",
    ),
    DataSet(
        "embryo_tiny",
        "embryo_tiny",
        label="organ",
        panel=True,
        preset="tiny",
        truth="simulation",
        default=False,
    ),
)


def choose_sets(names: Sequence[str]) -> list[DataSet]:
    """Sets by their own name or their folder's, in the order of SETS; without names the usual ones.

    Raises:
        ConfigError: for a name that is neither.
    """
    if not names:
        return [each for each in SETS if each.default]
    known = {name for each in SETS for name in (each.name, each.folder)}
    for name in names:
        if name not in known:
            there = ", ".join(each.name for each in SETS)
            raise ConfigError(f"--sets: no data set '{name}'; there are: {there}")
    return [each for each in SETS if each.name in names or each.folder in names]


def find_files(dataset: DataSet, data: Path | None) -> tuple[list[Path], str]:
    """The slices of a set on disk, by name; without any, why there are none.

    A built-in set has no files before it is simulated, and no reason to be left out.
    """
    if dataset.preset:
        return [], ""
    if data is None:
        return [], "no folder of data sets was given (--data)"
    folder = data / dataset.folder
    if not folder.is_dir():
        return [], f"no folder {dataset.folder} in {data}"
    files = sorted(folder.glob(dataset.slices))
    return files, "" if files else f"no {dataset.slices} in {folder}"


def lay_out(dataset: DataSet, files: Sequence[Path], scratch: Path) -> Path:
    """A folder with the slices of the set and nothing else, truth.npz beside them if there is one.

    Args:
        files: what `find_files` found.
        scratch: an existing folder for what has to be made; used again if it has been.
    """
    place = scratch / dataset.name
    if dataset.preset:
        if not place.exists():
            from training.synthetic.simulate import write_simulation

            write_simulation(place, dataset.preset, SIMULATION_SEED)
        return place
    if not place.exists():
        place.mkdir()
        truth = files[0].parent / "truth.npz"
        for file in [*files, *([truth] if truth.exists() else [])]:
            (place / file.name).symlink_to(file.resolve())
    return place
