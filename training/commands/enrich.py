"""`atlas enrich`: gene sets in the factors of an atlas."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Optional

import typer

from training.commands.options import StoreArgument


def enrich_command(
    store: StoreArgument,
    to: Annotated[Path, typer.Option("--to", metavar="FILE.csv", help="Table to write.")],
    sets: Annotated[
        Optional[Path],  # noqa: UP045 - typer reads the annotation at run time
        typer.Argument(metavar="SETS.gmt", help="Gene sets; without it those of the atlas."),
    ] = None,
    top: Annotated[int, typer.Option(min=1, help="Top genes of each factor looked at.")] = 50,
) -> None:
    """Test which gene sets are over-represented in the top genes of each factor."""
    from training.downstream.enrichment import enrich_factors, own_sets, write_enrichment
    from training.downstream.genesets import read_gmt
    from training.store import open_atlas

    atlas = open_atlas(store)
    given = read_gmt(sets) if sets else own_sets(atlas)
    rows = enrich_factors(atlas, given, top)
    write_enrichment(to, rows, atlas)
    low = sum(row.q < 0.05 for row in rows)
    typer.echo(
        f"{to} written: gene sets {len(given):,}, factors {atlas.n_factors}, "
        f"pairs of them with q < 0.05: {low:,}"
    )
