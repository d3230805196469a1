import assert from "node:assert/strict";
import { test } from "node:test";

import { Camera } from "../../../../assets/canvas/places/camera.mjs";
import { cameraAt, middleOf } from "../../../../assets/canvas/places/middle.mjs";

/** @param {Camera} camera @param {number} width @param {object[]} tiles */
const canvas = (camera, width, tiles) =>
  /** @type {any} */ ({
    cameras: { spatial: camera },
    frame: { panels: { spatial: { rect: { x: 0, y: 0, width, height: 400 } } } },
    layout: { tiles },
  });
const TILES = [
  { slice: 0, x: 10, y: 10, width: 100, height: 100, scale: 2 },
  { slice: 1, x: 200, y: 10, width: 100, height: 100, scale: 2 },
];

test("the tissue in the middle stays there when tiles are laid out anew", () => {
  const camera = new Camera();
  camera.zoom(4, 250, 60);
  const middle = middleOf(canvas(camera, 600, TILES));
  assert.equal(middle?.slice, 1);
  const moved = [{ ...TILES[1], x: 20, y: 150, scale: 3.2, width: 160, height: 160 }];
  const text = cameraAt(canvas(new Camera(), 300, moved), /** @type {any} */ (middle));
  const after = new Camera();
  after.decode(text, 300, 400);
  const found = middleOf(canvas(after, 300, moved));
  for (const key of /** @type {const} */ (["across", "down", "wide"])) {
    assert.ok(Math.abs(found[key] - middle[key]) < 0.02, `${key}: ${found[key]} for ${middle[key]}`);
  }
});

test("there is no middle without tiles, and no camera for a slice that is gone", () => {
  assert.equal(middleOf(canvas(new Camera(), 600, [])), null);
  const middle = { slice: 7, across: 0, down: 0, wide: 10 };
  assert.equal(cameraAt(canvas(new Camera(), 600, TILES), middle), "");
});
