"""Where the browser's files (style sheets, scripts) lie."""

from __future__ import annotations

from pathlib import Path


def assets_folder() -> Path:
    """Absolute folder of the assets: the installed package's, else the checkout's.

    A wheel carries the top-level `assets/` as `atlas_app/assets/`; an editable checkout keeps it
    beside the package.

    Raises FileNotFoundError when neither exists.
    """
    package = Path(__file__).resolve().parent
    for folder in (package / "assets", package.parent / "assets"):
        if folder.is_dir():
            return folder
    raise FileNotFoundError(
        f"The app's assets are neither in {package / 'assets'} nor in {package.parent / 'assets'}; "
        "reinstall inspire-atlas."
    )
