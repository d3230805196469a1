/**
 * Python that draws what is on the map, from the store alone: the same slices at the same places,
 * the same values on the same scale. Sizes are those of the page, in pixels.
 */

import { present } from "../page/present.mjs";
import { fullMixes } from "../colours/blend.mjs";
import { ANCHORS, DIVERGING, MISSING, ZERO, hexColor, rgb } from "../colours/palettes.mjs";
import { MISSING_BYTE, valueOf } from "../colours/scale.mjs";
import { ownEnds } from "../colours/slicescale.mjs";
import { ESTIMATED } from "../colours/sorts.mjs";
import { splitColor } from "../colours/words.mjs";
import { outlineFunction, outlineRows } from "./pythonoutlines.mjs";

/** @typedef {import("../canvas/canvas.mjs").AtlasCanvas} AtlasCanvas */
/** @typedef {import("../colours/keys.mjs").NumberKey} NumberKey */

const OWN_MAPS = ["tide", "ember"];
const SIGNED = "signed";
const DPI = 100;
// Room below for the colour bars, pixels.
const FOOT = 56;

/** @param {AtlasCanvas} atlas once painted @returns {string} */
export function pythonOf(atlas) {
  const { description, sides, state } = atlas;
  const { key } = atlas.keyed;
  const { scheme } = atlas.frame;
  const [width, height] = atlas.frame.size;
  const colors = sides ? sides.map(({ color }) => color) : [atlas.valuesColor];
  const sets = colors.some((color) => color.startsWith("set:"));
  const estimated = colors.some((color) => splitColor(color)[0] in ESTIMATED);
  const { aligned } = atlas.scene;
  const stained = atlas.ground.laid !== "" && !aligned;
  const draws = key.kind === "side" ? key.panels.map(({ scale }) => key.scales[scale]) : [key];
  const bars = [...new Set(draws.filter(({ kind }) => kind === "number"))];
  const lines = draws.map((scale, at) => linesOf(atlas, scale, colors[at], bars.indexOf(/** @type {any} */ (scale))));
  const numbers = bars.length > 0;
  const map = key.kind === "number" && key.sort?.ends ? SIGNED : state.map;
  const own = numbers && (map === SIGNED || OWN_MAPS.includes(map));
  const paper = hexColor(atlas.frame.background);
  return [
    "import matplotlib.pyplot as plt",
    "import numpy as np",
    ...(sets ? ["import pandas as pd"] : []),
    ...(own ? ["from matplotlib.colors import LinearSegmentedColormap"] : []),
    `from training.store import ${estimated ? "Estimates, " : ""}open_atlas${stained ? ", tissue_images" : ""}`,
    "",
    `atlas = open_atlas(${text(`${description.id}.atlas.zarr`)})`,
    `assert atlas.digest.startswith(${text(description.digest.slice(0, 12))})`,
    ...placesOf(atlas),
    "",
    ...(scheme === "dark" ? ['plt.style.use("dark_background")'] : []),
    ...(own ? mapOf(map, map === SIGNED ? DIVERGING[scheme] : [...ANCHORS[map].matchAll(/.{6}/g)].map(([hex]) => `#${hex}`)) : []),
    `figure = plt.figure(figsize=(${round(width / DPI)}, ${round((height + FOOT) / DPI)}), dpi=${DPI}, facecolor=${text(paper)})`,
    ...functionsOf(paper),
    ...(atlas.selecting ? outlineFunction(DPI) : []),
    ...(stained ? tissueOf(state.tissue) : []),
    ...lines.flatMap(({ once }) => once ?? []),
    ...outlinesOf(atlas),
    ...lines.flatMap((each, at) => panelOf(atlas, each, draws.indexOf(draws[at]) === at, at)),
    ...(atlas.withUmap && atlas.scene.coordinates.umap ? umapOf(atlas, lines[0]) : []),
    "plt.show()",
    "",
  ].join("\n");
}

/** The outlines on the tissue, alike in all its panels.
 * @param {AtlasCanvas} atlas */
function outlinesOf(atlas) {
  if (!atlas.selecting) return [];
  const { k, x, y } = atlas.cameras.spatial;
  return [
    "# Spots have the colours that they have without the selection.",
    "outlines = [",
    ...outlineRows(atlas.frame.overlays.spatial, (left, top) => [(left - x) / k, (top - y) / k]),
    "]",
    "",
  ];
}

/** @param {AtlasCanvas} atlas */
function placesOf(atlas) {
  const { layout, description, scene, state } = atlas;
  const rows = layout.tiles.map(({ slice, scale, x, y }) => {
    const { minX, minY } = scene.boxes[slice];
    const place = [scale, x - minX * scale, y - minY * scale].map(round);
    const size = scene.spacings[slice] * scale * atlas.cameras.spatial.k * state.size;
    return `    ${text(description.slices[slice].name)}: (${[...place, round(Math.max(1.6, size))].join(", ")}),`;
  });
  const plane = scene.aligned ? "atlas.aligned[rows, :2]" : "atlas.coordinates()[rows]";
  return [
    "# Where each slice lies: scale, shift in x and y, and the diameter of its spots, in pixels.",
    "places = {",
    ...rows,
    "}",
    "parts = [part for part in atlas.slices if part.name in places]",
    "rows = np.concatenate([np.arange(part.start, part.stop) for part in parts])",
    "scale, dx, dy, size = np.repeat(",
    "    [places[part.name] for part in parts], [part.n_spots for part in parts], axis=0",
    ").T",
    ...(scene.aligned ? ["# Slices lie as the alignment turned them; tissue images do not."] : []),
    `x, y = ${plane}.T * scale + [dx, dy]`,
  ];
}

/** @param {string} paper */
function functionsOf(paper) {
  return [
    "",
    "",
    "def add_panel(left, top, width, height, title):",
    `    """A part of the figure, in pixels from its upper left corner."""`,
    `    wide, high = figure.get_size_inches() * ${DPI}`,
    "    box = (left / wide, 1 - (top + height) / high, width / wide, height / high)",
    `    axes = figure.add_axes(box, facecolor=${text(paper)}, xticks=[], yticks=[])`,
    '    axes.text(0.01, 0.99, title, transform=axes.transAxes, va="top", weight="bold")',
    "    return axes",
    "",
    "",
    "def draw_spots(axes, some, shrink=1.0, **look):",
    "    points = (0.72 * shrink * size[some]) ** 2",
    "    return axes.scatter(x[some], y[some], s=points, linewidths=0, **look)",
    "",
    "",
    "def add_bar(at, points, label):",
    `    wide, high = figure.get_size_inches() * ${DPI}`,
    "    bar = figure.add_axes(((20 + 240 * at) / wide, 30 / high, 200 / wide, 8 / high))",
    '    figure.colorbar(points, cax=bar, orientation="horizontal")',
    "    bar.tick_params(labelsize=6)",
    "    bar.set_title(label, fontsize=7, pad=2)",
    "",
    "",
    "def name_slices(axes):",
    "    for part in parts:",
    "        own = (rows >= part.start) & (rows < part.stop)",
    "        place = (x[own].min() + x[own].max()) / 2, y[own].min() - 8",
    '        axes.text(*place, part.name, ha="center", fontsize=6, clip_on=True)',
    "",
    "",
  ];
}

/** @param {number} opacity of the tissue images, 0 to 1 */
function tissueOf(opacity) {
  return [
    "def draw_tissue(axes):",
    `    """The tissue images under their spots, as far as the spots reach."""`,
    "    for image in tissue_images(atlas):",
    "        part = atlas.slices[image.slice]",
    "        if part.name not in places:",
    "            continue",
    "        spots = atlas.coordinates()[part.start : part.stop] * image.scale",
    "        left, top = np.maximum(spots.min(axis=0), 0).astype(int)",
    "        ends = np.minimum(spots.max(axis=0) + 1, [image.width, image.height])",
    "        right, bottom = ends.astype(int)",
    "        scale, dx, dy, _ = places[part.name]",
    "        # Pixels of the image become those of the page.",
    "        edges = np.array([left, right, bottom, top]) / image.scale * scale + [dx, dx, dy, dy]",
    "        pixels = image.pixels()[top:bottom, left:right]",
    `        axes.imshow(pixels, extent=edges, alpha=${opacity}, zorder=0)`,
    "",
    "",
  ];
}

/**
 * @typedef {{once?: string[], draw: string[], key: string[]}} Lines once: what the others need; draw:
 *   what puts spots on a panel; key: its key
 * @param {AtlasCanvas} atlas @param {import("../colours/keys.mjs").Key} scale @param {string} color
 * @param {number} bars colour bars before its own @returns {Lines}
 */
function linesOf(atlas, scale, color, bars) {
  if (scale.kind === "number") return numberOf(atlas, scale, color, bars);
  if (scale.kind === "category") return categoryOf(atlas, scale, color);
  return blendOf(/** @type {import("../colours/keys.mjs").BlendKey} */ (scale));
}

/** @param {AtlasCanvas} atlas @param {Lines} lines @param {boolean} keyed @param {number} at */
function panelOf(atlas, lines, keyed, at) {
  const { rect } = atlas.frame.cells[at];
  const title = atlas.sides ? atlas.sides[at].title : atlas.keyed.key.title;
  const { k, x, y } = atlas.cameras.spatial;
  const seen = (/** @type {number} */ shift, /** @type {number} */ length) =>
    [-shift / k, (length - shift) / k].map(round);
  const [left, right] = seen(x, rect.width);
  const [top, bottom] = seen(y, rect.height);
  return [
    `axes = add_panel(${boxOf(rect)}, ${text(title)})`,
    ...(atlas.ground.laid && !atlas.scene.aligned ? ["draw_tissue(axes)"] : []),
    ...lines.draw,
    "name_slices(axes)",
    ...(atlas.selecting ? ["draw_outlines(axes, outlines)"] : []),
    ...(keyed ? lines.key : []),
    `axes.set(xlim=(${left}, ${right}), ylim=(${bottom}, ${top}), aspect="equal")`,
    "",
  ];
}

/** @param {AtlasCanvas} atlas @param {Lines} lines of the colours on the tissue */
function umapOf(atlas, lines) {
  const [{ size, originX, originY, scaleX, scaleY, offsetX, offsetY }] = atlas.ranges("umap");
  const outlines = outlineRows(atlas.frame.overlays.umap, (left, top) => [
    (left - offsetX) / scaleX + originX,
    (top - offsetY) / scaleY + originY,
  ]);
  return [
    `axes = add_panel(${boxOf(atlas.frame.panels.umap.rect)}, "UMAP")`,
    'x, y = atlas.coordinates("umap").T',
    ...(atlas.layout.tiles.length < atlas.description.slices.length
      ? [`axes.scatter(x, y, s=${round((0.72 * size) ** 2)}, linewidths=0, color="0.5", alpha=0.1)`]
      : []),
    "x, y = x[rows], y[rows]",
    `size = np.full(len(rows), ${round(size)})`,
    ...lines.draw,
    'axes.set_aspect("equal", adjustable="datalim")',
    ...(outlines.length ? ["draw_outlines(axes, [", ...outlines, "])"] : []),
    "",
  ];
}

/** @param {AtlasCanvas} atlas @param {NumberKey} scale @param {string} color
 * @param {number} bars before its own @returns {Lines} */
function numberOf(atlas, scale, color, bars) {
  const { scheme } = atlas.frame;
  const [low, high] = scale.clip.map((byte) => Number(valueOf(byte, scale.lo, scale.hi).toPrecision(6)));
  const { hidden, zeroApart, percent, ranges } = scale;
  const map = scale.sort?.ends ? SIGNED : OWN_MAPS.includes(scale.map) ? scale.map : text(scale.map);
  const reach = scale.fixed
    ? "Colours run alike over all slices."
    : `Colours run from the ${percent[0]} to the ${percent[1]}% quantile of ${zeroApart ? "what is not zero in " : ""}all slices${atlas.sides ? " and maps of this unit" : ""}.`;
  const look = { value: "value", ends: `vmin=${low}, vmax=${high}` };
  if (ranges) Object.assign(look, { value: "shade", ends: "vmin=0, vmax=1" });
  return {
    once: ranges ? rangesOf(scale, ranges) : [],
    draw: [
      `value = ${valuesOf(atlas, color)}[rows]`,
      ...(hidden.has(MISSING_BYTE)
        ? []
        : [`draw_spots(axes, np.isnan(value), 0.62, color=${text(MISSING[scheme])})`]),
      ...(zeroApart && !hidden.has(0) ? [`draw_spots(axes, value == 0, color=${text(ZERO[scheme])})`] : []),
      `some = ~np.isnan(value)${zeroApart ? " & (value != 0)" : ""}`,
      ...(ranges ? ["shade = np.where(high > low, (value - low) / np.maximum(high - low, 1e-9), value >= high)"] : [`# ${reach}`]),
      `points = draw_spots(axes, some, c=${look.value}[some], ${look.ends}, cmap=${map})`,
    ],
    key: [
      `add_bar(${bars}, points, ${text((scale.unit || scale.title) + (ranges ? ", each slice on its own scale" : ""))})`,
      ...(ranges ? [`figure.axes[-1].set_xticks([0, 1], [${ownEnds(percent).map(text).join(", ")}])`] : []),
    ],
  };
}

/**
 * The scale of each slice.
 * @param {NumberKey} scale @param {import("../colours/slicescale.mjs").Ranges} ranges of its slices
 * @returns {string[]}
 */
function rangesOf({ slices, percent, zeroApart }, ranges) {
  const names = present(slices, "The names of slices with scales of their own");
  const some = zeroApart ? " of what is not zero" : "";
  const ends = (/** @type {[number, number] | null} */ range) =>
    (range ?? [0, 1]).map((value) => Number(value.toPrecision(6))).join(", ");
  return [
    `# Colours run in each slice from its own ${percent[0]} to its own ${percent[1]}% quantile${some}.`,
    "ranges = {",
    ...[...ranges].map(([slice, range]) => `    ${text(names[slice])}: (${ends(range)}),`),
    "}",
    "low, high = np.repeat(",
    "    [ranges[part.name] for part in parts], [part.n_spots for part in parts], axis=0",
    ").T",
    "",
  ];
}

/** @param {AtlasCanvas} atlas @param {import("../colours/keys.mjs").CategoryKey} scale @param {string} color
 * @returns {Lines} */
function categoryOf(atlas, { categories, hidden, missingColor }, color) {
  const listed = categories.filter(({ code }) => !hidden.has(code));
  return {
    draw: [
      `label = ${valuesOf(atlas, color)}[rows]`,
      "colors = {",
      ...listed.map((each) => `    ${text(each.name)}: ${text(hexColor(each.color))},`),
      "}",
      ...(hidden.has(MISSING_BYTE)
        ? []
        : [`draw_spots(axes, np.equal(label, None), 0.62, color=${text(hexColor(missingColor))})`]),
      "for name, color in colors.items():",
      "    if (label == name).any():",
      "        draw_spots(axes, label == name, color=color, label=name)",
    ],
    key: ['axes.legend(loc="lower left", fontsize=7, ncols=2)'],
  };
}

/** @param {import("../colours/keys.mjs").BlendKey} scale @returns {Lines} */
function blendOf({ parts, scheme, unit }) {
  const inks = fullMixes(parts.map(({ name }) => name), scheme).slice(0, parts.length);
  const rows = parts.map(({ name, lo, hi, clip }, at) => {
    const ends = clip.map((byte) => Number(valueOf(byte, lo, hi).toPrecision(6)));
    return `    (${text(name)}, ${ends.join(", ")}, (${rgb(inks[at].color).join(", ")})),`;
  });
  const light = scheme === "light";
  return {
    draw: [
      `# Each gene: lowest and highest value coloured (${unit}), and its colour at the highest.`,
      "genes = [",
      ...rows,
      "]",
      `zero = np.array((${rgb(ZERO[scheme]).join(", ")}))`,
      "values = np.array([atlas.gene(gene)[rows] for gene, *_ in genes])",
      "low, high = np.array([(low, high) for _, low, high, _ in genes]).T[:, :, None]",
      "shares = np.clip((values - low) / np.maximum(high - low, 1e-9), 0, 1)",
      light
        ? "mix = np.tile(zero, (len(rows), 1)).astype(float)"
        : "mix = zero * (1 - shares.max(axis=0))[:, None]",
      "for (*_, ink), share in zip(genes, shares):",
      light
        ? "    mix *= 1 - share[:, None] * (1 - np.array(ink) / zero)"
        : "    mix += share[:, None] * np.array(ink)",
      "mix = np.clip(mix, 0, 255) / 255",
      "missing = np.isnan(values).any(axis=0)",
      `draw_spots(axes, missing, 0.62, color=${text(MISSING[scheme])})`,
      "some = ~missing",
      "draw_spots(axes, some, c=mix[some])",
    ],
    key: [
      "for gene, _, _, ink in genes:",
      '    axes.plot([], [], "o", color=np.array(ink) / 255, label=gene)',
      'axes.legend(loc="lower left", fontsize=7)',
    ],
  };
}

/** @param {import("../canvas/drawing/splat.mjs").Rect} rect */
function boxOf({ x, y, width, height }) {
  return [x, y, width, height].map(round).join(", ");
}

/** @param {AtlasCanvas} atlas @param {string} color @returns {string} an expression of all spots' values */
function valuesOf(atlas, color) {
  const [kind, name] = splitColor(color);
  if (kind === "gene") return `atlas.gene(${text(name)})`;
  if (kind === "estimate") return `Estimates(atlas).gene(${text(name)})`;
  if (kind === "difference") return `Estimates(atlas).difference(${text(name)})`;
  if (kind === "factor") return `atlas.factor(${Number(name)})`;
  if (kind === "obs") return `atlas.obs(${text(name)})`;
  const scores = new URL(atlas.source.scoresAddress(name), window.location.href).href;
  return `pd.read_csv(${text(scores)})["score"].to_numpy()`;
}

/** @param {string} name of a colour map that matplotlib lacks @param {string[]} anchors '#rrggbb' */
function mapOf(name, anchors) {
  const rows = [];
  for (let at = 0; at < anchors.length; at += 10) {
    rows.push(`    "${anchors.slice(at, at + 10).join(" ")} "`);
  }
  return [`${name} = (`, ...rows, ")", `${name} = LinearSegmentedColormap.from_list("${name}", ${name}.split())`];
}

/** @param {string} value as a Python string */
function text(value) {
  return JSON.stringify(value);
}

/** @param {number} value */
function round(value) {
  return Number(value.toPrecision(7));
}
