import assert from "node:assert/strict";
import { test } from "node:test";

import { LAYER, SMALL } from "../../../../assets/canvas/drawing/splat.mjs";
import { tint } from "../../../../assets/canvas/drawing/tints.mjs";

const PALETTE = new Uint8Array(1024).map((_, at) => (at % 4 === 3 ? 255 : 100));
PALETTE[4 * 9 + 3] = 0;

/** @param {number[]} bytes @param {object} how */
function tinted(bytes, how = {}) {
  const n = bytes.length;
  const look = {
    bytes: Uint8Array.from(bytes), palette: PALETTE, zeroApart: true, picked: new Uint8Array(n),
    selecting: false, background: [0, 0, 0], spans: [[0, n]], shown: new Set([0]), ...how,
  };
  const layers = new Uint8Array(n);
  const tints = new Uint32Array(n);
  const changed = tint(/** @type {any} */ (look), layers, tints);
  const red = [...new Uint8Array(tints.buffer)].filter((_, at) => at % 4 === 0);
  return { layers: [...layers], red, changed, again: tint(/** @type {any} */ (look), layers, tints) };
}

test("zeros and missing lie behind, hidden bytes have no layer", () => {
  const { layers, changed, again } = tinted([0, 5, 255, 9]);
  assert.deepEqual(layers, [LAYER.back, LAYER.plain, LAYER.back + SMALL, LAYER.none]);
  assert.deepEqual([changed, again], [true, false]);
});

test("picked spots come to the front in their colour, the others step back", () => {
  const { layers, red } = tinted([5, 6], { selecting: true, picked: Uint8Array.from([0, 1]) });
  assert.deepEqual(layers, [LAYER.back, LAYER.picked]);
  assert.equal(red[1], 100);
  assert.ok(red[0] < 20);
});

test("slices that are not shown are ghosts", () => {
  const { layers, red } = tinted([5, 5], { spans: [[0, 1], [1, 2]] });
  assert.deepEqual(layers, [LAYER.plain, LAYER.ghost]);
  assert.ok(red[1] < red[0] / 5);
});

test("a slice has the share of its colours that it is told", () => {
  const { red } = tinted([5, 5], { spans: [[0, 1], [1, 2]], shown: new Set([0, 1]), strengths: new Map([[1, 0.5]]) });
  assert.equal(red[0], 100);
  assert.ok(red[1] < 100 && red[1] > 20);
});
