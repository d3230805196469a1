/**
 * One scale for all panels that show the same kind of quantity: colours of two genes say the same
 * only where the same colour is the same value. Quantities of different units have scales of their
 * own, since no colour could mean both.
 *
 * @typedef {import("./keys.mjs").NumberKey} NumberKey
 * @typedef {import("./keys.mjs").CategoryKey} CategoryKey
 * @typedef {{color: string, title: string, unit: string, kind: "number" | "category", lo: number,
 *   hi: number, scale: number, palette: Uint8Array, bytes: Uint8Array}} SidePanel
 *   scale: which of the key's scales holds for it; palette: 256 x RGBA of its own bytes
 * @typedef {{kind: "side", title: string, unit: string, hidden: Set<number>, panels: SidePanel[],
 *   scales: (NumberKey | CategoryKey)[]}} SideKey
 */

import { present } from "../page/present.mjs";
import { categoryKey } from "./categorykey.mjs";
import { ZERO, rgb } from "./palettes.mjs";
import { MISSING_BYTE, categoryPalette, clipBytes, histogram, numberPalette, valueOf } from "./scale.mjs";
import { describeColor } from "./words.mjs";

const TOP_BYTE = 254;

/**
 * @param {import("./multiples.mjs").SidePart[]} parts @param {string} title
 * @param {import("../values/source.mjs").Description} description
 * @param {[number, number][]} shown ranges of the spots on the map
 * @param {import("../canvas/state.mjs").State} state @param {"light" | "dark"} scheme
 * @returns {{palette: Uint8Array, key: SideKey}} palette: of the codes that order the spots
 */
export function sideKey(parts, title, description, shown, state, scheme) {
  const described = parts.map((part) => ({ ...part, words: describeColor(part.color, description) }));
  /** @type {Map<string, typeof described>} */
  const groups = new Map();
  for (const part of described) {
    // Numbers without a unit cannot be known to be the same quantity.
    const group = part.values.kind === "category" ? part.color : part.words.unit || part.color;
    groups.set(group, [...(groups.get(group) ?? []), part]);
  }
  /** @type {SideKey["scales"]} */
  const scales = [];
  /** @type {Map<string, SidePanel>} */
  const panels = new Map();
  for (const group of groups.values()) {
    const made = group[0].values.kind === "category"
      ? categories(group[0], shown, scheme)
      : numbers(group, shown, state, scheme);
    group.forEach(({ color, words, values }, at) => {
      const { bytes, lo, hi } = values;
      const { unit } = words;
      const kind = made.key.kind;
      const palette = made.palettes[at];
      panels.set(color, { color, title: words.title, unit, kind, lo, hi, scale: scales.length, palette, bytes });
    });
    scales.push(made.key);
  }
  return {
    palette: categoryPalette([rgb(ZERO[scheme])], new Set(), scheme).map((v, at) => (at % 4 === 3 ? 255 : v)),
    key: {
      kind: "side",
      title,
      unit: "",
      hidden: new Set(),
      panels: parts.map(({ color }) => present(panels.get(color), "A panel")),
      scales,
    },
  };
}

/** @typedef {import("./multiples.mjs").SidePart & {words: import("./words.mjs").Words}} Described */

/** @param {Described} part @param {[number, number][]} shown @param {"light" | "dark"} scheme */
function categories({ values, words }, shown, scheme) {
  const { palette, key } = categoryKey(words, histogram(values.bytes, shown), new Set(), scheme);
  return { palettes: [palette], key };
}

/**
 * @param {Described[]} group of one unit @param {[number, number][]} shown
 * @param {import("../canvas/state.mjs").State} state @param {"light" | "dark"} scheme
 */
function numbers(group, shown, state, scheme) {
  const zeroApart = group[0].words.kind === "gene";
  const lo = Math.min(...group.map(({ values }) => values.lo));
  const hi = Math.max(...group.map(({ values }) => values.hi));
  const perByte = TOP_BYTE / (hi - lo || 1);
  const pool = (/** @type {(bytes: Uint8Array) => Uint32Array} */ count) => {
    const counts = new Uint32Array(256);
    for (const { values } of group) {
      count(values.bytes).forEach((n, byte) => {
        counts[pooledByte(byte, values, lo, perByte, zeroApart)] += n;
      });
    }
    return counts;
  };
  // Clipping is by all spots of the atlas, so that the scale is the same at every stage.
  const clip = clipBytes(pool((bytes) => histogram(bytes, [[0, bytes.length]])), state.clip, zeroApart);
  const ends = clip.map((byte) => valueOf(byte, lo, hi));
  const how = { map: state.map, zeroApart, hidden: new Set(), scheme };
  const palettes = group.map(({ values }) => {
    // The ends of the common scale in the bytes of this panel, which they may lie between or beyond.
    const steps = TOP_BYTE / (values.hi - values.lo || hi - lo || 1);
    const own = /** @type {[number, number]} */ (ends.map((end) => (end - values.lo) * steps));
    return numberPalette({ ...how, clip: own });
  });
  return {
    palettes,
    key: /** @type {NumberKey} */ ({
      kind: "number",
      title: group.map(({ words }) => words.title).join(", "),
      unit: group[0].words.unit,
      lo,
      hi,
      counts: pool((bytes) => histogram(bytes, shown)),
      palette: numberPalette({ ...how, clip }),
      clip,
      percent: state.clip,
      map: state.map,
      zeroApart,
      hidden: new Set(),
    }),
  };
}

/** A byte of one panel on the common scale.
 * @param {number} byte
 * @param {{lo: number, hi: number}} own @param {number} lo @param {number} perByte
 * @param {boolean} zeroApart */
function pooledByte(byte, own, lo, perByte, zeroApart) {
  if (byte === MISSING_BYTE || (zeroApart && byte === 0)) return byte;
  const common = Math.round((valueOf(byte, own.lo, own.hi) - lo) * perByte);
  return Math.min(TOP_BYTE, Math.max(zeroApart ? 1 : 0, common));
}
