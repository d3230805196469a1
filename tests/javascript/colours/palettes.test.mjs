import assert from "node:assert/strict";
import { test } from "node:test";

import * as palettes from "../../../assets/colours/palettes.mjs";

test("colours are read and written alike, without their alpha", () => {
  assert.deepEqual(palettes.rgb("#0072b2"), [0, 114, 178]);
  assert.deepEqual(palettes.rgb("#0072b280"), [0, 114, 178]);
  for (const hex of palettes.CATEGORIES) assert.equal(palettes.hexColor(palettes.rgb(hex)), hex);
});

test("every map goes through its anchors and grows steadily lighter or darker", () => {
  for (const [name, anchors] of Object.entries(palettes.ANCHORS)) {
    const table = palettes.colorTable(name);
    const at = (/** @type {number} */ step) => [...table.subarray(3 * step, 3 * step + 3)];
    assert.deepEqual(at(0), palettes.rgb(`#${anchors.slice(0, 6)}`), name);
    assert.deepEqual(at(255), palettes.rgb(`#${anchors.slice(-6)}`), name);
    assert.deepEqual(at(5), palettes.rgb(`#${anchors.slice(6, 12)}`), name);
    const light = Array.from({ length: 256 }, (_, step) => {
      const [r, g, b] = at(step).map((v) => (v / 255) ** 2.2);
      return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    });
    const way = Math.sign(light[255] - light[0]);
    // Rounding to bytes takes back less than a step.
    for (let i = 4; i < 256; i++) assert.ok(way * (light[i] - light[i - 4]) > -1e-3, `${name} ${i}`);
  }
});

test("an unknown map is the usual one", () => {
  assert.deepEqual(palettes.colorTable("jet"), palettes.colorTable(palettes.DEFAULT_MAP));
});

test("published colours are taken where there is one for each category", () => {
  assert.deepEqual(palettes.categoryColors(2, ["#010203", "#ffffff"]), [[1, 2, 3], [255, 255, 255]]);
  assert.deepEqual(palettes.categoryColors(3, ["#010203"])[0], palettes.rgb(palettes.CATEGORIES[0]));
});

test("more categories than colours are paler each time round, and none is another's", () => {
  const n = palettes.CATEGORIES.length;
  const colors = palettes.categoryColors(3 * n, null);
  assert.equal(new Set(colors.map(palettes.hexColor)).size, 3 * n);
  for (let i = 0; i < n; i++) {
    for (const channel of [0, 1, 2]) {
      assert.ok(colors[i][channel] <= colors[i + n][channel]);
      assert.ok(colors[i + n][channel] <= colors[i + 2 * n][channel]);
    }
  }
});
