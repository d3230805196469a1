"""Makes the golden pictures of all pages anew, or of those that are named:

    python tests/browser/make_pictures.py [PAGE …] [--full FOLDER]

Run it when pages are meant to look different, look at what changed, and commit tests/browser/golden
with the change. With --full the pictures are written in full size too, for looking at them.
"""

from __future__ import annotations

import argparse
import runpy
import sys
import tempfile
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
PICTURES = runpy.run_path(str(HERE / "pictures.py"))
BROWSER = runpy.run_path(str(HERE / "conftest.py"))


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("pages", nargs="*", metavar="PAGE", choices=[*PICTURES["PAGES"], []])
    parser.add_argument("--full", type=Path, metavar="FOLDER")
    options = parser.parse_args()
    PICTURES["GOLDEN"].mkdir(exist_ok=True)
    server = BROWSER["Server"]()
    with tempfile.TemporaryDirectory() as made, BROWSER["launched"]() as browser:
        folder = Path(made)
        PICTURES["SITE"]["SMALL"]["write_stores"](folder)
        test = folder / "test.atlas.zarr"
        with PICTURES["pictured_site"](server, test, folder) as addresses:
            picture_all(browser, options.pages or list(addresses), addresses, options.full)
    server.close()


def picture_all(
    browser: Any, pages: list[str], addresses: dict[str, str], full: Path | None
) -> None:
    """Every picture of some pages."""
    sitter = PICTURES["Sitter"](browser.new_page())
    for page in pages:
        sitter.tab.goto(addresses[page])
        for theme, width in PICTURES["combinations"]():
            make(sitter, PICTURES["file_name"](page, theme, width), theme, width, full)


def make(sitter: Any, name: str, theme: str, width: int, full: Path | None) -> None:
    """One picture, once two in a row are the same."""
    sitter.pose(theme, width)
    before = None
    while True:
        sitter.settle()
        picture = sitter.picture()
        if before is not None and picture.tobytes() == before.tobytes():
            break
        before = picture
        sitter.tab.wait_for_timeout(300)
    made = PICTURES["encoded"](PICTURES["shrunk"](picture))
    (PICTURES["GOLDEN"] / name).write_bytes(made)
    if full is not None:
        full.mkdir(parents=True, exist_ok=True)
        picture.save(full / name)
    print(f"{name}: {len(made) / 1000:.1f} kB", file=sys.stderr)


if __name__ == "__main__":
    main()
