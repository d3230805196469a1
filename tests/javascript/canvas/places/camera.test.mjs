import assert from "node:assert/strict";
import { test } from "node:test";

import { Camera } from "../../../../assets/canvas/places/camera.mjs";

/** Where a point of the world is seen.
 * @param {Camera} camera @param {number} x @param {number} y */
const seen = (camera, x, y) => [x * camera.k + camera.x, y * camera.k + camera.y];

test("a zoom leaves the point under the pointer where it is", () => {
  const camera = new Camera();
  camera.pan(13, -7);
  for (const factor of [1.5, 3, 0.2, 10]) {
    const world = [(120 - camera.x) / camera.k, (80 - camera.y) / camera.k];
    camera.zoom(factor, 120, 80);
    const [x, y] = seen(camera, world[0], world[1]);
    assert.ok(Math.hypot(x - 120, y - 80) < 1e-9);
  }
});

test("zoom ends at a half and at four hundred times", () => {
  const camera = new Camera();
  camera.zoom(1e6, 0, 0);
  assert.equal(camera.k, 400);
  camera.zoom(1e-9, 0, 0);
  assert.equal(camera.k, 0.5);
});

test("a framed rectangle lies in the middle and fits", () => {
  const camera = new Camera();
  const rect = { x: 40, y: 10, width: 50, height: 100 };
  camera.frame(rect, 800, 600);
  const [left, top] = seen(camera, rect.x, rect.y);
  const [right, bottom] = seen(camera, rect.x + rect.width, rect.y + rect.height);
  assert.ok(Math.abs((left + right) / 2 - 400) < 1e-9);
  assert.ok(Math.abs((top + bottom) / 2 - 300) < 1e-9);
  assert.ok(Math.abs(bottom - top - 0.9 * 600) < 1e-9);
});

test("a view in a link shows the same place in a panel of another size", () => {
  const camera = new Camera();
  camera.zoom(3, 200, 100);
  camera.pan(-30, 12);
  const middle = [(400 - camera.x) / camera.k / 800, (300 - camera.y) / camera.k / 600];
  const other = new Camera();
  other.decode(camera.encode(800, 600), 400, 300);
  const found = [(200 - other.x) / other.k / 400, (150 - other.y) / other.k / 300];
  assert.equal(other.k, 3);
  assert.ok(Math.hypot(found[0] - middle[0], found[1] - middle[1]) < 1e-4);
});

test("what was not moved is no part of a link, and rubbish in one moves nothing", () => {
  const camera = new Camera();
  assert.equal(camera.encode(800, 600), "");
  camera.pan(1, 0);
  assert.notEqual(camera.encode(800, 600), "");
  assert.equal(camera.encode(0, 600), "");
  camera.decode("1_x_2", 800, 600);
  assert.equal(camera.moved, false);
  camera.decode("0.5_0.5_1e9", 800, 600);
  assert.equal(camera.k, 400);
});
