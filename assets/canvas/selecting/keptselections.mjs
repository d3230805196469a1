/**
 * Selections that no link can hold: the server keeps them, and a link names them by an address that is
 * the same for the same outlines.
 */

import { reason, wayOn } from "../../page/answers.mjs";
import { askAgain } from "../../values/refused.mjs";
import { addressed, decodeSelection, encodeSelection, isAway, textOf } from "./selection.mjs";

/** @typedef {import("../canvas.mjs").AtlasCanvas} AtlasCanvas */
/** @typedef {import("./selection.mjs").Selection} Selection */

/** Give a selection an address.
 * @param {import("../../values/source.mjs").Source} source
 * @param {Selection} selection @returns {Promise<Selection>} the same */
export async function keepSelection(source, selection) {
  return addressed(selection, await source.keepSelection(textOf(selection)));
}

/** Other selections are asked for: what was told of earlier ones goes, and with it the retry that would
 * bring them back.
 * @param {AtlasCanvas} atlas @param {...("keep" | "kept selection" | "kept versus")} about */
export function forget(atlas, ...about) {
  for (const each of about) atlas.frame.warn("", { about: each });
}

/** Fetch what a link names by an address alone; what cannot be had is told and counts as not given.
 * @param {AtlasCanvas} atlas @returns {Promise<boolean>} false where something else was asked for meanwhile */
export async function bringSelections(atlas) {
  for (const name of /** @type {const} */ (["selection", "versus"])) {
    const away = atlas.state[name];
    if (!away || !isAway(away)) continue;
    const found = await bring(atlas, name, away);
    if (atlas.closed || atlas.state[name] !== away) return false;
    atlas.state = { ...atlas.state, [name]: found };
  }
  return true;
}

/** @param {AtlasCanvas} atlas @param {"selection" | "versus"} name @param {Selection} away
 * @returns {Promise<Selection | null>} */
async function bring(atlas, name, away) {
  const address = encodeSelection(away);
  const about = /** @type {const} */ (`kept ${name}`);
  try {
    const text = await atlas.source.keptSelection(address);
    const found = decodeSelection(text, atlas.description.slices.length);
    if (!found?.length) throw new Error("It was drawn on another atlas.");
    forget(atlas, about);
    return addressed(found, address);
  } catch (error) {
    if (atlas.closed || atlas.state[name] !== away) return null;
    const retry = wayOn(error, () => {
      // Nothing was left in its place; what is there now was asked for later.
      return atlas.state[name] ? forget(atlas, about) : askAgain(atlas, { [name]: away });
    });
    const told = name === "selection" ? "The selection" : "The second selection";
    atlas.frame.warn(`${told} of this link is not shown. ${reason(error)}`, { about, retry });
    return null;
  }
}
