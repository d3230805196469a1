/** The spot size: a slider over the spacing of spots, and the diameter that spots are drawn with. */

import { element } from "../page/dom.mjs";
import { rangesOf } from "../canvas/places/laying.mjs";
import { lengthText } from "../canvas/around/overlay.mjs";
import { drawnDiameters } from "../canvas/places/placing.mjs";
import { LEAST_SIZE, MOST_SIZE } from "./address.mjs";

export class SpotSize {
  /** @param {import("../canvas/canvas.mjs").AtlasCanvas} canvas
   * @param {(size: number, done: boolean) => void} change */
  constructor(canvas, change) {
    this.canvas = canvas;
    this.said = element("output", { class: "ex-drawn", for: "explore-size" });
    this.slider = element("input", {
      type: "range",
      class: "ex-range",
      id: "explore-size",
      min: LEAST_SIZE,
      max: MOST_SIZE,
      step: 0.1,
      oninput: () => change(Number(this.slider.value), false),
      onchange: () => change(Number(this.slider.value), true),
    });
    this.node = element("div", { class: "ex-size" }, this.slider, this.said);
  }

  /** Follow the state, and what is drawn of it. */
  show() {
    this.slider.value = String(this.canvas.state.size);
    this.tell();
  }

  /** The diameter that is drawn; zooming changes it where spots are as small as can be seen. */
  tell() {
    const { canvas } = this;
    // Slices in units of their own have no diameter in common.
    const ends = canvas.loaded && canvas.measured && drawnDiameters(rangesOf(canvas, "spatial"), canvas.layout.tiles);
    const text = ends ? diameterText(ends, canvas.description.units?.coordinate ?? "") : "";
    if (this.said.textContent !== text) this.said.textContent = text;
    this.slider.setAttribute("aria-valuetext", text || this.slider.value);
  }
}

/** @param {[number, number]} ends least and greatest @param {string} unit of the coordinates */
export function diameterText([least, most], unit) {
  const [low, high] = [least, most].map((value) => lengthText(Number(value.toPrecision(2)), unit));
  if (low === high) return high;
  const [number, its] = low.split(" ");
  return `${high.endsWith(` ${its}`) ? number : low} to ${high}`;
}
