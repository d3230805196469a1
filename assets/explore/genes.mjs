/** A search box that finds genes while one types: symbols and Ensembl ids, in any case. */

import { element } from "../page/dom.mjs";
import { estimatedIn } from "../colours/words.mjs";

const MOST_HITS = 12;
const PAUSE_MS = 70;

export class GeneSearch {
  /** @param {import("../values/source.mjs").Source} source
   * @param {(name: string) => void} choose told the gene's name in the atlas
   * @param {string} [id] of the box */
  constructor(source, choose, id = "explore-gene") {
    this.id = id;
    this.source = source;
    this.choose = choose;
    /** @type {import("../values/source.mjs").GeneHit[]} */
    this.hits = [];
    this.active = -1;
    this.list = element("ul", {
      class: "ex-hits",
      id: `${id}-hits`,
      role: "listbox",
      "aria-label": "Genes found",
      hidden: true,
    });
    this.input = element("input", {
      class: "ex-input",
      id,
      type: "text",
      role: "combobox",
      autocomplete: "off",
      spellcheck: "false",
      placeholder: "Symbol or id",
      "aria-expanded": "false",
      "aria-autocomplete": "list",
      "aria-controls": `${id}-hits`,
      oninput: () => this.#typed(),
      onfocus: () => this.input.select(),
      onblur: () => this.#left(),
      onkeydown: (/** @type {KeyboardEvent} */ event) => this.#key(event),
    });
    this.node = element("div", { class: "ex-combo" }, this.input, this.list);
    this.shown = "";
  }

  /** @param {string} name of the gene on the map, '' when it shows something else */
  show(name) {
    this.shown = name;
    if (document.activeElement !== this.input || this.list.hidden) this.input.value = name;
  }

  #typed() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.#search(), PAUSE_MS);
  }

  async #search() {
    const prefix = this.input.value.trim();
    this.asking?.abort();
    if (!prefix) {
      this.#close();
      return [];
    }
    this.asking = new AbortController();
    try {
      const hits = await this.source.genes(prefix, MOST_HITS, this.asking.signal);
      if (this.input.value.trim() !== prefix) return [];
      this.hits = hits;
      this.searched = prefix;
      this.active = hits.length ? 0 : -1;
      this.#open(hits.length ? "" : `No gene matches “${prefix}”.`);
      return hits;
    } catch (error) {
      if (error instanceof DOMException && error.name === "AbortError") return [];
      this.hits = [];
      this.searched = undefined;
      this.#open("The search failed; Enter tries again.");
      return [];
    }
  }

  /** @param {string} message in place of hits */
  #open(message) {
    const rows = this.hits.map((hit, at) =>
      element(
        "li",
        {
          role: "option",
          id: `${this.id}-hit-${at}`,
          class: "ex-hit",
          "aria-selected": String(at === this.active),
          onpointerdown: (/** @type {Event} */ event) => {
            event.preventDefault();
            this.#take(hit);
          },
        },
        element("b", { text: hit.symbol || hit.name }),
        element("span", { text: beside(hit, this.searched ?? ""), title: hit.description || null }),
        hit.estimated ? element("span", { class: "ex-estimated", text: estimatedIn(hit.estimated) }) : null,
      ),
    );
    this.list.replaceChildren(
      ...(message ? [element("li", { class: "ex-hit-none", text: message })] : rows),
    );
    this.list.hidden = false;
    this.input.setAttribute("aria-expanded", "true");
    this.#mark();
  }

  #close() {
    clearTimeout(this.timer);
    this.list.hidden = true;
    this.hits = [];
    this.input.setAttribute("aria-expanded", "false");
    this.input.removeAttribute("aria-activedescendant");
  }

  #mark() {
    [...this.list.children].forEach((row, at) => {
      row.setAttribute("aria-selected", String(at === this.active));
      if (at === this.active) row.scrollIntoView({ block: "nearest" });
    });
    if (this.active >= 0) {
      this.input.setAttribute("aria-activedescendant", `${this.id}-hit-${this.active}`);
    }
  }

  /** @param {import("../values/source.mjs").GeneHit} hit */
  #take(hit) {
    this.#close();
    this.shown = hit.name;
    this.input.value = hit.name;
    this.choose(hit.name);
  }

  #left() {
    this.asking?.abort();
    this.#close();
    this.input.value = this.shown;
  }

  /** @param {KeyboardEvent} event */
  async #key(event) {
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      if (!this.hits.length) return;
      const step = event.key === "ArrowDown" ? 1 : -1;
      this.active = (this.active + step + this.hits.length) % this.hits.length;
      this.#mark();
    } else if (event.key === "Enter") {
      event.preventDefault();
      clearTimeout(this.timer);
      // What was typed last may be ahead of the hits on show.
      const stale = this.searched !== this.input.value.trim();
      const hits = this.list.hidden || stale ? await this.#search() : this.hits;
      const hit = this.hits[this.active] ?? hits[0];
      if (hit) this.#take(hit);
    } else if (event.key === "Escape") {
      this.#close();
      this.input.value = this.shown;
    }
  }
}

/** What stands beside a gene's symbol: its description, unless the id is what was asked for.
 * @param {import("../values/source.mjs").GeneHit} hit @param {string} asked */
function beside(hit, asked) {
  const id = [hit.ensembl_id, hit.name].find((each) => each && each !== (hit.symbol || hit.name)) ?? "";
  return hit.description && !id.toLowerCase().includes(asked.toLowerCase()) ? hit.description : id;
}
