/**
 * A selection: outlines that add spots and take spots away, one after the other. A link holds it as
 * atlas_app/selection/outline.py reads it.
 *
 * @typedef {import("./lasso.mjs").Outline} Outline
 * @typedef {import("../drawing/scene.mjs").Places} Places
 * @typedef {Outline[]} Selection empty only while all that is known of it is its address
 * @typedef {"new" | "add" | "subtract"} How what a new outline does
 */

import { present } from "../../page/present.mjs";
import { coarsened, cornersIn, decodeOutline, encodeOutline, markInside } from "./lasso.mjs";

// Characters of one selection: a link of two, with all else that it says, stays below 2,000.
export const MOST_TEXT = 900;
/** Characters of a selection that the server keeps and a link names by its address; it takes more. */
export const MOST_KEPT = 200_000;
const LEAST_POINTS = 6;
const ADD = "~";
const SUBTRACT = "!";
const ADDRESS = /^@[0-9a-f]{32}$/;

/** @type {WeakMap<Selection, string>} of selections that the server keeps */
const addresses = new WeakMap();

/** @param {Selection} selection @param {string} address that stands for it @returns {Selection} */
export function addressed(selection, address) {
  addresses.set(selection, address);
  return selection;
}

/** Whether only the address of a selection is known yet.
 * @param {Selection | null} selection */
export function isAway(selection) {
  return selection?.length === 0;
}

/** Whether a link can hold a selection, or its address.
 * @param {Selection} selection */
export function fitsLink(selection) {
  return addresses.has(selection) || textOf(selection).length <= MOST_TEXT;
}

/** As a link holds it: its address, else all of it.
 * @param {Selection} selection
 * @returns {string} only characters that a query string leaves alone */
export function encodeSelection(selection) {
  return addresses.get(selection) ?? textOf(selection);
}

/** @param {Selection} selection @returns {string} its outlines */
export function textOf(selection) {
  return selection
    .map((outline, at) => (at ? (outline.subtract ? SUBTRACT : ADD) : "") + encodeOutline(outline))
    .join("");
}

/** @param {string} text @param {number} sliceCount
 * @returns {Selection | null} without outlines where `text` is an address; null when unreadable */
export function decodeSelection(text, sliceCount) {
  if (ADDRESS.test(text)) return addressed([], text);
  const [first, ...rest] = text.split(/(?=[~!])/);
  const outlines = [
    decodeOutline(first, sliceCount, false),
    ...rest.map((part) => decodeOutline(part.slice(1), sliceCount, part[0] === SUBTRACT)),
  ];
  return outlines.every(Boolean) ? /** @type {Selection} */ (outlines) : null;
}

/**
 * A selection with one more outline. Where its text grows too long, all outlines lose corners.
 * @param {Selection | null} selection @param {Outline} outline @param {number} [most] characters
 * @returns {Selection | null} null when even the coarsest is too long
 */
export function joined(selection, outline, most = MOST_TEXT) {
  return shortened([...(selection ?? []), outline], most);
}

/** A selection whose outlines have lost as many corners as they must for so many characters.
 * @param {Selection} selection @param {number} [length] of its text at most
 * @returns {Selection | null} null when even the coarsest is too long */
export function shortened(selection, length = MOST_TEXT) {
  let outlines = selection;
  let most = Math.max(...outlines.map(({ points }) => points.length));
  while (textOf(outlines).length > length) {
    most = Math.floor(most * 0.8);
    if (most < LEAST_POINTS) return null;
    outlines = outlines.map((each) => (each.points.length > most ? coarsened(each, most) : each));
  }
  return outlines;
}

/**
 * @param {Selection | null} selection @param {Places} coordinates
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
    const cloud = present(coordinates[outline.view], "A view that was drawn on");
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
 * @param {Selection} selection @param {Places} coordinates */
export function hasViews(selection, coordinates) {
  return selection.every(({ view }) => coordinates[view]);
}
