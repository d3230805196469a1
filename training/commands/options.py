"""Arguments and options that several commands have in common."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from training.store.places.location import local_path

StoreArgument = Annotated[
    str, typer.Argument(metavar="STORE", help="An atlas, NAME.atlas.zarr, or its URL.")
]
NewStoreOption = Annotated[
    Path,
    typer.Option(
        "--out", metavar="NEW", help="Store to write, NEW.atlas.zarr, a path.", parser=local_path
    ),
]
