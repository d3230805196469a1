import assert from "node:assert/strict";
import { test } from "node:test";

import { longestBorder } from "../../../assets/film/contour.mjs";
import { distances } from "../../../assets/film/distance.mjs";
import { between, matched, resampled, smoothed } from "../../../assets/film/morph.mjs";

/** @typedef {[number, number][]} Ring */

/** Twice the signed area within.
 * @param {Ring} ring */
const area = (ring) =>
  ring.reduce((sum, [x, y], i) => {
    const [nx, ny] = ring[(i + 1) % ring.length];
    return sum + x * ny - nx * y;
  }, 0);

/** @param {number} n @param {number} r @param {number} turn @returns {Ring} */
const ellipse = (n, r, turn = 0) =>
  Array.from({ length: n }, (_, i) => {
    const a = (2 * Math.PI * i) / n + turn;
    return [2 * r * Math.cos(a), r * Math.sin(a)];
  });

test("distances are those of looking at every marked cell", () => {
  const [width, height] = [17, 11];
  const marked = Uint8Array.from({ length: width * height }, (_, i) => (i % 37 === 5 || i === 100 ? 1 : 0));
  const found = distances(marked, width, height);
  for (let at = 0; at < marked.length; at++) {
    const [x, y] = [at % width, Math.floor(at / width)];
    let least = Infinity;
    marked.forEach((on, i) => {
      if (on) least = Math.min(least, Math.hypot((i % width) - x, Math.floor(i / width) - y));
    });
    assert.ok(Math.abs(found[at] - least) < 1e-9);
  }
});

test("the border of a disc is a circle, and that of the largest of several", () => {
  const [width, height] = [60, 40];
  const values = Float64Array.from({ length: width * height }, (_, i) => {
    const [x, y] = [i % width, Math.floor(i / width)];
    return Math.max(12 - Math.hypot(x - 20, y - 20), 4 - Math.hypot(x - 50, y - 20));
  });
  const ring = longestBorder(values, width, height);
  for (const [x, y] of ring) assert.ok(Math.abs(Math.hypot(x - 20, y - 20) - 12) < 0.15);
  assert.ok(Math.abs(Math.abs(area(ring)) / 2 - Math.PI * 144) < 5);
  assert.deepEqual(longestBorder(new Float64Array(20), 5, 4), []);
});

test("corners of a ring are equally far apart and go one way round", () => {
  const ring = resampled([...ellipse(50, 10)].reverse(), 120);
  assert.equal(ring.length, 120);
  assert.ok(area(ring) > 0);
  const steps = ring.map(([x, y], i) => {
    const [nx, ny] = ring[(i + 1) % ring.length];
    return Math.hypot(nx - x, ny - y);
  });
  assert.ok(Math.max(...steps) / Math.min(...steps) < 1.02);
});

test("a ring that is smoothed keeps its middle and loses little of its area", () => {
  const ring = smoothed(ellipse(90, 10));
  const middle = ring.reduce(([sx, sy], [x, y]) => [sx + x / 90, sy + y / 90], [0, 0]);
  assert.ok(Math.hypot(middle[0], middle[1]) < 1e-9);
  assert.ok(area(ring) < area(ellipse(90, 10)) && area(ring) > 0.98 * area(ellipse(90, 10)));
});

test("rings meet where they are alike, though one moved, grew and begins elsewhere", () => {
  const earlier = ellipse(60, 10);
  const moved = earlier.map(([x, y]) => /** @type {[number, number]} */ ([3 * x + 100, 3 * y - 7]));
  // An ellipse is like itself turned by half: either beginning fits it.
  const later = matched(earlier, moved.map((_, i) => moved[(i + 17) % 60]));
  const [x, y] = later[0];
  assert.ok(Math.abs(Math.abs(x - 100) - 60) < 1e-6 && Math.abs(y + 7) < 1e-6);
  assert.deepEqual(between(earlier, later, 0), earlier);
  assert.deepEqual(between([[0, 0]], [[4, 8]], 0.25), [[1, 2]]);
});
