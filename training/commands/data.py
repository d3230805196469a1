"""`atlas data`: list, show, fetch, verify and convert data sets."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from training.errors import DataError

if TYPE_CHECKING:
    from training.sources.fetch import Origin
    from training.sources.manifest import Dataset, SourceFile

data_app = typer.Typer(
    name="data", help="Public data sets: what exists, fetch, check, convert.", no_args_is_help=True
)

Name = Annotated[str, typer.Argument(help="name of a data set, or the path of a manifest (.toml)")]
Folder = Annotated[Path, typer.Argument(help="folder the data set was fetched to")]


@data_app.command("list")
def list_command() -> None:
    """List the data sets that can be fetched."""
    from training.commands.terminal import print_table, size_text
    from training.sources.manifest import list_datasets

    rows = [
        (
            dataset.name,
            dataset.organism,
            dataset.assay,
            ", ".join(stage.name for stage in dataset.stages),
            len(dataset.slices),
            len(dataset.files),
            size_text(dataset.total_bytes),
            dataset.licence,
        )
        for dataset in list_datasets()
    ]
    columns = ("name", "organism", "assay", "stages", "slices", "files", "size", "licence")
    print_table(columns, rows, right=("slices", "files", "size"))


@data_app.command("show")
def show_command(name: Name) -> None:
    """Show one data set: description, stages, slices and files with checksums."""
    from training.commands.terminal import print_table
    from training.sources.manifest import RAW_HOST, find_dataset

    dataset = find_dataset(name)
    print_table(
        ("field", "value"),
        [
            ("name", dataset.name),
            ("title", dataset.title),
            ("summary", dataset.summary.strip()),
            ("organism", dataset.organism),
            ("assay", dataset.assay),
            ("coordinate unit", dataset.coordinate_unit),
            ("time unit", dataset.time_unit or "none"),
            ("licence", dataset.licence),
            ("citation", dataset.citation),
            ("converter", dataset.converter),
            ("source", RAW_HOST),
            ("size", _files_text(dataset)),
        ],
    )
    typer.echo()
    times = {stage.name: stage.time for stage in dataset.stages}
    print_table(
        ("slice", "stage", "time", "donor"),
        [
            (entry.name, entry.stage, _time_text(times[entry.stage]), entry.donor)
            for entry in dataset.slices
        ],
        right=("time",),
    )
    typer.echo()
    print_table(
        ("file", "bytes", "sha256"),
        [(file.path, f"{file.bytes}", file.sha256) for file in dataset.files],
        right=("bytes",),
    )


@data_app.command("fetch")
def fetch_command(
    name: Name,
    to: Annotated[Path, typer.Option("--to", help="folder for the files")],
    mirror: Annotated[
        Path | None,
        typer.Option(help="take files from this folder, laid out as OWNER/REPO/COMMIT/PATH"),
    ] = None,
) -> None:
    """Fetch the files of a data set; run again, it goes on where it stopped."""
    from training.sources.fetch import fetch
    from training.sources.manifest import find_dataset

    dataset = find_dataset(name)
    with _Progress(dataset.total_bytes) as progress:
        origins = fetch(dataset, to, mirror=mirror, report=progress)
    words = {"present": "already there", "mirror": "from the mirror", "download": "downloaded"}
    found = list(origins.values())
    counts = ", ".join(f"{found.count(key)} {words[key]}" for key in words if key in found)
    typer.echo(f"{dataset.name}: {_files_text(dataset)}, checksums right ({counts}) in {to}")
    typer.echo(f"next: atlas data convert {name} {to} --to SLICES")


@data_app.command("verify")
def verify_command(name: Name, folder: Folder) -> None:
    """Check that all files of a data set are there with the right checksum."""
    from training.sources.fetch import verify
    from training.sources.manifest import find_dataset

    dataset = find_dataset(name)
    problems = verify(dataset, folder)
    if problems:
        raise DataError(problems)
    typer.echo(f"{dataset.name}: {_files_text(dataset)}, all checksums right")


@data_app.command("convert")
def convert_command(
    name: Name,
    folder: Folder,
    to: Annotated[Path, typer.Option("--to", help="folder for the slices (.h5ad)")],
) -> None:
    """Convert a fetched data set to slices that `atlas fit` takes."""
    from training.sources.datasets import convert
    from training.sources.manifest import find_dataset

    dataset = find_dataset(name)
    convert(
        dataset,
        folder,
        to,
        report=lambda entry, adata: typer.echo(
            f"{entry.file}.h5ad: {adata.n_obs:,} spots x {adata.n_vars:,} genes, {entry.stage}"
        ),
    )
    typer.echo(f"{dataset.name}: {len(dataset.slices)} slices in {to}")
    typer.echo(f"next: atlas fit {to} --out {dataset.name}.atlas.zarr")


def _files_text(dataset: Dataset) -> str:
    from training.commands.terminal import size_text

    number = len(dataset.files)
    return f"{number} file{'s' * (number > 1)}, {size_text(dataset.total_bytes)}"


def _time_text(time: float | None) -> str:
    return "none" if time is None else f"{time:g}"


class _Progress:
    """Progress of a fetch: a bar on a terminal, a line per finished file elsewhere."""

    def __init__(self, total: int) -> None:
        self._total = total
        self._done: dict[str, int] = {}
        self._bar: Any = None

    def __enter__(self) -> _Progress:
        if sys.stderr.isatty():
            from rich.console import Console
            from rich.progress import (
                BarColumn,
                DownloadColumn,
                Progress,
                TextColumn,
                TimeRemainingColumn,
                TransferSpeedColumn,
            )

            self._bar = Progress(
                TextColumn("{task.description}"),
                BarColumn(),
                DownloadColumn(),
                TransferSpeedColumn(),
                TimeRemainingColumn(),
                console=Console(stderr=True),
            )
            self._bar.start()
            self._task = self._bar.add_task("fetch", total=self._total)
        return self

    def __exit__(self, *error: object) -> None:
        if self._bar is not None:
            self._bar.stop()

    def __call__(self, file: SourceFile, done: int, origin: Origin) -> None:
        """Take note of `done` bytes of a file."""
        self._done[file.url] = done
        if self._bar is not None:
            self._bar.update(
                self._task, completed=sum(self._done.values()), description=file.path.name[:32]
            )
        elif done == file.bytes:
            typer.echo(f"{origin}: {file.path}", err=True)
