/**
 * Several colours side by side, each in a panel of its own: their name in an address,
 * 'side:gene:A~factor:3~set:B,C', and which spots lie in front of which in all panels alike.
 *
 * @typedef {{color: string, values: import("../values/source.mjs").Values}} SidePart one panel
 */

import { MISSING_BYTE } from "./scale.mjs";

export const SIDE = "side";
export const MOST_SIDE = 6;
/** Kinds of colours that can stand side by side. What is predicted stands alone, under its mark. */
export const KINDS = ["gene", "factor", "obs", "set"];
/** Kinds of colours that have one value per spot. */
const PLAIN = [...KINDS, "estimate", "difference"];
// A gene set may hold the sign itself.
export const BETWEEN = new RegExp(`~(?=(?:${KINDS.join("|")}):)`);

/** Codes of the spots: nothing to see in any panel, or something in one. */
const NONE = 0;
const SOME = 1;

/** Colours of the panels by their name in an address; [] where it is none.
 * @param {string} name @returns {string[]} one to six different 'KIND:NAME' */
export function sideColors(name) {
  const colors = name.split(BETWEEN);
  const fine = colors.length <= MOST_SIDE && colors.every((color) => isOf(KINDS, color));
  return fine && new Set(colors).size === colors.length ? colors : [];
}

/** @param {string[]} colors @returns {string} the colour that shows them side by side */
export function sideBySide(colors) {
  return `${SIDE}:${colors.join("~")}`;
}

/** Whether a colour has one value per spot.
 * @param {string} color */
export function isPlain(color) {
  return isOf(PLAIN, color);
}

/** @param {string[]} kinds @param {string} color */
function isOf(kinds, color) {
  const [kind, ...name] = color.split(":");
  return kinds.includes(kind) && name.join(":") !== "";
}

/**
 * One code per spot, by which it lies in front or behind in every panel.
 * @param {SidePart[]} parts @returns {Uint8Array} 0 zero of every gene, 1 something, 255 missing in all
 */
export function sideCodes(parts) {
  const codes = new Uint8Array(parts[0].values.bytes.length).fill(MISSING_BYTE);
  for (const { color, values } of parts) {
    const { bytes } = values;
    const zero = color.startsWith("gene:") ? NONE : SOME;
    for (let i = 0; i < codes.length; i++) {
      if (bytes[i] === MISSING_BYTE || codes[i] === SOME) continue;
      codes[i] = bytes[i] ? SOME : zero;
    }
  }
  return codes;
}
