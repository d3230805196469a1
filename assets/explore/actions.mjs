/** What can be done with a selection: compare it, keep it as the other side, take it along. */

import { counted, element } from "../page/dom.mjs";
import { faultOf } from "../page/fault.mjs";
import { splitWithout } from "../canvas/selecting/picks.mjs";
import { describeColor } from "../colours/words.mjs";
import { saveFile, selectionQuery } from "./query.mjs";

/** @typedef {import("../canvas/state.mjs").State} State */

export class SelectionActions {
  /** @param {import("../canvas/canvas.mjs").AtlasCanvas} canvas
   * @param {(change: Partial<State>) => void} change */
  constructor(canvas, change) {
    this.canvas = canvas;
    const button = (
      /** @type {string} */ text,
      /** @type {() => void} */ run,
      /** @type {Record<string, any>} */ more = {},
    ) => element("button", { type: "button", class: "ex-act", text, onclick: run, ...more });
    this.view = button("Select all in view", () => canvas.frame.selectView());
    this.compare = button("What differs", () => {
      change({ diff: canvas.state.diff ? "" : "slices" });
    });
    this.keep = button(
      "Keep as B",
      () => change({ versus: canvas.state.selection, selection: null, diff: "" }),
      { title: "Compare the next selection with this one instead of the rest" },
    );
    this.files = ["csv", "h5ad"].map((ending) =>
      button(ending === "csv" ? "CSV" : ".h5ad", () => void this.#save(ending), {
        "aria-label": `Save the selected spots as ${ending}`,
        title: ending === "csv" ? "Spots with coordinates and factors" : "Spots with their counts",
      }),
    );
    this.saving = element("span", { class: "ex-said", role: "status" });
    this.other = element("p", { class: "ex-said", hidden: true });
    this.left = element("p", { class: "ex-said", hidden: true });
    this.dropOther = button("Drop B", () => change({ versus: null }), { class: "ac-link" });
    this.countAgain = button("Count them", () => change({ without: [] }), { class: "ac-link" });
    this.row = element("div", { class: "ex-actions" }, this.compare, this.keep, ...this.files);
    this.node = element("div", {}, this.view, this.row, this.saving, this.other, this.left);
  }

  draw() {
    const { canvas } = this;
    const { state, description, picks } = canvas;
    const some = canvas.selecting;
    this.view.hidden = some;
    this.row.hidden = !some;
    this.compare.setAttribute("aria-pressed", String(Boolean(state.diff)));
    this.other.hidden = !state.versus;
    if (state.versus) {
      const n = picks.othersPerSlice.reduce((sum, each) => sum + each, 0);
      this.other.replaceChildren(
        element("span", { class: "ex-other-mark", "aria-hidden": "true" }),
        some ? `Compared with B, ${counted(n, "spot")}. ` : `B has ${counted(n, "spot")}; now draw A. `,
        this.dropOther,
      );
    }
    this.left.hidden = !state.without.length;
    if (state.without.length) {
      const names = state.without.map((text) => describeColor(splitWithout(text)[0], description).title);
      this.left.replaceChildren(`Without spots that were hidden by ${names.join(", ")}. `, this.countAgain);
    }
  }

  /** @param {string} ending */
  async #save(ending) {
    const { canvas, saving } = this;
    const query = selectionQuery({ ...canvas.state, versus: null });
    for (const each of this.files) each.disabled = true;
    saving.textContent = "Making the file…";
    try {
      await saveFile(`${canvas.source.base}/selection/spots.${ending}?${query}`);
      saving.textContent = "";
    } catch (error) {
      const back = () => this.files[ending === "csv" ? 0 : 1];
      saving.replaceChildren(faultOf(error, () => this.#save(ending), { live: false, back }));
    }
    for (const each of this.files) each.disabled = false;
  }
}
