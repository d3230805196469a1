/** Looking at what is drawn: which spot is where, and which colour is there. */

import { present } from "../../page/present.mjs";
import { LAYER, LAYER_BITS } from "./splat.mjs";

// How far beside a spot the pointer may be, CSS pixels.
const REACH = 4;

/** @typedef {"spatial" | "umap"} View */

/**
 * @param {import("../canvas.mjs").AtlasCanvas} atlas @param {View} view
 * @param {number} x @param {number} y CSS pixels of the panel
 * @returns {number} index of the spot there, or -1
 */
export function spotAt(atlas, view, x, y) {
  if (!atlas.values) return -1;
  const { rect } = atlas.frame.panels[view];
  const accept = (/** @type {number} */ i) => (atlas.layers[i] & LAYER_BITS) > LAYER.ghost;
  return atlas.map.find(rect.x + x, rect.y + y, REACH, accept);
}

/**
 * @param {import("../canvas.mjs").AtlasCanvas} atlas @param {number} index @param {View} view
 * @param {number} panel of several side by side
 * @returns {{x: number, y: number} | null} CSS pixels of the canvas; null when not drawn
 */
export function screenOf(atlas, index, view, panel) {
  const range = atlas.ranges(view).find((r) => index >= r.start && index < r.stop);
  if (!range) return null;
  const rect = atlas.frame.rectOf(view, panel);
  const cloud = present(atlas.scene.coordinates[view], "Where the spots of a range lie");
  return {
    x: rect.x + (cloud[2 * index] - range.originX) * range.scaleX + range.offsetX,
    y: rect.y + (cloud[2 * index + 1] - range.originY) * range.scaleY + range.offsetY,
  };
}

/**
 * Colours now on the canvas where spots lie, those left out whose middle another spot covers.
 * @param {import("../canvas.mjs").AtlasCanvas} atlas @param {number[]} indices @param {View} view
 * @param {number} panel @returns {[number, number[]][]} index and RGBA bytes
 */
export function pixelsOf(atlas, indices, view, panel) {
  const look = atlas.painter.snapshot();
  /** @type {[number, number[]][]} */
  const found = [];
  for (const index of indices) {
    const at = deviceOf(atlas, index, view, panel);
    if (at && atlas.map.at(...at) === index + panel * atlas.n) found.push([index, look(...at)]);
  }
  return found;
}

/**
 * @param {import("../canvas.mjs").AtlasCanvas} atlas @param {number} index @param {View} view
 * @param {number} panel @returns {[number, number] | null} device pixel of a spot's middle
 */
export function deviceOf(atlas, index, view, panel) {
  const at = screenOf(atlas, index, view, panel);
  if (!at) return null;
  const { ratio } = atlas.map;
  return [Math.floor(at.x * ratio), Math.floor(at.y * ratio)];
}
