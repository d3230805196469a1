/** The values of the colour that was chosen last: an earlier transfer is stopped, and a first colour
 * that cannot be had gives way to the atlas's own. */

import { PartlyUnknown } from "./several.mjs";
import { defaultColor, splitColor } from "../colours/words.mjs";

/**
 * @typedef {import("./source.mjs").Values} Values
 * @typedef {{color: string, values: Values, refused: string, error?: unknown}} First refused: the colour
 *   that could not be had, '' for none; error: why
 */

export class ColorValues {
  /** @param {import("./source.mjs").Source} source */
  constructor(source) {
    this.source = source;
  }

  /** @param {string} color @returns {Promise<Values>} rejected as stale once another is asked for */
  fetch(color) {
    this.stop();
    this.stale = new AbortController();
    return this.source.values(...splitColor(color), this.stale.signal);
  }

  /** The transfer under way is wanted no more. */
  stop() {
    this.stale?.abort();
  }

  /** The values to begin with, on their way before the atlas is known.
   * @param {string} asked '' = the atlas's own colour
   * @returns {(description: import("./source.mjs").Description, n: number) => Promise<First>} */
  begin(asked) {
    const early = asked ? this.fetch(asked) : null;
    // Awaited below, where it is reported; a failure must not surface before that.
    early?.catch(() => {});
    return async (description, n) => {
      const own = defaultColor(description);
      const color = asked || own;
      try {
        return { color, values: checked(await (early ?? this.fetch(color)), n), refused: "" };
      } catch (error) {
        if (own === color) throw error;
        const instead = error instanceof PartlyUnknown ? error.rest : own;
        return { color: instead, values: checked(await this.fetch(instead), n), refused: color, error };
      }
    };
  }
}

/** Values for every spot.
 * @param {Values} values @param {number} n spots @returns {Values} */
export function checked(values, n) {
  if (values.bytes.length === n) return values;
  throw new Error(`${values.bytes.length} values came for ${n} spots.`);
}

/** Whether a transfer was stopped because it was not wanted any more.
 * @param {unknown} error */
export function isStale(error) {
  return error instanceof DOMException && error.name === "AbortError";
}
