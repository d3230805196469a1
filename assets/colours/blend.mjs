/**
 * Two or three genes as one colour. On a light page they mix as inks do, from the colour of zero
 * towards black; on a dark page as lights do, towards white. The hues were chosen so that they and
 * their full mixes stay apart for readers who see red and green alike.
 *
 * @typedef {import("./palettes.mjs").Rgb} Rgb
 * @typedef {"light" | "dark"} Scheme
 * @typedef {{name: string, values: import("../values/source.mjs").Values}} Part one gene of a blend
 * @typedef {{bytes: Uint8Array, clip: [number, number]}} Level one gene's bytes, and those between
 *   which its share of the colour runs from 0 to 1
 */

import { MISSING_BYTE } from "./scale.mjs";
import { MISSING, ZERO, hexColor, rgb } from "./palettes.mjs";

export const BLEND = "blend";
export const MOST_BLENDED = 3;

/** Codes of the spots of a blend: none of its genes is there, one of them, not all were measured. */
const NONE = 0;
const SOME = 1;

/** @type {Record<Scheme, Record<number, Rgb[]>>} by how many genes are mixed */
const HUES = {
  light: { 2: [[160, 5, 190], [90, 170, 20]], 3: [[16, 195, 255], [219, 0, 149], [178, 255, 83]] },
  dark: { 2: [[255, 50, 225], [0, 205, 30]], 3: [[46, 198, 133], [171, 4, 252], [221, 73, 26]] },
};

/** Genes of a blend by its name in an address, 'A,B' or 'A,B,C'; [] where it is none.
 * @param {string} name @returns {string[]} */
export function blendedGenes(name) {
  const genes = name.split(",");
  const fine = genes.length >= 2 && genes.length <= MOST_BLENDED && genes.every(Boolean);
  return fine && new Set(genes).size === genes.length ? genes : [];
}

/** @param {number[]} shares 0..1 per gene @param {Scheme} scheme @returns {Rgb} */
export function mixed(shares, scheme) {
  const inks = HUES[scheme][shares.length];
  const zero = rgb(ZERO[scheme]);
  const most = Math.max(...shares);
  return /** @type {Rgb} */ (
    zero.map((paper, channel) => {
      if (scheme === "light") {
        const passed = shares.reduce((all, t, g) => all * (1 - t * (1 - inks[g][channel] / 255)), 1);
        return Math.round(paper * passed);
      }
      const lit = shares.reduce((all, t, g) => all + t * inks[g][channel], paper * (1 - most));
      return Math.min(255, Math.round(lit));
    })
  );
}

/** Share of a gene's colour.
 * @param {number} byte @param {[number, number]} clip */
export function shareOf(byte, [low, high]) {
  if (high <= low) return byte >= high && byte > 0 ? 1 : 0;
  return Math.min(1, Math.max(0, (byte - low) / (high - low)));
}

/**
 * One code per spot, which takes the place of a value where only its kind counts.
 * @param {Uint8Array[]} parts bytes of each gene @returns {Uint8Array} 0 none, 1 some, 255 missing
 */
export function blendCodes(parts) {
  return parts[0].map((_, i) => {
    let code = NONE;
    for (const bytes of parts) {
      // A gene that was not measured is not zero: no mix can be told without it.
      if (bytes[i] === MISSING_BYTE) return MISSING_BYTE;
      if (bytes[i]) code = SOME;
    }
    return code;
  });
}

/**
 * @param {Level[]} levels @param {Scheme} scheme
 * @returns {Uint32Array} (n,) the bytes RGBA of every spot
 */
export function blendInks(levels, scheme) {
  const shares = levels.map(({ clip }) => Float32Array.from({ length: 256 }, (_, b) => shareOf(b, clip)));
  // Mixing is by 32 steps a gene, finer than an eye tells apart, so that no spot is worked out twice.
  const steps = 32;
  const places = levels.map((_, g) => steps ** g);
  const table = new Uint32Array(steps ** levels.length);
  const bytes = new Uint8Array(table.buffer);
  for (let at = 0; at < table.length; at++) {
    const share = places.map((place) => (Math.floor(at / place) % steps) / (steps - 1));
    bytes.set([...mixed(share, scheme), 255], 4 * at);
  }
  const missing = new Uint32Array(Uint8Array.from([...rgb(MISSING[scheme]), 255]).buffer)[0];
  const found = shares.map((share, g) => share.map((t) => Math.round(t * (steps - 1)) * places[g]));
  return Uint32Array.from({ length: levels[0].bytes.length }, (_, i) => {
    let at = 0;
    for (let g = 0; g < levels.length; g++) {
      const byte = levels[g].bytes[i];
      if (byte === MISSING_BYTE) return missing;
      at += found[g][byte];
    }
    return table[at];
  });
}

/** Every mix of genes at their full: which, and its colour.
 * @param {string[]} genes
 * @param {Scheme} scheme @returns {{genes: string[], color: string}[]} single genes first */
export function fullMixes(genes, scheme) {
  return Array.from({ length: 2 ** genes.length - 1 }, (_, at) => at + 1)
    .map((bits) => genes.map((_, g) => (bits >> g) & 1))
    .sort((a, b) => sum(a) - sum(b))
    .map((shares) => ({
      genes: genes.filter((_, g) => shares[g]),
      color: hexColor(mixed(shares, scheme)),
    }));
}

/** @param {number[]} values */
function sum(values) {
  return values.reduce((all, each) => all + each, 0);
}
