/**
 * Pointer, touch, wheel and keyboard on one panel, told to the canvas as pan, zoom, trace and hover.
 *
 * @typedef {{
 *   pan: (dx: number, dy: number) => void,
 *   zoom: (factor: number, x: number, y: number) => void,
 *   settle: () => void,
 *   trace: (path: [number, number][], done: boolean, how: "" | "add" | "subtract") => void,
 *   untrace: () => void,
 *   boxed: (corners: [number, number][], what: import("./boxspoken.mjs").What) => void,
 *   hover: (x: number, y: number) => void,
 *   leave: () => void,
 *   open: (x: number, y: number, near: boolean) => void,
 *   key: (name: "reset" | "escape" | "lasso" | "box" | "previous" | "next") => void,
 *   tool: () => "move" | "lasso" | "box",
 * }} Listener all positions in CSS pixels of the panel; how: by Shift or Alt, '' = as the tools say;
 *   untrace: what was traced is not meant; boxed: what keys did to a box; open: what lies there is to be shown alone, near: or the
 *   nearest to it
 */

import { present } from "../../page/present.mjs";
import { KeyBox } from "../selecting/keybox.mjs";

const STEP = 48;
const KEY_ZOOM = 1.35;
/** A finger that moves no further has tapped, in CSS pixels. */
const TAP = 10;

/** @param {HTMLElement} panel @param {Listener} listener */
export function listen(panel, listener) {
  /** @type {Map<number, [number, number]>} */
  const pointers = new Map();
  /** @type {[number, number][] | null} */
  let path = null;
  /** @type {"" | "add" | "subtract"} */
  let how = "";
  /**
   * Where a finger came down that may only tap.
   * @type {[number, number] | null}
   */
  let tapped = null;
  /**
   * Where the pointer rests.
   * @type {[number, number] | null}
   */
  let resting = null;

  const at = (/** @type {MouseEvent} */ event) => {
    const box = panel.getBoundingClientRect();
    return /** @type {[number, number]} */ ([event.clientX - box.left, event.clientY - box.top]);
  };

  panel.addEventListener("pointerdown", (event) => {
    if (event.button !== 0 || /** @type {Element} */ (event.target).closest("button")) return;
    panel.setPointerCapture(event.pointerId);
    pointers.set(event.pointerId, at(event));
    listener.leave();
    how = event.shiftKey ? "add" : event.altKey ? "subtract" : "";
    const alone = pointers.size === 1;
    // A second finger makes it a pinch.
    if (path) listener.untrace();
    path = alone && (listener.tool() !== "move" || how) ? [at(event)] : null;
    tapped = alone && !path && event.pointerType === "touch" ? at(event) : null;
    panel.classList.toggle("is-dragging", !path);
  });

  panel.addEventListener("pointermove", (event) => {
    const here = at(event);
    resting = here;
    const before = pointers.get(event.pointerId);
    if (!before) {
      if (event.pointerType !== "touch") listener.hover(...here);
      return;
    }
    if (tapped && Math.hypot(here[0] - tapped[0], here[1] - tapped[1]) > TAP) tapped = null;
    if (path) {
      if (listener.tool() === "box") path = boxOf(path[0], here);
      else {
        const last = path[path.length - 1];
        if (Math.hypot(here[0] - last[0], here[1] - last[1]) < 3) return;
        path.push(here);
      }
      listener.trace(path, false, how);
    } else if (pointers.size === 2) {
      const [, other] = present([...pointers].find(([id]) => id !== event.pointerId), "The other finger");
      const was = Math.hypot(before[0] - other[0], before[1] - other[1]);
      const is = Math.hypot(here[0] - other[0], here[1] - other[1]);
      listener.pan((here[0] - before[0]) / 2, (here[1] - before[1]) / 2);
      if (was > 0) listener.zoom(is / was, (here[0] + other[0]) / 2, (here[1] + other[1]) / 2);
    } else {
      listener.pan(here[0] - before[0], here[1] - before[1]);
    }
    pointers.set(event.pointerId, here);
  });

  const end = (/** @type {PointerEvent} */ event) => {
    if (!pointers.delete(event.pointerId)) return;
    panel.classList.remove("is-dragging");
    if (path && event.type === "pointercancel") listener.untrace();
    else if (path) listener.trace(path, true, how);
    else if (tapped && event.type === "pointerup") {
      listener.hover(...tapped);
      tapped = null;
      // Nothing has moved; what is drawn anew would take the card away.
      return;
    }
    path = tapped = null;
    listener.settle();
  };
  panel.addEventListener("pointerup", end);
  panel.addEventListener("pointercancel", end);
  panel.addEventListener("pointerleave", () => {
    resting = null;
    listener.leave();
  });

  panel.addEventListener("dblclick", (event) => {
    if (/** @type {Element} */ (event.target).closest("button") || event.shiftKey || event.altKey) return;
    if (listener.tool() === "move") listener.open(...at(event), false);
  });

  panel.addEventListener(
    "wheel",
    (event) => {
      event.preventDefault();
      const lines = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? 16 : 1;
      const amount = Math.max(-80, Math.min(80, event.deltaY * lines));
      listener.zoom(Math.exp(-amount * (event.ctrlKey ? 0.012 : 0.004)), ...at(event));
      listener.settle();
    },
    { passive: false },
  );

  const keyBox = new KeyBox(panel, listener);
  panel.addEventListener("keydown", (event) => {
    if (event.target !== panel || event.ctrlKey || event.metaKey || event.altKey) return;
    if (keyBox.take(event)) {
      event.preventDefault();
      return;
    }
    const middle = /** @type {[number, number]} */ ([panel.clientWidth / 2, panel.clientHeight / 2]);
    /** @type {Record<string, () => void>} */
    const keys = {
      ArrowLeft: () => listener.pan(STEP, 0),
      ArrowRight: () => listener.pan(-STEP, 0),
      ArrowUp: () => listener.pan(0, STEP),
      ArrowDown: () => listener.pan(0, -STEP),
      "+": () => listener.zoom(KEY_ZOOM, ...middle),
      "=": () => listener.zoom(KEY_ZOOM, ...middle),
      "-": () => listener.zoom(1 / KEY_ZOOM, ...middle),
      0: () => listener.key("reset"),
      l: () => listener.key("lasso"),
      b: () => listener.key("box"),
      Enter: () => listener.open(...(resting ?? middle), true),
      PageUp: () => listener.key("previous"),
      PageDown: () => listener.key("next"),
      Escape: () => listener.key("escape"),
    };
    if (!keys[event.key]) return;
    event.preventDefault();
    keys[event.key]();
    listener.settle();
  });
}

/** @param {[number, number]} from @param {[number, number]} to @returns {[number, number][]} */
export function boxOf([ax, ay], [bx, by]) {
  return [[ax, ay], [bx, ay], [bx, by], [ax, by]];
}
