import assert from "node:assert/strict";
import { test } from "node:test";

import { factsText, pickedText } from "../../../assets/canvas/around/overlay.mjs";
import { defaultColor, describeColor, estimatedIn, givenSet, setSize, splitColor } from "../../../assets/colours/words.mjs";
import { reason } from "../../../assets/page/answers.mjs";

const ATLAS = /** @type {any} */ ({
  kind: "atlas",
  factors: [{ name: "0", label: "Factor 0 · MYH7" }],
  obs: [
    { name: "total_counts", kind: "number", categories: [] },
    { name: "cell_type", kind: "category", categories: ["a"] },
    { name: "domain", kind: "category", categories: ["D1"] },
  ],
});
const titled = (/** @type {string} */ color) => describeColor(color, ATLAS).title;

test("a colour is a kind and a name, which may hold colons", () => {
  assert.deepEqual(splitColor("gene:HLA:A"), ["gene", "HLA:A"]);
});

test("colours are called what a reader calls them", () => {
  assert.equal(titled("gene:MYH7"), "MYH7");
  assert.equal(titled("factor:0"), "Factor 0 · MYH7");
  assert.equal(titled("factor:9"), "Factor 9");
  assert.equal(titled("obs:cell_type"), "cell type");
  assert.equal(titled("blend:A,B"), "A + B");
  assert.equal(titled("set:A"), "Set of 1 gene");
  assert.equal(titled("set:A,B"), "Set of 2 genes");
  assert.equal(titled("set:@HALLMARK_HYPOXIA"), "HALLMARK_HYPOXIA");
  assert.equal(titled("side:gene:A~factor:0"), "A, Factor 0 · MYH7");
});

test("what is predicted says so in its title and unit", () => {
  const { title, unit, sort } = describeColor("estimate:MYH7", ATLAS);
  assert.equal(title, "MYH7 (factors' estimate)");
  assert.match(unit, /^factors' estimate, /);
  assert.equal(sort?.predicted, true);
  assert.equal(describeColor("gene:MYH7", ATLAS).sort, undefined);
});

test("domains are shown first, else an annotation, a factor, whatever there is", () => {
  assert.equal(defaultColor(ATLAS), "obs:domain");
  assert.equal(defaultColor({ ...ATLAS, obs: ATLAS.obs.slice(0, 2) }), "obs:cell_type");
  assert.equal(defaultColor({ ...ATLAS, obs: ATLAS.obs.slice(0, 1) }), "factor:0");
  assert.equal(defaultColor({ ...ATLAS, obs: ATLAS.obs.slice(0, 1), factors: [] }), "obs:total_counts");
});

test("a set of the builder has its name, and others their size", () => {
  assert.equal(givenSet("@HEART, beating"), "HEART, beating");
  assert.equal(givenSet("A,B"), "");
  assert.equal(setSize("A,B,C"), 3);
  assert.equal(setSize(""), 0);
  assert.equal(setSize("~abababababab.AAEC"), 3);
  assert.equal(setSize("~abababababab.%%"), 0);
});

test("whatever is thrown has words", () => {
  assert.equal(reason(new Error("It broke.")), "It broke.");
  assert.equal(reason("plain"), "plain");
});

test("an estimate is told with how good it is, or why that is not known", () => {
  assert.equal(estimatedIn({ slices: 1, of: 3, r: "0.253" }), "estimated in 1 of 3 slices, r 0.25");
  assert.equal(estimatedIn({ slices: 2, of: 3, r: "not tested" }), "estimated in 2 of 3 slices, not tested");
});

test("a label tells spots without the word where it is narrow", () => {
  const measure = (/** @type {string} */ text) => 6 * text.length;
  assert.equal(factsText("6.5 PCW", 1234, 200, measure), "6.5 PCW · 1,234 spots");
  assert.equal(factsText("6.5 PCW", 1, 200, measure), "6.5 PCW · 1 spot");
  assert.equal(factsText("4.5-5 PCW", 56, 118, measure), "4.5-5 PCW · 56");
  assert.equal(pickedText("6.5 PCW", 151, 1510, 200, measure), "6.5 PCW · 151 of 1,510");
  assert.equal(pickedText("6.5 PCW", 151, 1510, 118, measure), "151 of 1,510");
});
