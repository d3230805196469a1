"""`atlas extend`: slices added to an atlas, and how well they fit."""

from __future__ import annotations

import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Optional

import typer

from training.commands.invocation import told_command
from training.commands.options import NewStoreOption, StoreArgument
from training.commands.terminal import print_table
from training.errors import MissingExtraError


def extend_command(
    store: StoreArgument,
    slices: Annotated[
        Path, typer.Argument(metavar="SLICES", help="Folder of new slices, or one .h5ad of them.")
    ],
    out: NewStoreOption,
    config: Annotated[
        Optional[Path],  # noqa: UP045 - typer reads the annotation at run time
        typer.Option(metavar="FILE", help="Settings of data, quality and stages, a TOML file."),
    ] = None,
    settings: Annotated[
        Optional[list[str]],  # noqa: UP045
        typer.Option("--set", metavar="SECTION.KEY=VALUE", help="One of them; may be repeated."),
    ] = None,
) -> None:
    """Add slices or a stage to an atlas whose factors and domains stay, and say how they fit."""
    from training.config import load_config

    told = load_config(config, settings or [])
    if any(find_spec(module) is None for module in ("torch", "sklearn", "pynndescent")):
        raise MissingExtraError("Extending an atlas", "fit")
    from training.extension.extend import extend_atlas, reading_settings
    from training.progress import ConsoleProgress
    from training.store import open_atlas

    result = extend_atlas(
        store,
        slices,
        out,
        reading_settings(open_atlas(store), told),
        progress=ConsoleProgress(),
        command=told_command(sys.argv[1:]),
    )
    print_table(
        ["slice", "stage", "spots", "fitted genes", "out of reference", "gain", "like stage"],
        [
            [
                fit.slice,
                fit.stage,
                f"{fit.spots:,}",
                f"{fit.fitted_genes:,}",
                f"{fit.out_of_reference:.1%}",
                f"{fit.held_gain:.3f} (own {fit.usual_gain:.3f})",
                fit.nearest_stage,
            ]
            for fit in result.fits
        ],
    )
    for fit in result.fits:
        for warning in fit.warnings:
            typer.echo(f"note: {fit.slice}: {warning}", err=True)
    typer.echo(f"{out} written, digest {result.digest}")
