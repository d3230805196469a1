"""Tissue images under the spots, in a real Chromium: where they lie, how opaque, what is copied."""

from __future__ import annotations

import io
import re
from typing import Any

import numpy as np
import pytest
from PIL import Image

pytestmark = pytest.mark.browser


def test_the_tissue_image_lies_under_its_spots(tab: Any, canvas: Any, http: Any) -> None:
    opened = tab()
    page = opened.page
    points = np.frombuffer(http._get(f"{http.base}/coordinates/spatial")[0], np.float32)
    points = points.reshape(-1, 2)
    part = http.description["slices"][0]
    own = points[part["start"] : part["stop"]]
    # Red grows with x and green with y, from the origin of the coordinates to beyond the spots.
    reach = float(own.max()) * 1.2
    ramp = np.linspace(0, 255, 256).astype(np.uint8)
    pixels = np.zeros((256, 256, 3), np.uint8)
    pixels[:, :, 0], pixels[:, :, 1] = ramp[None, :], ramp[:, None]
    body = io.BytesIO()
    Image.fromarray(pixels).save(body, "PNG")

    def described(route: Any) -> None:
        answer = route.fetch().json()
        answer["slices"][0]["tissue"] = {"width": 256, "height": 256, "scale": 256 / reach}
        route.fulfill(json=answer)

    page.route(re.compile(r"/api/v1/atlases/[^/]+$"), described)
    page.route("**/tissue/0.jpg*", lambda route: route.fulfill(body=body.getvalue()))
    opened.open("/explore?size=0.3&tissue=0.5")
    view = canvas(opened)
    view.wait("c.ground.laid !== ''")
    paper = np.array(view.background())
    seen = """((place) => {
      const turn = c.scene.aligned ? c.scene.turns[0] : [1, 0, 0, 1, 0, 0];
      const [x, y] = [0, 1].map(i => turn[i] * place[0] + turn[2 + i] * place[1] + turn[4 + i]);
      const { scale, x: left, y: top } = c.layout.tiles[0];
      const { minX, minY } = c.scene.boxes[0];
      const at = [(x - minX) * scale + left, (y - minY) * scale + top].map(Math.round);
      return [c.map.at(...at), c.painter.read(...at).slice(0, 3), c.painter.read(2, 2).slice(0, 3)];
    })(a)"""
    low, high = own.min(axis=0), own.max(axis=0)
    bare = 0
    for place in np.random.default_rng(0).uniform(low, high, (60, 2)):
        spot, color, beside = view.ask(seen, place.tolist())
        assert beside == paper.tolist()
        if spot < 0:
            bare += 1
            wanted = (np.array([*(place / reach * 255), 0]) + paper) / 2
            assert np.abs(np.array(color) - wanted).max() < 6
    assert bare > 20
    # Slices that are turned take their image along.
    page.get_by_label("Aligned").check()
    view.wait("c.applied.aligned")
    assert max(abs(view.ask("c.scene.turns[0][1]")), 0.1) > 0.1
    ends = np.random.default_rng(1).integers(0, len(own), (60, 2))
    turned = [(place, view.ask(seen, place.tolist())) for place in own[ends].mean(axis=1)]
    for place, (_, color, _) in (each for each in turned if each[1][0] < 0):
        wanted = (np.array([*(place / reach * 255), 0]) + paper) / 2
        assert np.abs(np.array(color) - wanted).max() < 8
    assert sum(spot < 0 for _, (spot, _, _) in turned) > 15
    page.get_by_label("Aligned").uncheck()
    view.wait("!c.applied.aligned")
    code = page.evaluate(
        """async () => (await import("/assets/explore/python.mjs")).pythonOf(
          document.querySelector(".atlas-explore").atlasCanvas)"""
    )
    compile(code, "figure.py", "exec")
    assert "    draw_tissue(axes)" not in code
    assert "\ndraw_tissue(axes)\n" in code
    assert "alpha=0.5" in code
    opacity = page.get_by_label("Tissue", exact=True)
    opacity.focus()
    opacity.press("Home")
    opened.until("() => location.search.includes('tissue=0')")
    assert view.ask(seen, ((low + high) / 2).tolist())[1:] == [paper.tolist()] * 2
    opacity.press("End")
    opened.until("() => location.search.includes('tissue=1')")
    view.wait("c.ground.laid.includes(' 1 ')")
    # Tiles that share no scale have no bar, and say so in its place.
    assert page.locator(".ac-scalebar > i").bounding_box()["width"] > 10
    view.ask("(c.layout = { ...c.layout, commonScale: false }, c.draw(), true)")
    assert page.locator(".ac-scalebar").inner_text() == "Each slice has a scale of its own"
    assert not page.locator(".ac-scalebar > i").is_visible()
