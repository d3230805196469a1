"""A picture of a page, small enough for a README.

    python tests/browser/screenshot.py URL FILE.png [--width 1440] [--height 900] [--dark]

Waits until the map is painted where the page has one. The picture has 256 colours at most, which
the eye does not miss on a page of flat colours and a third of the bytes hold.
"""

from __future__ import annotations

import argparse
import io
import runpy
import sys
from pathlib import Path

BROWSER = runpy.run_path(str(Path(__file__).with_name("conftest.py")))
PATIENCE_MS = 30_000
PAINTED = """async () => {
  if (!document.querySelector("h1")) return false;
  const element = document.querySelector(".atlas-explore, .atlas-canvas");
  if (!element) return true;
  return Boolean(element.atlasCanvas) && await element.atlasCanvas.ready;
}"""


def picture(address: str, width: int, height: int, dark: bool) -> bytes:
    """The page at `address` as PNG, once what it loads has come and its map is painted."""
    from playwright.sync_api import sync_playwright

    path = BROWSER["find_chromium"]()
    if path is None:
        raise SystemExit("no Chromium: install it, or name its program in ATLAS_CHROMIUM")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(BROWSER["FLAGS"]))
        page = browser.new_page(
            viewport={"width": width, "height": height},
            color_scheme="dark" if dark else "light",
        )
        page.goto(address)
        waited = 0
        while not page.evaluate(PAINTED):
            if waited > PATIENCE_MS:
                raise SystemExit(f"the map of {address} was not painted")
            page.wait_for_timeout(100)
            waited += 100
        # Labels are set in the frame after the map.
        page.wait_for_timeout(500)
        taken: bytes = page.screenshot()
        browser.close()
    return taken


def shrink(picture: bytes) -> bytes:
    """The same picture in 256 colours."""
    from PIL import Image

    with Image.open(io.BytesIO(picture)) as image:
        small = image.convert("RGB").quantize(256, dither=Image.Dither.NONE)
    out = io.BytesIO()
    small.save(out, format="PNG", optimize=True)
    return out.getvalue()


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("url")
    parser.add_argument("file", type=Path)
    parser.add_argument("--width", type=int, default=1440)
    parser.add_argument("--height", type=int, default=900)
    parser.add_argument("--dark", action="store_true")
    options = parser.parse_args()
    made = shrink(picture(options.url, options.width, options.height, options.dark))
    options.file.write_bytes(made)
    print(f"{options.file}: {len(made) / 1000:.0f} kB", file=sys.stderr)


if __name__ == "__main__":
    main()
