/**
 * The 3D page: colours and sections on one side, the view on the other, the address as the only
 * state. A choice adds a step to the browser's history; a drag replaces the last one.
 */

import { present } from "../page/present.mjs";
import { element } from "../page/dom.mjs";
import { showKey } from "../key/key.mjs";
import { moveOn } from "../values/refused.mjs";
import { toldUnknown } from "../colours/words.mjs";
import { LEAST_SIZE, MOST_SIZE } from "../explore/address.mjs";
import { ColorBy, field } from "../explore/colorby.mjs";
import { History } from "../explore/history.mjs";
import { unknownColor } from "../explore/unknown.mjs";
import { readStack, writeStack } from "./address.mjs";
import { Controls } from "./controls.mjs";
import { SectionTable } from "./table.mjs";
import { StackView } from "./view.mjs";

/** @typedef {import("./address.mjs").StackState} StackState */
/** @typedef {{colorBy: ColorBy, size: HTMLInputElement, controls: Controls, table: SectionTable}} Operated */

export class StackPage {
  /** @param {HTMLElement} host with data-base, data-digest and data-color */
  constructor(host) {
    this.host = host;
    this.closed = false;
    /** @type {Operated | undefined} there once the atlas is */
    this.operated = undefined;
    this.pathname = window.location.pathname;
    this.history = new History();
    const { digest, color } = host.dataset;
    this.map = element("div", { class: "ex-map" });
    this.key = element("section", { class: "ex-section ex-key", "aria-label": "Colours" });
    this.top = element("div", { class: "ex-top st-top" });
    this.side = element("div", { class: "ex-side" });
    host.replaceChildren(this.side, element("div", { class: "ex-main" }, this.top, this.map));

    /** What was asked for, before anything is written to it. */
    this.link = window.location.search;
    const state = readStack(this.link);
    this.view = new StackView(this.map, {
      base: present(host.dataset.base, "The address of the atlas"),
      digest,
      state: { ...state, color: state.color || color || "" },
    });
    host.atlasCanvas = this.view;
    this.follow = () => this.#follow();
    window.addEventListener("popstate", this.follow);
    // Links inside the app change the address without leaving the page.
    window.addEventListener("_dashprivate_pushstate", this.follow);
    this.view.addEventListener("key", () => this.#show());
    this.view.addEventListener("view", () => this.#write("quiet"));
    this.view.addEventListener("fault", () => this.#write("quiet"));
    this.view.addEventListener("again", () => void this.#controls());
    void this.#controls();
  }

  async #controls() {
    const { view } = this;
    if (!(await view.ready) || this.operated) return; // The view says what is wrong.
    const change = (/** @type {Partial<StackState>} */ state, done = true) => {
      void this.change(state, done);
    };
    const colorBy = new ColorBy(view.source, view.description, (color) =>
      change({ color, hidden: new Set() }),
    );
    const size = element("input", {
      type: "range",
      class: "ex-range",
      id: "stack-size",
      min: LEAST_SIZE,
      max: MOST_SIZE,
      step: 0.1,
      oninput: () => change({ size: Number(size.value) }, false),
      onchange: () => change({ size: Number(size.value) }),
    });
    const controls = new Controls(view, change);
    const table = new SectionTable(view, (off) => change({ off }));
    this.operated = { colorBy, size, controls, table };
    this.top.replaceChildren(controls.node);
    this.side.replaceChildren(
      colorBy.node,
      this.key,
      field("stack-size", "Spot size", size),
      table.node,
    );
    showKey(view, this.key, change);
    this.#show();
    this.#tellUnknown(this.link);
  }

  /** @param {string} search what its colour names in vain is told */
  #tellUnknown(search) {
    this.view.frame.warn(toldUnknown(unknownColor(search)), { about: "names" });
  }

  /** What the controls show follows the state. */
  #show() {
    if (!this.operated) return;
    const { colorBy, size, controls, table } = this.operated;
    const { state } = this.view;
    colorBy.show(state.color);
    size.value = String(state.size);
    controls.show();
    table.show();
  }

  /** The reader chose something.
   * @param {Partial<StackState>} change @param {boolean} [done] false while it is still dragged */
  async change(change, done = true) {
    moveOn(this.view, change);
    const painted = this.view.set(change, performance.now());
    this.#write(done ? "step" : "drag");
    await painted;
  }

  /** @param {"step" | "drag" | "quiet"} how quiet: follows from something else, no step of its own */
  #write(how) {
    if (this.closed || window.location.pathname !== this.pathname) return;
    this.history.write(writeStack(this.view.state, window.location.search), how);
  }

  /** Back, Forward or a link: show what the address now says. */
  #follow() {
    if (this.closed || window.location.pathname !== this.pathname) return;
    const state = readStack(window.location.search);
    const color = state.color || this.host.dataset.color || this.view.state.color;
    moveOn(this.view);
    void this.view.set({ ...state, color });
    if (this.view.applied) this.#tellUnknown(window.location.search);
  }

  destroy() {
    this.closed = true;
    window.removeEventListener("popstate", this.follow);
    window.removeEventListener("_dashprivate_pushstate", this.follow);
    this.view.destroy();
    delete this.host.atlasCanvas;
  }
}
