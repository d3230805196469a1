/** A list of genes becomes a colour: pasted or taken from the atlas, looked up, scored. */

import { reason } from "../page/answers.mjs";
import { count, element } from "../page/dom.mjs";
import { givenSet, setSize } from "../colours/words.mjs";

/** @typedef {import("../values/source.mjs").SetReport} SetReport */

const MOST_LISTED = 30;
const KINDS = [
  ["given", "Sets of the builder"],
  ["factor", "Genes of a factor"],
  ["domain", "Markers of a domain"],
];
const HOW =
  "Every gene's log-normalised expression is scaled to mean 0 and spread 1. A spot's score is the " +
  "mean over the set less the mean of control genes of like expression: 0 is what genes drawn by " +
  "chance give.";

export class GeneSets {
  /** @param {import("../values/source.mjs").Source} source
   * @param {(name: string) => void} choose told the set's name, as the address has it */
  constructor(source, choose) {
    this.source = source;
    this.choose = choose;
    this.shown = "";
    this.toggle = element("button", {
      type: "button",
      class: "ex-input ex-set-toggle",
      id: "explore-set",
      "aria-expanded": "false",
      "aria-controls": "explore-set-panel",
      onclick: () => this.open(this.panel.hidden),
    });
    this.text = element("textarea", {
      class: "ex-input ex-set-text",
      id: "explore-set-genes",
      rows: 4,
      spellcheck: "false",
      autocomplete: "off",
      "aria-label": "Genes of the set",
      placeholder: "Symbols or Ensembl ids, up to 500, with anything between them",
      onkeydown: (/** @type {KeyboardEvent} */ event) => this.#key(event),
    });
    this.offered = element(
      "select",
      { class: "ex-input", "aria-label": "Sets of this atlas", onchange: () => this.#fillIn() },
      element("option", { value: "", text: "Or take a set of this atlas" }),
    );
    this.send = element("button", {
      type: "button",
      class: "ex-button",
      text: "Show score",
      onclick: () => { void this.submit(); },
    });
    this.csv = element("a", { class: "ac-link", text: "Scores (CSV)", download: "", hidden: true });
    this.status = element("div", { class: "ex-set-status", role: "status" });
    this.panel = element(
      "div",
      { class: "ex-set", id: "explore-set-panel", hidden: true },
      this.text,
      this.offered,
      element("div", { class: "ex-set-row" }, this.send, this.csv),
      this.status,
      element(
        "details",
        { class: "ex-set-how" },
        element("summary", { text: "How the score is made" }),
        element("p", { text: HOW }),
      ),
    );
    this.node = element("div", { class: "ex-set-control" }, this.toggle);
    this.show("");
  }

  /** @param {string} name of the set on the map, '' when it shows something else
   * @param {number[]} [slices] on the map, else all */
  show(name, slices) {
    const n = setSize(name);
    const size = `${count(n)} ${n === 1 ? "gene" : "genes"}`;
    const text = name ? givenSet(name) || size : "Paste genes";
    this.toggle.textContent = text;
    // Its label alone would be its name.
    this.toggle.setAttribute("aria-label", `Gene set: ${text}`);
    this.csv.hidden = !name;
    this.csv.href = name ? this.source.scoresAddress(name, slices) : "";
    if (name === this.shown) return;
    this.shown = name;
    if (!name) {
      this.#tell();
      return;
    }
    if (name !== this.reported?.name) void this.#describe(name);
  }

  /** @param {boolean} wide */
  open(wide) {
    this.panel.hidden = !wide;
    this.toggle.setAttribute("aria-expanded", String(wide));
    if (!wide) return;
    this.text.focus();
    void this.#offer();
  }

  async submit() {
    this.send.disabled = true;
    try {
      const report = await this.source.lookUpGenes(this.text.value);
      this.reported = report;
      this.#report(report);
      this.choose(report.name);
    } catch (error) {
      this.#tell(element("p", { class: "ex-set-fault", role: "alert", text: reason(error) }));
    } finally {
      this.send.disabled = false;
    }
  }

  /** A set that came with the address: its genes are filled in.
   * @param {string} name */
  async #describe(name) {
    try {
      const report = await this.source.geneSet(name);
      if (this.shown !== name) return;
      this.reported = report;
      this.text.value = report.genes.join("\n");
      this.#report(report);
    } catch {
      // The map says what is wrong with this set.
    }
  }

  async #offer() {
    if (this.sets) return;
    try {
      this.sets = await this.source.offeredSets();
    } catch {
      return; // Asked for again when the panel is opened again.
    }
    for (const [kind, label] of KINDS) {
      const options = this.sets
        .map((set, at) => ({ set, at }))
        .filter(({ set }) => set.kind === kind)
        .map(({ set, at }) => element("option", { value: at, ...offer(set) }));
      if (options.length) this.offered.append(element("optgroup", { label }, ...options));
    }
  }

  #fillIn() {
    const set = this.sets?.[Number(this.offered.value)];
    if (!this.offered.value || !set) return;
    this.offered.value = "";
    if (set.address) {
      this.choose(set.address);
      return;
    }
    this.text.value = (set.genes ?? []).join("\n");
    void this.submit();
  }

  /** @param {SetReport} report */
  #report({ given, genes, unknown, repeated, silent, measured }) {
    const all = genes.length + unknown.length;
    const counts = measured.map((each) => each.genes);
    const [least, most] = [Math.min(...counts), Math.max(...counts)];
    const without = measured.filter((each) => !each.genes).map((each) => each.slice);
    this.#tell(
      given ? line(`${given.name}, from ${given.source}${given.description ? `: ${given.description}` : ""}`) : null,
      line(unknown.length ? `${count(genes.length)} of ${count(all)} genes found.` : `${count(genes.length)} found.`),
      unknown.length ? line(`Not in this atlas: ${listed(unknown)}.`) : null,
      repeated ? line(`${count(repeated)} listed more than once, counted once.`) : null,
      silent.length ? line(`In no spot, left out: ${listed(silent)}.`) : null,
      least < most ? line(`Slices measured ${least} to ${most} of them; each is scored by its own.`) : null,
      without.length ? line(`No score, as none was measured: ${listed(without)}.`) : null,
    );
  }

  /** @param {...(Node | null)} lines */
  #tell(...lines) {
    this.status.replaceChildren(...lines.flatMap((each) => each ?? []));
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      void this.submit();
    } else if (event.key === "Escape") {
      this.open(false);
      this.toggle.focus();
    }
  }
}

/** The words of a set in the list.
 * @param {import("../values/source.mjs").OfferedSet} set */
function offer({ name, kind, n_genes: n = 0, address }) {
  if (kind !== "given") return { text: name };
  return address
    ? { text: `${name} (${count(n)})` }
    : { text: `${name} (${count(n)}: too many to score)`, disabled: true };
}

/** @param {string} text */
function line(text) {
  return element("p", { text });
}

/** @param {string[]} names */
function listed(names) {
  const more = names.length - MOST_LISTED;
  return names.slice(0, MOST_LISTED).join(", ") + (more > 0 ? ` and ${count(more)} more` : "");
}
