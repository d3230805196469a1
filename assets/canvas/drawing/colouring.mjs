/** From values to the colours of spots: the key, and the tint and layer of every spot. */

import { keyOf } from "../../colours/keys.mjs";
import { sortByLayer } from "./splat.mjs";
import { tint } from "./tints.mjs";

/** @typedef {import("../canvas.mjs").AtlasCanvas} AtlasCanvas */

/** Work out what colours mean.
 * @param {AtlasCanvas} atlas */
export function paintKey(atlas) {
  const { taken, description, state, scene } = atlas;
  const shown = atlas.shownSlices().map((slice) => scene.spans[slice]);
  const front = atlas.front === null ? undefined : scene.spans[atlas.front];
  const look = { shown, front, state, scheme: atlas.frame.scheme };
  atlas.keyed = keyOf({ ...taken, description, ...look });
  if (atlas.lit !== null && atlas.keyed.key.hidden.has(atlas.lit)) atlas.lit = null;
}

/** Give every spot its colour, in each panel.
 * @param {AtlasCanvas} atlas */
export function tintSpots(atlas) {
  const { lit, picked, selecting, layers, orders, n } = atlas;
  const { palette, inks, key } = atlas.keyed;
  const { taken: { values: { bytes } }, frame: { background }, scene: { spans, natural, shuffled } } = atlas;
  const zeroApart = key.kind !== "category" && (key.kind !== "number" || key.zeroApart);
  const shown = new Set(atlas.shownSlices());
  const { strengths } = atlas;
  const look = { bytes, palette, lit, zeroApart, picked, selecting, background, spans, shown, strengths };
  const panels = atlas.sides ?? [null];
  if (atlas.tints.length !== n * panels.length) atlas.tints = new Uint32Array(n * panels.length);
  let changed = false;
  panels.forEach((panel, at) => {
    const own = { ...look, inks: panel ? inksOf(panel) : inks };
    changed = tint(own, layers, atlas.tints.subarray(at * n, (at + 1) * n)) || changed;
  });
  atlas.painter.setTints(atlas.tints);
  if (atlas.sorted && !changed) return;
  sortByLayer(natural, spans, layers, orders.spatial);
  sortByLayer(shuffled, [[0, n]], layers, orders.umap);
  atlas.sorted = true;
  atlas.stir();
}

/** @param {{palette: Uint8Array, bytes: Uint8Array}} panel @returns {Uint32Array} RGBA of every spot */
function inksOf({ palette, bytes }) {
  const table = new Uint32Array(palette.slice().buffer);
  return Uint32Array.from(bytes, (byte) => table[byte]);
}
