/** Whether slices are shown as they were aligned, and in words how well that fits. */

import { element } from "../page/dom.mjs";
import { lengthText } from "../canvas/around/overlay.mjs";
import { withHelp } from "../guide/terms.mjs";

/** @typedef {import("../values/source.mjs").Slice} Slice */

export class OrientationChoice {
  /** @param {import("../canvas/canvas.mjs").AtlasCanvas} canvas
   * @param {Slice[]} slices @param {(aligned: boolean) => void} choose */
  constructor(canvas, slices, choose) {
    this.canvas = canvas;
    const possible = slices.some(({ aligned }) => aligned);
    this.input = element("input", {
      type: "checkbox",
      id: "explore-aligned",
      disabled: !possible,
      onchange: () => choose(this.input.checked),
    });
    const text = possible ? "Aligned" : "Aligned: not in this atlas";
    this.node = withHelp(element("label", { class: "ex-check" }, this.input, text), "residual");
    this.note = element("p", { class: "ex-said ex-orientation", role: "status", hidden: true });
  }

  show() {
    const { canvas } = this;
    this.input.checked = canvas.state.aligned;
    const aligned = canvas.loaded && canvas.scene.aligned;
    this.note.hidden = !aligned;
    if (!aligned) return;
    const { scene, description } = canvas;
    const shown = canvas.shownSlices();
    const sides = scene.boxes.map(({ minX, maxX, minY, maxY }) => Math.max(maxX - minX, maxY - minY));
    this.note.textContent = noteOf(description.slices, shown, sides, description.units?.coordinate ?? "");
  }
}

/**
 * @param {Slice[]} slices @param {number[]} shown @param {number[]} sides the longer one of each slice
 * @param {string} unit of the coordinates @returns {string}
 */
export function noteOf(slices, shown, sides, unit) {
  const frame = mainFrame(slices, shown);
  const framed = shown.filter((slice) => frame !== null && slices[slice].aligned?.frame === frame);
  const given = shown.filter((slice) => !slices[slice].aligned);
  const others = shown.filter((slice) => slices[slice].aligned && !framed.includes(slice));
  const named = (/** @type {number[]} */ some) => some.map((slice) => slices[slice].name).join(", ");
  if (!framed.length) return `Not aligned with other slices, shown as given: ${named(given)}.`;
  const said = ["Turned the same way round, as the slices were aligned when the atlas was fitted."];
  const known = framed.flatMap((slice) => slices[slice].aligned?.residual ?? []);
  if (known.length) {
    const apart = middle(known);
    const share = (100 * apart) / middle(framed.map((slice) => sides[slice]));
    const told = `${lengthText(Number(apart.toPrecision(3)), unit)} apart`;
    const residual = `the residual, ${Number(share.toPrecision(2))}% of the tissue's width`;
    said.push(`Alike spots of neighbouring slices still lie ${told} (${residual}): compare regions, not single spots.`);
  }
  if (given.length) said.push(`Not aligned, shown as given: ${named(given)}.`);
  if (others.length) said.push(`Aligned with other slices only: ${named(others)}.`);
  return said.join(" ");
}

/** The frame that most of the slices shown share.
 * @param {Slice[]} slices @param {number[]} shown
 * @returns {number | null} */
function mainFrame(slices, shown) {
  /** @type {Map<number, number>} */
  const counts = new Map();
  for (const slice of shown) {
    const frame = slices[slice].aligned?.frame;
    if (frame !== undefined) counts.set(frame, (counts.get(frame) ?? 0) + 1);
  }
  /** @type {[number | null, number]} */
  let best = [null, 0];
  for (const each of counts) if (each[1] > best[1]) best = each;
  return best[0];
}

/** @param {number[]} values some @returns {number} their median */
function middle(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (sorted.length - 1) / 2;
  return (sorted[Math.floor(at)] + sorted[Math.ceil(at)]) / 2;
}
