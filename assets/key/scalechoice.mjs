/** Whether one scale holds for all slices or each has its own, and then what each runs between. */

import { element } from "../page/dom.mjs";
import { rangeText } from "../colours/slicescale.mjs";

/** @typedef {import("../colours/keys.mjs").NumberKey} NumberKey */

export class ScaleChoice {
  /** @param {(scale: import("../canvas/state.mjs").State["scale"]) => void} choose */
  constructor(choose) {
    this.select = element(
      "select",
      { class: "ac-select", "aria-label": "Scale", onchange: () => choose(this.select.value ? "slice" : "") },
      element("option", { value: "", text: "One for all slices" }),
      element("option", { value: "slice", text: "Each slice its own" }),
    );
    this.node = element("div", { class: "ac-scale-choice" }, element("span", { text: "Scale" }), this.select);
  }

  /** @param {NumberKey} key */
  show(key) {
    this.node.hidden = !key.slices;
    this.select.value = key.ranges ? "slice" : "";
  }
}

/** The scales of the slices shown, in a list that can be opened.
 * @param {HTMLElement} host @param {NumberKey} key */
export function listRanges(host, key) {
  const open = host.querySelector("details")?.open ?? false;
  host.replaceChildren();
  const { ranges, slices } = key;
  // One scale for all.
  if (!ranges || !slices) return;
  const rows = [...ranges.keys()].map((slice) =>
    element(
      "div",
      { class: "ac-legend-item" },
      element("span", { class: "ac-legend-name", text: slices[slice], title: slices[slice] }),
      element("span", { class: "ac-legend-count", text: rangeText(ranges, slice) }),
    ),
  );
  const more = element("details", { class: "ac-ranges" }, element("summary", { text: "Ranges of the slices" }), ...rows);
  more.open = open;
  host.append(more);
}
