import assert from "node:assert/strict";
import { test } from "node:test";

import { roomFor } from "../../../assets/colours/keyroom.mjs";
import { keyOf } from "../../../assets/colours/keys.mjs";

const SLICES = [
  { name: "a", stage: "E9", time: 9, start: 0, stop: 4 },
  { name: "b", stage: "E10", time: 10, start: 4, stop: 6 },
  { name: "c", stage: "E10", time: 10, start: 6, stop: 8 },
];
const BYTES = Uint8Array.from([0, 0, 0, 1, 1, 255, 1, 1]);
/** @type {[number, number][]} */
const SHOWN = [[0, 4], [4, 6]];

test("there is room for the largest number of any slice, and for what one of them lacks", () => {
  assert.deepEqual(roomFor(BYTES, [[0, 4], [4, 6], [6, 8]]), { most: 3, missing: true });
  assert.deepEqual(roomFor(BYTES, [[0, 4], [6, 8]]), { most: 3, missing: false });
  assert.deepEqual(roomFor(BYTES, []), { most: 0, missing: false });
});

/** @param {string} kind @param {[number, number]} [front] @returns {any} */
function keyFor(kind, front) {
  const obs = [{ name: "domain", kind: "category", categories: ["heart", "brain"], colors: null, told: {} }];
  return keyOf(/** @type {any} */ ({
    color: kind === "category" ? "obs:domain" : "gene:A",
    values: { kind, bytes: BYTES, lo: 0, hi: 1 },
    description: { slices: SLICES, obs },
    shown: SHOWN,
    front,
    state: { hidden: new Set(), map: "viridis", clip: [0, 100] },
    scheme: "light",
  })).key;
}

test("a key counts the slice in front where slices take turns, else all that are shown", () => {
  /** @param {[number, number]} [front] */
  const legend = (front) => {
    const { categories, missing } = keyFor("category", front);
    return [...categories.map((/** @type {any} */ { count }) => count), missing];
  };
  assert.deepEqual(legend(), [3, 2, 1]);
  assert.deepEqual(legend([0, 4]), [3, 1, 0]);
  assert.deepEqual(legend([4, 6]), [0, 1, 1]);
  assert.equal(keyFor("category").room, undefined);
  assert.deepEqual(keyFor("category", [0, 4]).room, { most: 3, missing: true });
});

test("a colour bar counts the slice in front and keeps the scale of all", () => {
  const [all, front] = [keyFor("number"), keyFor("number", [4, 6])];
  assert.deepEqual([all.counts[0], all.counts[1], all.counts[255]], [3, 2, 1]);
  assert.deepEqual([front.counts[0], front.counts[1], front.counts[255]], [0, 1, 1]);
  assert.deepEqual(front.clip, all.clip);
});
