import assert from "node:assert/strict";
import { test } from "node:test";

import { blendCodes, blendInks, blendedGenes, fullMixes, mixed, shareOf } from "../../../assets/colours/blend.mjs";
import { MISSING, ZERO, rgb } from "../../../assets/colours/palettes.mjs";

test("two or three different genes are mixed", () => {
  assert.deepEqual(blendedGenes("A,B,C"), ["A", "B", "C"]);
  for (const none of ["A", "A,B,C,D", "A,A", "A,,B", ""]) assert.deepEqual(blendedGenes(none), []);
});

test("nothing of any gene is the colour of zero", () => {
  for (const scheme of /** @type {const} */ (["light", "dark"])) {
    assert.deepEqual(mixed([0, 0], scheme), rgb(ZERO[scheme]));
    assert.deepEqual(mixed([0, 0, 0], scheme), rgb(ZERO[scheme]));
  }
});

test("more of a gene is never lighter on a light page, nor darker on a dark one in sum", () => {
  const sum = (/** @type {number[]} */ color) => color.reduce((all, v) => all + v, 0);
  for (let t = 0; t < 1; t += 0.1) {
    assert.ok(sum(mixed([t + 0.1, 0.4], "light")) <= sum(mixed([t, 0.4], "light")));
    if (t >= 0.4) assert.ok(sum(mixed([t + 0.1, 0.4], "dark")) >= sum(mixed([t, 0.4], "dark")));
  }
});

test("a share runs from the lower to the upper end of the clip", () => {
  assert.deepEqual([0, 10, 15, 20, 200].map((byte) => shareOf(byte, [10, 20])), [0, 0, 0.5, 1, 1]);
  assert.deepEqual([0, 9, 10].map((byte) => shareOf(byte, [10, 10])), [0, 0, 1]);
  assert.equal(shareOf(0, [0, 0]), 0);
});

test("a spot that lacks one of the genes is missing", () => {
  const parts = [[0, 5, 0, 255, 9], [0, 0, 3, 4, 255]].map((bytes) => Uint8Array.from(bytes));
  assert.deepEqual([...blendCodes(parts)], [0, 1, 1, 255, 255]);
});

test("spots have the mix of their shares, to a step of the table", () => {
  const levels = [[0, 254, 100, 255], [0, 0, 200, 7]].map((bytes) => ({
    bytes: Uint8Array.from(bytes),
    clip: /** @type {[number, number]} */ ([1, 254]),
  }));
  const colors = new Uint8Array(blendInks(levels, "light").buffer);
  const at = (/** @type {number} */ i) => [...colors.subarray(4 * i, 4 * i + 3)];
  assert.deepEqual(at(0), rgb(ZERO.light));
  assert.deepEqual(at(1), mixed([1, 0], "light"));
  assert.deepEqual(at(3), rgb(MISSING.light));
  const exact = mixed([shareOf(100, [1, 254]), shareOf(200, [1, 254])], "light");
  at(2).forEach((value, channel) => assert.ok(Math.abs(value - exact[channel]) <= 8));
});

test("the key shows single genes before their mixes, each once", () => {
  const names = fullMixes(["A", "B", "C"], "dark").map(({ genes }) => genes.join(""));
  assert.deepEqual(names, ["A", "B", "C", "AB", "AC", "BC", "ABC"]);
});
