import assert from "node:assert/strict";
import { test } from "node:test";

import { readSlices, readTime, writeFilm } from "../../../assets/film/address.mjs";
import { centre } from "../../../assets/film/centre.mjs";
import { chooseScale } from "../../../assets/film/scale.mjs";

const stage = (/** @type {string} */ name, /** @type {number} */ usual, /** @type {number[]} */ slices, apart = false) => ({
  name, place: usual, usual, shown: usual, slices: slices.map((slice) => ({ slice, apart })),
});
const FILM = { timed: true, stages: [stage("E9", 0, [0, 1]), stage("E10", 2, [2]), stage("E11", 3, [3], true)] };

test("a moment and the slices that were chosen are in the address, the usual ones are not", () => {
  const film = readSlices("?slices=1_99", FILM);
  assert.deepEqual(film.stages.map(({ shown }) => shown), [1, 2, 3]);
  assert.equal(writeFilm("?of=genes:A,B&t=1", 9.12345678, film), "?of=genes:A,B&t=9.12346&slices=1");
  assert.equal(writeFilm("?t=1&slices=1", null, FILM), "");
  assert.deepEqual([readTime("?t=9.5"), readTime("?t=x"), readTime("")], [9.5, null, null]);
});

test("a slice of a frame of its own comes to the middle of the others, at its size", () => {
  const points = Float32Array.from([0, 0, 10, 4, 2, 2, 12, 6, 4, 4, 14, 8, 1000, 0, 1020, 10]);
  const slices = [0, 2, 4, 6].map((start) => ({ start, stop: start + 2 }));
  centre(points, slices, FILM);
  assert.deepEqual([...points.subarray(12)], [-3, -1, 17, 9]);
  assert.deepEqual([...points.subarray(0, 4)], [0, 0, 10, 4]);
});

const sized = (/** @type {string} */ name, /** @type {number} */ side, spacing = 1, apart = false) => ({ name, side, spacing, apart });

test("stages have one scale where they have one unit and none would be a dot", () => {
  assert.equal(chooseScale([sized("a", 10), sized("b", 79)], "um").common, true);
  const dot = chooseScale([sized("a", 10), sized("b", 200)], "um");
  assert.equal(dot.common, false);
  assert.match(dot.words, /a would be 20 times smaller than b/);
});

test("without a unit, spots that lie much further apart tell that there are two", () => {
  const stages = [sized("a", 10, 1, true), sized("b", 10, 9)];
  const found = chooseScale(stages, "pixels");
  assert.equal(found.common, false);
  assert.match(found.words, /9 times as far apart in b as in a/);
  assert.equal(chooseScale(stages, "um").common, true);
  assert.match(chooseScale([sized("a", 9, 1, true), sized("b", 9)], "px").words, /taken to be the same/);
});
