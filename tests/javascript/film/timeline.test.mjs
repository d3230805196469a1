import assert from "node:assert/strict";
import { test } from "node:test";

import { Timeline, rounded, strengths } from "../../../assets/film/timeline.mjs";

const LINE = new Timeline([9, 10, 14, 15.5]);
const near = (/** @type {number} */ a, /** @type {number} */ b) => assert.ok(Math.abs(a - b) < 1e-9, `${a} for ${b}`);

test("a time lies at a stage or on the way to the next", () => {
  assert.deepEqual(LINE.at(10), { from: 1, to: 1, share: 0 });
  assert.deepEqual(LINE.at(11), { from: 1, to: 2, share: 0.25 });
  assert.deepEqual(LINE.at(15.5), { from: 3, to: 3, share: 0 });
  assert.equal(LINE.nearest(11.9), 1);
  assert.equal(LINE.nearest(12.1), 2);
});

test("a time of a link is held to the axis, and to a stage it cannot be told from", () => {
  assert.equal(LINE.held(null), 9);
  assert.equal(LINE.held(NaN), 9);
  assert.equal(LINE.held(-4), 9);
  assert.equal(LINE.held(99), 15.5);
  assert.equal(LINE.held(12.25), 12.25);
  const third = new Timeline([0, 1 / 3, 1]);
  assert.equal(third.held(rounded(1 / 3)), 1 / 3);
});

test("a slider snaps close to a stage", () => {
  assert.equal(LINE.snapped(10.2), 10);
  assert.equal(LINE.snapped(13.8), 14);
  assert.equal(LINE.snapped(12), 12);
});

test("keys go by eighths and miss no stage", () => {
  const seen = [];
  for (let t = 9, i = 0; i < 24; i++) seen.push((t = LINE.stepped(t, 1)));
  near(seen[7], 10);
  near(seen[15], 14);
  near(seen[23], 15.5);
  near(LINE.stepped(15.5, 1), 15.5);
  near(LINE.stepped(9, -1), 9);
  near(LINE.stepped(10.01, -1), 10);
});

test("the next stage and the one before", () => {
  near(LINE.neighbour(11, 1), 14);
  near(LINE.neighbour(11, -1), 10);
  near(LINE.neighbour(10, -1), 9);
  near(LINE.neighbour(15.5, 1), 15.5);
});

test("a longer way takes longer, within reason, and none passes a stage", () => {
  assert.ok(LINE.duration(1) > LINE.duration(2));
  for (const from of [0, 1, 2]) assert.ok(LINE.duration(from) >= 700 && LINE.duration(from) <= 3200);
  near(LINE.moved(10, LINE.duration(1) / 2), 12);
  near(LINE.moved(13.9, 1e6), 14);
  near(LINE.moved(15.5, 100), 15.5);
});

test("no moment shows the spots of two stages strongly", () => {
  assert.deepEqual(strengths(0), [1, 0]);
  assert.deepEqual(strengths(1), [0, 1]);
  for (let share = 0; share <= 1; share += 0.01) {
    const [before, after] = strengths(share);
    assert.ok(Math.min(before, after) < 0.05);
    near(before, strengths(1 - share)[1]);
  }
});
