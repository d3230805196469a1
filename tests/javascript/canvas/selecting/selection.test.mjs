import assert from "node:assert/strict";
import { test } from "node:test";

import {
  addressed, decodeSelection, encodeSelection, fitsLink, hasViews, isAway, joined, pick, shortened, textOf,
} from "../../../../assets/canvas/selecting/selection.mjs";

const SPANS = /** @type {[number, number][]} */ ([[0, 4], [4, 8]]);
const PLACES = { spatial: Float32Array.from([0, 0, 1, 0, 2, 0, 3, 0, 0, 0, 1, 0, 2, 0, 3, 0]) };

/** All of the first `wide` spots of some slices.
 * @param {number} wide @param {boolean} subtract @param {number[]} slices */
const outline = (wide, subtract, slices, view = "spatial") => ({
  view: /** @type {"spatial"} */ (view),
  points: /** @type {[number, number][]} */ ([[-0.5, -1], [wide - 0.5, -1], [wide - 0.5, 1], [-0.5, 1]]),
  slices: slices.map((slice) => ({ slice, scale: 1, dx: 0, dy: 0 })),
  subtract,
});

test("outlines add spots and take them away in their order", () => {
  const flags = new Uint8Array(8);
  const every = () => true;
  const selection = [outline(3, false, [0, 1]), outline(1, true, [1])];
  assert.deepEqual(pick(selection, PLACES, SPANS, every, flags), [3, 2]);
  assert.deepEqual([...flags], [1, 1, 1, 0, 0, 1, 1, 0]);
  const again = [...selection, outline(1, false, [1])];
  assert.deepEqual(pick(again, PLACES, SPANS, every, flags), [3, 3]);
});

test("spots that take no part are not picked", () => {
  const flags = new Uint8Array(8);
  const counts = pick([outline(4, false, [0])], PLACES, SPANS, (i) => i !== 1, flags);
  assert.deepEqual(counts, [3, 0]);
  assert.equal(flags[1], 0);
});

test("nothing is picked without a selection, or before its view is there", () => {
  const flags = new Uint8Array(8).fill(1);
  assert.deepEqual(pick(null, PLACES, SPANS, () => true, flags), [0, 0]);
  assert.deepEqual([...flags], Array(8).fill(0));
  const waiting = [outline(4, false, [0]), outline(4, false, [0], "umap")];
  assert.equal(hasViews(waiting, PLACES), false);
  assert.deepEqual(pick(waiting, PLACES, SPANS, () => true, flags), [0, 0]);
});

test("a link holds a selection with its signs", () => {
  const selection = [outline(3, false, [0]), outline(1, true, [1]), outline(2, false, [0, 1])];
  const text = encodeSelection(selection);
  assert.deepEqual([...text].filter((c) => c === "~" || c === "!"), ["!", "~"]);
  assert.deepEqual(decodeSelection(text, 2), selection);
  assert.equal(decodeSelection(text, 1), null);
});

test("a long selection loses corners until a link holds it, or is refused", () => {
  const round = {
    ...outline(1, false, [0]),
    points: /** @type {[number, number][]} */ (
      Array.from({ length: 40 }, (_, i) => [100 * Math.cos(i / 6.4), 100 * Math.sin(i / 6.4)])
    ),
  };
  let selection = joined(null, round);
  const lengths = [];
  while (selection) {
    lengths.push(encodeSelection(selection).length);
    selection = joined(selection, round);
  }
  assert.ok(lengths.length > 2);
  assert.ok(Math.max(...lengths) <= 900);
});

test("a link names a selection that it cannot hold, and what it names is fetched", () => {
  const many = Array.from({ length: 90 }, (_, at) => outline(1 + (at % 3), at % 2 === 1, [0, 1]));
  many[0].subtract = false;
  assert.equal(fitsLink(many), false);
  assert.equal(shortened(many), null);
  const address = `@${"0f".repeat(16)}`;
  assert.equal(encodeSelection(addressed(many, address)), address);
  assert.ok(fitsLink(many));
  assert.deepEqual(decodeSelection(textOf(many), 2), many);
  const away = decodeSelection(address, 2);
  assert.ok(isAway(away));
  assert.equal(encodeSelection(away), address);
  assert.equal(isAway(many) || isAway(null), false);
  const flags = new Uint8Array(8);
  assert.deepEqual(pick(away, PLACES, SPANS, () => true, flags), [0, 0]);
  for (const bad of ["@", `@${"0".repeat(31)}`, `@${"0".repeat(33)}`, `@${"G".repeat(32)}`]) {
    assert.equal(decodeSelection(bad, 2), null);
  }
});
