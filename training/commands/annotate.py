"""`atlas annotate`: the builder's names, orthologs, gene sets and descriptions of genes."""

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
    gene_sets: Annotated[
        Optional[list[Path]],  # noqa: UP045
        typer.Option(metavar="SETS.gmt", help="Gene sets offered to readers; may be repeated."),
    ] = None,
    descriptions: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option(metavar="TABLE.csv", help="Genes and what each is, in words."),
    ] = None,
) -> None:
    """Write an atlas anew with its builder's names, notes, colours, terms, and facts of genes."""
    from training.naming.given import GivenFiles
    from training.naming.rename import annotate_atlas

    files = GivenFiles(orthologs, tuple(gene_sets or ()), descriptions)
    command = told_command(sys.argv[1:])
    digest = annotate_atlas(store, names, out, files=files, command=command, say=typer.echo)
    typer.echo(f"{out} written, digest {digest}")
