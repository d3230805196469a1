import assert from "node:assert/strict";
import { test } from "node:test";

import { AnswerFault } from "../../../assets/page/answers.mjs";
import { PartlyUnknown, besideOf, mixOf, valuesOf } from "../../../assets/values/several.mjs";
import { toldUnknown } from "../../../assets/colours/words.mjs";
import { unknownNames } from "../../../assets/explore/unknown.mjs";

const ATLAS = /** @type {any} */ ({
  stages: [{ name: "E9" }, { name: "6.5 PCW" }],
  slices: [{ name: "E9 a" }, { name: "E9 b" }],
});
const VALUES = /** @type {any} */ ({ bytes: new Uint8Array(2) });

/** @param {Record<string, unknown>} faults by colour */
function server(faults) {
  return async (/** @type {string} */ color) => {
    if (faults[color]) throw faults[color];
    return VALUES;
  };
}

test("names that the atlas has, and what is asked for anyway, are told by nobody", () => {
  const search = "?stage=6.5%20PCW&slice=E9%20b&color=gene:NOPE&sel=spatial*0_0_1_0_1_1*1&card=X";
  assert.deepEqual(unknownNames(search, ATLAS), []);
  assert.deepEqual(unknownNames("?color=side:gene:A~factor:3", ATLAS), []);
  assert.equal(toldUnknown([]), "");
});

test("what a link names in vain is told, each by what it should be", () => {
  const search = "?stage=E8&slice=x&color=side:&sel=spatial*0_0_1_0_1_1*2&vs=nothing";
  assert.deepEqual(unknownNames(search, ATLAS), [
    "stage “E8” (it has E9, 6.5 PCW)",
    "slice “x” (it has E9 a, E9 b)",
    "colour “side:”",
    "a selection that cannot be read",
    "a second selection that cannot be read",
  ]);
  assert.match(toldUnknown(["a", "b", "c", "d", "e", "f", "g"]), /have: a, b, c, d, e and 2 more\. The rest/);
});

test("of many names that would do a few are told", () => {
  const slices = [..."abcdefgh"].map((name) => ({ name }));
  assert.deepEqual(unknownNames("?slice=x", /** @type {any} */ ({ stages: [], slices })), [
    "slice “x” (it has a, b, c, d, e, f and 2 more)",
  ]);
});

test("of several colours those that are there are shown", async () => {
  const gone = new AnswerFault("No such gene.", 404);
  const asked = server({ "gene:B": gone, "factor:9": gone });
  await assert.rejects(valuesOf(["gene:A", "gene:B", "gene:C"], asked, mixOf), (fault) => {
    assert.ok(fault instanceof PartlyUnknown);
    assert.deepEqual([fault.lost, fault.rest], [["gene:B"], "blend:A,C"]);
    return true;
  });
  await assert.rejects(valuesOf(["gene:A", "factor:9"], asked, besideOf), { rest: "gene:A" });
  await assert.rejects(valuesOf(["gene:B", "factor:9"], asked, besideOf), gone);
  assert.deepEqual(await valuesOf(["gene:A"], asked, besideOf), [VALUES]);
});

test("a request that failed otherwise is no unknown colour", async () => {
  const lost = new AnswerFault("The server could not be reached.");
  const asked = server({ "gene:B": new AnswerFault("No such gene.", 404), "gene:C": lost });
  await assert.rejects(valuesOf(["gene:A", "gene:B", "gene:C"], asked, besideOf), lost);
});
