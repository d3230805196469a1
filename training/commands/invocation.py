"""The command line as it is kept in what it made, for somebody else to give again."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import PurePath


def told_command(arguments: Sequence[str]) -> str:
    """The command with these arguments; whole paths as their last names.

    A card is shown to everybody: the folders of the machine that made it concern nobody.
    """
    return "atlas " + shlex.join(_told(each) for each in arguments)


def _told(argument: str) -> str:
    key, sign, value = argument.rpartition("=")
    path = PurePath(value)
    return f"{key}{sign}{path.name}" if path.is_absolute() else argument
