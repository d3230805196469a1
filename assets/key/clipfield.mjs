/** Two boxes for the percentiles between which colours run, of one gene or of several alike. */

import { element } from "../page/dom.mjs";

/** @typedef {[number, number]} Clip low and high, 0..100 */

export class ClipField {
  /** @param {string} word before the boxes @param {string} of what follows in the names of the boxes
   * @param {(clip: Clip) => void} change told what was typed, in order and within 0..100 */
  constructor(word, of, change) {
    this.change = change;
    /** @type {Clip} */
    this.percent = [0, 100];
    this.inputs = ["Lowest", "Highest"].map((end, at) =>
      element("input", {
        type: "number",
        class: "ac-number",
        min: 0,
        max: 100,
        step: "any",
        "aria-label": `${end} percentile${of}`,
        onchange: () => this.#typed(at),
      }),
    );
    this.node = element("span", { class: "ac-clip" }, word, this.inputs[0], "–", this.inputs[1], "%");
  }

  /** @param {Clip} percent */
  show(percent) {
    this.percent = percent;
    this.inputs.forEach((input, at) => {
      if (document.activeElement !== input) input.value = String(percent[at]);
    });
  }

  /** @param {number} at */
  #typed(at) {
    const input = this.inputs[at];
    const wanted = input.value === "" ? NaN : Number(input.value);
    if (Number.isFinite(wanted)) this.change(clipped(this.percent, at, wanted));
    input.value = String(this.percent[at]);
  }
}

/** A clip with one end moved, no further than the other.
 * @param {Clip} clip @param {number} at @param {number} wanted @returns {Clip} */
export function clipped([low, high], at, wanted) {
  const bounded = Math.min(100, Math.max(0, wanted));
  return at === 0 ? [Math.min(bounded, high), high] : [low, Math.max(bounded, low)];
}
