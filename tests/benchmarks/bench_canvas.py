"""What a reader of Explore waits for: the first paint, and a gene from choice to pixels.

    python tests/benchmarks/bench_canvas.py [--store NAME.atlas.zarr] [--json FILE] [--strict]
        [--without-webgl]

Headless Chromium with software graphics at 1440 x 900, gunicorn with one worker. Without a store
one of 100,000 spots is made. The figures are the page's own User Timing measures, `first-paint`
(from navigation, fresh profile each time) and `recolour` (from the choice to the flushed pixels,
every gene asked for the first time); `frame` is one step of a zoom of the tissue map beside the
UMAP, `whole_frame` one that draws the UMAP anew as well, turn about with it, and `side` a step with
four genes side by side. `renderer_mb` is the memory (PSS, Linux only) of the page's process after
all genes were chosen, over that of an empty page; graphics have a process of their own.
`--without-webgl` measures a browser that has none, for which the map is drawn in a loop. The load
of the machine is told beside them: on two cores anything else that runs shows.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import tempfile
from pathlib import Path
from typing import Any

from bench_http import make_store, start

FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
NO_WEBGL = ("--disable-webgl", "--disable-webgl2", "--disable-3d-apis")
OPENINGS = 5
GENES = 30
FRAMES = 40
SIDE = 4
TARGETS = {
    "first_paint_ms_median": 2000.0,
    "recolour_ms_median": 150.0,
    "frame_ms_median": 50.0,
    "side_frame_ms_median": 66.0,
    "renderer_mb": 300.0,
}
CANVAS = "document.querySelector('.atlas-explore').atlasCanvas"

RECOLOUR = f"""async genes => {{
  const c = {CANVAS};
  await c.ready;
  for (const gene of genes) {{
    await c.set({{ color: `gene:${{gene}}`, hidden: new Set() }});
    // Let the frame reach the screen, as it does between two choices of a reader.
    await new Promise(resolve => requestAnimationFrame(() => setTimeout(resolve, 30)));
  }}
  return performance.getEntriesByName("recolour", "measure").map(m => m.duration);
}}"""

PAN = f"""async ([steps, state]) => {{
  const c = {CANVAS};
  await c.set(state);
  const times = {{ part: [], whole: [] }};
  for (let i = 0; i < 2 * steps; i++) {{
    const began = performance.now();
    c.cameras.spatial.zoom(i % 40 < 20 ? 1.02 : 1 / 1.02, 130, 300);
    if (i % 2) c.moved(false);
    else c.moved(false, "spatial");
    c.painter.flush();
    times[i % 2 ? "whole" : "part"].push(performance.now() - began);
  }}
  return times;
}}"""


def chromium() -> str:
    names = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
    path = os.environ.get("ATLAS_CHROMIUM") or next(filter(None, map(shutil.which, names)), None)
    if path is None:
        raise SystemExit("no Chromium: looked for " + ", ".join(names) + " and $ATLAS_CHROMIUM")
    return path


def opened(browser: Any, address: str) -> Any:
    page = browser.new_page(viewport={"width": 1440, "height": 900})
    page.goto(address)
    page.wait_for_selector(".atlas-explore .ac-root")
    if not page.evaluate(f"{CANVAS}.ready"):
        raise SystemExit("the map was not painted: " + page.inner_text(".atlas-explore"))
    return page


def memory(browser: Any, kind: str) -> float:
    """PSS of the browser's processes of a kind, MB; NaN where the system does not tell it."""
    found = browser.new_browser_cdp_session().send("SystemInfo.getProcessInfo")["processInfo"]
    total = 0.0
    for process in found:
        if process["type"] == kind:
            try:
                rows = Path(f"/proc/{process['id']}/smaps_rollup").read_text().splitlines()
            except OSError:
                return float("nan")
            total += sum(float(row.split()[1]) / 1000 for row in rows if row.startswith("Pss:"))
    return total


def measure(address: str, flags: tuple[str, ...] = FLAGS) -> dict[str, Any]:
    from playwright.sync_api import sync_playwright

    paints: list[float] = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=list(flags))
        empty = browser.new_page()
        page_mb, graphics_mb = memory(browser, "renderer"), memory(browser, "GPU")
        empty.close()
        for _ in range(OPENINGS):
            page = opened(browser, f"{address}/explore")
            script = "performance.getEntriesByName('first-paint', 'measure')[0].duration"
            paints.append(page.evaluate(script))
            page.close()
        page = opened(browser, f"{address}/explore")
        base = page.get_attribute(".atlas-explore", "data-base")
        answer = page.request.get(f"{address}{base}/genes?limit={GENES}")
        genes = [gene["name"] for gene in answer.json()["genes"]]
        recolours = page.evaluate(RECOLOUR, genes)
        page_mb = memory(browser, "renderer") - page_mb
        graphics_mb = memory(browser, "GPU") - graphics_mb
        frames = page.evaluate(PAN, [FRAMES, {}])
        color = "side:" + "~".join(f"gene:{gene}" for gene in genes[:SIDE])
        sides = page.evaluate(PAN, [FRAMES, {"color": color}])["part"]
        stats = page.evaluate(f"{CANVAS}.stats()")
        browser.close()
    return {
        "spots": stats["spots"],
        "renderer": stats["renderer"],
        "canvas_pixels": stats["pixels"],
        "first_paint_ms_median": statistics.median(paints),
        "first_paint_ms_all": paints,
        "recolour_ms_median": statistics.median(recolours),
        "recolour_ms_best": min(recolours),
        "recolour_ms_p95": statistics.quantiles(recolours, n=20)[-1],
        "frame_ms_median": statistics.median(frames["part"]),
        "whole_frame_ms_median": statistics.median(frames["whole"]),
        "whole_to_frame": statistics.median(frames["whole"]) / statistics.median(frames["part"]),
        "side_frame_ms_median": statistics.median(sides),
        "side_frame_ms_best": min(sides),
        "side_frames_per_second_median": 1000 / statistics.median(sides),
        "renderer_mb": page_mb,
        "graphics_mb": graphics_mb,
        "load_average": os.getloadavg()[0],
        "cores": os.cpu_count(),
        "targets": TARGETS,
    }


def rounded(value: Any) -> Any:
    if isinstance(value, float):
        return round(value, 1)
    return [rounded(item) for item in value] if isinstance(value, list) else value


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--store", type=Path)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--strict", action="store_true", help="fail when a target is missed")
    parser.add_argument("--without-webgl", action="store_true", help="in a browser without WebGL2")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        store = options.store
        if store is None:
            store = Path(folder) / "bench.atlas.zarr"
            make_store(store)
        process, host, port = start(store, Path(folder) / "jobs")
        try:
            flags = (*FLAGS, *NO_WEBGL) if options.without_webgl else FLAGS
            found = measure(f"http://{host}:{port}", flags)
        finally:
            process.terminate()
            process.wait()
    print(json.dumps({name: rounded(value) for name, value in found.items()}, indent=2))
    if options.json:
        options.json.write_text(json.dumps(found, indent=2) + "\n")
    missed = [name for name, most in TARGETS.items() if found[name] > most]
    if missed and options.strict:
        raise SystemExit("over the target: " + ", ".join(missed))


if __name__ == "__main__":
    main()
