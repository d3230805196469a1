/**
 * Which genes differ between the selection and the rest, or a second selection: a table below the
 * map. It follows the selection, and colours the map by the gene that is clicked.
 */

import { count, counted, element } from "../page/dom.mjs";
import { faultOf } from "../page/fault.mjs";
import { splitColor } from "../colours/words.mjs";
import { ask, selectionQuery } from "./query.mjs";
import { GeneTable } from "./genetable.mjs";

/**
 * @typedef {import("../canvas/state.mjs").State} State
 * @typedef {{slice: string, spots: number}} Counted
 * @typedef {{b_is: string, design: "paired" | "unpaired" | "none", tested: boolean, test: string,
 *   slices_a: number, slices_b: number, paired: boolean, spots_a: number, spots_b: number,
 *   counted_a: Counted[], counted_b: Counted[], left_out: string[], shared_spots: number,
 *   unit: "slice" | "specimen", specimens: boolean, genes: number, genes_below_05: number, few_counts: number, unmeasured: number,
 *   rows: import("./genetable.mjs").GeneRow[]}} Answer
 */

// A selection that is still being drawn is not compared at every step.
const PAUSE_MS = 250;
const MOST_ROWS = 300;

export class Differences {
  /** @param {import("../canvas/canvas.mjs").AtlasCanvas} canvas
   * @param {(change: Partial<State>) => void} change @param {(color: string) => void} recolour */
  constructor(canvas, change, recolour) {
    this.canvas = canvas;
    this.change = change;
    this.asked = "";
    this.table = new GeneTable((gene) => recolour(`gene:${gene}`));
    this.said = element("p", { class: "ex-said", role: "status" });
    this.notes = element("p", { class: "ex-said" });
    this.warning = element("p", { class: "ex-warning", hidden: true });
    this.direction = element(
      "select",
      { class: "ex-input ex-small", "aria-label": "Direction", onchange: () => this.update() },
      element("option", { value: "", text: "Higher or lower" }),
      element("option", { value: "up", text: "Higher inside" }),
      element("option", { value: "down", text: "Lower inside" }),
    );
    this.find = element("input", {
      class: "ex-input ex-small",
      type: "search",
      placeholder: "Find a gene",
      "aria-label": "Find a gene in the table",
      autocomplete: "off",
      spellcheck: "false",
      oninput: () => this.update(),
    });
    this.csv = element("a", { class: "ex-act", download: "", text: "CSV" });
    this.test = element("button", { type: "button", class: "ex-act", onclick: () => this.#other() });
    this.units = element("button", { type: "button", class: "ex-act", onclick: () => this.#otherUnit() });
    this.close = element("button", {
      type: "button",
      class: "ex-act",
      text: "Close",
      onclick: () => change({ diff: "" }),
    });
    this.node = element(
      "section",
      { class: "ex-differ", "aria-label": "What differs", hidden: true },
      element(
        "div",
        { class: "ex-differ-head" },
        element("h2", { class: "ex-heading", text: "What differs" }),
        this.direction,
        this.find,
        this.csv,
        this.close,
      ),
      this.said,
      this.warning,
      this.notes,
      this.table.node,
    );
  }

  /** Follow the state: open or closed, and of which selection. */
  update() {
    const { state, selecting, source } = this.canvas;
    const open = Boolean(state.diff && selecting);
    this.node.hidden = !open;
    if (!open) {
      this.#stop();
      return;
    }
    this.table.mark(splitColor(state.color)[0] === "gene" ? splitColor(state.color)[1] : "");
    const test = state.diff === "slices" ? "" : state.diff;
    const query = selectionQuery(state, { test });
    const narrow = { direction: this.direction.value, gene: this.find.value.trim() };
    const asked = selectionQuery(state, { test, ...narrow, limit: String(MOST_ROWS) });
    this.csv.href = `${source.base}/selection/genes.csv?${query}`;
    if (asked === this.asked) return;
    this.#stop();
    this.asked = asked;
    this.node.setAttribute("aria-busy", "true");
    this.#say(`Comparing ${counted(this.canvas.pickedCount, "spot")} with ${state.versus ? "B" : "the rest"}…`);
    this.waiting = setTimeout(() => { void this.#fetch(asked); }, PAUSE_MS);
  }

  #stop() {
    clearTimeout(this.waiting);
    this.fetching?.abort();
    this.asked = "";
  }

  /** @param {string} asked */
  async #fetch(asked) {
    this.fetching = new AbortController();
    const { signal } = this.fetching;
    try {
      const response = await ask(`${this.canvas.source.base}/selection/genes?${asked}`, signal);
      const answer = /** @type {Answer} */ (await response.json());
      if (asked === this.asked) this.#show(answer);
    } catch (error) {
      if (signal.aborted || asked !== this.asked) return;
      this.table.fill([], false, ["Inside", "Outside"]);
      const retry = () => this.#fetch(asked);
      this.said.replaceChildren(faultOf(error, retry, { live: false, back: () => this.direction }));
      this.notes.textContent = "";
      this.#offer(this.canvas.state.diff === "spots" ? "Test slices instead" : "");
    }
    if (asked === this.asked) this.node.removeAttribute("aria-busy");
  }

  /** @param {Answer} found */
  #show(found) {
    const spots = this.canvas.state.diff === "spots";
    this.#say(summary(found));
    this.notes.textContent = remarks(found);
    const rest = found.b_is === "the rest";
    this.table.fill(found.rows, found.tested, rest ? ["Inside", "Outside"] : ["In A", "In B"]);
    if (spots) {
      const alone = found.design === "none";
      const pooled = Math.max(found.slices_a, found.slices_b) > 1;
      this.#offer(
        alone ? "Leave out the test" : "Test slices instead",
        "Spots of a section are no replicates: they resemble their neighbours, and p comes out far " +
          `too small for tissue in general. It ranks the genes of ${pooled ? "these sections" : "this section"}. ` +
          (pooled ? "The spots of all slices are pooled: differences between slices enter p too. " : "") +
          (alone ? "" : "The interval is over slices. "),
      );
    } else if (!found.tested) {
      const few = `With one ${found.unit} on a side there is neither interval nor p. `;
      this.#offer("Test its spots", few, otherUnit(found));
    } else {
      const alike = found.specimens && found.unit === "slice";
      this.#offer(
        "Test single spots",
        `p and q are over ${found.unit}s. ` +
          (alike ? "Some are of one specimen and resemble each other, so that p is too small. " : "") +
          "Single spots can be tested too; they are no replicates, and p comes out far too small. ",
        otherUnit(found),
      );
    }
  }

  /** @param {string} text */
  #say(text) {
    this.said.textContent = text;
    this.warning.hidden = true;
  }

  /** @param {string} label of the other test, '' for none @param {string} [warning]
   * @param {string} [unit] label of the same test over other replicates, '' for none */
  #offer(label, warning = "", unit = "") {
    this.warning.hidden = !label;
    this.test.textContent = label;
    this.units.textContent = unit;
    this.warning.replaceChildren(warning, ...(unit ? [this.units, " "] : []), this.test);
  }

  #other() {
    this.change({ diff: this.canvas.state.diff === "spots" ? "slices" : "spots" });
  }

  #otherUnit() {
    this.change({ diff: this.canvas.state.diff === "specimens" ? "slices" : "specimens" });
  }
}

/** @param {Answer} found @returns {string} the test over other replicates, '' where there is none */
function otherUnit({ unit, specimens }) {
  if (unit === "specimen") return "Test slices instead";
  return specimens ? "Test specimens" : "";
}

/** @param {Answer} found @returns {string} what was compared with what */
function summary(found) {
  const slices = (/** @type {number} */ n) => `n = ${counted(n, found.unit)}`;
  const other = found.b_is === "the rest" ? "the rest" : "B";
  const sides = found.paired
    ? `${counted(found.spots_a, "spot")} against ${count(found.spots_b)} of ${other} in the same ` +
      `${found.unit}${found.slices_a === 1 ? "" : "s"}, ${slices(found.slices_a)}. `
    : `${counted(found.spots_a, "spot")}, ${slices(found.slices_a)}, against ` +
      `${count(found.spots_b)} of ${other}, ${slices(found.slices_b)}. `;
  if (!found.tested) return sides;
  const test = found.test[0].toUpperCase() + found.test.slice(1);
  return `${sides}${test}; ${count(found.genes_below_05)} of ${count(found.genes)} genes have q below 0.05.`;
}

/** @param {Answer} found @returns {string} what was left out, and what the numbers mean */
function remarks(found) {
  const sides = found.b_is === "the rest" ? "inside over outside" : "A over B";
  const said = [`Change: log2 ratio of counts per 10,000, ${sides}.`];
  const shown = found.rows.length;
  if (shown === MOST_ROWS) said.push(`The first ${MOST_ROWS} genes are shown; the CSV has all.`);
  if (found.left_out.length) {
    said.push(`Left out, with fewer than 10 spots of a side: ${found.left_out.join(", ")}.`);
  }
  if (found.shared_spots) said.push(`Left out, as both have them: ${counted(found.shared_spots, "spot")}.`);
  if (found.few_counts) said.push(`Too few counts: ${counted(found.few_counts, "gene")}.`);
  if (found.unmeasured) said.push(`Not measured in enough slices: ${counted(found.unmeasured, "gene")}.`);
  return said.join(" ");
}
