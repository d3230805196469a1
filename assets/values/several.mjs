/** Values of several colours at once: where the atlas lacks some of them, what is left can be shown. */

import { AnswerFault } from "../page/answers.mjs";
import { BLEND } from "../colours/blend.mjs";
import { sideBySide } from "../colours/multiples.mjs";

/** @typedef {import("./source.mjs").Values} Values */

/** Some of several colours are not there. */
export class PartlyUnknown extends AnswerFault {
  /** @param {string[]} lost colours that the atlas does not have @param {string} rest the colour that
   *   shows the others */
  constructor(lost, rest) {
    super("Some of these colours are not in this atlas.", 404);
    this.lost = lost;
    this.rest = rest;
  }
}

/**
 * @param {string[]} colors each 'KIND:NAME' @param {(color: string) => Promise<Values>} fetched
 * @param {(left: string[]) => string} together the colour of those that are there
 * @returns {Promise<Values[]>} rejected with `PartlyUnknown` where the atlas has some of them alone
 */
export async function valuesOf(colors, fetched, together) {
  const found = await Promise.allSettled(colors.map(fetched));
  const faults = found.flatMap((each) => (each.status === "rejected" ? [each.reason] : []));
  if (!faults.length) return found.flatMap((each) => (each.status === "fulfilled" ? [each.value] : []));
  const isUnknown = (/** @type {unknown} */ fault) => fault instanceof AnswerFault && fault.status === 404;
  const left = colors.filter((_, at) => found[at].status === "fulfilled");
  const other = faults.find((fault) => !isUnknown(fault));
  if (other || !left.length) throw other ?? faults[0];
  throw new PartlyUnknown(colors.filter((color) => !left.includes(color)), together(left));
}

/** @param {string[]} colors of genes @returns {string} the colour that mixes them */
export function mixOf(colors) {
  if (colors.length < 2) return colors[0];
  return `${BLEND}:${colors.map((color) => color.slice(color.indexOf(":") + 1)).join(",")}`;
}

/** @param {string[]} colors @returns {string} the colour that shows them beside each other */
export function besideOf(colors) {
  return colors.length < 2 ? colors[0] : sideBySide(colors);
}
