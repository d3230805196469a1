import assert from "node:assert/strict";
import { afterEach, test } from "node:test";

import { DEFAULT_STATE } from "../../../assets/canvas/state.mjs";
import { ask, selectionQuery } from "../../../assets/explore/query.mjs";

/** @type {import("../../../assets/canvas/selecting/lasso.mjs").Outline} */
const OUTLINE = { view: "spatial", points: [[0, 0], [1, 0], [1, 1]], slices: [{ slice: 0, scale: 1, dx: 0, dy: 0 }], subtract: false };
const { fetch, setTimeout } = globalThis;
afterEach(() => Object.assign(globalThis, { fetch, setTimeout }));

test("a selection is asked about with all that takes no part in it", () => {
  const state = {
    ...DEFAULT_STATE, color: "gene:A", selection: [OUTLINE], versus: [OUTLINE, { ...OUTLINE, subtract: true }],
    hidden: new Set([255, 0]), without: ["obs:domain*3"],
  };
  const query = new URLSearchParams(selectionQuery(state, { test: "slices", empty: "" }));
  assert.equal(query.get("sel"), "spatial*0_0_1_0_1_1*0");
  assert.equal(query.get("against"), "spatial*0_0_1_0_1_1*0!spatial*0_0_1_0_1_1*0");
  assert.deepEqual(query.getAll("without"), ["obs:domain*3", "gene:A*0_255"]);
  assert.equal(query.get("test"), "slices");
  assert.equal(query.has("empty"), false);
});

test("the rest is what a selection is compared with when nothing else is named", () => {
  assert.equal(new URLSearchParams(selectionQuery({ ...DEFAULT_STATE, selection: [OUTLINE] })).has("against"), false);
});

test("a refusal says what was wrong, found and expected", async () => {
  const body = { error: "No spots.", found: "0 spots", expected: "at least 1" };
  globalThis.fetch = async () => new Response(JSON.stringify(body), { status: 400 });
  await assert.rejects(ask("/x"), { message: "No spots. Found: 0 spots. Expected: at least 1." });
  globalThis.fetch = async () => new Response("<html>", { status: 500, statusText: "Server Error" });
  await assert.rejects(ask("/x"), { message: "The server answered 500 Server Error." });
});

test("a busy server is asked again after a while, but not for ever", async () => {
  /** @type {number[]} */
  const pauses = [];
  globalThis.setTimeout = /** @type {any} */ (
    (/** @type {() => void} */ then, /** @type {number} */ ms) => (pauses.push(ms), setTimeout(then, 0))
  );
  let asked = 0;
  globalThis.fetch = async () => new Response("{}", { status: ++asked < 3 ? 503 : 200 });
  assert.equal((await ask("/x")).status, 200);
  assert.deepEqual(pauses, [3000, 3000]);
  globalThis.fetch = async () => new Response('{"error": "Busy."}', { status: 503 });
  await assert.rejects(ask("/x"), { message: "Busy." });
  assert.equal(pauses.length, 2 + 7);
});

test("who leaves does not wait", async () => {
  const leaving = new AbortController();
  globalThis.fetch = async () => {
    setTimeout(() => leaving.abort(new Error("left")), 0);
    return new Response("{}", { status: 503 });
  };
  await assert.rejects(ask("/x", leaving.signal), { message: "left" });
});
