/** A slider over the stages: all of them, or one after the other. */

import { element } from "../page/dom.mjs";
import { endsOf, evenly } from "../page/ticklabels.mjs";

// The boxes of names are wider than their letters.
const APART = -4;

export class StageSlider {
  /** @param {import("../values/source.mjs").Stage[]} stages in order
   * @param {(stage: string, done: boolean) => void} choose '' = all */
  constructor(stages, choose) {
    this.choose = choose;
    this.names = ["", ...stages.map((stage) => stage.name)];
    const last = this.names.length - 1;
    this.input = element("input", {
      type: "range",
      class: "ex-range",
      id: "explore-stage",
      min: 0,
      max: last,
      step: 1,
      value: 0,
      "aria-label": "Stage",
      oninput: () => this.#moved(false),
      onchange: () => this.#moved(true),
    });
    this.ticks = this.names.map((name, at) =>
      element("button", {
        type: "button",
        class: "ex-tick",
        tabindex: -1,
        "data-stage": name,
        text: name || "All",
        title: at ? name : "All stages",
        style: `left:${last ? (at / last) * 100 : 0}%`,
        onclick: () => {
          this.input.value = String(at);
          this.#moved(true);
        },
      }),
    );
    const ticks = element("div", { class: "ex-ticks" }, ...this.ticks);
    new ResizeObserver(() => this.#arrange()).observe(ticks);
    this.node = element(
      "div",
      { class: "ex-stages", hidden: last < 2 },
      element("span", { class: "ex-label", text: "Stage" }),
      element(
        "div",
        { class: "ex-slider" },
        this.input,
        ticks,
      ),
    );
  }

  /** @param {string} stage '' = all */
  show(stage) {
    const at = Math.max(0, this.names.indexOf(stage));
    this.input.value = String(at);
    this.input.setAttribute("aria-valuetext", this.names[at] || "All stages");
    this.ticks.forEach((tick, i) => tick.classList.toggle("is-current", i === at));
    this.current = at;
    this.#arrange();
  }

  #arrange() {
    const free = evenly(this.ticks.map(endsOf), this.current ?? 0, APART);
    this.ticks.forEach((tick, at) => tick.classList.toggle("is-crowded", !free.has(at)));
  }

  /** @param {boolean} done */
  #moved(done) {
    const stage = this.names[Number(this.input.value)];
    this.show(stage);
    this.choose(stage, done);
  }
}
