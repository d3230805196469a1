import assert from "node:assert/strict";
import { test } from "node:test";

import { boxWords, endWords } from "../../../../assets/canvas/around/boxspoken.mjs";
import { KeyBox, boxAfter } from "../../../../assets/canvas/selecting/keybox.mjs";

/** A panel of 400 by 200 with a tool, and what it was told. @param {string} tool */
function panel(tool) {
  /** @type {any[]} */
  const told = [];
  /** @type {any[]} */
  const spoken = [];
  const node = Object.assign(new EventTarget(), { clientWidth: 400, clientHeight: 200 });
  const listener = {
    tool: () => tool,
    trace: (/** @type {any} */ path, /** @type {boolean} */ done) => told.push([done, path[0], path[2]]),
    untrace: () => told.push("untraced"),
    boxed: (/** @type {any} */ corners, /** @type {string} */ what) => spoken.push([what, corners[0], corners[2]]),
  };
  const box = new KeyBox(/** @type {any} */ (node), /** @type {any} */ (listener));
  const press = (/** @type {string} */ key, shiftKey = false) => box.take(/** @type {any} */ ({ key, shiftKey }));
  return { node, told, spoken, press };
}

test("the first arrow brings a box to the middle, the next ones move it", () => {
  const { told, press } = panel("box");
  assert.equal(press("ArrowLeft"), true);
  assert.deepEqual(told.at(-1), [false, [150, 75], [250, 125]]);
  press("ArrowLeft");
  press("ArrowDown");
  assert.deepEqual(told.at(-1), [false, [134, 91], [234, 141]]);
});

test("with Shift its corner moves, and Enter takes what is in it", () => {
  const { told, press } = panel("box");
  press("ArrowRight");
  press("ArrowRight", true);
  press("ArrowUp", true);
  assert.equal(press("Enter"), true);
  assert.deepEqual(told.at(-1), [true, [150, 75], [266, 109]]);
  // It is gone: Enter opens a slice again.
  assert.equal(press("Enter"), false);
});

test("a box stays within its panel and keeps a size", () => {
  let box = boxAfter(null, "ArrowUp", false, 400, 200);
  for (let turn = 0; turn < 60; turn++) box = boxAfter(box, "ArrowRight", false, 400, 200);
  assert.deepEqual([box.x, box.width], [300, 100]);
  for (let turn = 0; turn < 60; turn++) box = boxAfter(box, "ArrowUp", true, 400, 200);
  assert.equal(box.height, 8);
  assert.deepEqual(boxAfter(box, "ArrowRight", true, 400, 200), box);
});

test("Escape, a key for another tool, a pointer and a lost focus take it away", () => {
  const { node, told, press } = panel("box");
  for (const leave of [
    () => press("Escape"),
    () => assert.equal(press("b"), false),
    () => assert.equal(press("l"), false),
    () => node.dispatchEvent(new Event("blur")),
    () => node.dispatchEvent(new Event("pointerdown")),
  ]) {
    press("ArrowUp");
    leave();
    assert.equal(told.at(-1), "untraced");
    assert.equal(press("Escape"), false);
  }
  assert.equal(panel("move").press("ArrowUp"), false);
  assert.equal(panel("lasso").press("Enter"), false);
});

test("what becomes of a box is told: drawn, changed, seen closer, selected, gone", () => {
  const { node, spoken, press } = panel("box");
  press("ArrowUp");
  press("ArrowRight", true);
  press("+");
  press("Enter");
  press("ArrowUp");
  press("Escape");
  press("ArrowUp");
  node.dispatchEvent(new Event("blur"));
  node.dispatchEvent(new Event("blur"));
  const small = [[150, 75], [250, 125]];
  const grown = [[150, 75], [266, 125]];
  assert.deepEqual(spoken, [
    ["drawn", ...small],
    ["drawn", ...grown],
    ["drawn", ...grown],
    ["selected", ...grown],
    ["drawn", ...small],
    ["dropped", ...small],
    ["drawn", ...small],
    ["dropped", ...small],
  ]);
});

test("a box is told by its size and the spots in it, its end by what they became", () => {
  assert.equal(boxWords(["1.2 mm", "400 µm"], 1234), "Box of 1.2 mm by 400 µm, 1,234 spots inside.");
  assert.equal(boxWords([], 1), "Box, 1 spot inside.");
  assert.equal(endWords(12, "new"), "12 spots of the box selected.");
  assert.equal(endWords(1, "subtract"), "1 spot of the box taken away from the selection.");
  assert.equal(endWords(0, "new"), "No spot in the box: nothing is selected.");
  assert.equal(endWords(0, "add"), "No spot in the box: the selection is as it was.");
});
