"""`atlas annotate`: the builder's names for factors, domains and stages."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import Annotated

import typer

from training.store.location import local_path


def annotate_command(
    store: Annotated[
        str, typer.Argument(metavar="STORE", help="An atlas, NAME.atlas.zarr, or its URL.")
    ],
    names: Annotated[
        Path,
        typer.Argument(metavar="NAMES.toml", help="Tables factors.3, domains.D2, stages.E9 …"),
    ],
    out: Annotated[
        Path,
        typer.Option(
            "--out",
            metavar="NEW",
            help="Store to write, NEW.atlas.zarr, a path.",
            parser=local_path,
        ),
    ],
) -> None:
    """Write an atlas anew with names, notes, colours and ontology terms of its builder."""
    from training.naming.rename import annotate_atlas

    digest = annotate_atlas(store, names, out, command="atlas " + shlex.join(sys.argv[1:]))
    typer.echo(f"{out} written, digest {digest}")
