/** What a selection is made of: its spots by domain, stage or slice, and its factors. */

import { present } from "../page/present.mjs";
import { count, counted, element } from "../page/dom.mjs";
import { faultOf } from "../page/fault.mjs";
import { categoryColors, hexColor } from "../colours/palettes.mjs";
import { MISSING_BYTE, readable } from "../colours/scale.mjs";
import { ask, selectionQuery } from "./query.mjs";

/**
 * @typedef {{name: string, n: number, others: number, color: string}} Part spots of either side
 * @typedef {{by: string, name: string, inside: number | null, outside: number | null,
 *   difference: number | null, low: number | null, high: number | null, slices: number}} Told
 * @typedef {{name: string, title: string, color: string, inside: number, outside: number | null,
 *   cells: string[], choose?: () => void}} Row
 */

export class Composition {
  /** @param {import("../canvas/canvas.mjs").AtlasCanvas} canvas
   * @param {import("./actions.mjs").SelectionActions} actions @param {() => void} clear
   * @param {(color: string) => void} recolour */
  constructor(canvas, actions, clear, recolour) {
    this.canvas = canvas;
    this.actions = actions;
    this.recolour = recolour;
    this.total = element("span", { class: "ex-total", "aria-live": "polite" });
    this.clear = element("button", {
      type: "button",
      class: "ac-link",
      text: "Clear",
      onclick: clear,
    });
    this.tabs = element("div", { class: "ex-tabs", role: "group", "aria-label": "Composition by" });
    this.head = element("tr");
    this.body = element("tbody");
    this.caption = element("caption", { class: "visually-hidden" });
    this.table = element(
      "table",
      { class: "ex-table" },
      this.caption,
      element("thead", {}, this.head),
      this.body,
    );
    this.note = element("p", { class: "ex-said" });
    this.csv = element("a", { class: "ac-link ex-file", download: "", text: "Composition as CSV" });
    this.hint = element("p", {
      class: "ex-hint",
      text: "Draw around spots with the lasso or a box, on the tissue or on the UMAP. Shift adds, Alt takes away.",
    });
    this.made = element("div", {}, this.tabs, this.table, this.note, this.csv);
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
      this.made,
    );
    this.by = "";
    canvas.addEventListener("picked", () => void this.draw());
  }

  /** @returns {string[]} */
  #choices() {
    const { obs, factors } = this.canvas.description;
    const domain = obs.some((c) => c.name === "domain" && c.kind === "category");
    return [...(domain ? ["domain"] : []), "stage", "slice", ...(factors.length ? ["factor"] : [])];
  }

  async draw() {
    const { canvas } = this;
    if (!canvas.loaded) return;
    const n = canvas.pickedCount;
    const some = canvas.selecting;
    this.total.textContent = some ? counted(n, "spot") : "";
    this.clear.hidden = !some;
    this.hint.hidden = some;
    this.made.hidden = !some;
    this.asked = (this.asked ?? 0) + 1;
    this.fetching?.abort();
    if (!some) return;
    const choices = this.#choices();
    if (!choices.includes(this.by)) this.by = choices[0];
    this.#drawTabs(choices);
    this.csv.href = `${canvas.source.base}/selection/composition.csv?${selectionQuery(canvas.state)}`;
    const { asked } = this;
    try {
      const rows = this.by === "factor" ? await this.#factors() : this.#shares(await this.#parts());
      if (asked === this.asked) this.#fill(rows);
    } catch (error) {
      if (asked !== this.asked) return;
      this.#fill([]);
      const back = () => /** @type {HTMLElement} */ (this.tabs.querySelector("[aria-pressed='true']"));
      this.note.replaceChildren(faultOf(error, () => this.draw(), { back }));
    }
  }

  /** @param {string[]} choices */
  #drawTabs(choices) {
    if (this.tabs.children.length !== choices.length) {
      this.tabs.replaceChildren(
        ...choices.map((name) =>
          element("button", {
            type: "button",
            class: "ex-tab",
            "data-by": name,
            text: name[0].toUpperCase() + name.slice(1),
            onclick: () => {
              this.by = name;
              void this.draw();
            },
          }),
        ),
      );
    }
    for (const tab of this.tabs.querySelectorAll("button")) {
      tab.setAttribute("aria-pressed", String(tab.dataset.by === this.by));
    }
  }

  /** @returns {Promise<Part[]>} most first for domains, else in the atlas's order */
  async #parts() {
    const { description, picks, source } = this.canvas;
    if (this.by === "domain") {
      const column = present(description.obs.find((c) => c.name === "domain"), "The column of domains");
      const { bytes } = await source.values("obs", "domain");
      const names = column.categories ?? [];
      const colors = categoryColors(names.length, column.colors).map(hexColor);
      const parts = names.map((name, code) => ({ name, n: 0, others: 0, color: colors[code] }));
      parts[MISSING_BYTE] = { name: "none", n: 0, others: 0, color: "transparent" };
      for (let i = 0; i < bytes.length; i++) {
        if (picks.flags[i]) parts[bytes[i]].n++;
        else if (picks.opposite(i)) parts[bytes[i]].others++;
      }
      return parts.filter((part) => part.n || part.others).sort((a, b) => b.n - a.n);
    }
    /** @type {Map<string, Part>} */
    const parts = new Map();
    for (const [at, slice] of description.slices.entries()) {
      const name = slice[/** @type {"stage"} */ (this.by === "stage" ? "stage" : "name")];
      const part = parts.get(name) ?? { name, n: 0, others: 0, color: "" };
      part.n += picks.perSlice[at];
      for (let i = slice.start; i < slice.stop; i++) if (picks.opposite(i)) part.others++;
      parts.set(name, part);
    }
    return [...parts.values()].filter((part) => part.n || part.others);
  }

  /** @param {Part[]} parts @returns {Row[]} */
  #shares(parts) {
    const sum = (/** @type {"n" | "others"} */ of) => parts.reduce((all, part) => all + part[of], 0);
    const [inside, outside] = [Math.max(sum("n"), 1), sum("others")];
    this.note.textContent = "";
    return parts.map(({ name, n, others, color }) => ({
      name,
      title: name,
      color,
      inside: n / inside,
      outside: outside ? others / outside : null,
      cells: [count(n), percent(n / inside), outside ? percent(others / outside) : "–"],
    }));
  }

  /** @returns {Promise<Row[]>} the factors that differ most first */
  async #factors() {
    const { description, source, state } = this.canvas;
    this.fetching = new AbortController();
    const address = `${source.base}/selection/composition?${selectionQuery(state)}`;
    const response = await ask(address, this.fetching.signal);
    const told = /** @type {Told[]} */ ((await response.json()).rows).filter((r) => r.by === "factor");
    const n = told[0]?.slices ?? 0;
    this.note.textContent = n
      ? `Mean proportions, within ${n === 1 ? "n = 1 slice" : `n = ${n} slices`} that hold both sides; ` +
        "each bar on its own scale."
      : "Mean proportions, each bar on its own scale. No slice holds ten spots of both sides.";
    const apart = (/** @type {Told} */ row) => Math.abs((row.inside ?? 0) - (row.outside ?? 0));
    return told.sort((a, b) => apart(b) - apart(a)).map((row) => {
      const factor = description.factors.find((each) => each.name === row.name);
      const genes = (factor?.genes ?? []).slice(0, 2).join(" ");
      const label = factor?.label ?? `Factor ${row.name}`;
      const { difference, low, high } = row;
      const interval =
        difference === null || low === null || high === null
          ? ""
          : `, difference ${readable(difference)}, 95% interval ${readable(low)} to ${readable(high)}`;
      return {
        name: `${row.name} · ${genes}`,
        title: `${label}: ${genes}${interval}`,
        color: "",
        inside: row.inside ?? 0,
        outside: row.outside,
        cells: [proportion(row.inside), proportion(row.outside)],
        choose: () => this.recolour(`factor:${row.name}`),
      };
    });
  }

  /** @param {Row[]} rows */
  #fill(rows) {
    const factor = this.by === "factor";
    const [own, other] = this.canvas.state.versus ? ["A", "B"] : ["Inside", "Rest"];
    this.caption.textContent = factor ? "Mean of each factor, by factor" : `Spots selected, by ${this.by}`;
    const names = factor ? ["Factor", "", own, other] : [title(this.by), "", "Spots", own, other];
    this.head.replaceChildren(
      ...names.map((text) => (text ? element("th", { scope: "col", text }) : element("td"))),
    );
    const longest = (/** @type {Row[]} */ of) =>
      Math.max(1e-9, ...of.map((row) => Math.max(row.inside, row.outside ?? 0)));
    const most = longest(rows);
    this.table.classList.toggle("is-factors", factor);
    this.body.replaceChildren(
      ...rows.map((row) => {
        // What all spots share of one factor would leave no room to see the others.
        const whole = factor ? longest([row]) : most;
        const at = (/** @type {number} */ share) => `${(100 * share) / whole}%`;
        return element(
          "tr",
          {},
          element(
            "th",
            { scope: "row", title: row.title },
            row.color ? element("span", { class: "ac-swatch", style: `background:${row.color}` }) : null,
            row.choose
              ? element("button", { type: "button", class: "ex-choose", text: row.name, onclick: row.choose })
              : element("span", { text: row.name }),
          ),
          element(
            "td",
            { class: "ex-bar" },
            element("i", { style: `width:${at(row.inside)}` }),
            row.outside === null ? null : element("b", { style: `left:${at(row.outside)}` }),
          ),
          ...row.cells.map((text) => element("td", { text })),
        );
      }),
    );
  }
}

/** @param {string} word */
function title(word) {
  return word[0].toUpperCase() + word.slice(1);
}

/** @param {number} share */
function percent(share) {
  return `${(100 * share).toFixed(1)}%`;
}

/** @param {number | null} value */
function proportion(value) {
  return value === null ? "–" : value.toFixed(3);
}
