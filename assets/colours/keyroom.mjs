/**
 * What a key keeps room for where it counts one slice after the other, so that nothing moves as its
 * numbers change.
 *
 * @typedef {{most: number, missing: boolean}} Room most: the largest number of spots of one code in
 *   any slice; missing: whether any slice has spots that were not measured
 */

import { MISSING_BYTE, histogram } from "./scale.mjs";

/** @param {Uint8Array} bytes @param {[number, number][]} spans of the slices @returns {Room} */
export function roomFor(bytes, spans) {
  const all = spans.map((span) => histogram(bytes, [span]));
  return {
    most: Math.max(0, ...all.map((counts) => counts.subarray(0, MISSING_BYTE).reduce((a, b) => Math.max(a, b), 0))),
    missing: all.some((counts) => counts[MISSING_BYTE] > 0),
  };
}
