"""The command line `atlas`: each command reads its options, calls one function, prints."""

from __future__ import annotations

import json
import os
import sys
from importlib.metadata import entry_points, version
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, Optional

import typer

from training.commands.annotate import annotate_command
from training.commands.benchmark import benchmark_app
from training.commands.compare import compare_command
from training.commands.data import data_app
from training.commands.enrich import enrich_command
from training.commands.extend import extend_command
from training.commands.invocation import told_command
from training.commands.options import StoreArgument
from training.commands.terminal import print_table
from training.errors import AtlasError
from training.report import report_path
from training.store import StoreError, StoreUnreachable
from training.store.places.location import local_path

if TYPE_CHECKING:
    from training.store.given.orthologs import Orthologs

app = typer.Typer(
    name="atlas",
    help="Build, score, browse and map onto spatiotemporal atlases of developing tissue.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.add_typer(data_app, name="data")
app.add_typer(benchmark_app, name="benchmark")


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"inspire-atlas {version('inspire-atlas')}")
        raise typer.Exit()


@app.callback()
def _root(
    show_version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show version.")
    ] = False,
) -> None:
    pass


@app.command()
def simulate(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Folder to write slices to.")],
    preset: Annotated[
        str,
        typer.Option(
            help="Size of the series: tiny, embryo, four-sections, mixed-cortex, embryo-atlas "
            "(514,415 spots) or imaging-panel (a million cells)."
        ),
    ] = "embryo",
    seed: Annotated[int, typer.Option(min=0, help="Same seed, same series.")] = 0,
) -> None:
    """Simulate a developing tissue with known truth, one .h5ad per slice."""
    from training.synthetic.simulate import write_simulation

    paths = write_simulation(folder, preset, seed)
    typer.echo(f"{len(paths)} slices and truth.npz in {folder}")


@app.command()
def fit(
    slices: Annotated[
        Path, typer.Argument(metavar="SLICES", help="Folder of slices, or one .h5ad of several.")
    ],
    out: Annotated[
        Path,
        typer.Option("--out", metavar="STORE", help="Store to write, a path.", parser=local_path),
    ],
    config: Annotated[
        Optional[Path],  # noqa: UP045 - typer reads the annotation at run time
        typer.Option(metavar="FILE", help="Settings, a TOML file."),
    ] = None,
    settings: Annotated[
        Optional[list[str]],  # noqa: UP045
        typer.Option("--set", metavar="SECTION.KEY=VALUE", help="One setting; may be repeated."),
    ] = None,
    device: Annotated[Literal["auto", "cpu", "cuda"], typer.Option(help="Where to fit.")] = "auto",
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with an interrupted fit of the same store.")
    ] = False,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace STORE once the new one is whole.")
    ] = False,
) -> None:
    """Fit an atlas to slices and write its store."""
    from training.config import load_config

    loaded = load_config(config, settings or [])
    _need("Fitting", "fit", "torch", "scanpy", "igraph", "umap")
    from training.processes.crew import open_crew

    with open_crew(device) as crew:
        if crew and not crew.leads:
            from training.network.joint import follow

            follow(crew)
            return
        from training.fit import fit_atlas
        from training.progress import ConsoleProgress

        digest = fit_atlas(
            slices,
            out,
            loaded,
            device=device,
            resume=resume,
            overwrite=overwrite,
            progress=ConsoleProgress(),
            command=(crew.starter if crew else "") + told_command(sys.argv[1:]),
            crew=crew,
        )
    typer.echo(f"{out} written, digest {digest}")
    typer.echo(f"report of the fit: {report_path(out)}")


@app.command()
def info(store: StoreArgument) -> None:
    """Show what an atlas holds."""
    from training.store import open_atlas

    atlas = open_atlas(store)
    card = atlas.card
    print_table(
        ["atlas", str(card.get("title") or atlas.id)],
        [
            ["digest", atlas.digest],
            ["format", atlas.format_version],
            ["spots", f"{atlas.n_spots:,}"],
            ["genes", f"{atlas.n_genes:,} ({int(atlas.highly_variable.sum()):,} fitted)"],
            ["factors", "; ".join(f"{k} {name}" for k, name in enumerate(atlas.factor_names))],
            ["domains", ", ".join(atlas.obs_columns["domain"].categories)],
            ["columns", ", ".join(atlas.obs_columns)],
            ["orthologs", _orthologs(atlas.orthologs)],
            ["gene sets", f"{len(atlas.gene_sets):,}" if atlas.gene_sets else "none"],
            ["licence", str(card.get("licence") or "not given")],
            ["made by", str(card.get("command") or "not recorded")],
        ],
    )
    print_table(
        ["slice", "stage", "time", "spots"],
        [
            [
                each.name,
                each.stage,
                "" if each.time is None else f"{each.time:g}",
                str(each.n_spots),
            ]
            for each in atlas.slices
        ],
    )


@app.command()
def validate(store: StoreArgument) -> None:
    """Check every part of an atlas; exit 1 and name all faults where there are any."""
    from training.store import validate_store

    faults = validate_store(store)
    for fault in faults:
        typer.echo(fault, err=True)
    if faults:
        raise typer.Exit(1)
    typer.echo(f"{store} is sound")


@app.command()
def score(
    store: StoreArgument,
    label: Annotated[str, typer.Option(metavar="COLUMN", help="Annotation to score against.")],
    drop: Annotated[str, typer.Option(metavar="A,B", help="Labels that do not count.")] = "",
    n: Annotated[
        Optional[int],  # noqa: UP045
        typer.Option("--n", min=2, help="Components of the mixture; default: labels."),
    ] = None,
    json_file: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option("--json", metavar="FILE", help="Write the figures as JSON too."),
    ] = None,
) -> None:
    """Score an atlas: clustering against an annotation, mixing, transfer, factors."""
    _need("Scoring", "project", "sklearn")
    from training.score import render_score, score_atlas
    from training.store import open_atlas

    result = score_atlas(
        open_atlas(store), label=label, drop=[name for name in drop.split(",") if name], n=n
    )
    _console().print(render_score(result))
    if json_file is not None:
        json_file.write_text(json.dumps(result.to_json(), indent=2) + "\n", encoding="utf-8")


@app.command()
def export(
    store: StoreArgument,
    what: Annotated[
        Literal[
            "factors",
            "loadings",
            "latent",
            "markers",
            "relations",
            "genes",
            "stages",
            "sets",
            "reference",
        ],
        typer.Option(help="Which part."),
    ],
    to: Annotated[
        Path,
        typer.Option(
            "--to",
            metavar="FILE",
            help="Ending .csv, .gmt or .h5ad chooses form.",
            parser=local_path,
        ),
    ],
) -> None:
    """Write a part to a file: factors, loadings, latent, tables (domains, genes …), sets or all."""
    from training.commands.tables import export_part
    from training.store import open_atlas

    export_part(open_atlas(store), what, to)
    typer.echo(f"{to} written")


app.command("compare")(compare_command)
app.command("enrich")(enrich_command)
app.command("extend")(extend_command)
app.command("annotate")(annotate_command)


@app.command()
def project(
    store: StoreArgument,
    out: Annotated[
        Path,
        typer.Option("--out", metavar="RESULT.h5ad", help="Result to write.", parser=local_path),
    ],
    query: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Argument(
            metavar="QUERY", help="Section to map: .h5ad, Space Ranger folder, counts.csv, or zip."
        ),
    ] = None,
    coordinates: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option(metavar="FILE", help="Table of spots with x and y, where QUERY is a table."),
    ] = None,
    demo: Annotated[
        bool, typer.Option("--demo", help="Map a thinned section of the atlas itself, to try it.")
    ] = False,
    impute: Annotated[
        str, typer.Option(metavar="GENE,…|all", help="Reference genes to impute.")
    ] = "",
    section_column: Annotated[
        str,
        typer.Option(
            metavar="COLUMN|none",
            help="Column of spots that names the section of each, where QUERY holds several; "
            "looked for by its name if not given, none takes all as one section.",
        ),
    ] = "",
    progress_file: Annotated[
        Optional[Path],  # noqa: UP045
        typer.Option("--progress-file", metavar="FILE", help="Report progress as JSON lines."),
    ] = None,
) -> None:
    """Map a section onto an atlas: factors, domains, stage, imputed genes."""
    _need("Mapping", "project", "torch", "sklearn")
    if (query is None) is not demo:
        raise AtlasError("name a section to map, or take --demo for one of the atlas's own")
    from training.mapping.reading.queryfiles import given_query
    from training.progress import ConsoleProgress, FileProgress
    from training.projection import project as project_section
    from training.store.repeating import repeat_command

    with given_query(store, query, coordinates) as section:
        report = project_section(
            store,
            section,
            out,
            genes=[name for name in impute.split(",") if name],
            section_column=section_column,
            command=repeat_command(
                store, query, out, coordinates, impute=impute, column=section_column
            ),
            progress=FileProgress(progress_file) if progress_file else ConsoleProgress(),
        )
    for note in [*report["verdict"], *report["warnings"]]:
        typer.echo(f"note: {note}", err=True)
    typer.echo(
        f"{out} written: {report['n_spots']:,} spots, "
        f"{report['n_fitted_genes_matched']:,} of {report['n_genes_fitted']:,} fitted genes "
        f"({report['names_found_in']}; {report['loading_share']:.0%} of what factors load on), "
        f"{report['out_of_reference']:.1%} out of reference"
    )
    if report["sections"]:
        from training.commands.sectiontable import HEADS, section_cells

        rows = zip(report["sections"].values(), report["registration"].values(), strict=True)
        print_table(HEADS, [section_cells(*row) for row in rows])


def _orthologs(table: Orthologs | None) -> str:
    return "none" if table is None else f"{table.n_pairs:,} genes of {table.organism}"


def _need(what: str, extra: str, *modules: str) -> None:
    from importlib.util import find_spec

    from training.errors import MissingExtraError

    if any(find_spec(module) is None for module in modules):
        raise MissingExtraError(what, extra)


def _console():  # type: ignore[no-untyped-def]
    from rich.console import Console

    return Console(width=None if sys.stdout.isatty() else 160)


def _add_installed_commands() -> None:
    """Commands that other packages of the distribution register, such as `serve`."""
    for entry in entry_points(group="atlas.commands"):
        entry.load()(app)


def main() -> None:
    """Run the command line; errors that are the user's to mend are one message, exit 1."""
    # Threads that wait by spinning slow a machine shared with anything else several times over.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    # Once numba has threads, torch takes as many, whatever it was told; numba takes none for none.
    threads = os.environ.get("OMP_NUM_THREADS", "")
    if threads.isdecimal() and int(threads) > 0:
        os.environ.setdefault("NUMBA_NUM_THREADS", threads)
    _add_installed_commands()
    try:
        app()
    except (AtlasError, StoreError, StoreUnreachable) as error:
        typer.echo(f"error: {error}", err=True)
        sys.exit(1)
    except KeyboardInterrupt:
        typer.echo("stopped", err=True)
        sys.exit(130)


if __name__ == "__main__":
    main()
