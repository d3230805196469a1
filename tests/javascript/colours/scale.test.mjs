import assert from "node:assert/strict";
import { test } from "node:test";

import { MISSING, ZERO, colorTable, rgb } from "../../../assets/colours/palettes.mjs";
import * as scale from "../../../assets/colours/scale.mjs";

/** @param {Record<number, number>} given spots by byte */
const counted = (given) => {
  const counts = new Uint32Array(256);
  for (const [byte, n] of Object.entries(given)) counts[Number(byte)] = n;
  return counts;
};
/** @param {Uint8Array} palette @param {number} byte */
const entry = (palette, byte) => [...palette.subarray(4 * byte, 4 * byte + 4)];

test("a histogram counts the spots of its ranges alone", () => {
  const bytes = Uint8Array.from([1, 1, 2, 9, 1, 255]);
  const counts = scale.histogram(bytes, [[0, 2], [4, 6]]);
  assert.deepEqual([counts[1], counts[2], counts[9], counts[255]], [3, 0, 0, 1]);
});

test("percentiles are of the nearest rank, without missing spots and the zeros of a gene", () => {
  const counts = counted({ 0: 1000, 10: 50, 20: 49, 30: 1, 255: 500 });
  assert.equal(scale.percentileByte(counts, 50, true), 10);
  assert.equal(scale.percentileByte(counts, 51, true), 20);
  assert.equal(scale.percentileByte(counts, 99.5, true), 30);
  assert.equal(scale.percentileByte(counts, 50, false), 0);
});

test("without a measured spot the scale is whole", () => {
  const none = counted({ 0: 7, 255: 3 });
  assert.deepEqual(scale.clipBytes(none, [1, 99], true), [1, 254]);
  assert.equal(scale.percentOf(none, 9, true, "low"), 0);
  assert.equal(scale.percentOf(none, 9, true, "high"), 100);
});

test("0 and 100 percent are the ends of the scale, not of the spots", () => {
  const counts = counted({ 60: 10, 80: 10 });
  assert.deepEqual(scale.clipBytes(counts, [0, 100], false), [0, 254]);
  assert.deepEqual(scale.clipBytes(counts, [0, 100], true), [1, 254]);
  assert.deepEqual(scale.clipBytes(counts, [1, 99], false), [60, 80]);
});

test("a handle stands at the percentile that leads back to its byte", () => {
  const counts = counted({ 3: 17, 40: 5, 41: 91, 200: 2, 254: 30 });
  for (const byte of [3, 40, 41, 200, 254]) {
    const high = scale.percentOf(counts, byte, true, "high");
    assert.equal(scale.percentileByte(counts, high, true), byte, `high ${byte}`);
  }
});

test("values that are given are the ends of the colours", () => {
  assert.deepEqual(scale.bytesAt([0, 5], 0, 10, true), [1, 127]);
  assert.deepEqual(scale.bytesAt([0, 99], 0, 10, false), [0, 254]);
  assert.deepEqual(scale.bytesAt([7, 3], 0, 10, false), [178, 178]);
  assert.deepEqual(scale.bytesAt([1, 2], 4, 4, false), [0, 0]);
});

test("bytes stand for values at equal steps from lo to hi", () => {
  assert.equal(scale.valueOf(0, -1, 3), -1);
  assert.equal(scale.valueOf(254, -1, 3), 3);
  assert.equal(scale.valueOf(127, -1, 3), 1);
});

test("a palette runs between its ends, with zero, missing and hidden apart", () => {
  const how = { map: "magma", clip: [50, 150], zeroApart: true, hidden: new Set([7]), scheme: "dark" };
  const palette = scale.numberPalette(/** @type {any} */ (how));
  const table = colorTable("magma");
  const color = (/** @type {number} */ step) => [...table.subarray(3 * step, 3 * step + 3), 255];
  assert.deepEqual(entry(palette, 0), [...rgb(ZERO.dark), 255]);
  assert.deepEqual(entry(palette, 1), color(0));
  assert.deepEqual(entry(palette, 50), color(0));
  assert.deepEqual(entry(palette, 150), color(255));
  assert.deepEqual(entry(palette, 254), color(255));
  assert.deepEqual(entry(palette, 100), color(128));
  assert.equal(entry(palette, 7)[3], 0);
  assert.deepEqual(entry(palette, 255), [...rgb(MISSING.dark), 255]);
});

test("a constant has the last colour from its byte on", () => {
  const how = { map: "viridis", clip: [9, 9], zeroApart: false, hidden: new Set(), scheme: "light" };
  const palette = scale.numberPalette(/** @type {any} */ (how));
  const table = colorTable("viridis");
  assert.deepEqual(entry(palette, 8).slice(0, 3), [...table.subarray(0, 3)]);
  assert.deepEqual(entry(palette, 9).slice(0, 3), [...table.subarray(765)]);
});

test("codes without a category are not drawn", () => {
  const palette = scale.categoryPalette([[1, 2, 3], [4, 5, 6]], new Set([1]), "light");
  assert.deepEqual(entry(palette, 0), [1, 2, 3, 255]);
  assert.deepEqual(entry(palette, 1), [4, 5, 6, 0]);
  assert.equal(entry(palette, 2)[3], 0);
  assert.deepEqual(entry(palette, 255), [...rgb(MISSING.light), 255]);
});

test("ends of the colours say where there are values beyond", () => {
  const of = (/** @type {[number, number]} */ clip, /** @type {boolean} */ zeroApart) =>
    scale.boundsOf({ lo: 0, hi: 254, clip }, zeroApart);
  assert.deepEqual(of([0, 254], false), ["0", "254"]);
  assert.deepEqual(of([1, 200], true), ["1", "≥ 200"]);
  assert.deepEqual(of([1, 200], false), ["≤ 1", "≥ 200"]);
});
