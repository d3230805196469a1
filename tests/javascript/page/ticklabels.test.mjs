import assert from "node:assert/strict";
import { test } from "node:test";

import { evenly, written } from "../../../assets/page/ticklabels.mjs";

/** Names of a width whose middles stand a distance apart.
 * @param {number} n @param {number} apart @param {number} width
 * @returns {[number, number][]} */
const names = (n, apart, width) =>
  Array.from({ length: n }, (_, at) => [at * apart - width / 2, at * apart + width / 2]);

test("of names that lie on each other those written first stay", () => {
  const boxes = names(4, 10, 12);
  assert.deepEqual([...written(boxes, [1, 0, 2, 3], 0)], [1, 3]);
  assert.deepEqual([...written(boxes, [0, 0, 2], 0)], [0, 2]);
  assert.deepEqual([...written(boxes, [0, 2], 9)], [0]);
});

test("names are written at equal distances, with the ends and the current one", () => {
  const shown = (/** @type {number} */ width, /** @type {number} */ current = 0) =>
    [...evenly(names(7, 10, width), current, 0)].sort((a, b) => a - b);
  assert.deepEqual(shown(8), [0, 1, 2, 3, 4, 5, 6]);
  assert.deepEqual(shown(12), [0, 2, 4, 6]);
  assert.deepEqual(shown(25), [0, 3, 6]);
  assert.deepEqual(shown(40), [0, 6]);
  // The current one takes the place of those beside it.
  assert.deepEqual(shown(12, 3), [0, 3, 6]);
  assert.deepEqual(shown(100, 3), [3]);
  // Seven steps are no three threes: the last but one gives way.
  assert.deepEqual([...evenly(names(8, 10, 25), 0, 0)].sort((a, b) => a - b), [0, 3, 7]);
  assert.deepEqual([...evenly(names(1, 10, 25), 0, 0)], [0]);
});
