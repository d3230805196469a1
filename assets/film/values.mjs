/** A file of the values that are on the map at a moment: of one slice, or of two between stages. */

import { element } from "../page/dom.mjs";
import { rounded } from "./timeline.mjs";

export class SeenValues {
  /** @param {import("./canvas.mjs").FilmCanvas} canvas */
  constructor(canvas) {
    this.canvas = canvas;
    this.node = element("a", { class: "download-link film-values", download: "", hidden: true });
    canvas.addEventListener("key", () => this.show());
  }

  /** Follow what is drawn. */
  show() {
    const { canvas } = this;
    if (!canvas.applied) return;
    const { film, seen, source, valuesColor } = canvas;
    const slices = seen.map((stage) => film.stages[stage].shown).sort((a, b) => a - b);
    this.node.href = source.valuesAddress([valuesColor], slices, rounded(canvas.t));
    this.node.textContent = slices.length > 1 ? "CSV of both slices" : "CSV of this slice";
    this.node.hidden = false;
  }
}
