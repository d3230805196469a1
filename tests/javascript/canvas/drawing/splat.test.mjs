import assert from "node:assert/strict";
import { test } from "node:test";

import { IndexMap, LAYER, SMALL, shuffled, sortByLayer } from "../../../../assets/canvas/drawing/splat.mjs";

const RECT = { x: 0, y: 0, width: 40, height: 40 };
const RANGE = { start: 0, stop: 2, originX: 0, originY: 0, scaleX: 1, scaleY: 1, offsetX: 0, offsetY: 0, size: 9 };

/** Spots drawn one after the other.
 * @param {number[]} xy @param {number[]} layers @param {number} ratio */
function drawn(xy, layers, ratio = 1, range = {}) {
  const map = new IndexMap();
  map.resize(80, 40, ratio);
  const n = layers.length;
  const order = Uint32Array.from({ length: n }, (_, i) => i);
  map.draw(Float32Array.from(xy), RECT, [{ ...RANGE, stop: n, ...range }], order, Uint8Array.from(layers));
  return map;
}

/** @param {IndexMap} map @param {number} index */
const area = (map, index) => [...map.pixels].filter((p) => (p & 0xffffff) === index + 1 && p >>> 24 >= 128).length;

test("a spot covers the area of its disc, at any resolution", () => {
  for (const ratio of [1, 2]) {
    const map = drawn([20, 20], [LAYER.plain], ratio);
    const expected = Math.PI * (4.5 * ratio) ** 2;
    assert.ok(Math.abs(area(map, 0) - expected) < 0.12 * expected, `${area(map, 0)} of ${expected}`);
  }
});

test("a spot that was not measured is smaller", () => {
  const whole = area(drawn([20, 20], [LAYER.plain]), 0);
  const small = area(drawn([20, 20], [LAYER.plain + SMALL]), 0);
  assert.ok(small > 0 && small < 0.55 * whole);
});

test("however small, a spot has the pixel of its centre", () => {
  const map = drawn([20.9, 20.1], [LAYER.plain], 1, { size: 0.01 });
  assert.equal(map.at(20, 20), 0);
});

test("no spot reaches beyond its panel", () => {
  const map = drawn([39, 20, 41, 20, -30, 5], [LAYER.plain, LAYER.plain, LAYER.plain]);
  for (let row = 0; row < 40; row++) {
    for (let column = 40; column < 80; column++) assert.equal(map.at(column, row), -1);
  }
  assert.equal(map.at(39, 20) >= 0, true);
});

test("a later spot lies over an earlier one, but its soft edge does not eat into it", () => {
  const map = drawn([20, 20, 24, 20], [LAYER.plain, LAYER.plain]);
  assert.equal(map.at(22, 20), 1);
  assert.equal(map.at(17, 20), 0);
  for (let i = 0; i < map.pixels.length; i++) {
    const soft = map.pixels[i] >>> 24 < 224 && (map.pixels[i] & 0xffffff) === 2;
    const [x, y] = [(i % 80) + 0.5, Math.floor(i / 80) + 0.5];
    if (soft) assert.ok(Math.hypot(x - 20, y - 20) > 3.5, `${x} ${y}`);
  }
});

test("scale and origin put a spot where the range says", () => {
  const range = { originX: 100, originY: 50, scaleX: 2, scaleY: -2, offsetX: 10, offsetY: 30 };
  const map = drawn([105, 52], [LAYER.plain], 1, range);
  assert.equal(map.at(20, 26), 0);
});

test("a panel is repeated in another, with its spots further on", () => {
  const map = drawn([20, 20, 5, 5], [LAYER.plain, LAYER.plain]);
  map.repeat(RECT, { ...RECT, x: 40 }, 100);
  for (let row = 0; row < 40; row++) {
    for (let column = 0; column < 40; column++) {
      const index = map.at(column, row);
      assert.equal(map.at(column + 40, row), index < 0 ? -1 : index + 100);
    }
  }
});

test("spots are found next to the pointer, the nearest that is accepted", () => {
  const map = drawn([10, 20, 30, 20], [LAYER.plain, LAYER.plain]);
  assert.equal(map.find(17, 20, 6, () => true), 0);
  assert.equal(map.find(17, 20, 30, (index) => index === 1), 1);
  assert.equal(map.find(20, 35, 4, () => true), -1);
});

test("layers are put from back to front, in their order within", () => {
  const order = shuffled(60);
  assert.deepEqual([...order].sort((a, b) => a - b), Array.from({ length: 60 }, (_, i) => i));
  assert.deepEqual(shuffled(60), order);
  const layers = Uint8Array.from({ length: 60 }, (_, i) => (i % 5) + (i % 2 ? SMALL : 0));
  const sorted = new Uint32Array(60);
  sortByLayer(order, [[0, 30], [30, 60]], layers, sorted);
  for (const [start, stop] of [[0, 30], [30, 60]]) {
    const expected = [...order.subarray(start, stop)]
      .map((spot, at) => ({ spot, at, layer: layers[spot] & 7 }))
      .sort((a, b) => a.layer - b.layer || a.at - b.at)
      .map(({ spot }) => spot);
    assert.deepEqual([...sorted.subarray(start, stop)], expected);
  }
});
