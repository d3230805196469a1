/**
 * From bytes to colours: histograms, percentile clipping and the 256-entry palette of the shader.
 * Byte 255 is missing; byte 0 of a gene is a count of zero and has a colour of its own.
 */

import { MISSING, ZERO, colorTable, divergingTable, rgb } from "./palettes.mjs";

export const MISSING_BYTE = 255;
const TOP_BYTE = 254;

/** @param {Uint8Array} bytes @param {[number, number][]} ranges @returns {Uint32Array} (256,) */
export function histogram(bytes, ranges) {
  const counts = new Uint32Array(256);
  for (const [start, stop] of ranges) {
    for (let i = start; i < stop; i++) counts[bytes[i]]++;
  }
  return counts;
}

/** @param {number} byte @param {number} lo @param {number} hi @returns {number} */
export function valueOf(byte, lo, hi) {
  return lo + (byte / TOP_BYTE) * (hi - lo);
}

/**
 * Byte at a percentile (nearest rank) of the measured spots; zeros of a gene are left out, since
 * most spots are zero for most genes and any percentile of all of them would be zero too.
 * @param {Uint32Array} counts @param {number} percent 0..100 @param {boolean} zeroApart
 */
export function percentileByte(counts, percent, zeroApart) {
  const first = zeroApart ? 1 : 0;
  let total = 0;
  for (let b = first; b <= TOP_BYTE; b++) total += counts[b];
  if (!total) return percent < 50 ? first : TOP_BYTE;
  const rank = Math.max(1, Math.ceil((percent / 100) * total));
  let seen = 0;
  for (let b = first; b <= TOP_BYTE; b++) {
    seen += counts[b];
    if (seen >= rank) return b;
  }
  return TOP_BYTE;
}

/** Bytes at the two percentiles.
 * @param {Uint32Array} counts @param {[number, number]} percent
 * @param {boolean} zeroApart @returns {[number, number]} */
export function clipBytes(counts, percent, zeroApart) {
  const first = zeroApart ? 1 : 0;
  // 0 and 100% are the ends of the scale itself, not of the spots.
  const low = percent[0] <= 0 ? first : percentileByte(counts, percent[0], zeroApart);
  const high = percent[1] >= 100 ? 254 : percentileByte(counts, percent[1], zeroApart);
  return [low, Math.max(low, high)];
}

/** Bytes that stand for two values, which is where colours begin and end.
 * @param {[number, number]} values @param {number} lo @param {number} hi @param {boolean} zeroApart
 * @returns {[number, number]} */
export function bytesAt(values, lo, hi, zeroApart) {
  const byte = (/** @type {number} */ value) =>
    hi > lo ? Math.round(((value - lo) / (hi - lo)) * TOP_BYTE) : 0;
  const low = Math.max(byte(values[0]), zeroApart ? 1 : 0);
  return [low, Math.min(TOP_BYTE, Math.max(low, byte(values[1])))];
}

/**
 * The percentile at which a handle dragged to `byte` stands: the inverse of percentileByte.
 * @param {Uint32Array} counts @param {number} byte @param {boolean} zeroApart
 * @param {"low" | "high"} end @returns {number} 0..100, two decimals
 */
export function percentOf(counts, byte, zeroApart, end) {
  const first = zeroApart ? 1 : 0;
  let total = 0;
  let below = 0;
  for (let b = first; b <= TOP_BYTE; b++) {
    total += counts[b];
    if (b < byte || (end === "high" && b === byte)) below += counts[b];
  }
  if (!total) return end === "low" ? 0 : 100;
  const percent = (below / total) * 100;
  return end === "low" ? Math.ceil(percent * 100) / 100 : Math.floor(percent * 100) / 100;
}

/**
 * @param {{map: string, clip: [number, number], zeroApart: boolean, hidden: Set<number>,
 *   scheme: "light" | "dark", signed?: boolean}} how clip: lowest and highest byte of the colour map;
 *   signed: colours run away from zero in the middle, whatever the map
 * @returns {Uint8Array} 256 x RGBA, alpha 0 = not drawn
 */
export function numberPalette(how) {
  const table = how.signed ? divergingTable(how.scheme) : colorTable(how.map);
  const palette = new Uint8Array(256 * 4);
  const [low, high] = how.clip;
  for (let byte = 0; byte <= TOP_BYTE; byte++) {
    const t = high > low ? (byte - low) / (high - low) : byte >= high ? 1 : 0;
    const step = Math.floor(Math.min(1, Math.max(0, t)) * 255 + 0.5);
    palette.set(table.subarray(3 * step, 3 * step + 3), 4 * byte);
    palette[4 * byte + 3] = 255;
  }
  if (how.zeroApart) palette.set([...rgb(ZERO[how.scheme]), 255], 0);
  return finish(palette, how.hidden, how.scheme);
}

/**
 * @param {import("./palettes.mjs").Rgb[]} colors one per category
 * @param {Set<number>} hidden @param {"light" | "dark"} scheme @returns {Uint8Array} 256 x RGBA
 */
export function categoryPalette(colors, hidden, scheme) {
  const palette = new Uint8Array(256 * 4);
  colors.slice(0, MISSING_BYTE).forEach((color, code) => palette.set([...color, 255], 4 * code));
  return finish(palette, hidden, scheme);
}

/** @param {Uint8Array} palette @param {Set<number>} hidden @param {"light" | "dark"} scheme */
function finish(palette, hidden, scheme) {
  palette.set([...rgb(MISSING[scheme]), 255], 4 * MISSING_BYTE);
  for (const byte of hidden) palette[4 * byte + 3] = 0;
  return palette;
}

/** A number as a person reads it, three significant digits.
 * @param {number} value */
export function readable(value) {
  if (!Number.isFinite(value)) return "–";
  if (value === 0) return "0";
  const size = Math.abs(value);
  const short = size >= 1e5 || size < 1e-3;
  const text = short ? value.toExponential(1).replace("+", "") : String(Number(value.toPrecision(3)));
  return text.replaceAll("-", "−");
}

/** Where colours begin and end, as a person reads it; ≤ and ≥ where there are values beyond.
 * @param {{lo: number, hi: number, clip: [number, number]}} scale clip: bytes
 * @param {boolean} zeroApart @returns {[string, string]} */
export function boundsOf({ lo, hi, clip: [low, high] }, zeroApart) {
  return [
    (low > (zeroApart ? 1 : 0) ? "≤ " : "") + readable(valueOf(low, lo, hi)),
    (high < MISSING_BYTE - 1 ? "≥ " : "") + readable(valueOf(high, lo, hi)),
  ];
}
