/**
 * The panels beside the first, one for each further colour, and the title of every one. All are
 * windows on the same drawing: what is done in one is done in all.
 */

import { TITLE } from "../places/cells.mjs";
import { element } from "../../page/dom.mjs";
import { Overlay } from "./overlay.mjs";

/** @typedef {import("../drawing/splat.mjs").Rect} Rect */
/** @typedef {{node: HTMLElement, rect: Rect}} Panel */

export class SidePanels {
  /** @param {import("./frame.mjs").Frame} frame */
  constructor(frame) {
    this.frame = frame;
    /** @type {Panel[]} without the first */
    this.panels = [];
    /** @type {Overlay[]} */
    this.overlays = [];
    /** @type {HTMLButtonElement[]} */
    this.titles = [];
  }

  /** Have as many panels as there are places.
   * @param {Rect[]} rects [] where none stand side by side */
  match(rects) {
    const { atlas, panels: { spatial }, root } = this.frame;
    const further = Math.max(0, rects.length - 1);
    for (const { node } of this.panels.splice(further)) node.remove();
    this.overlays.splice(further);
    while (this.panels.length < further) {
      const last = this.panels[this.panels.length - 1] ?? spatial;
      const panel = this.frame.panel("spatial", "", this.panels.length + 1);
      panel.node.classList.add("is-further");
      last.node.after(panel.node);
      this.panels.push(panel);
      this.overlays.push(new Overlay(atlas, "spatial", panel.node));
    }
    for (const title of this.titles.splice(rects.length)) title.remove();
    while (this.titles.length < rects.length) this.titles.push(this.#title(this.titles.length));
    root.classList.toggle("is-side", rects.length > 0);
    rects.forEach((rect, at) => {
      if (at) this.panels[at - 1].rect = rect;
      const { style } = this.titles[at];
      style.left = `${rect.x}px`;
      style.top = `${rect.y - TITLE}px`;
      style.width = `${rect.width}px`;
      style.height = `${TITLE}px`;
    });
  }

  /** @param {number} at */
  #title(at) {
    const { atlas, panels: { spatial } } = this.frame;
    const title = element("button", {
      type: "button",
      class: "ac-side-title",
      onclick: () => {
        const color = atlas.sides?.[at]?.color;
        if (color) atlas.dispatchEvent(new CustomEvent("alone", { detail: color }));
      },
    });
    // Before its panel, as it is read.
    (at ? this.panels[at - 1] : spatial).node.before(title);
    return title;
  }

  /** @param {import("../../colours/sharedscale.mjs").SidePanel[] | null} sides */
  name(sides) {
    const shown = sides ?? [];
    const units = new Set(shown.map(({ scale }) => scale)).size;
    shown.forEach(({ title: name, unit, kind }, at) => {
      const title = this.titles[at];
      const note = units > 1 ? (kind === "category" ? "categories" : unit || "its own unit") : "";
      title.title = `Show only ${name}`;
      title.setAttribute("aria-label", `Show only ${name}`);
      title.replaceChildren(
        element("b", { text: name }),
        ...(note ? [element("span", { text: note })] : []),
      );
      if (at) {
        this.panels[at - 1].node.setAttribute("aria-label", `Tissue map of ${name}, moving with the others.`);
      }
    });
  }
}
