/**
 * The key of panels side by side: one scale for all of a unit, and where units differ, one each
 * with a word that they do. Clipping and colour map are set once, for all scales.
 */

import { ColorBar } from "./colorbar.mjs";
import { element } from "../page/dom.mjs";
import { Legend } from "./legend.mjs";

/** @typedef {import("../colours/sharedscale.mjs").SideKey} SideKey */

export class SideLegend {
  /** @param {HTMLElement} host
   * @param {((state: Partial<import("../canvas/state.mjs").State>, done: boolean) => void) | null} change
   *   null: for reading only */
  constructor(host, change) {
    this.host = host;
    this.change = change;
    this.note = element("p", { class: "ac-key-unit ac-side-note" });
    /** @type {{node: HTMLElement, drawn: ColorBar | Legend}[]} */
    this.parts = [];
    this.shape = "";
  }

  /** @param {SideKey} key */
  draw(key) {
    // Kept where nothing but numbers changed: a handle that is dragged must stay.
    const shape = key.scales.map(({ kind, title }) => `${kind} ${title}`).join("\n");
    if (shape !== this.shape) this.#build(key);
    this.shape = shape;
    this.note.textContent = noteOf(key);
    key.scales.forEach((scale, at) => this.parts[at].drawn.draw(/** @type {any} */ (scale)));
    if (!this.note.isConnected) this.host.replaceChildren(this.note, ...this.parts.map(({ node }) => node));
  }

  /** @param {SideKey} key */
  #build(key) {
    const first = key.scales.findIndex(({ kind }) => kind === "number");
    const told = this.change;
    const change = told && {
      clip: (/** @type {[number, number]} */ clip, /** @type {boolean} */ done) => told({ clip }, done),
      map: (/** @type {string} */ map) => told({ map }, true),
      hidden: /** @type {null} */ (null),
    };
    this.parts = key.scales.map(({ kind }, at) => {
      const node = element("div", { class: "ac-side-scale" });
      const drawn = kind === "number" ? new ColorBar(node, at === first ? change : null) : new Legend(node, null);
      return { node, drawn };
    });
    this.note.remove();
  }
}

/** @param {SideKey} key */
function noteOf({ panels, scales }) {
  if (scales.length > 1) {
    const apart = `${panels.length} maps of ${scales.length} different quantities, each on its own scale`;
    return `${apart}, which holds at every stage. Clip and colour map are set for all.`;
  }
  if (panels.length === 1) return "One map. What you choose above is shown beside it.";
  return `One scale for all ${panels.length} maps, and at every stage.`;
}
