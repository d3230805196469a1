import assert from "node:assert/strict";
import { test } from "node:test";

import * as lasso from "../../../../assets/canvas/selecting/lasso.mjs";

/** @type {[number, number][]} */
const SQUARE = [[0, 0], [10, 0], [10, 10], [0, 10]];
const HOME = { start: 0, stop: 3, originX: 0, originY: 0, scaleX: 2, scaleY: 2, offsetX: 5, offsetY: 5, size: 3 };

test("straight lines lose their points and corners keep theirs", () => {
  const path = [];
  for (let i = 0; i < 50; i++) path.push([i, 0]);
  for (let i = 0; i < 50; i++) path.push([50, i]);
  const kept = lasso.simplify(/** @type {[number, number][]} */ (path), 10);
  assert.deepEqual(kept, [[0, 0], [50, 0], [50, 49]]);
});

test("a path of few points stays as it is", () => {
  assert.deepEqual(lasso.simplify(SQUARE), SQUARE);
});

test("only the range asked for is marked", () => {
  const points = Float32Array.from([5, 5, 5, 6, 50, 50, 1, 1]);
  const flags = new Uint8Array(4);
  assert.equal(lasso.markInside(SQUARE, points, 1, 3, flags), 1);
  assert.deepEqual([...flags], [0, 1, 0, 0]);
});

test("an outline is the text of a link and comes back from it", () => {
  const slices = [{ slice: 3, scale: 1, dx: 0, dy: 0 }, { slice: 4, scale: 0.5, dx: -2.25, dy: 7 }];
  const text = lasso.encodeOutline({ view: "spatial", points: SQUARE, slices, subtract: false });
  assert.equal(text, "spatial*0_0_10_0_10_10_0_10*3*4_0.5_-2.25_7");
  assert.deepEqual(lasso.decodeOutline(text, 5, true), { view: "spatial", points: SQUARE, slices, subtract: true });
  assert.equal(lasso.decodeOutline(text, 4, true), null);
});

test("what is drawn where no slice lies makes no outline", () => {
  const placed = lasso.placedSlices([HOME], [[0, 3], [3, 6]], [0, 1]);
  assert.deepEqual([...placed.keys()], [0]);
  const nowhere = lasso.placedSlices([], [[0, 3], [3, 6]], [0, 1]);
  assert.equal(lasso.outlineFrom("umap", SQUARE, false, nowhere, new Float32Array(12), [[0, 3], [3, 6]]), null);
});

test("numbers are kept to a two-thousandth of the outline's extent", () => {
  const slices = [{ slice: 0, scale: 1.23456789, dx: 0.123456789, dy: 0 }];
  const points = /** @type {[number, number][]} */ ([[0, 0], [1000.123456, 0], [0, 5]]);
  const kept = lasso.rounded({ view: "umap", points, slices, subtract: false });
  assert.deepEqual(kept.points[1], [1000.1, 0]);
  assert.equal(kept.slices[0].scale, 1.23457);
  const small = lasso.rounded({ view: "umap", points: [[0, 0], [0.0123456, 0], [0, 0.01]], slices, subtract: false });
  assert.ok(Math.abs(small.points[1][0] - 0.0123456) <= 0.0123456 / 2000);
});

test("an outline drawn over two tiles holds in the coordinates of both", () => {
  // The second tile is drawn at twice the scale, further on.
  const other = { ...HOME, start: 3, stop: 6, originX: 100, scaleX: 4, scaleY: 4, offsetX: 50 };
  const spots = Float32Array.from([0, 0, 1, 1, 9, 9, 100, 0, 101, 1, 109, 9]);
  const spans = /** @type {[number, number][]} */ ([[0, 3], [3, 6]]);
  const path = /** @type {[number, number][]} */ ([[0, 0], [60, 0], [60, 12], [0, 12]]);
  const placed = new Map([[0, HOME], [1, other]]);
  const outline = lasso.outlineFrom("spatial", path, false, placed, spots, spans);
  const flags = new Uint8Array(6);
  const hits = outline.slices.map((carry) =>
    lasso.markInside(lasso.cornersIn(outline, carry), spots, ...spans[carry.slice], flags),
  );
  // On the panel: slice 0 at 5, 7 and 23; slice 1 at (50, 5), (54, 9) and (86, 41).
  assert.deepEqual(hits, [2, 2]);
  assert.deepEqual([...flags], [1, 1, 0, 1, 1, 0]);
});

test("an outline without a spot in it is none", () => {
  const placed = new Map([[0, HOME]]);
  const away = /** @type {[number, number][]} */ ([[90, 90], [99, 90], [99, 99]]);
  const spots = Float32Array.from([0, 0, 1, 1, 2, 2]);
  assert.equal(lasso.outlineFrom("spatial", away, false, placed, spots, [[0, 3]]), null);
  assert.equal(lasso.outlineFrom("spatial", [[0, 0], [9, 9]], false, placed, spots, [[0, 3]]), null);
});
