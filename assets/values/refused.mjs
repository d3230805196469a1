/** A colour, or something else asked of a view, that could not be had: it is told, and asked for again. */

import { reason, wayOn } from "../page/answers.mjs";
import { PartlyUnknown } from "./several.mjs";
import { describeColor, quoted, toldUnknown } from "../colours/words.mjs";

/** @typedef {import("../canvas/canvas.mjs").AtlasCanvas | import("../stack/view.mjs").StackView} View */

/** @type {WeakMap<View, string>} the colour that shows what is left of one that is partly unknown */
const rests = new WeakMap();

/** Lines about what a link named in vain. */
const OF_LINK = ["link", "names", "parts", "refused"];
/** How spots are drawn, and not which or of what. */
const LOOKS = ["size", "tissue"];
/** @type {WeakMap<View, number>} how often a reader has gone on from what a link showed */
const moves = new WeakMap();

/** @param {View} view @returns {number} another one once the reader, or another link, has gone on */
export function movesOf(view) {
  return moves.get(view) ?? 0;
}

/** Something else is to be shown: what was told of the link before is told no more.
 * @param {View} view @param {Partial<import("../canvas/state.mjs").State>} [change] not given: another link */
export function moveOn(view, change) {
  if (change && Object.keys(change).every((name) => LOOKS.includes(name))) return;
  moves.set(view, movesOf(view) + 1);
  for (const about of OF_LINK) view.frame.warn("", { about });
}

/** Ask once more for what could not be had. The page hears of it as of a camera that settled.
 * @param {View} view @param {Partial<import("../canvas/state.mjs").State>} change */
export async function askAgain(view, change) {
  await view.set(change);
  view.dispatchEvent(new CustomEvent("view"));
}

/** @param {View} view @param {string} color that could not be had @param {unknown} error
 * @returns {string} the colour that shows what is left of it, '' where nothing is */
export function refuse(view, color, error) {
  if (error instanceof PartlyUnknown) {
    const names = error.lost.map((each) => quoted(describeColor(each, view.description).title));
    view.frame.warn(toldUnknown(names), { about: "parts" });
    rests.set(view, error.rest);
    return error.rest;
  }
  const text = `${describeColor(color, view.description).title}: ${reason(error)}`;
  const retry = wayOn(error, () => askAgain(view, { color }));
  // What is refused for good is told until the reader goes on, what may come yet until it is there.
  view.frame.warn("", { about: retry ? "refused" : "color" });
  view.frame.warn(text, { about: retry ? "color" : "refused", retry });
  return "";
}

/** A colour is there: what was told of another one goes.
 * @param {View} view @param {string} color */
export function accept(view, color) {
  for (const about of ["", "color", "refused"]) view.frame.warn("", { about });
  if (color !== rests.get(view)) view.frame.warn("", { about: "parts" });
}
