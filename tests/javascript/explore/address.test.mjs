import assert from "node:assert/strict";
import { test } from "node:test";

import { DEFAULT_STATE } from "../../../assets/canvas/state.mjs";
import { parameters, readState, writeState } from "../../../assets/explore/address.mjs";

test("an empty address is the usual view, which needs no address", () => {
  assert.deepEqual(readState(""), DEFAULT_STATE);
  assert.equal(writeState(DEFAULT_STATE, ""), "");
});

test("the first of a name counts", () => {
  assert.deepEqual(parameters("?a=1&b=&a=2"), { a: "1", b: "" });
});

test("parameters of others are kept", () => {
  const text = writeState({ ...DEFAULT_STATE, color: "gene:A" }, "?atlas=heart&card=B&color=factor:1");
  assert.deepEqual(parameters(text), { atlas: "heart", card: "B", color: "gene:A" });
});

test("links stay readable, and hold any name", () => {
  const color = "set:@Heart & vessel, early/late #1+2";
  const text = writeState({ ...DEFAULT_STATE, color }, "");
  assert.ok(text.startsWith("?color=set:%40Heart%20%26%20vessel,"), text);
  assert.equal(readState(text).color, color);
});

test("several colours hide no single value", () => {
  assert.equal(readState("?color=blend:A,B&hide=0").hidden.size, 0);
  assert.deepEqual(readState("?color=gene:A&hide=255_0").hidden, new Set([0, 255]));
});

test("a selection is read once the number of slices is known", () => {
  const text = "?sel=spatial*0_0_1_0_1_1*2";
  assert.equal(readState(text, 2).selection, null);
  assert.equal(readState(text, 3).selection?.[0].slices[0].slice, 2);
});
