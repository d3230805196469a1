"""`atlas annotate`: the builder's names for factors, domains and stages, and orthologs."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Optional

import typer

from training.commands.invocation import told_command
from training.commands.options import NewStoreOption, StoreArgument


def annotate_command(
    store: StoreArgument,
    out: NewStoreOption,
    names: Annotated[
        Optional[Path],  # noqa: UP045 - typer reads the annotation at run time
        typer.Argument(metavar="NAMES.toml", help="Tables factors.3, domains.D2, stages.E9 …"),
    ] = None,
    orthologs: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option(
            metavar="TABLE.csv", help="Another organism's genes, so that it can be mapped."
        ),
    ] = None,
) -> None:
    """Write an atlas anew with its builder's names, notes, colours, terms, table of orthologs."""
    from training.naming.rename import annotate_atlas
    from training.store import open_atlas

    command = told_command(sys.argv[1:])
    digest = annotate_atlas(store, names, out, orthologs=orthologs, command=command)
    if orthologs is not None:
        told = open_atlas(out).card["orthologs"]
        typer.echo(
            f"{told['pairs']:,} one-to-one orthologs of {told['organism']}; set aside "
            f"{told['set_aside']:,} pairs that are not one-to-one, and {told['not_in_atlas']:,} "
            "whose gene is not in the atlas"
        )
    typer.echo(f"{out} written, digest {digest}")
