/**
 * A box drawn by keys, while the tool for boxes is chosen: the arrows bring it and move it, with Shift
 * they move its lower right corner, Enter selects what is in it, Escape takes it away.
 */

const STEP = 16;
const LEAST = 8;
/** Keys that choose a tool (gestures.mjs). */
const TOOLS = ["b", "l"];
/** @type {Record<string, [number, number]>} */
const ARROWS = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
};

/** @typedef {{x: number, y: number, width: number, height: number}} Box in CSS pixels of the panel */

/** The box after an arrow key, within the panel.
 * @param {Box | null} box null: there is none yet @param {string} key @param {boolean} shift
 * @param {number} width @param {number} height of the panel @returns {Box} */
export function boxAfter(box, key, shift, width, height) {
  if (!box) return { x: width * 0.375, y: height * 0.375, width: width / 4, height: height / 4 };
  const [dx, dy] = ARROWS[key];
  const held = (/** @type {number} */ value, /** @type {number} */ least, /** @type {number} */ most) =>
    Math.max(least, Math.min(value, most));
  if (shift) {
    return {
      ...box,
      width: held(box.width + STEP * dx, LEAST, width - box.x),
      height: held(box.height + STEP * dy, LEAST, height - box.y),
    };
  }
  return {
    ...box,
    x: held(box.x + STEP * dx, 0, width - box.width),
    y: held(box.y + STEP * dy, 0, height - box.height),
  };
}

export class KeyBox {
  /** @param {HTMLElement} panel @param {import("../around/gestures.mjs").Listener} listener */
  constructor(panel, listener) {
    this.panel = panel;
    this.listener = listener;
    /** @type {Box | null} */
    this.box = null;
    panel.addEventListener("blur", () => this.drop());
    panel.addEventListener("pointerdown", () => this.drop());
  }

  /** @param {KeyboardEvent} event @returns {boolean} whether the key was meant for the box */
  take({ key, shiftKey }) {
    if (this.listener.tool() !== "box") {
      this.drop();
      return false;
    }
    if (key in ARROWS) {
      const { clientWidth, clientHeight } = this.panel;
      this.box = boxAfter(this.box, key, shiftKey, clientWidth, clientHeight);
      this.listener.trace(this.#corners(), false, "");
      this.listener.boxed(this.#corners(), "drawn");
      return true;
    }
    if (!this.box) return false;
    if (key !== "Enter" && key !== "Escape") {
      // A key that chooses another tool; what was drawn with this one would stay.
      if (TOOLS.includes(key)) this.drop();
      // Under one that zooms the map, other spots come to lie in it.
      else this.listener.boxed(this.#corners(), "drawn");
      return false;
    }
    if (key === "Escape") {
      this.drop();
      return true;
    }
    const corners = this.#corners();
    this.box = null;
    this.listener.boxed(corners, "selected");
    this.listener.trace(corners, true, "");
    return true;
  }

  drop() {
    if (!this.box) return;
    this.listener.untrace();
    this.listener.boxed(this.#corners(), "dropped");
    this.box = null;
  }

  /** @returns {[number, number][]} */
  #corners() {
    const { x, y, width, height } = /** @type {Box} */ (this.box);
    return [[x, y], [x + width, y], [x + width, y + height], [x, y + height]];
  }
}
