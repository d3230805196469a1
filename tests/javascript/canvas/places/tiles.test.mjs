import assert from "node:assert/strict";
import { test } from "node:test";

import { layoutTiles, sameUnit } from "../../../../assets/canvas/places/tiles.mjs";

const box = (/** @type {number} */ width, /** @type {number} */ height) => ({ minX: 0, minY: 0, maxX: width, maxY: height });

test("slices whose spots lie four times further apart are in another unit", () => {
  assert.equal(sameUnit([1, 4]), true);
  assert.equal(sameUnit([1, 4.1]), false);
  assert.equal(sameUnit([0, 9]), true);
  assert.equal(sameUnit([]), true);
});

test("slices of a stage stay in one row where they fit", () => {
  const stages = ["a", "a", "b", "b", "b", "c"];
  const boxes = stages.map(() => box(100, 100));
  const { tiles } = layoutTiles([0, 1, 2, 3, 4, 5], stages, boxes, Array(6).fill(5), 700, 600);
  const rows = new Map();
  for (const tile of tiles) {
    const row = Math.round(tile.y);
    assert.equal(rows.get(stages[tile.slice]) ?? row, row, `stage ${stages[tile.slice]}`);
    rows.set(stages[tile.slice], row);
  }
});

test("only the slices asked for are laid out, and none is no fault", () => {
  const boxes = [box(10, 20), box(30, 30), box(20, 10)];
  const { tiles } = layoutTiles([2, 0], ["a", "b", "c"], boxes, [1, 1, 1], 400, 300);
  assert.deepEqual(tiles.map(({ slice }) => slice), [2, 0]);
  assert.deepEqual(layoutTiles([], [], [], [], 400, 300).tiles, []);
});

test("a slice of a single spot has room", () => {
  const { tiles } = layoutTiles([0, 1], ["a", "a"], [box(0, 0), box(100, 80)], [4, 4], 400, 300);
  assert.ok(tiles[0].width > 0 && tiles[0].height > 0);
  assert.ok(tiles.every((tile) => Number.isFinite(tile.x + tile.y + tile.scale)));
});
