/**
 * Pointer, touch, wheel and keyboard on the 3D view. One finger or the left button turns; two
 * fingers, the right button, or Shift move; the wheel and a pinch zoom.
 *
 * @typedef {{
 *   turn: (dx: number, dy: number) => void,
 *   pan: (dx: number, dy: number) => void,
 *   zoom: (factor: number, x: number, y: number) => void,
 *   reset: () => void,
 *   settle: () => void,
 *   hover: (x: number, y: number) => void,
 *   leave: () => void,
 * }} Listener distances and positions in CSS pixels of the panel
 */

import { present } from "../page/present.mjs";

const STEP = 24;
const KEY_ZOOM = 1.25;

/** @param {HTMLElement} panel @param {Listener} listener */
export function listen(panel, listener) {
  /** @type {Map<number, [number, number]>} */
  const pointers = new Map();
  let moving = false;

  const at = (/** @type {PointerEvent | WheelEvent} */ event) => {
    const box = panel.getBoundingClientRect();
    return /** @type {[number, number]} */ ([event.clientX - box.left, event.clientY - box.top]);
  };

  panel.addEventListener("contextmenu", (event) => event.preventDefault());
  panel.addEventListener("pointerdown", (event) => {
    if (/** @type {Element} */ (event.target).closest("button")) return;
    panel.setPointerCapture(event.pointerId);
    pointers.set(event.pointerId, at(event));
    moving = event.button !== 0 || event.shiftKey;
    listener.leave();
    panel.classList.add("is-dragging");
  });

  panel.addEventListener("pointermove", (event) => {
    const here = at(event);
    const before = pointers.get(event.pointerId);
    if (!before) {
      if (event.pointerType !== "touch") listener.hover(...here);
      return;
    }
    const [dx, dy] = [here[0] - before[0], here[1] - before[1]];
    if (pointers.size === 2) {
      const [, other] = present([...pointers].find(([id]) => id !== event.pointerId), "The other finger");
      const was = Math.hypot(before[0] - other[0], before[1] - other[1]);
      const is = Math.hypot(here[0] - other[0], here[1] - other[1]);
      listener.pan(dx / 2, dy / 2);
      if (was > 0) listener.zoom(is / was, (here[0] + other[0]) / 2, (here[1] + other[1]) / 2);
    } else if (moving) {
      listener.pan(dx, dy);
    } else {
      listener.turn(dx, dy);
    }
    pointers.set(event.pointerId, here);
  });

  const end = (/** @type {PointerEvent} */ event) => {
    if (!pointers.delete(event.pointerId)) return;
    if (!pointers.size) panel.classList.remove("is-dragging");
    if (event.pointerType === "touch" && !pointers.size) listener.hover(...at(event));
    listener.settle();
  };
  panel.addEventListener("pointerup", end);
  panel.addEventListener("pointercancel", end);
  panel.addEventListener("pointerleave", () => listener.leave());

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

  panel.addEventListener("keydown", (event) => {
    if (event.target !== panel || event.ctrlKey || event.metaKey || event.altKey) return;
    const middle = /** @type {[number, number]} */ ([panel.clientWidth / 2, panel.clientHeight / 2]);
    const go = event.shiftKey ? listener.pan : listener.turn;
    /** @type {Record<string, () => void>} */
    const keys = {
      ArrowLeft: () => go(-STEP, 0),
      ArrowRight: () => go(STEP, 0),
      ArrowUp: () => go(0, -STEP),
      ArrowDown: () => go(0, STEP),
      "+": () => listener.zoom(KEY_ZOOM, ...middle),
      "=": () => listener.zoom(KEY_ZOOM, ...middle),
      "-": () => listener.zoom(1 / KEY_ZOOM, ...middle),
      0: () => listener.reset(),
    };
    if (!keys[event.key]) return;
    event.preventDefault();
    keys[event.key]();
    listener.settle();
  });
}
