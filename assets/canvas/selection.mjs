/**
 * A selection: outlines that add spots and take spots away, one after the other. A link holds it as
 * atlas_app/selection/outline.py reads it.
 *
 * @typedef {import("./lasso.mjs").Outline} Outline
 * @typedef {Outline[]} Selection never empty
 * @typedef {"new" | "add" | "subtract"} How what a new outline does
 */

import { coarsened, cornersIn, decodeOutline, encodeOutline, markInside } from "./lasso.mjs";

// Characters of one selection: a link of two, with all else that it says, stays below 2,000.
const MOST_TEXT = 900;
const LEAST_POINTS = 6;
const ADD = "~";
const SUBTRACT = "!";

/** @param {Selection} selection @returns {string} only characters that a query string leaves alone */
export function encodeSelection(selection) {
  return selection
    .map((outline, at) => (at ? (outline.subtract ? SUBTRACT : ADD) : "") + encodeOutline(outline))
    .join("");
}

/** @param {string} text @param {number} sliceCount @returns {Selection | null} null when unreadable */
export function decodeSelection(text, sliceCount) {
  const [first, ...rest] = text.split(/(?=[~!])/);
  const outlines = [
    decodeOutline(first, sliceCount, false),
    ...rest.map((part) => decodeOutline(part.slice(1), sliceCount, part[0] === SUBTRACT)),
  ];
  return outlines.every(Boolean) ? /** @type {Selection} */ (outlines) : null;
}

/**
 * A selection with one more outline. Where its text grows too long, all outlines lose corners.
 * @param {Selection | null} selection @param {Outline} outline
 * @returns {Selection | null} null when even the coarsest is too long for a link
 */
export function joined(selection, outline) {
  let outlines = [...(selection ?? []), outline];
  let most = Math.max(...outlines.map(({ points }) => points.length));
  while (encodeSelection(outlines).length > MOST_TEXT) {
    most = Math.floor(most * 0.8);
    if (most < LEAST_POINTS) return null;
    outlines = outlines.map((each) => (each.points.length > most ? coarsened(each, most) : each));
  }
  return outlines;
}

/**
 * @param {Selection | null} selection @param {Record<string, Float32Array>} coordinates by view
 * @param {[number, number][]} spans of all slices
 * @param {(index: number) => boolean} shown false for spots that take no part
 * @param {Uint8Array} flags set to 1 where picked, else to 0
 * @returns {number[]} picked spots per slice; none while a view's coordinates are not there
 */
export function pick(selection, coordinates, spans, shown, flags) {
  flags.fill(0);
  const perSlice = spans.map(() => 0);
  if (!selection || !hasViews(selection, coordinates)) return perSlice;
  const inside = new Uint8Array(flags.length);
  for (const outline of selection) {
    const cloud = coordinates[outline.view];
    for (const carry of outline.slices) {
      const [start, stop] = spans[carry.slice];
      const corners = cornersIn(outline, carry);
      if (!outline.subtract) {
        markInside(corners, cloud, start, stop, flags);
        continue;
      }
      inside.fill(0, start, stop);
      if (!markInside(corners, cloud, start, stop, inside)) continue;
      for (let i = start; i < stop; i++) if (inside[i]) flags[i] = 0;
    }
  }
  spans.forEach(([start, stop], slice) => {
    for (let i = start; i < stop; i++) {
      if (!flags[i]) continue;
      if (shown(i)) perSlice[slice]++;
      else flags[i] = 0;
    }
  });
  return perSlice;
}

/** Whether all that the outlines were drawn on is there.
 * @param {Selection} selection @param {Record<string, Float32Array>} coordinates */
export function hasViews(selection, coordinates) {
  return selection.every(({ view }) => coordinates[view]);
}
