/** Genes shown together: up to three, each with a button that takes it away, and a search for more. */

import { BLEND, MOST_BLENDED, blendedGenes } from "../canvas/blend.mjs";
import { element } from "../canvas/dom.mjs";
import { splitColor } from "../canvas/words.mjs";
import { GeneSearch } from "./genes.mjs";

export class BlendGenes {
  /** @param {import("../canvas/source.mjs").Source} source
   * @param {(color: string) => void} choose told the colour: a blend, or the gene that is left */
  constructor(source, choose) {
    this.source = source;
    this.choose = choose;
    /** @type {string[]} */
    this.genes = [];
    this.search = new GeneSearch(source, (name) => this.#add(name), "explore-blend");
    this.chosen = element("ul", { class: "ex-chips", "aria-label": "Genes shown together" });
    this.csv = element("a", { class: "ac-link", text: "Values (CSV)", download: "" });
    this.list = element("div", { class: "ex-blend", hidden: true }, this.chosen, this.csv);
    this.node = this.search.node;
    this.show("");
  }

  /** @param {string} color on the map */
  show(color) {
    const [kind, name] = splitColor(color);
    this.genes = kind === BLEND ? blendedGenes(name) : kind === "gene" ? [name] : [];
    const { genes } = this;
    const { input } = this.search;
    this.search.show("");
    input.disabled = genes.length === MOST_BLENDED;
    input.placeholder = hint(genes);
    this.list.hidden = genes.length < 2;
    this.csv.href = genes.length < 2 ? "" : this.source.expressionAddress(genes);
    this.chosen.replaceChildren(
      ...genes.map((gene) =>
        element(
          "li",
          { class: "ex-chip" },
          element("span", { text: gene, title: gene }),
          element("button", {
            type: "button",
            class: "ex-chip-drop",
            "aria-label": `Take ${gene} away`,
            title: `Take ${gene} away`,
            text: "×",
            onclick: () => this.#drop(gene),
          }),
        ),
      ),
    );
  }

  /** @param {string} gene */
  #add(gene) {
    this.search.show("");
    this.search.input.value = "";
    if (!this.genes.includes(gene)) this.#tell([...this.genes, gene]);
  }

  /** @param {string} gene */
  #drop(gene) {
    this.#tell(this.genes.filter((each) => each !== gene));
    // The button that had the focus is gone.
    this.search.input.disabled = false;
    this.search.input.focus();
  }

  /** @param {string[]} genes */
  #tell(genes) {
    this.choose(genes.length > 1 ? `${BLEND}:${genes.join(",")}` : `gene:${genes[0]}`);
  }
}

/** @param {string[]} genes */
function hint(genes) {
  if (genes.length === MOST_BLENDED) return "Three at most";
  if (genes.length === 2) return "Add a third gene";
  return genes.length ? `Add a gene to ${genes[0]}` : "Choose a first gene";
}
