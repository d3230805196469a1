import assert from "node:assert/strict";
import { test } from "node:test";

import { keyOf } from "../../../assets/colours/keys.mjs";
import { ownTissue } from "../../../assets/colours/owntissue.mjs";

const SLICES = [
  { name: "a", stage: "E10", time: 10, start: 0, stop: 3 },
  { name: "b", stage: "foreign tissue", time: null, start: 3, stop: 6, foreign: true },
  { name: "c", stage: "E10", time: 10, start: 6, stop: 8 },
];

test("ranges are cut where they reach into foreign slices", () => {
  assert.deepEqual(ownTissue([[0, 8]], SLICES), [[0, 3], [6, 8]]);
  assert.deepEqual(ownTissue([[0, 3], [4, 7]], SLICES), [[0, 3], [6, 7]]);
  assert.deepEqual(ownTissue([[1, 2]], SLICES), [[1, 2]]);
});

test("foreign tissue that is shown alone is counted", () => {
  assert.deepEqual(ownTissue([[3, 6]], SLICES), [[3, 6]]);
});

test("the legend counts spots of the atlas's tissue", () => {
  const bytes = Uint8Array.from([0, 0, 1, 1, 1, 1, 0, 255]);
  const look = /** @type {any} */ ({
    color: "obs:domain",
    values: { kind: "category", bytes, lo: 0, hi: 1 },
    description: {
      slices: SLICES,
      obs: [{ name: "domain", kind: "category", categories: ["heart", "brain"], colors: null, told: {} }],
    },
    state: { hidden: new Set(), map: "", clip: [0, 100] },
    scheme: "light",
  });
  /** @param {[number, number][]} shown */
  const legend = (shown) => {
    const { key } = keyOf({ ...look, shown });
    return key.kind === "category" ? [...key.categories.map(({ count }) => count), key.missing] : [];
  };
  assert.deepEqual(legend([[0, 8]]), [3, 1, 1]);
  assert.deepEqual(legend([[3, 6]]), [0, 3, 0]);
});
