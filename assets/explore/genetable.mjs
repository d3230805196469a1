/**
 * Genes with their effects, sorted by any column; a click on one tells its name.
 *
 * @typedef {{gene: string, log2_fold_change: number | null, low: number | null, high: number | null,
 *   p: number | null, q: number | null, p_told: string, q_told: string, share_a: number,
 *   share_b: number, n_a: number, n_b: number, estimated?: import("../colours/words.mjs").Estimated | null}} GeneRow
 * @typedef {{name: string, title: string, of: (row: GeneRow) => number | string | null,
 *   text: (row: GeneRow) => string, tested?: boolean, term?: string}} Column
 */

import { element } from "../page/dom.mjs";
import { estimatedIn } from "../colours/words.mjs";
import { termHelp } from "../guide/terms.mjs";

const NONE = "–";
const SIDES = ["Inside", "Outside"];

/** @type {Column[]} */
const COLUMNS = [
  { name: "Gene", title: "Click a gene to see it on the map", of: (r) => r.gene, text: (r) => r.gene },
  {
    name: "Change",
    title: "log2 ratio of counts per 10,000",
    of: (r) => r.log2_fold_change,
    text: (r) => signed(r.log2_fold_change),
  },
  {
    name: "95% interval",
    term: "interval",
    title: "Interval of the change, over slices",
    of: (r) => r.low,
    text: (r) => (r.low === null ? NONE : `${signed(r.low)} to ${signed(r.high)}`),
    tested: true,
  },
  { name: "p", title: "p of the test", of: (r) => r.p, text: (r) => r.p_told, tested: true },
  {
    name: "q",
    term: "q",
    title: "p adjusted for all genes, after Benjamini and Hochberg",
    of: (r) => r.q,
    text: (r) => r.q_told,
    tested: true,
  },
  { name: "Inside", title: "Share of its spots that express the gene", of: (r) => r.share_a, text: (r) => share(r.share_a) },
  { name: "Outside", title: "Share of its spots that express the gene", of: (r) => r.share_b, text: (r) => share(r.share_b) },
  {
    name: "n",
    title: "Slices with counts enough on either side",
    of: (r) => r.n_a,
    text: (r) => (r.n_a === r.n_b ? String(r.n_a) : `${r.n_a}, ${r.n_b}`),
  },
];

export class GeneTable {
  /** @param {(gene: string) => void} choose */
  constructor(choose) {
    this.choose = choose;
    /** @type {GeneRow[]} in the order of the server: by p, else by change */
    this.rows = [];
    this.sorted = { column: "", up: true };
    this.marked = "";
    this.tested = true;
    this.sides = SIDES;
    this.head = element("tr");
    this.body = element("tbody");
    this.empty = element("p", { class: "ex-said", text: "No gene.", hidden: true });
    this.node = element(
      "div",
      { class: "ex-genes", tabindex: 0, role: "region", "aria-label": "Genes that differ" },
      element("table", {}, element("thead", {}, this.head), this.body),
      this.empty,
    );
  }

  /** @param {GeneRow[]} rows @param {boolean} tested @param {[string, string]} sides their names */
  fill(rows, tested, sides) {
    this.rows = rows;
    this.sides = sides;
    this.tested = tested;
    this.empty.hidden = rows.length > 0;
    this.#draw();
  }

  /** Mark the gene that the map shows.
   * @param {string} gene '' = none */
  mark(gene) {
    if (gene === this.marked) return;
    this.marked = gene;
    for (const row of this.body.children) this.#markRow(row);
  }

  /** @param {any} row */
  #markRow(row) {
    const current = row.dataset.gene === this.marked;
    row.classList.toggle("is-current", current);
    row.querySelector("button").setAttribute("aria-pressed", String(current));
  }

  #draw() {
    const { column: by, up } = this.sorted;
    const columns = COLUMNS.filter((column) => this.tested || !column.tested);
    const sorter = columns.find((column) => column.name === by);
    const rows = sorter ? sortedBy(this.rows, sorter, up) : this.rows;
    this.head.replaceChildren(
      ...columns.map(({ name, title, term }) =>
        element(
          "th",
          { scope: "col", "aria-sort": name === by ? (up ? "ascending" : "descending") : undefined },
          element("button", {
            type: "button",
            text: this.sides[SIDES.indexOf(name)] ?? name,
            title,
            "data-column": name,
            onclick: () => this.#sort(name),
          }),
          term ? termHelp(term) : null,
        ),
      ),
    );
    this.body.replaceChildren(
      ...rows.map((row) => {
        const cells = columns.slice(1).map((column) => element("td", { text: column.text(row) }));
        const pick = element("button", {
          type: "button",
          text: row.gene,
          title: `Colour the map by ${row.gene}`,
          onclick: () => this.choose(row.gene),
        });
        const guessed = row.estimated
          ? element("span", { class: "ex-estimated", text: estimatedIn(row.estimated) })
          : null;
        const node = element("tr", { "data-gene": row.gene }, element("th", { scope: "row" }, pick, guessed), ...cells);
        this.#markRow(node);
        return node;
      }),
    );
  }

  /** @param {string} column once up, once down, then as the server has it */
  #sort(column) {
    const { sorted } = this;
    if (sorted.column !== column) this.sorted = { column, up: false };
    else if (!sorted.up) this.sorted = { column, up: true };
    else this.sorted = { column: "", up: true };
    this.#draw();
    /** @type {HTMLElement | null} */ (this.head.querySelector(`[data-column="${column}"]`))?.focus();
  }
}

/** @param {GeneRow[]} rows @param {Column} column @param {boolean} up */
function sortedBy(rows, column, up) {
  const compare = (/** @type {GeneRow} */ a, /** @type {GeneRow} */ b) => {
    const [x, y] = [column.of(a), column.of(b)];
    if (x === null || y === null) return Number(x === null) - Number(y === null);
    const order = typeof x === "string" ? x.localeCompare(String(y)) : x - Number(y);
    return up ? order : -order;
  };
  return [...rows].sort(compare);
}

/** @param {number | null} value */
function signed(value) {
  if (value === null) return NONE;
  return `${value < 0 ? "−" : "+"}${Math.abs(value).toFixed(2)}`;
}

/** @param {number} value */
function share(value) {
  return `${(100 * value).toFixed(0)}%`;
}
