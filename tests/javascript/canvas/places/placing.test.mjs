import assert from "node:assert/strict";
import { test } from "node:test";

import { Camera } from "../../../../assets/canvas/places/camera.mjs";
import { drawnDiameters, inverse, placeTiles, placeUmap } from "../../../../assets/canvas/places/placing.mjs";

const BOX = { minX: -4, minY: 2, maxX: 16, maxY: 12 };

/** @param {import("../../../../assets/canvas/drawing/splat.mjs").Range} r @param {number} x @param {number} y */
const put = (r, x, y) => [(x - r.originX) * r.scaleX + r.offsetX, (y - r.originY) * r.scaleY + r.offsetY];

test("the corner of a slice lies at the corner of its tile, wherever the camera is", () => {
  const tile = { slice: 0, x: 30, y: 40, width: 100, height: 50, scale: 5, labelWidth: 0 };
  const camera = new Camera();
  camera.zoom(2, 10, 20);
  const slices = /** @type {any} */ ([{ start: 3, stop: 9 }]);
  const [range] = placeTiles([tile], slices, [BOX], [0.8], camera, 1);
  assert.deepEqual([range.start, range.stop, range.size], [3, 9, 8]);
  assert.deepEqual(put(range, -4, 2), [30 * 2 + camera.x, 40 * 2 + camera.y]);
  assert.deepEqual(put(range, 16, 12), [130 * 2 + camera.x, 90 * 2 + camera.y]);
});

test("spots are neither too small to be seen nor larger than a thumb", () => {
  const tile = { slice: 0, x: 0, y: 0, width: 1, height: 1, scale: 1, labelWidth: 0 };
  const slices = /** @type {any} */ ([{ start: 0, stop: 1 }]);
  const sizeOf = (/** @type {number} */ spacing) =>
    placeTiles([tile], slices, [BOX], [spacing], new Camera(), 1)[0].size;
  assert.equal(sizeOf(0.001), 1.6);
  assert.equal(sizeOf(1e4), 80);
});

test("a UMAP is centred, upright and within its margins", () => {
  const rect = { x: 0, y: 0, width: 300, height: 200 };
  const [range] = placeUmap(100, BOX, rect, new Camera(), 1);
  assert.deepEqual(put(range, 6, 7), [150, 100]);
  const [left, below] = put(range, BOX.minX, BOX.minY);
  assert.ok(left >= 26 - 1e-9);
  assert.ok(below > 100 && below <= 200 - 26 + 1e-9);
});

test("a place on the panel leads back to coordinates", () => {
  const camera = new Camera();
  camera.zoom(3, 44, 5);
  const [range] = placeUmap(100, BOX, { x: 0, y: 0, width: 300, height: 200 }, camera, 1);
  const { ax, bx, ay, by } = inverse(range);
  const [x, y] = put(range, 3.5, 9.25);
  assert.ok(Math.abs(x * ax + bx - 3.5) < 1e-9);
  assert.ok(Math.abs(y * ay + by - 9.25) < 1e-9);
});

test("the diameter that is told is the one that is drawn, in the unit of the slice", () => {
  const tile = { slice: 0, x: 0, y: 0, width: 1, height: 1, scale: 0.1, labelWidth: 0 };
  const slices = /** @type {any} */ ([{ start: 0, stop: 1 }]);
  const camera = new Camera();
  const told = (/** @type {number} */ size) =>
    drawnDiameters(placeTiles([tile], slices, [BOX], [100], camera, size), [tile]);
  assert.deepEqual(told(0.55), [55, 55]);
  // No smaller than 1.6 pixels: what is drawn is told, not what was asked for.
  assert.deepEqual(told(0.1), [16, 16]);
  camera.zoom(2, 0, 0);
  assert.deepEqual(told(0.1), [10, 10]);
  assert.equal(drawnDiameters([], []), null);
});
