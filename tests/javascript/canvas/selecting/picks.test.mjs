import assert from "node:assert/strict";
import { test } from "node:test";

import { splitWithout, writeWithout } from "../../../../assets/canvas/selecting/picks.mjs";

test("hidden values of a colour are told in a link and read again", () => {
  for (const color of ["gene:A*B", "obs:domain", "set:~abab.AA*"]) {
    const text = writeWithout(color, new Set([255, 0, 17]));
    assert.ok(text.endsWith("*0_17_255"));
    assert.deepEqual(splitWithout(text), [color, new Set([0, 17, 255])]);
  }
});
