/** A colour, or something else asked of a view, that could not be had: it is told, and asked for again. */

import { wayOn } from "./answers.mjs";
import { PartlyUnknown } from "./several.mjs";
import { describeColor, quoted, reason, toldUnknown } from "./words.mjs";

/** @typedef {import("./canvas.mjs").AtlasCanvas | import("../stack/view.mjs").StackView} View */

/** @type {WeakMap<View, string>} the colour that shows what is left of one that is partly unknown */
const rests = new WeakMap();

/** Ask once more for what could not be had. The page hears of it as of a camera that settled.
 * @param {View} view @param {Partial<import("./state.mjs").State>} change */
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
  view.frame.warn(text, { about: "color", retry: wayOn(error, () => askAgain(view, { color })) });
  return "";
}

/** A colour is there: what was told of another one goes.
 * @param {View} view @param {string} color */
export function accept(view, color) {
  for (const about of ["", "color"]) view.frame.warn("", { about });
  if (color !== rests.get(view)) forgetParts(view);
}

/** What a link named in vain among several colours is told no more.
 * @param {View} view */
export function forgetParts(view) {
  view.frame.warn("", { about: "parts" });
}
