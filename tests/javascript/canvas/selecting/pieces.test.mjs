import assert from "node:assert/strict";
import { test } from "node:test";

import { clipped, linesOf, pathOf } from "../../../../assets/canvas/selecting/pieces.mjs";

/** @typedef {import("../../../../assets/canvas/selecting/pieces.mjs").Copy} Copy */

/** A box of corners as it lies for a tile.
 * @param {number} x @param {number} width @returns {Copy} */
const copy = (x, width, turned = false) => {
  const [wide, high] = turned ? [10, width] : [width, 10];
  const line = /** @type {[number, number][]} */ ([[x, 0], [x + wide, 0], [x + wide, high], [x, high]]);
  // Turned by a right angle, the same edges begin one corner on.
  const order = turned ? [1, 2, 3, 0].map((at) => line[at]) : line;
  return { line: order, box: [0, -5, 50, 500] };
};

test("an outline is one line while its tiles keep their places", () => {
  assert.deepEqual(linesOf([[copy(0, 100), copy(0.4, 100)]]), [copy(0, 100).line]);
  // So it is where each slice has an outline of its own, as slices were turned when it was drawn.
  assert.deepEqual(linesOf([[copy(0, 100)], [copy(0.4, 100)], [copy(0, 99.6)]]), [copy(0, 100).line]);
});

test("where they have not, each part stays within its tile", () => {
  const parts = linesOf([[copy(0, 100)], [copy(30, 100)], [copy(0, 100, true)]]);
  assert.equal(parts.length, 3);
  for (const part of parts.slice(0, 2)) assert.ok(part.every(([x]) => x >= 0 && x <= 50));
  assert.deepEqual(linesOf([[copy(60, 100)], [copy(200, 100)]]), []);
});

test("outlines that were drawn one by one are whole", () => {
  const outlines = [[copy(0, 100)], [copy(200, 60)], [copy(0, 100)], []];
  assert.deepEqual(linesOf(outlines), outlines.slice(0, 3).map(([{ line }]) => line));
});

test("a line is cut at the edges of a box", () => {
  assert.deepEqual(clipped([[-10, 0], [10, 0], [10, 10], [-10, 10]], [0, -5, 5, 5]), [
    [0, 5], [0, 0], [5, 0], [5, 5],
  ]);
  assert.equal(pathOf([[0, 0.25], [1, 0], [0, 1]]), "M0.0 0.3L1.0 0.0L0.0 1.0Z");
  assert.equal(pathOf([]), "");
});
