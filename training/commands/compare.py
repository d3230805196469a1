"""`atlas compare`: mapped sections beside the reference tissue that they match."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from training.commands.terminal import print_table
from training.store.genes.significance import told_p

SHOWN = 10


def compare_command(
    results: Annotated[
        list[Path],
        typer.Argument(
            metavar="RESULT.h5ad…", help="Results of atlas project; several are replicates."
        ),
    ],
    atlas: Annotated[
        str, typer.Option("--atlas", metavar="STORE", help="The atlas they were mapped onto.")
    ],
    to: Annotated[Path, typer.Option("--to", metavar="DIR", help="Folder for the tables, CSV.")],
) -> None:
    """Compare mapped sections with the reference, domain by domain: composition, factors, genes."""
    from training.comparison.tables import write_comparison
    from training.store import open_atlas

    tables, told, notes = write_comparison(results, open_atlas(atlas), to)
    genes = tables["genes"]
    print_table(
        ["stage", "domain", "gene", "query", "reference", "own log2", "95 % interval", "q"],
        [
            [
                str(row.stage),
                str(row.domain),
                str(row.gene),
                f"{row.query:.2f}",
                f"{row.reference:.2f}",
                f"{row.own_log2:+.2f}",
                f"{row.own_low:+.2f} to {row.own_high:+.2f}",
                told_p(row.own_q) if row.own_q == row.own_q else "n = 1",
            ]
            for row in genes[genes["own_low"].notna()]
            .assign(rank=lambda table: table.groupby(["stage", "domain"]).cumcount())
            .sort_values("rank", kind="stable")
            .head(SHOWN)
            .itertuples()
        ],
    )
    for note in notes:
        typer.echo(f"note: {note}", err=True)
    share = told.get("beyond_own")
    beyond = "" if share is None else f", {share:.1%} of genes beyond their own interval"
    typer.echo(f"{to} written: {told['n_slices']} slices, {len(genes):,} genes{beyond}")
