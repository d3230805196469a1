"""Where the project's own data lie, installed or in a checkout."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent


def manifest_folder() -> Path:
    """Folder of the data manifests: inside the installed package, else beside it.

    Raises:
        FileNotFoundError: when the installation lacks the folder.
    """
    return _first_folder(_PACKAGE / "data_manifest", _PACKAGE.parent / "data_manifest")


def _first_folder(*candidates: Path) -> Path:
    for candidate in candidates:
        if candidate.is_dir() and any(candidate.iterdir()):
            return candidate
    shown = " or ".join(str(candidate) for candidate in candidates)
    raise FileNotFoundError(f"the installation is incomplete: no {shown}")
