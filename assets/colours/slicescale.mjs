/**
 * A scale for each slice of its own: what is strong within a slice is seen however weak it is beside
 * other slices. One colour then means another value in each slice, and no number can stand on the bar.
 *
 * @typedef {Map<number, [number, number] | null>} Ranges by slice, the values that its colours run
 *   between; null where it has none to colour
 */

import { MISSING_BYTE, clipBytes, histogram, numberPalette, readable, valueOf } from "./scale.mjs";

const TOP_BYTE = 254;

/**
 * @param {import("../values/source.mjs").Values} values @param {[number, number][]} spans of all slices
 * @param {[number, number]} percent between which percentiles of its own spots each slice is coloured
 * @param {{map: string, zeroApart: boolean, scheme: "light" | "dark"}} how
 * @returns {{inks: Uint32Array, ranges: Ranges, places: Uint8Array}} inks: RGBA of every spot;
 *   places: where on the scale of its slice each spot lies, a byte; zero apart and missing as they are
 */
export function sliceScales({ bytes, lo, hi }, spans, percent, how) {
  const { zeroApart } = how;
  const first = zeroApart ? 1 : 0;
  const inks = new Uint32Array(bytes.length);
  const places = new Uint8Array(bytes.length);
  /** @type {Ranges} */
  const ranges = new Map();
  spans.forEach((span, slice) => {
    const counts = histogram(bytes, [span]);
    const some = counts.subarray(first, MISSING_BYTE).some((n) => n > 0);
    const clip = ownClip(counts, percent, zeroApart);
    ranges.set(slice, some ? [valueOf(clip[0], lo, hi), valueOf(clip[1], lo, hi)] : null);
    const colors = new Uint32Array(numberPalette({ ...how, clip, hidden: new Set() }).buffer);
    const place = Uint8Array.from({ length: 256 }, (_, byte) => placeOf(byte, clip, first));
    for (let i = span[0]; i < span[1]; i++) {
      inks[i] = colors[bytes[i]];
      places[i] = place[bytes[i]];
    }
  });
  return { inks, ranges, places };
}

/** Bytes between which a slice is coloured: 0 and 100% are its own least and greatest value.
 * @param {Uint32Array} counts @param {[number, number]} percent @param {boolean} zeroApart
 * @returns {[number, number]} */
function ownClip(counts, percent, zeroApart) {
  const [low, high] = percent;
  // A percentile just above 0 is the least value itself, by nearest rank.
  return clipBytes(counts, [Math.max(low, 1e-9), Math.min(high, 100 - 1e-9)], zeroApart);
}

/** @param {number} byte @param {[number, number]} clip @param {number} first byte of a value */
function placeOf(byte, [low, high], first) {
  if (byte === MISSING_BYTE || byte < first) return byte;
  const share = high > low ? (byte - low) / (high - low) : byte >= high ? 1 : 0;
  return Math.round(first + Math.min(1, Math.max(0, share)) * (TOP_BYTE - first));
}

/** What stands at the ends of the bar.
 * @param {[number, number]} percent
 * @returns {[string, string]} */
export function ownEnds([low, high]) {
  return [low > 0 ? `own ${low}%` : "own least", high < 100 ? `own ${high}%` : "own greatest"];
}

/** @param {Ranges} ranges @param {number} slice @returns {string} values its colours run between */
export function rangeText(ranges, slice) {
  const range = ranges.get(slice);
  return range ? range.map(readable).join(" – ") : "nothing to colour";
}
