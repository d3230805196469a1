/** The key to the colours: a colour bar for numbers, a legend for categories. */

import { BlendLegend } from "./blendkey.mjs";
import { ColorBar } from "./colorbar.mjs";
import { Legend } from "./legend.mjs";
import { SideLegend } from "./sidekey.mjs";
import { toldBy } from "./told.mjs";

/** @typedef {import("../canvas/state.mjs").State} State */

/**
 * Keep `host` showing the key of a canvas.
 * @param {import("../values/starting.mjs").View} canvas @param {HTMLElement} host
 * @param {((state: Partial<State>, done: boolean) => void) | null} change
 *   told what the reader asks for; null: for reading only
 * @param {boolean} [scales] whether each slice may be given a scale of its own
 */
export function showKey(canvas, host, change, scales = false) {
  const bar = new ColorBar(
    host,
    change && {
      clip: (clip, done) => change({ clip }, done),
      map: (map) => change({ map }, true),
      hidden: (hidden) => change({ hidden }, true),
      ...(scales && { scale: (/** @type {State["scale"]} */ scale) => change({ scale }, true) }),
    },
  );
  const legend = new Legend(host, change && ((hidden) => change({ hidden }, true)));
  const blend = new BlendLegend(host, change && ((clip, done) => change({ clip }, done)));
  const side = new SideLegend(host, change && ((state, done) => change(state, done)));
  host.classList.add("ac-key");
  const point = (/** @type {Event} */ event) => {
    const row = /** @type {HTMLElement} */ (event.target).closest("[data-code]");
    canvas.highlight(row ? Number(row.getAttribute("data-code")) : null);
  };
  const leave = () => canvas.highlight(null);
  host.addEventListener("pointerover", point);
  host.addEventListener("pointerleave", leave);
  host.addEventListener("focusin", (event) => {
    // A click puts the focus there too, and must not hold the highlight once the pointer has left.
    if (/** @type {HTMLElement} */ (event.target).matches(":focus-visible")) point(event);
  });
  host.addEventListener("focusout", leave);
  const draw = () => {
    const key = canvas.key;
    if (!key) return;
    host.dataset.kind = key.kind;
    if (key.kind === "number") bar.draw(key);
    else if (key.kind === "blend") blend.draw(key);
    else if (key.kind === "side") side.draw(key);
    else legend.draw(key);
    host.querySelector(".ac-told")?.remove();
    const told = toldBy(canvas.description, canvas.valuesColor, !change);
    if (told) host.append(told);
  };
  for (const name of ["key", "counted"]) canvas.addEventListener(name, draw);
  draw();
}
