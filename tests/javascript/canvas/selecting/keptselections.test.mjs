import assert from "node:assert/strict";
import { test } from "node:test";

import { AnswerFault } from "../../../../assets/page/answers.mjs";
import { bringSelections } from "../../../../assets/canvas/selecting/keptselections.mjs";
import { decodeSelection, encodeSelection } from "../../../../assets/canvas/selecting/selection.mjs";

const ADDRESS = `@${"0a".repeat(16)}`;
const KEPT = "spatial*1_2_3_4_5_6*0";
const DRAWN = decodeSelection("spatial*9_8_7_6_5_4*0", 1);

/** A map whose link names a selection by its address alone.
 * @param {(address: string) => Promise<string>} keptSelection */
function linked(keptSelection) {
  /** @type {Map<string, any>} what is told, by what it is about */
  const told = new Map();
  const atlas = {
    state: { selection: decodeSelection(ADDRESS, 1), versus: null },
    source: { keptSelection },
    description: { slices: [{}] },
    frame: {
      warn: (/** @type {string} */ text, /** @type {any} */ how) => {
        if (text) told.set(how.about, { text, ...how });
        else told.delete(how.about);
      },
    },
    set: async (/** @type {any} */ change) => {
      atlas.state = { ...atlas.state, ...change };
      await bringSelections(/** @type {any} */ (atlas));
    },
    dispatchEvent: () => true,
  };
  return { atlas: /** @type {any} */ (atlas), told };
}

/** A server that is away the first time. */
function awayOnce() {
  let times = 0;
  return async () => {
    if (!times++) throw new AnswerFault("The server could not be reached.");
    return KEPT;
  };
}

test("a selection that could not be fetched comes when it is asked for again", async () => {
  const { atlas, told } = linked(awayOnce());
  assert.equal(await bringSelections(atlas), true);
  assert.equal(atlas.state.selection, null);
  await told.get("kept selection").retry();
  assert.equal(encodeSelection(atlas.state.selection), ADDRESS);
  assert.equal(atlas.state.selection.length, 1);
  assert.equal(told.size, 0);
});

test("asking again leaves alone what was drawn since", async () => {
  const { atlas, told } = linked(awayOnce());
  await bringSelections(atlas);
  const { retry } = told.get("kept selection");
  atlas.state = { ...atlas.state, selection: DRAWN };
  await retry();
  assert.equal(atlas.state.selection, DRAWN);
  assert.equal(told.size, 0);
});

test("nothing is told of a selection that something else took the place of meanwhile", async () => {
  const { atlas, told } = linked(async () => {
    atlas.state = { ...atlas.state, selection: DRAWN };
    throw new AnswerFault("The server could not be reached.");
  });
  assert.equal(await bringSelections(atlas), false);
  assert.equal(atlas.state.selection, DRAWN);
  assert.equal(told.size, 0);
});
