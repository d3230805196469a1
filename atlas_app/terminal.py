"""What the commands of the app have in common: settings, missing parts, plain ends."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn

import typer

if TYPE_CHECKING:
    from atlas_app.settings import Settings


def installed(name: str) -> bool:
    """Whether a module can be found, without importing it."""
    import importlib.util

    return importlib.util.find_spec(name) is not None


def fail(message: str) -> NoReturn:
    """Say what is wrong and end with status 1."""
    typer.echo(message, err=True)
    raise typer.Exit(1)


def load_settings(**given: Any) -> Settings:
    """Settings of the environment and those `given`; ends with a line for each that is wrong."""
    from pydantic import ValidationError

    from atlas_app.settings import SECRETS, Settings

    try:
        return Settings.from_environment(**given)
    except ValidationError as error:
        lines = []
        for fault in error.errors():
            name = fault["loc"][0]
            found = "something else" if name in SECRETS else repr(fault["input"])
            lines.append(f"Setting {name}: found {found}; {fault['msg']}.")
        fail("\n".join(lines))
