/**
 * What a screen reader hears of a box that keys draw: that it is there and what keys do, its size and
 * the spots in it once it rests, and what became of it.
 *
 * @typedef {"drawn" | "selected" | "dropped"} What
 */

import { counted, element } from "../../page/dom.mjs";
import { lengthText } from "./overlay.mjs";

// A key that is held down moves the box many times a second; only where it rests is worth a word.
const REST_MS = 400;
const KEYS = "Arrow keys move the box, with Shift they size it, Enter selects, Escape takes it away.";
const TOOLS = {
  move: "Arrow keys move the map.",
  lasso: "Lasso, drawn by pointer.",
  box: "Box: an arrow key brings it.",
};

export class BoxSpoken {
  /** @param {import("../canvas.mjs").AtlasCanvas} atlas */
  constructor(atlas) {
    this.atlas = atlas;
    this.node = element("div", { class: "visually-hidden ac-box-spoken", role: "status" });
    this.drawing = false;
    this.last = "";
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    this.resting = undefined;
  }

  /** @param {import("../drawing/scene.mjs").View} view @param {[number, number][]} corners CSS pixels of the panel
   * @param {What} what */
  tell(view, corners, what) {
    clearTimeout(this.resting);
    const { atlas } = this;
    if (!atlas.values || atlas.closed) return;
    if (what === "drawn") {
      this.resting = setTimeout(() => this.#rests(view, corners), REST_MS);
      return;
    }
    this.drawing = false;
    this.last = "";
    this.node.textContent =
      what === "dropped" ? "The box is gone." : endWords(atlas.picks.within(view, corners), atlas.frame.how);
  }

  /** @param {import("../drawing/scene.mjs").View} view @param {[number, number][]} corners */
  #rests(view, corners) {
    const { atlas } = this;
    if (atlas.closed) return;
    const words = boxWords(this.#size(view, corners), atlas.picks.within(view, corners));
    const text = this.drawing ? words : `${words} ${KEYS}`;
    // The same once more would be read out once more.
    if (this.last !== words) this.node.textContent = text;
    this.drawing = true;
    this.last = words;
  }

  /** @param {import("../drawing/scene.mjs").View} view @param {[number, number][]} corners
   * @returns {string[]} width and height in the unit of the tissue; [] where pixels have no one length */
  #size(view, [[left, top], , [right, bottom]]) {
    const { atlas } = this;
    const { unitsPerPixel } = atlas;
    const unit = atlas.description.units?.coordinate;
    if (view !== "spatial" || !unitsPerPixel || unit === null) return [];
    return [right - left, bottom - top].map((pixels) =>
      lengthText(Number((pixels * unitsPerPixel).toPrecision(2)), unit ?? ""),
    );
  }

  /** A tool was chosen by its key: the focus stays on the map, so its button says nothing.
   * @param {"move" | "lasso" | "box"} tool */
  chosen(tool) {
    clearTimeout(this.resting);
    this.node.textContent = TOOLS[tool];
  }
}

/** @param {string[]} size width and height, [] where they are not known @param {number} spots inside */
export function boxWords(size, spots) {
  const inside = `${counted(spots, "spot")} inside.`;
  return size.length ? `Box of ${size.join(" by ")}, ${inside}` : `Box, ${inside}`;
}

/** @param {number} spots inside @param {import("../selecting/selection.mjs").How} how the box counts */
export function endWords(spots, how) {
  if (!spots) return `No spot in the box: ${how === "new" ? "nothing is selected" : "the selection is as it was"}.`;
  const done = { new: "selected", add: "added to the selection", subtract: "taken away from the selection" };
  return `${counted(spots, "spot")} of the box ${done[how]}.`;
}
