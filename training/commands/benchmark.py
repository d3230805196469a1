"""`atlas benchmark`: measure fits beside cheap rows and ablations, and mapping."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from training.errors import ConfigError

benchmark_app = typer.Typer(
    name="benchmark",
    help="Measure fits beside cheap rows and ablations, and mapping.",
    no_args_is_help=True,
)


Data = Annotated[
    Path | None,
    typer.Option(metavar="FOLDER", help="Folder of the data sets; without it, built-in ones."),
]
Sets = Annotated[
    str, typer.Option(metavar="NAME,…", help="Data sets; default: all that are found.")
]
Out = Annotated[Path, typer.Option(metavar="FOLDER", help="Folder for the table and measurements.")]
Settings = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="SECTION.KEY=VALUE", help="One setting; may be repeated."),
]


@benchmark_app.callback()
def _root() -> None:
    pass


@benchmark_app.command("fit")
def fit_command(
    data: Data = None,
    sets: Sets = "",
    rows: Annotated[
        str,
        typer.Option(
            metavar="NAME,…", help="Rows, or all of a kind: cheap, fit, ablation; default: all."
        ),
    ] = "",
    seeds: Annotated[str, typer.Option(metavar="0,1,2", help="Training seeds.")] = "0,1,2",
    out: Out = Path("bench-results/fit"),
    settings: Settings = None,
) -> None:
    """Measure rows on data sets; run again, it goes on where it stopped."""
    from training.benchmark.run import run_benchmark
    from training.benchmark.table import to_markdown

    tree = run_benchmark(
        out,
        data,
        sets=_names(sets),
        rows=_names(rows),
        seeds=_seeds(seeds),
        settings=settings or [],
        report=_report,
    )
    typer.echo(to_markdown(tree), nl=False)
    if tree["failed"]:
        typer.echo(f"{len(tree['failed'])} measurements failed; see {out / 'table.json'}", err=True)
        raise typer.Exit(1)


@benchmark_app.command("mapping")
def mapping_command(
    data: Data = None,
    sets: Sets = "",
    seeds: Annotated[
        str, typer.Option(metavar="0,1,2", help="Seeds of sections, genes and fits.")
    ] = "0,1,2",
    units: Annotated[
        str,
        typer.Option(
            metavar="NAME,…",
            help="sections left out, a domain or a stage that is lacking (default: these); "
            "imputation alone; split: each section left out, genes shown and hidden as a set gives "
            "them; warnings: how many sections are said to hold tissue that the atlas lacks.",
        ),
    ] = "",
    rivals: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER", help="Scripts run_NAME.py, each a further row of imputation."
        ),
    ] = None,
    rivals_python: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Interpreter of the environment that these run in."),
    ] = None,
    out: Out = Path("bench-results/mapping"),
    settings: Settings = None,
) -> None:
    """Leave sections, a domain or a stage out, map them, compare with the truth; run again, it goes
    on where it stopped."""
    from training.benchmark.mapping.rivals import find_rivals
    from training.benchmark.mapping.run import run_mapping_benchmark, to_markdown

    tree = run_mapping_benchmark(
        out,
        data,
        sets=_names(sets),
        seeds=_seeds(seeds),
        units=_names(units),
        settings=settings or [],
        rivals=find_rivals(rivals, rivals_python),
        report=_report,
    )
    typer.echo(to_markdown(tree), nl=False)


def _report(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def _names(text: str) -> list[str]:
    return [name.strip() for name in text.split(",") if name.strip()]


def _seeds(text: str) -> list[int]:
    try:
        return [int(name) for name in _names(text)]
    except ValueError:
        raise ConfigError(
            f"--seeds: found '{text}'; expected whole numbers with commas between, like 0,1,2"
        ) from None
