/** Outlines of selections in the Python of a figure: where the page draws them, with the look that it gives them. */

import { inkOf } from "../pictures/ink.mjs";

/** @typedef {import("../canvas/around/overlay.mjs").Overlay} Overlay */
/** @typedef {(x: number, y: number) => [number, number]} Place from pixels of a panel to its axes */

/** The function that draws them, once for all panels.
 * @param {number} dpi of the figure @returns {string[]} */
export function outlineFunction(dpi) {
  return [
    "def draw_outlines(axes, outlines):",
    `    """Outlines of selections: fill, line, its width and dashes in pixels, and its corners."""`,
    "    axes.axis(axes.axis())  # They change nothing of what is in view.",
    "    for fill, line, wide, dashes, corners in outlines:",
    `        points = wide * 72 / ${dpi}`,
    "        style = (0, [dash / wide for dash in dashes]) if dashes else \"-\"",
    "        look = {\"facecolor\": fill, \"edgecolor\": line, \"linewidth\": points, \"linestyle\": style}",
    "        axes.fill(*np.transpose(corners), zorder=4, **look)",
    "",
    "",
  ];
}

/** @param {Overlay} overlay of a panel @param {Place} place @returns {string[]} the rows of a list of Python */
export function outlineRows({ paths }, place) {
  const rows = [];
  for (const path of Object.values(paths)) {
    const style = getComputedStyle(path);
    const [fill, line] = [style.fill, style.stroke].map((color) => pythonInk(inkOf(color)));
    const wide = parseFloat(style.strokeWidth) || 1;
    const dashes = (style.strokeDasharray.match(/[\d.]+/g) ?? []).map(Number);
    for (const corners of linesOf(path.getAttribute("d") ?? "")) {
      const placed = corners.map(([x, y]) => `(${place(x, y).map((each) => Number(each.toPrecision(6))).join(", ")})`);
      rows.push(`    (${fill}, ${line}, ${wide}, [${dashes.join(", ")}], [${placed.join(", ")}]),`);
    }
  }
  return rows;
}

/** The closed lines of a path.
 * @param {string} d 'M1 2L3 4…ZM…Z' @returns {[number, number][][]} */
function linesOf(d) {
  return d
    .split("M")
    .filter(Boolean)
    .map((line) => line.replace("Z", "").split("L").map((at) => /** @type {[number, number]} */ (at.trim().split(" ").map(Number))));
}

/** @param {import("../pictures/ink.mjs").Ink | null} ink */
function pythonInk(ink) {
  if (!ink) return '"none"';
  const opacity = Math.round(255 * ink.opacity).toString(16).padStart(2, "0");
  return JSON.stringify(`${ink.color}${opacity}`);
}
