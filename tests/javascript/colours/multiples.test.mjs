import assert from "node:assert/strict";
import { test } from "node:test";

import { isPlain, sideBySide, sideCodes, sideColors } from "../../../assets/colours/multiples.mjs";

test("one to six different colours stand side by side", () => {
  const colors = ["gene:A", "factor:3", "set:~abab.AAEC", "set:@B ~ C", "obs:domain"];
  assert.deepEqual(sideColors(sideBySide(colors).slice(5)), colors);
  assert.deepEqual(sideColors("gene:A~gene:A"), []);
  assert.deepEqual(sideColors("gene:A~estimate:B"), ["gene:A~estimate:B"]);
  assert.deepEqual(sideColors(Array.from({ length: 7 }, (_, k) => `factor:${k}`).join("~")), []);
  assert.deepEqual(sideColors("blend:A,B"), []);
});

test("a colour with one value per spot is plain", () => {
  assert.deepEqual(["gene:A", "estimate:A", "obs:x"].map(isPlain), [true, true, true]);
  assert.deepEqual(["gene:", "blend:A,B", "side:gene:A", ""].map(isPlain), [false, false, false, false]);
});

test("a spot lies in front where any panel shows something of it", () => {
  const part = (/** @type {string} */ color, /** @type {number[]} */ bytes) =>
    /** @type {any} */ ({ color, values: { bytes: Uint8Array.from(bytes) } });
  const codes = sideCodes([part("gene:A", [0, 0, 7, 255, 255]), part("gene:B", [0, 9, 0, 0, 255])]);
  assert.deepEqual([...codes], [0, 1, 1, 0, 255]);
  // The least proportion of a factor is a value, not a count of zero.
  assert.deepEqual([...sideCodes([part("factor:0", [0, 255])])], [1, 255]);
});
