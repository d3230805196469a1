/** What a selection is made of: its spots by domain, stage or slice. */

import { count, element } from "../canvas/dom.mjs";
import { categoryColors, hexColor } from "../canvas/palettes.mjs";
import { MISSING_BYTE } from "../canvas/scale.mjs";

/** @typedef {{name: string, n: number, color: string}} Row */

export class Composition {
  /** @param {import("../canvas/canvas.mjs").AtlasCanvas} canvas
   * @param {import("./actions.mjs").SelectionActions} actions @param {() => void} clear */
  constructor(canvas, actions, clear) {
    this.canvas = canvas;
    this.actions = actions;
    this.total = element("span", { class: "ex-total", "aria-live": "polite" });
    this.clear = element("button", {
      type: "button",
      class: "ac-link",
      text: "Clear",
      onclick: clear,
    });
    this.tabs = element("div", { class: "ex-tabs", role: "group", "aria-label": "Composition by" });
    this.body = element("tbody");
    this.caption = element("caption", { class: "visually-hidden" });
    this.table = element("table", { class: "ex-table" }, this.caption, this.body);
    this.hint = element("p", {
      class: "ex-hint",
      text: "Draw around spots with the lasso or a box, on the tissue or on the UMAP. Shift adds, Alt takes away.",
    });
    this.node = element(
      "section",
      { class: "ex-section ex-selection", "aria-label": "Selection" },
      element(
        "div",
        { class: "ac-key-head" },
        element("h2", { class: "ex-heading", text: "Selection" }),
        this.total,
        this.clear,
      ),
      this.hint,
      actions.node,
      this.tabs,
      this.table,
    );
    this.by = "";
    canvas.addEventListener("picked", () => void this.draw());
  }

  /** @returns {string[]} */
  #choices() {
    const columns = this.canvas.description.obs;
    const domain = columns.some((c) => c.name === "domain" && c.kind === "category");
    return [...(domain ? ["domain"] : []), "stage", "slice"];
  }

  async draw() {
    const { canvas } = this;
    if (!canvas.description) return;
    const n = canvas.pickedCount;
    const some = canvas.selecting;
    this.total.textContent = some ? `${count(n)} spots` : "";
    this.clear.hidden = !some;
    this.hint.hidden = some;
    this.tabs.hidden = this.table.hidden = !some;
    if (!some) return;
    const choices = this.#choices();
    if (!choices.includes(this.by)) this.by = choices[0];
    this.tabs.replaceChildren(
      ...choices.map((name) =>
        element("button", {
          type: "button",
          class: "ex-tab",
          "aria-pressed": String(name === this.by),
          "data-by": name,
          text: name[0].toUpperCase() + name.slice(1),
          onclick: () => {
            this.by = name;
            void this.draw();
          },
        }),
      ),
    );
    this.asked = (this.asked ?? 0) + 1;
    const asked = this.asked;
    const rows = await this.#rows();
    if (asked === this.asked) this.#fill(rows, n);
  }

  /** @returns {Promise<Row[]>} most first for domains, else in the atlas's order */
  async #rows() {
    const { description, pickedPerSlice, picked, source } = this.canvas;
    if (this.by === "domain") {
      const column = description.obs.find((c) => c.name === "domain");
      const { bytes } = await source.values("obs", "domain");
      const counts = new Uint32Array(256);
      for (let i = 0; i < picked.length; i++) if (picked[i]) counts[bytes[i]]++;
      const names = column.categories ?? [];
      const colors = categoryColors(names.length, column.colors).map(hexColor);
      const rows = names.map((name, code) => ({ name, n: counts[code], color: colors[code] }));
      rows.push({ name: "none", n: counts[MISSING_BYTE], color: "transparent" });
      return rows.filter((row) => row.n).sort((a, b) => b.n - a.n);
    }
    /** @type {Map<string, Row>} */
    const rows = new Map();
    description.slices.forEach((slice, at) => {
      const name = slice[/** @type {"stage"} */ (this.by === "stage" ? "stage" : "name")];
      const row = rows.get(name) ?? { name, n: 0, color: "" };
      row.n += pickedPerSlice[at];
      rows.set(name, row);
    });
    return [...rows.values()].filter((row) => row.n);
  }

  /** @param {Row[]} rows @param {number} total */
  #fill(rows, total) {
    this.caption.textContent = `Spots selected, by ${this.by}`;
    const most = Math.max(1, ...rows.map((row) => row.n));
    this.body.replaceChildren(
      ...rows.map((row) =>
        element(
          "tr",
          {},
          element(
            "th",
            { scope: "row", title: row.name },
            row.color ? element("span", { class: "ac-swatch", style: `background:${row.color}` }) : null,
            element("span", { text: row.name }),
          ),
          element("td", { class: "ex-bar" }, element("i", { style: `width:${(row.n / most) * 100}%` })),
          element("td", { text: count(row.n) }),
          element("td", { text: `${((row.n / Math.max(total, 1)) * 100).toFixed(1)} %` }),
        ),
      ),
    );
  }
}
