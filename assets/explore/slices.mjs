/** The choice of one slice to look at alone, or of none: then those of the stage are shown. */

import { element } from "../page/dom.mjs";

export class SlicePick {
  /** @param {import("../values/source.mjs").Slice[]} slices in order
   * @param {(slice: string) => void} choose '' = none alone */
  constructor(slices, choose) {
    this.stages = new Map(slices.map(({ name, stage }) => [name, stage]));
    this.every = element("option", { value: "" });
    this.select = element(
      "select",
      { class: "ex-input", id: "explore-slice", onchange: () => choose(this.select.value) },
      this.every,
    );
    for (const stage of new Set(this.stages.values())) {
      const own = slices.filter((slice) => slice.stage === stage);
      const options = own.map(({ name }) => element("option", { value: name, text: name }));
      this.select.append(element("optgroup", { label: stage }, ...options));
    }
    this.node = element(
      "div",
      { class: "ex-slice", hidden: slices.length < 2 },
      element("label", { class: "ex-label", for: "explore-slice", text: "Slice" }),
      this.select,
    );
  }

  /** The stage whose slices are on the map.
   * @param {import("../canvas/state.mjs").State} state
   * @returns {string} '' = all */
  stageOf({ slice, stage }) {
    return this.stages.get(slice) ?? stage;
  }

  /** @param {import("../canvas/state.mjs").State} state */
  show({ slice, stage }) {
    this.every.textContent = stage ? `All of ${stage}` : "All slices";
    this.select.value = this.stages.has(slice) ? slice : "";
  }
}
