"""How fluently the animation of stages runs, and that it costs nothing while it stands still.

    python tests/benchmarks/bench_film.py [--store NAME.atlas.zarr] [--json FILE] [--strict]

Headless Chromium with software graphics at 1440 x 900. Without a store one of five stages is made,
a slice of 20,000 spots each. `frames_per_second` counts the frames drawn on the ways between
stages, of one run from the first to the last; the rests at stages are left out. `idle_cpu_share` is
the processor time of the renderer and of the graphics process over five seconds of standing
still, as a share of one core; `idle_draws`, how often the map was drawn in them. Before it is
measured the page has come to rest. Anything else that runs on the machine shows in the frames; its
load is told beside the figures.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import tempfile
from pathlib import Path
from typing import Any

from bench_canvas import FLAGS, chromium, rounded
from bench_http import make_store, start

STAGES = 5
SPOTS_PER_STAGE = 20_000
IDLE_SECONDS = 5.0
LEAST = {"frames_per_second": 15.0}
MOST = {"idle_cpu_share": 0.02, "idle_draws": 0}
VIEW = "document.querySelector('.atlas-film').atlasCanvas"

# The gaps between frames that were drawn on the way, in ms.
RUN = f"""() => new Promise(resolve => {{
  const c = {VIEW};
  const gaps = [];
  let before = null;
  const seek = c.seek.bind(c);
  c.seek = (t) => {{
    seek(t);
    c.painter.flush();
    const now = performance.now();
    if (before !== null) gaps.push(now - before);
    before = c.moment.share > 0 ? now : null;
    if (t >= c.timeline.last) {{
      delete c.seek;
      resolve(gaps);
    }}
  }};
  document.querySelector('.film-play').click();
}})"""


def processor_seconds(session: Any) -> dict[str, float]:
    """Processor time so far, by what the process is for."""
    told = session.send("SystemInfo.getProcessInfo")["processInfo"]
    found = {"renderer": 0.0, "GPU": 0.0}
    for process in told:
        if process["type"] in found:
            found[process["type"]] += process["cpuTime"]
    return found


def stand_still(page: Any, session: Any) -> dict[str, float]:
    """What the animation costs where it stands."""
    page.wait_for_timeout(3000)
    before, draws = processor_seconds(session), page.evaluate(f"{VIEW}.painter.draws")
    page.wait_for_timeout(1000 * IDLE_SECONDS)
    after, drawn = processor_seconds(session), page.evaluate(f"{VIEW}.painter.draws")
    spent = {name: (after[name] - before[name]) / IDLE_SECONDS for name in before}
    return {
        "idle_cpu_share": sum(spent.values()),
        "idle_renderer_share": spent["renderer"],
        "idle_graphics_share": spent["GPU"],
        "idle_draws": drawn - draws,
    }


def measure(address: str) -> dict[str, Any]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=list(FLAGS))
        session = browser.new_browser_cdp_session()
        page = browser.new_page(viewport={"width": 1440, "height": 900})
        page.goto(f"{address}/stages?view=film&of=domain:*")
        page.wait_for_selector(".atlas-film .ac-root")
        if not page.evaluate(f"{VIEW}.ready"):
            raise SystemExit("the slices were not drawn: " + page.inner_text(".atlas-film"))
        page.wait_for_selector(".film-play:not(:disabled)")
        opened = stand_still(page, session)
        gaps = page.evaluate(RUN)
        played = stand_still(page, session)
        stats = page.evaluate(f"{VIEW}.stats()")
        browser.close()
    # Of standing as it was opened, and after it ran.
    idle = {name: max(opened[name], played[name]) for name in opened}
    return {
        "spots": stats["spots"],
        "renderer": stats["renderer"],
        "canvas_pixels": stats["pixels"],
        "frames": len(gaps),
        "frame_ms_median": statistics.median(gaps),
        "frame_ms_p95": statistics.quantiles(gaps, n=20)[-1],
        "frames_per_second": 1000 * len(gaps) / sum(gaps),
        **idle,
        "load_average": os.getloadavg()[0],
        "cores": os.cpu_count(),
        "targets": {**LEAST, **MOST},
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
            make_store(store, per_stage=1, n_spots=STAGES * SPOTS_PER_STAGE, n_slices=STAGES)
        process, host, port = start(store, Path(folder) / "jobs")
        try:
            found = measure(f"http://{host}:{port}")
        finally:
            process.terminate()
            process.wait()
    print(json.dumps({name: rounded(value) for name, value in found.items()}, indent=2))
    if options.json:
        options.json.write_text(json.dumps(found, indent=2) + "\n")
    missed = [name for name, least in LEAST.items() if found[name] < least]
    missed += [name for name, most in MOST.items() if found[name] > most]
    if missed and options.strict:
        raise SystemExit("not as it should be: " + ", ".join(missed))


if __name__ == "__main__":
    main()
