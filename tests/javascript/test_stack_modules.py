"""The pure modules of the 3D view, run by Node and held against plain formulas."""

from __future__ import annotations

from typing import Any

import numpy as np

PLACES = (
    {"yaw": 0, "pitch": 0, "deep": False},
    {"yaw": -28, "pitch": 62, "deep": False},
    {"yaw": 140, "pitch": 117, "deep": False},
    {"yaw": 75, "pitch": 80, "deep": True},
    {"yaw": -28, "pitch": 62, "deep": True},
)
STAGE = {"width": 300, "height": 220, "centre": {"x": 5, "y": 4, "z": 3}, "radius": 9}
# Of the pixels of a picture, one in so many is looked at, across and down.
EVERY = 3


def projected(points: np.ndarray, place: dict[str, Any]) -> np.ndarray:
    """Pixel x, y and depth of (n, 3) points by rotation matrices."""
    a, b = np.radians([place["yaw"], place["pitch"]])
    about = np.array([[np.cos(a), -np.sin(a), 0], [np.sin(a), np.cos(a), 0], [0, 0, 1]])
    tilt = np.array([[1, 0, 0], [0, np.cos(b), np.sin(b)], [0, -np.sin(b), np.cos(b)]])
    seen = (points - (5, 4, 3)) @ (tilt @ about).T
    eye = 3.4 * 9
    near = eye / (eye + seen[:, 2]) if place["deep"] else np.ones(len(seen))
    scale = (110 - 34) / 9 * near
    return np.column_stack([150 + scale * seen[:, 0], 110 + scale * seen[:, 1], seen[:, 2]])


def test_points_land_where_rotation_matrices_put_them(scripts: Any) -> None:
    points = np.random.default_rng(0).uniform(0, 10, (40, 3))
    script = """async ([stage, place, points]) => {
      const { Turntable, project } = await import("/assets/stack/turntable.mjs");
      const camera = new Turntable();
      camera.turn(place.yaw, place.pitch);
      const p = camera.projection({ ...stage, deep: place.deep });
      return points.map(at => { const { x, y, depth } = project(p, ...at); return [x, y, depth]; });
    }"""
    for place in PLACES:
        found = scripts.evaluate(script, [STAGE, place, points.tolist()])
        np.testing.assert_allclose(found, projected(points, place), atol=1e-9)


def test_every_pixel_is_of_the_nearest_section_over_it(scripts: Any) -> None:
    """Random spots in four planes, drawn; then pixels of a grid against all spots, one by one."""
    rng = np.random.default_rng(1)
    heights = [0.0, 1.5, 4.0, 6.0]
    flat = rng.uniform((0, 0), (10, 8), (400, 2)).astype(np.float32)
    planes = np.repeat(np.arange(4), 100)
    script = """async ([stage, place, flat, heights, every]) => {
      const { Turntable, planesFromBehind } = await import("/assets/stack/turntable.mjs");
      const { SpaceMap } = await import("/assets/stack/space.mjs");
      const camera = new Turntable();
      camera.turn(place.yaw, place.pitch);
      const p = camera.projection({ ...stage, deep: place.deep });
      const map = new SpaceMap();
      map.resize(stage.width, stage.height, 1);
      const layers = new Uint8Array(400).fill(3);
      const shown = new Uint8Array(400).fill(1);
      shown[7] = 0;
      const list = planesFromBehind(heights, p).map(at => ({
        start: 100 * at, stop: 100 * at + 100, height: heights[at], spacing: 0.8, reach: 7,
      }));
      map.drawPlanes(p, list, Float32Array.from(flat.flat()), shown, layers);
      const grid = map.pixels.filter((_, i) =>
        (i / stage.width | 0) % every === 0 && (i % stage.width) % every === 0);
      const hidden = map.pixels.some((pixel) => (pixel & 0xffffff) - 1 === 7);
      return [hidden, grid.join(" ")];
    }"""
    for place in PLACES:
        hidden, pixels = scripts.evaluate(
            script, [STAGE, place, flat.astype(float).tolist(), heights, EVERY]
        )
        assert not hidden
        found = np.array(pixels.split(), np.uint32)
        rows, columns = np.divmod(np.arange(len(found)), STAGE["width"] // EVERY)
        full = found >> 24 == 255
        owner = (found & 0xFFFFFF)[full].astype(int) - 1
        rows, columns = rows[full] * EVERY, columns[full] * EVERY
        assert len(rows) > 100
        points = np.column_stack([flat, np.array(heights)[planes]])
        at = projected(points, place)
        wide = 0.4 * (110 - 34) / 9
        high = max(0.3, abs(np.cos(np.radians(place["pitch"])))) * wide
        # Which spots surely cover the pixel: well inside their ellipse.
        x, y = columns[:, None] + 0.5 - at[None, :, 0], rows[:, None] + 0.5 - at[None, :, 1]
        near = np.ones(400) if not place["deep"] else 3.4 * 9 / (3.4 * 9 + at[:, 2])
        shrink = 0.9 * near
        inside = (x / np.maximum(wide * shrink - 1.0, 0.3)) ** 2 + (
            y / np.maximum(high * shrink - 1.0, 0.3)
        ) ** 2 < 1
        inside[:, 7] = False
        eye = 3 - 3.4 * 9 * np.cos(np.radians(place["pitch"])) if place["deep"] else -1e9
        if not place["deep"] and place["pitch"] > 90:
            eye = 1e9
        distance = np.abs(np.array(heights) - eye)[planes]
        nearest = np.where(inside, distance[None, :], np.inf).min(axis=1)
        shown = distance[owner]
        assert (shown <= nearest).all()


def test_addresses_of_the_view_read_and_write(scripts: Any) -> None:
    script = """async address => {
      const { readStack, writeStack } = await import("/assets/stack/address.mjs");
      const s = readStack(address);
      return [{ ...s, off: [...s.off], hidden: [...s.hidden] }, writeStack(s, address)];
    }"""
    full = (
        "?color=gene:MYH7&map=magma&clip=5_95&at=0.1_-0.2_3&turn=12.5_90&off=1_4&cut=x_10_60"
        "&gap=2.5&lens=deep&stack=E9%20one&atlas=other"
    )
    state, written = scripts.evaluate(script, full)
    assert state["turn"] == [12.5, 90]
    assert (state["off"], state["axis"], state["cut"]) == ([1, 4], "x", [10, 60])
    assert (state["gap"], state["deep"], state["stack"]) == (2.5, True, "E9 one")
    assert (state["color"], state["clip"], state["camera"]) == ("gene:MYH7", [5, 95], "0.1_-0.2_3")
    assert scripts.evaluate(script, written) == [state, written]
    assert "atlas=other" in written

    rubbish = "?turn=9&off=a_b&cut=w_1_2&gap=9000&lens=fish&stack="
    state, written = scripts.evaluate(script, rubbish)
    assert state["turn"] == [-28, 62]
    assert (state["off"], state["axis"], state["gap"]) == ([], "", 1)
    assert not state["deep"]
    assert written == ""
    for wrong in ("?turn=1_200", "?cut=x_60_10", "?cut=z_0_101", "?gap=0"):
        assert scripts.evaluate(script, wrong)[1] == ""
