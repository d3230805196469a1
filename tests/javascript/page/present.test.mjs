import assert from "node:assert/strict";
import { test } from "node:test";

import { penOf, present } from "../../../assets/page/present.mjs";

test("what is there is given back, and what is not is named", () => {
  for (const value of [0, "", false]) assert.equal(present(value, "A value"), value);
  for (const value of [null, undefined]) assert.throws(() => present(value, "The atlas"), /The atlas is not there/);
});

test("a canvas without a pen is a fault", () => {
  const canvas = /** @type {any} */ ({ getContext: () => null });
  assert.throws(() => penOf(canvas), /context for drawing is not there/);
});
