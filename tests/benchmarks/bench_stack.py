"""How fluently the 3D view turns: frames a second at 100,000 spots in eight sections.

    python tests/benchmarks/bench_stack.py [--store NAME.atlas.zarr] [--json FILE] [--strict]

Headless Chromium with software graphics at 1440 x 900. Without a store one of 100,000 spots is
made. `turn` and `perspective` are full frames, one after the other: the camera turns by two
degrees, all spots are placed and drawn, and a pixel is read back, so that the drawing is done.
`screen` counts what reaches the screen instead, over two seconds of turning by animation frames.
`svg` is the figure as SVG from the click to the saved file, its bytes, and the longest time for
which the page answered nothing meanwhile.
Anything else that runs on the machine shows; its load is told beside the figures.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

from bench_canvas import FLAGS, chromium, rounded
from bench_http import make_store, start

FRAMES = 60
# The browser compiles what runs often; a reader has turned a little before it matters.
WARM = 10
TARGETS = {"frames_per_second_median": 15.0}
MOST_SVG_SECONDS = 5.0
VIEW = "document.querySelector('.atlas-explore').atlasCanvas"

TURN = f"""async ([steps, deep]) => {{
  const c = {VIEW};
  await c.set({{ deep }});
  const times = [];
  for (let i = -{WARM}; i < steps; i++) {{
    const began = performance.now();
    c.camera.turn(2, i % 20 < 10 ? 1 : -1);
    c.moved(false);
    c.painter.flush();
    if (i >= 0) times.push(performance.now() - began);
  }}
  return times;
}}"""

SCREEN = f"""() => new Promise(resolve => {{
  const c = {VIEW};
  const began = performance.now();
  let frames = 0;
  const step = () => {{
    c.camera.turn(2, 0);
    c.moved(false);
    frames++;
    const passed = performance.now() - began;
    if (passed > 2000) resolve((1000 * frames) / passed);
    else requestAnimationFrame(step);
  }};
  requestAnimationFrame(step);
}})"""

# How long nothing else of the page runs, at most, until it is asked.
WATCH = """() => {
  let last = performance.now(), longest = 0;
  const tick = () => {
    const now = performance.now();
    longest = Math.max(longest, now - last);
    last = now;
  };
  const timer = setInterval(tick, 10);
  window.longestPause = () => { tick(); clearInterval(timer); return longest; };
}"""


def save_svg(page: Any) -> dict[str, float]:
    """Seconds and bytes of the figure as SVG, and the longest pause of the page meanwhile."""
    page.evaluate(WATCH)
    began = time.perf_counter()
    with page.expect_download(timeout=120_000) as waiting:
        page.get_by_role("button", name="Save as SVG").click()
    path = Path(waiting.value.path())
    return {
        "svg_seconds": time.perf_counter() - began,
        "svg_bytes": path.stat().st_size,
        "svg_longest_pause_ms": page.evaluate("window.longestPause()"),
    }


def measure(address: str) -> dict[str, Any]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=list(FLAGS))
        page = browser.new_page(viewport={"width": 1440, "height": 900})
        page.goto(f"{address}/stack")
        page.wait_for_selector(".atlas-explore .ac-root")
        if not page.evaluate(f"{VIEW}.ready"):
            raise SystemExit("the sections were not drawn: " + page.inner_text(".atlas-explore"))
        first = page.evaluate("performance.getEntriesByName('first-paint', 'measure')[0].duration")
        turn = page.evaluate(TURN, [FRAMES, False])
        deep = page.evaluate(TURN, [FRAMES, True])
        screen = page.evaluate(SCREEN)
        svg = save_svg(page)
        stats = page.evaluate(f"{VIEW}.stats()")
        browser.close()
    return {
        "spots": stats["spots"],
        "renderer": stats["renderer"],
        "canvas_pixels": stats["pixels"],
        "first_paint_ms": first,
        "turn_ms_median": statistics.median(turn),
        "turn_ms_best": min(turn),
        "turn_ms_p95": statistics.quantiles(turn, n=20)[-1],
        "perspective_ms_median": statistics.median(deep),
        "screen_frames_per_second": screen,
        **svg,
        "frames_per_second_median": 1000 / statistics.median(turn),
        "load_average": os.getloadavg()[0],
        "cores": os.cpu_count(),
        "targets": {**TARGETS, "svg_seconds": MOST_SVG_SECONDS},
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--store", type=Path)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--strict", action="store_true", help="fail when a target is missed")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        store = options.store
        if store is None:
            store = Path(folder) / "bench.atlas.zarr"
            make_store(store, per_stage=8)
        process, host, port = start(store, Path(folder) / "jobs")
        try:
            found = measure(f"http://{host}:{port}")
        finally:
            process.terminate()
            process.wait()
    print(json.dumps({name: rounded(value) for name, value in found.items()}, indent=2))
    if options.json:
        options.json.write_text(json.dumps(found, indent=2) + "\n")
    missed = [name for name, least in TARGETS.items() if found[name] < least]
    if found["svg_seconds"] > MOST_SVG_SECONDS:
        missed.append("svg_seconds")
    if missed and options.strict:
        raise SystemExit("target missed: " + ", ".join(missed))


if __name__ == "__main__":
    main()
