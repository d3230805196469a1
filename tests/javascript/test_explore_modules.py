"""The canvas's pure modules, run by Node and held against Python or a plain formula."""

from __future__ import annotations

import runpy
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from atlas_app.drawing import colors
from atlas_app.explore.state import ViewState, read_state, write_state
from atlas_app.http.links import parse_search

SIGHT = runpy.run_path(str(Path(__file__).parents[1] / "atlas_app" / "drawing" / "test_colors.py"))

ADDRESSES = (
    "",
    "?color=gene:MYH7&stage=E9.5",
    "?color=obs:total_counts&map=magma&clip=2.5_97.5&hide=0_3_255&size=1.5&umap=0",
    "?scale=slice&color=factor:1",
    "?scale=other&aligned=1",
    "?aligned=yes",
    "?slice=E9.5_E1%20S2&stage=E9.5&at=0.5_0.5_2",
    "?color=factor:3&at=0.5_0.25_3.2&sel=spatial*1_2_3_4_5_6*0*2_1_10_-4.5",
    "?sel=spatial*1_2_3_4_5_6*0~umap*1_2_3_4_5_6*0*1!spatial*9_2_3_4_5_6*3&diff=spots",
    "?vs=umap*1_2_3_4_5_6*0*1&without=obs:domain*0_3~set:~0123456789ab.xyz*0~gene:MYH7*0&diff=slices",
    "?atlas=other&color=gene:HLA-A%20x&stage=6.5%20PCW&color=gene:SECOND",
    "?color=set:MYH7,NPPA&stage=E9.5",
    "?color=set:~abababababab.AAEC",
    "?color=blend:MYH7,NPPA,TTN&hide=0",
    "?color=estimate:MYH7&hide=255&without=difference:NPPA*255",
    "?color=blend:MYH7,MYH7",
    f"?sel=%40{'0a' * 16}&vs=%40{'b' * 32}",
    "?tissue=0",
    "?tissue=0.35&size=0.4",
    "?tissue=0.6",
    "?color=blend:A,B,C,D&without=blend:A,B*0",
    "?color=side:gene:MYH7~factor:3~obs:domain~set:~abababababab.AAEC~set:A,B&hide=0",
    "?color=side:gene:A~gene:A",
    "?color=side:gene:A~blend:B,C",
    "?color=side:&without=side:gene:A*0",
    "?color=side:" + "~".join(f"factor:{k}" for k in range(7)),
    # What cannot be read counts as not given.
    "?color=nonsense&map=jet&clip=90_10&hide=999&size=40&tissue=1.5&umap=maybe&at=1_2&sel=&without=obs:a*300&diff=x",
    "?color=gene:&clip=a_b&hide=1_x&size=&at=1_2_0&stage=",
)


def test_the_address_reads_and_writes_as_in_python(scripts: Any) -> None:
    script = """async address => {
      const { readState, writeState } = await import("/assets/explore/address.mjs");
      const { encodeSelection } = await import("/assets/canvas/selecting/selection.mjs");
      const s = readState(address, 50);
      const selection = s.selection && encodeSelection(s.selection);
      const versus = s.versus && encodeSelection(s.versus);
      return [{ ...s, hidden: [...s.hidden], selection, versus }, writeState(s, "")];
    }"""
    for address in ADDRESSES:
        seen, written = scripts.evaluate(script, address)
        state = read_state(parse_search(address))
        assert seen == {
            "color": state.color,
            "stage": state.stage,
            "slice": state.slice,
            "map": state.map,
            "clip": list(state.clip),
            "hidden": seen["hidden"],
            "scale": state.scale,
            "size": state.size,
            "tissue": state.tissue,
            "umap": state.umap,
            "aligned": state.aligned,
            "selection": state.selection or None,
            "versus": state.versus or None,
            "without": list(state.without),
            "diff": state.diff,
            "camera": state.camera,
        }
        assert set(seen["hidden"]) == state.hidden
        assert parse_search(written) == write_state(state)
        assert read_state(parse_search(written)) == state
    assert write_state(ViewState()) == {}


def test_the_size_of_a_set_is_read_off_its_name(scripts: Any) -> None:
    from atlas_app.genesets.address import _pack

    places = [0, 1, 127, 128, 129, 400, 20_000, 3_000_000]
    told = scripts.evaluate(
        """async names => {
          const { setSize } = await import("/assets/colours/words.mjs");
          return names.map(setSize);
        }""",
        ["", "A", "A,B,C", f"~abababababab.{_pack(places)}", "~x.%%"],
    )
    assert told == [0, 1, 3, len(places), 0]


def test_colour_tables_are_the_same(scripts: Any) -> None:
    script = """async ([name, n]) => {
      const { colorTable, categoryColors, hexColor } = await import("/assets/colours/palettes.mjs");
      return [[...colorTable(name)], categoryColors(n, null).map(hexColor)];
    }"""
    for name, n in zip(colors.color_maps(), (1, 3, 8, 24, 30, 60), strict=True):
        table, categories = scripts.evaluate(script, [name, n])
        assert np.array_equal(np.reshape(table, (256, 3)), colors.color_table(name))
        assert categories == colors.category_colors(n)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(("genes", "apart"), [("AB", 0.2), ("ABC", 0.09)])
def test_genes_and_their_full_mixes_differ_for_every_sight(
    scripts: Any, scheme: str, genes: str, apart: float
) -> None:
    mixes = scripts.evaluate(
        """async ([genes, scheme]) =>
          (await import("/assets/colours/blend.mjs")).fullMixes([...genes], scheme)""",
        [genes, scheme],
    )
    shown = [colors.ZERO[scheme], *(each["color"] for each in mixes)]
    assert len(shown) == 2 ** len(genes)
    for sight in ("NORMAL", "DEUTERANOPIA", "PROTANOPIA"):
        lab = SIGHT["oklab"](np.array([colors.rgb(color) for color in shown]), SIGHT[sight])
        assert min(np.linalg.norm(a - b) for a, b in combinations(lab, 2)) > apart, sight


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_signs_differ_for_every_sight_and_zero_is_the_colour_of_zero(
    scripts: Any, scheme: str
) -> None:
    table = scripts.evaluate(
        """async scheme =>
          [...(await import("/assets/colours/palettes.mjs")).divergingTable(scheme)]""",
        scheme,
    )
    table = np.reshape(table, (256, 3))
    zero = np.array(colors.rgb(colors.ZERO[scheme]))
    assert np.abs(table[[127, 128]].astype(int) - zero).max() <= 3
    for sight in ("NORMAL", "DEUTERANOPIA", "PROTANOPIA"):
        lab = SIGHT["oklab"](table, SIGHT[sight])
        # The further from zero, the further from its colour; and no shade below is one above.
        away = np.linalg.norm(lab - lab[127], axis=1)
        assert (np.diff(away[:120:8]) < 0).all(), sight
        assert (np.diff(away[136::8]) > 0).all(), sight
        below, above = lab[:96], lab[160:]
        assert np.linalg.norm(below[:, None] - above[None], axis=2).min() > 0.08, sight


def test_spots_inside_an_outline(scripts: Any) -> None:
    """markInside against a plain even-odd count, on a star that crosses itself."""
    rng = np.random.default_rng(0)
    points = rng.uniform(-1.2, 1.2, (500, 2)).astype(np.float32)
    angles = np.pi * (0.5 + 0.8 * np.arange(5))
    star = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    flags, count = scripts.evaluate(
        """async ([points, star]) => {
          const { markInside } = await import("/assets/canvas/selecting/lasso.mjs");
          const flags = new Uint8Array(points.length / 2);
          const n = markInside(star, Float32Array.from(points), 0, flags.length, flags);
          return [[...flags], n];
        }""",
        [points.ravel().tolist(), star.tolist()],
    )
    ends = np.roll(star, 1, axis=0)
    expected = np.zeros(len(points), dtype=bool)
    for (ax, ay), (bx, by) in zip(star, ends, strict=True):
        crosses = (ay > points[:, 1]) != (by > points[:, 1])
        at = (bx - ax) * (points[:, 1] - ay) / (by - ay) + ax
        expected ^= crosses & (points[:, 0] < at)
    assert np.array_equal(np.array(flags, dtype=bool), expected)
    assert count == expected.sum() > 20


def test_a_selection_survives_its_link(scripts: Any) -> None:
    told = scripts.evaluate(
        """async () => {
          const l = await import("/assets/canvas/selecting/lasso.mjs");
          const m = await import("/assets/canvas/selecting/selection.mjs");
          const path = Array.from({ length: 400 }, (_, i) => {
            const a = i / 400 * 2 * Math.PI, r = 100 + 20 * Math.sin(7 * a);
            return [r * Math.cos(a), r * Math.sin(a)];
          });
          const points = l.simplify(path);
          const slices = Array.from({ length: 20 }, (_, slice) =>
            ({ slice, scale: 1, dx: slice * 1234.5678, dy: 0 }));
          const first = l.rounded({ view: "spatial", points, slices, subtract: false });
          const small = l.rounded({ ...first, slices: slices.slice(0, 2), subtract: true });
          const selection = m.joined(m.joined(null, first), small);
          const text = m.encodeSelection(selection);
          const again = m.decodeSelection(text, 20);
          let many = [small];
          while (many && many.length < 60) many = m.joined(many, small);
          return { n: points.length, many: many && many.length,
            signs: selection.map((each) => each.subtract),
            length: text.length, url: encodeURIComponent(text) === text,
            same: JSON.stringify(again) === JSON.stringify(selection),
            bad: ["", "x", "spatial*1_2*0", "spatial*1_2_3_4_5_6*99", "spatial*1_2_3_4_5_a*0",
                  "elsewhere*1_2_3_4_5_6*0", "umap*1_2_3_4_5_6", "spatial*1_2_3_4_5_6*0~",
                  "spatial*1_2_3_4_5_6*0!x"]
              .map(t => m.decodeSelection(t, 20)) };
        }"""
    )
    assert 8 <= told["n"] <= 40
    assert told["length"] <= 900
    assert told["signs"] == [False, True]
    assert told["many"] is None
    assert told["url"]
    assert told["same"]
    assert told["bad"] == [None] * 9


def test_tiles_keep_one_scale_order_and_their_own_room(scripts: Any) -> None:
    script = """async ([sizes, spacings, width, height, units]) => {
      const { layoutTiles } = await import("/assets/canvas/places/tiles.mjs");
      const boxes = sizes.map(([w, h]) => ({ minX: 5, minY: 5, maxX: 5 + w, maxY: 5 + h }));
      const stages = sizes.map((_, i) => String(i >> 1));
      return layoutTiles(
        sizes.map((_, i) => i), stages, boxes, spacings, width, height, undefined, units);
    }"""
    rng = np.random.default_rng(1)
    panels = ((1, 900, 700), (12, 700, 760), (12, 358, 283), (19, 356, 400), (19, 358, 283))
    for count, width, height in (*panels, (53, 900, 700), (53, 358, 283)):
        sizes = rng.uniform(1000, 4000, (count, 2))
        layout = scripts.evaluate(script, [sizes.tolist(), [100.0] * count, width, height])
        tiles = layout["tiles"]
        assert layout["commonScale"]
        assert [tile["slice"] for tile in tiles] == list(range(count))
        assert len({round(tile["scale"], 9) for tile in tiles}) == 1
        for i, a in enumerate(tiles):
            assert a["width"] / a["height"] == pytest.approx(sizes[i][0] / sizes[i][1])
            assert a["x"] >= 0
            assert a["x"] + a["width"] <= width
            for b in tiles[:i]:
                beside = a["x"] >= b["x"] + b["width"] or b["x"] >= a["x"] + a["width"]
                assert beside or a["y"] >= b["y"] + b["height"]
        assert min(tile["y"] for tile in tiles) >= layout["labelHeight"]
        assert max(tile["y"] + tile["height"] for tile in tiles) <= height
        # However small the panel, tiles take a good part of it.
        assert sum(tile["width"] * tile["height"] for tile in tiles) > 0.14 * width * height
    # Where it is known what brings them to one unit, they are drawn in it.
    known = [[[400, 300], [200, 150]], [10.0, 5.0], 800, 600, [1, 2]]
    first, second = scripts.evaluate(script, known)["tiles"]
    assert second["scale"] == pytest.approx(2 * first["scale"])
    assert second["width"] == pytest.approx(first["width"])
    assert [first["unit"], second["unit"]] == [1, 2]
    # Slices in another unit get a scale of their own, and the page shows no common scale bar.
    layout = scripts.evaluate(script, [[[10, 10], [9000, 8000]], [0.1, 100.0], 800, 600])
    assert not layout["commonScale"]


def test_nearest_and_spacing(scripts: Any) -> None:
    told = scripts.evaluate(
        """async () => {
          const { Grid } = await import("/assets/canvas/drawing/grid.mjs");
          const xy = [];
          for (let r = 0; r < 20; r++) for (let c = 0; c < 30; c++) xy.push(7 * c, 7 * r);
          const grid = new Grid(Float32Array.from(xy), 0, xy.length / 2);
          const line = new Grid(Float32Array.from([0, 0, 1, 0, 2, 0, 3, 0]), 0, 4);
          const one = new Grid(Float32Array.from([4, 4]), 0, 1);
          return { spacing: grid.spacing(), line: line.spacing(), one: one.spacing() > 0,
                   near: grid.nearest(71, 34, 5), far: grid.nearest(-50, -50, 20) };
        }"""
    )
    assert told == {"spacing": 7, "line": 1, "one": True, "near": 5 * 30 + 10, "far": -1}


def test_the_index_map_has_one_owner_per_pixel(scripts: Any) -> None:
    told = scripts.evaluate(
        """async () => {
          const { IndexMap, LAYER, shuffled, sortByLayer } =
            await import("/assets/canvas/drawing/splat.mjs");
          const map = new IndexMap();
          map.resize(40, 20, 2);
          const cloud = Float32Array.from([5, 5, 6, 5, 39.9, 10, 15, 10]);
          const layers = Uint8Array.from([LAYER.picked, LAYER.plain, LAYER.plain, LAYER.none]);
          const range = { start: 0, stop: 4, originX: 0, originY: 0, scaleX: 1, scaleY: 1,
                          offsetX: 0, offsetY: 0, size: 4 };
          const rect = { x: 0, y: 0, width: 20, height: 20 };
          const places = new Uint32Array(4);
          sortByLayer(Uint32Array.from([0, 1, 2, 3]), [[0, 4]], layers, places);
          map.draw(cloud, rect, [range], places, layers);
          const seen = new Set([...map.pixels].map(p => (p & 0xffffff) - 1));
          const right = [...map.pixels].some((p, i) => p && i % 80 >= 40);
          const order = shuffled(1000);
          return { front: map.at(10, 10), seen: [...seen].sort(), right,
                   found: map.find(7.5, 5, 3, () => true), out: map.at(-1, 0),
                   all: new Set(order).size, moved: order[0] !== 0 || order[1] !== 1 };
        }"""
    )
    # Spot 0 is picked and lies in front; spot 2 is off the panel, spot 3 hidden.
    assert told == {
        "front": 0,
        "seen": [-1, 0, 1],
        "right": False,
        "found": 1,
        "out": -1,
        "all": 1000,
        "moved": True,
    }


def test_lengths_and_numbers_as_people_write_them(scripts: Any) -> None:
    told = scripts.evaluate(
        """async () => {
          const { niceLength, lengthText } = await import("/assets/canvas/around/overlay.mjs");
          const { readable } = await import("/assets/colours/scale.mjs");
          const { diameterText } = await import("/assets/explore/spotsize.mjs");
          return [[137, 99, 0.034, 5].map(niceLength),
            [[200, "µm"], [2000, "um"], [50, "px"], [5, ""], [2e3, ""], [2e4, ""]].map(
              a => lengthText(...a)),
            [[43, 44.2], [43, 43.1], [900, 1100]].map(ends => diameterText(ends, "um")),
            [0, 1.23456, 1234567, 0.0001234, NaN].map(readable)];
        }"""
    )
    assert told == [
        [100, 50, 0.02, 5],
        ["200 µm", "2 mm", "50 px", "5 units", "2,000 units", "20,000 units"],
        ["43 to 44 µm", "43 µm", "900 µm to 1.1 mm"],
        ["0", "1.23", "1.2e6", "1.2e−4", "–"],
    ]
