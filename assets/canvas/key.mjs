/** The key to the colours: a colour bar for numbers, a legend for categories. */

import { BlendLegend } from "./blendkey.mjs";
import { ColorBar } from "./colorbar.mjs";
import { Legend } from "./legend.mjs";
import { toldBy } from "./told.mjs";

/**
 * Keep `host` showing the key of a canvas.
 * @param {import("./canvas.mjs").AtlasCanvas} canvas @param {HTMLElement} host
 * @param {((state: Partial<import("./state.mjs").State>, done: boolean) => void) | null} change
 *   told what the reader asks for; null: for reading only
 */
export function showKey(canvas, host, change) {
  const bar = new ColorBar(
    host,
    change && {
      clip: (clip, done) => change({ clip }, done),
      map: (map) => change({ map }, true),
      hidden: (hidden) => change({ hidden }, true),
    },
  );
  const legend = new Legend(host, change && ((hidden) => change({ hidden }, true)));
  const blend = new BlendLegend(host, change && ((clip, done) => change({ clip }, done)));
  host.classList.add("ac-key");
  const draw = () => {
    const key = canvas.key;
    if (!key) return;
    host.dataset.kind = key.kind;
    if (key.kind === "number") bar.draw(key);
    else if (key.kind === "blend") blend.draw(key);
    else legend.draw(key);
    host.querySelector(".ac-told")?.remove();
    const told = toldBy(canvas.description, canvas.valuesColor, !change);
    if (told) host.append(told);
  };
  canvas.addEventListener("key", draw);
  draw();
}
