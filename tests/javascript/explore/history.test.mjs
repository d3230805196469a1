import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";

import { History } from "../../../assets/explore/history.mjs";

/** Addresses as a browser keeps them.
 * @type {string[]} */
let kept;

beforeEach(() => {
  kept = ["/explore?a=1"];
  const go = (/** @type {string} */ address) => {
    globalThis.window.location.search = address.slice("/explore".length);
  };
  globalThis.window = /** @type {any} */ ({
    location: { pathname: "/explore", search: "?a=1", hash: "" },
    history: {
      pushState: (_state, _title, /** @type {string} */ address) => (kept.push(address), go(address)),
      replaceState: (_state, _title, /** @type {string} */ address) => (kept.splice(-1, 1, address), go(address)),
    },
  });
});

test("a choice is a step, and the same choice again is none", () => {
  const history = new History();
  history.write("?a=2", "step");
  history.write("?a=2", "step");
  assert.deepEqual(kept, ["/explore?a=1", "/explore?a=2"]);
});

test("a drag is one step, from where it began", () => {
  const history = new History();
  for (const at of [2, 3, 4]) history.write(`?a=${at}`, "drag");
  assert.deepEqual(kept, ["/explore?a=4"]);
  history.write("?a=5", "step");
  assert.deepEqual(kept, ["/explore?a=1", "/explore?a=5"]);
  history.write("?a=6", "step");
  assert.equal(kept.length, 3);
});

test("what follows from something else is no step", () => {
  const history = new History();
  history.write("?a=1&at=9", "quiet");
  assert.deepEqual(kept, ["/explore?a=1&at=9"]);
});

test("a handle that is let go of where it was leaves nothing behind", () => {
  const history = new History();
  history.write("?a=2", "drag");
  history.write("?a=1", "drag");
  history.write("?a=1", "step");
  assert.deepEqual(kept, ["/explore?a=1"]);
});
