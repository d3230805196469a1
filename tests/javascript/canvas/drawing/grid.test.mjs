import assert from "node:assert/strict";
import { test } from "node:test";

import { Grid, boxOf, unionOf } from "../../../../assets/canvas/drawing/grid.mjs";

/** Numbers that look random and are always the same.
 * @param {number} n @param {number} [seed] */
function numbers(n, seed = 7) {
  let state = seed;
  return Float32Array.from({ length: n }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return (state / 2 ** 32) * 100;
  });
}

test("the nearest point is that of looking at all of them", () => {
  const points = numbers(600);
  const grid = new Grid(points, 50, 300);
  const asked = numbers(80, 3);
  for (let q = 0; q < 40; q++) {
    const [x, y] = [1.2 * asked[2 * q] - 10, 1.2 * asked[2 * q + 1] - 10];
    for (const radius of [2, 15]) {
      const accept = (/** @type {number} */ i) => i % 3 !== 0;
      let best = -1;
      let least = radius;
      for (let i = 50; i < 300; i++) {
        const distance = Math.hypot(points[2 * i] - x, points[2 * i + 1] - y);
        if (accept(i) && distance <= least) [best, least] = [i, distance];
      }
      assert.equal(grid.nearest(x, y, radius, accept), best);
    }
  }
});

test("points that lie on each other tell no spacing of 0", () => {
  const same = new Grid(new Float32Array(20).fill(4), 0, 10);
  assert.ok(same.spacing() > 0);
  assert.equal(same.nearest(4, 4, 1) >= 0, true);
});

test("boxes hold their points, and one holds boxes", () => {
  const points = Float32Array.from([1, 9, -3, 4, 5, 2, 100, 100]);
  const box = boxOf(points, 0, 3);
  assert.deepEqual(box, { minX: -3, minY: 2, maxX: 5, maxY: 9 });
  assert.deepEqual(boxOf(points, 2, 2), { minX: 0, minY: 0, maxX: 1, maxY: 1 });
  assert.deepEqual(unionOf([box, boxOf(points, 3, 4)]), { minX: -3, minY: 2, maxX: 100, maxY: 100 });
});
