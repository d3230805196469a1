/** What can be taken along: the values of the spots on view as CSV, and the Python of the figure. */

import { MISSING_BYTE, valueOf } from "../colours/scale.mjs";
import { ESTIMATED } from "../colours/sorts.mjs";
import { splitColor } from "../colours/words.mjs";

/** @typedef {import("./view.mjs").StackView} StackView */

/** @param {StackView} view @returns {number[]} spots on view, section by section */
export function spotsOnView(view) {
  const { sections, keyed: { palette }, taken: { values } } = view;
  const found = [];
  for (const { start, stop } of sections.list) {
    for (let i = start; i < stop; i++) {
      if (sections.shown[i] && palette[4 * values.bytes[i] + 3]) found.push(i);
    }
  }
  return found;
}

/** One row a spot: its section, name, place and value; numbers as the view has them, in 255 steps.
 * @param {StackView} view @returns {Promise<string>} */
export async function csvOf(view) {
  const { sections, taken: { values }, keyed: { key }, source } = view;
  const given = sections.stack.depth === "given";
  const spots = spotsOnView(view);
  const names = await Promise.all(spots.map((spot) => source.spotName(spot)));
  const categories = key.kind === "category" ? key.categories : null;
  const told = (/** @type {number} */ byte) => {
    if (byte === MISSING_BYTE) return "";
    if (categories) return categories[byte]?.name ?? "";
    return String(Number(valueOf(byte, values.lo, values.hi).toPrecision(4)));
  };
  const { digest } = view.description;
  const head = ["section", "spot", "x", "y", given ? "depth" : "order", key.title, "atlas_digest"];
  const rows = spots.map((spot, at) => {
    const section = sections.holding(spot);
    const [x, y] = sections.points.subarray(2 * spot, 2 * spot + 2);
    const depth = given ? section.depth : section.depth + 1;
    return [section.name, names[at], x, y, depth, told(values.bytes[spot]), digest];
  });
  return [head, ...rows].map((row) => row.map(quoted).join(",")).join("\r\n") + "\r\n";
}

/** @param {string | number} cell */
function quoted(cell) {
  const text = typeof cell === "number" ? String(Number(cell.toPrecision(7))) : cell;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** Python that draws what is on view, from the store alone.
 * @param {StackView} view */
export function pythonOf(view) {
  const { description, sections, state } = view;
  const { stack } = sections;
  const [kind, name] = splitColor(view.valuesColor);
  const scores = kind === "set" ? new URL(view.source.scoresAddress(name), window.location.href).href : "";
  const value = {
    gene: `atlas.gene(${JSON.stringify(name)})`,
    estimate: `Estimates(atlas).gene(${JSON.stringify(name)})`,
    difference: `Estimates(atlas).difference(${JSON.stringify(name)})`,
    factor: `atlas.factor(${name})`,
    obs: `atlas.obs(${JSON.stringify(name)})`,
    set: `pd.read_csv(${JSON.stringify(scores)})["score"].to_numpy()`,
  }[kind];
  const names = sections.list.filter((_, at) => view.left[at]).map((section) => section.name);
  const given = stack.depth === "given";
  const scale = Number((sections.usual * state.gap).toPrecision(6));
  const [yaw, pitch] = state.turn.map((v) => Number(v.toFixed(2)));
  const lines = [
    "import matplotlib.pyplot as plt",
    "import numpy as np",
    ...(scores ? ["import pandas as pd"] : []),
    `from training.store import ${kind in ESTIMATED ? "Estimates, " : ""}open_atlas`,
    "",
    `atlas = open_atlas(${JSON.stringify(`${description.id}.atlas.zarr`)})`,
    `assert atlas.digest.startswith("${description.digest.slice(0, 12)}")`,
    `sections = ${JSON.stringify(names)}`,
    "plane = atlas.coordinates() if atlas.aligned is None else atlas.aligned",
    `value = ${value}`,
    "parts = {part.name: part for part in atlas.slices}",
    "rows = np.concatenate([np.arange(parts[s].start, parts[s].stop) for s in sections])",
    "x, y = plane[rows, 0], plane[rows, 1]",
    given
      ? "depth = plane[rows, 2]"
      : "depth = np.repeat(np.arange(len(sections)), [parts[s].n_spots for s in sections])",
  ];
  if (state.axis) {
    const [low, high] = sections.bounds(state.axis, state.cut);
    const axis = state.axis === "z" ? "depth" : state.axis;
    const tests = [
      Number.isFinite(low) ? `(${axis} >= ${low})` : "",
      Number.isFinite(high) ? `(${axis} <= ${high})` : "",
    ].filter(Boolean);
    if (tests.length) {
      lines.push(`kept = ${tests.join(" & ")}`);
      lines.push("rows, x, y, depth = rows[kept], x[kept], y[kept], depth[kept]");
    }
  }
  lines.push(
    "colour = value[rows]",
    "if colour.dtype == object:",
    "    colour = np.unique(colour.astype(str), return_inverse=True)[1]",
    'axes = plt.figure().add_subplot(projection="3d")',
    `axes.scatter(x, -y, -${scale} * depth, c=colour, s=4, cmap=${JSON.stringify(mapName(view))})`,
    'axes.set_aspect("equal")',
    `axes.view_init(elev=${90 - pitch}, azim=${Number((yaw - 90).toFixed(2))})`,
    "plt.show()",
  );
  return lines.join("\n") + "\n";
}

/** A colour map that matplotlib has.
 * @param {StackView} view */
function mapName(view) {
  const { key } = view.keyed;
  if (key.kind !== "number") return "tab20";
  return ["viridis", "cividis", "magma", "plasma"].includes(key.map) ? key.map : "viridis";
}

/** @param {StackView} view @param {string} ending */
export function fileName(view, ending) {
  const color = view.valuesColor.replace(/[^\w.-]+/g, "-").slice(0, 80);
  const { id, digest } = view.description;
  return `${id}-stack-${color}-${digest.slice(0, 8)}.${ending}`;
}
