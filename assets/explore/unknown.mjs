/** What a link names that the atlas does not have: told in one line, while the rest is shown. */

import { BLEND, blendedGenes } from "../colours/blend.mjs";
import { SIDE, isPlain, sideColors } from "../colours/multiples.mjs";
import { movesOf } from "../values/refused.mjs";
import { decodeSelection } from "../canvas/selecting/selection.mjs";
import { givenSet, quoted, splitColor, toldUnknown } from "../colours/words.mjs";
import { parameters } from "./address.mjs";

/** @typedef {import("../canvas/canvas.mjs").AtlasCanvas} AtlasCanvas */

/** Names that are told of those that would do. */
const MOST_TOLD = 6;

/** Names in an address that are told by nobody else: a colour that can be read is asked for, and the
 * server says what it lacks.
 * @param {string} search @param {import("../values/source.mjs").Description} description
 * @returns {string[]} each with what it should be, such as 'slice “E9” (it has S1, S2)' */
export function unknownNames(search, { stages, slices }) {
  const given = parameters(search);
  const found = [];
  const lacks = (/** @type {string} */ kind, /** @type {{name: string}[]} */ known) => {
    const name = given[kind];
    if (name && !known.some((each) => each.name === name)) found.push(`${kind} ${quoted(name)} (it has ${someOf(known)})`);
  };
  lacks("stage", stages);
  lacks("slice", slices);
  found.push(...unknownColor(search));
  for (const [name, told] of [["sel", "a selection"], ["vs", "a second selection"]]) {
    if (given[name] && !decodeSelection(given[name], slices.length)) found.push(`${told} that cannot be read`);
  }
  return found;
}

/** @param {{name: string}[]} known */
function someOf(known) {
  const names = known.slice(0, MOST_TOLD).map(({ name }) => name);
  return names.join(", ") + (known.length > MOST_TOLD ? ` and ${known.length - MOST_TOLD} more` : "");
}

/** The colour of an address where none of that form can be asked for.
 * @param {string} search @returns {string[]} none or one */
export function unknownColor(search) {
  const { color } = parameters(search);
  return color && !canBeAsked(color) ? [`colour ${quoted(color)}`] : [];
}

/** @param {string} color */
function canBeAsked(color) {
  const [kind, name] = splitColor(color);
  if (kind === BLEND) return blendedGenes(name).length > 0;
  return isPlain(color) || (kind === SIDE && sideColors(name).length > 0);
}

/** Say over the map what its link names in vain, all at once.
 * @param {AtlasCanvas} canvas @param {string} search */
export async function tellUnknown(canvas, search) {
  const moves = movesOf(canvas);
  const names = unknownNames(search, await canvas.source.description());
  names.push(...(await unknownGenes(canvas, parameters(search).color ?? "")));
  if (!canvas.closed && moves === movesOf(canvas)) canvas.frame.warn(toldUnknown(names), { about: "link" });
}

/** Genes of a set that are not there: it stands for those that are.
 * @param {AtlasCanvas} canvas @param {string} color @returns {Promise<string[]>} */
async function unknownGenes(canvas, color) {
  const [kind, name] = splitColor(color);
  if (kind !== "set" || name.startsWith("~") || givenSet(name)) return [];
  const report = await canvas.source.geneSet(name).catch(() => null);
  return (report?.unknown ?? []).map((/** @type {string} */ gene) => `gene ${quoted(gene)}`);
}
