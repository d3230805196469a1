/** Ways to colour the map: a gene, a set of genes, a factor, or an annotation. */

import { BLEND, blendedGenes } from "../colours/blend.mjs";
import { element, icon } from "../page/dom.mjs";
import { SIDE, sideColors } from "../colours/multiples.mjs";
import { geneShown } from "../colours/sorts.mjs";
import { withHelp } from "../guide/terms.mjs";
import { spoken, splitColor } from "../colours/words.mjs";
import { GeneSearch } from "./genes.mjs";
import { GeneSets } from "./genesets.mjs";
import { SeveralColors } from "./severalcolors.mjs";
import { GeneSorts } from "./sorts.mjs";

const ABOUT = "M12 3a9 9 0 1 0 .01 0M12 11v5.5M12 7.4v.2";

export class ColorBy {
  /**
   * @param {import("../values/source.mjs").Source} source
   * @param {import("../values/source.mjs").Description} description
   * @param {(color: string) => void} show told the colour for the map
   * @param {((gene: string) => void) | null} [about] asked for the card of the gene on the map
   * @param {boolean} [several] whether several colours can be shown, mixed or side by side
   */
  constructor(source, description, show, about = null, several = false) {
    /** What is shown. */
    this.color = "";
    /** @type {number[] | undefined} by number, else all */
    this.slices = undefined;
    this.several = several ? new SeveralColors(source, description, show) : null;
    const choose = (/** @type {string} */ color) => {
      if (!this.several) return show(color);
      // Side by side a choice is added, and the boxes are free for the next one.
      if (this.several.mode === "side") this.show(this.color, this.slices);
      return this.several.choose(color);
    };
    this.genes = new GeneSearch(source, (name) => choose(`gene:${name}`));
    this.sets = new GeneSets(source, (name) => choose(`set:${name}`));
    this.factors = picker(
      "explore-factor",
      "Choose a factor",
      [
        {
          label: "",
          options: description.factors.map((f) => ({
            value: f.name,
            text: f.genes.length ? `${f.label} · ${f.genes.slice(0, 3).join(", ")}` : f.label,
          })),
        },
      ],
      (name) => choose(`factor:${name}`),
    );
    const columns = (/** @type {string} */ kind) =>
      description.obs
        .filter((column) => column.kind === kind)
        .map(({ name }) => ({ value: name, text: spoken(name) }));
    this.columns = picker(
      "explore-obs",
      "Choose an annotation",
      [
        { label: "Categories", options: columns("category") },
        { label: "Numbers", options: columns("number") },
      ],
      (name) => choose(`obs:${name}`),
    );
    this.rows = {
      gene: field("explore-gene", "Gene", about ? this.#withCard(about) : this.genes.node),
      ...(this.several && { blend: field("explore-blend", "Mix with", this.several.search.node) }),
      set: field("explore-set", "Gene set", this.sets.node, "gene-set"),
      factor: field("explore-factor", "Factor", this.factors, "factor"),
      obs: field("explore-obs", "Annotation", this.columns),
    };
    this.node = element(
      "section",
      { class: "ex-section", "aria-label": "Colour by" },
      element("h2", { class: "ex-heading", text: "Colour by" }),
      this.several?.node,
      ...Object.values(this.rows),
    );
    this.rows.set.after(this.sets.panel);
    this.source = source;
    this.csv = element("a", {
      class: "ac-link ex-file",
      text: "Values (CSV)",
      title: "Of every spot of the slices shown, with the digest of the atlas",
      download: "",
    });
    if (several) this.node.append(this.csv);
    this.sorts = description.estimates ? new GeneSorts(source, choose) : null;
    if (this.sorts) this.rows.gene.after(this.sorts.node);
  }

  /** @param {(gene: string) => void} about */
  #withCard(about) {
    this.about = element(
      "button",
      { type: "button", class: "ex-about", onclick: () => about(this.genes.shown) },
      icon(ABOUT),
    );
    return element("div", { class: "ex-gene-row" }, this.genes.node, this.about);
  }

  /** @param {string} color @param {number[]} [slices] those on the map, by number; else all */
  show(color, slices) {
    this.color = color;
    this.slices = slices;
    const [kind, name] = splitColor(color);
    const gene = geneShown(kind, name);
    if (this.about) {
      this.about.disabled = !gene;
      this.about.title = gene ? `About ${gene}` : "About the gene, once one is chosen";
      this.about.setAttribute("aria-label", this.about.title);
    }
    this.genes.show(gene);
    void this.sorts?.show(color, slices);
    this.several?.show(color);
    if (this.rows.blend) this.rows.blend.hidden = this.several?.mode === "side";
    this.sets.show(kind === "set" ? name : "", slices);
    // A gene that may be estimated has a file of both beside that choice.
    this.csv.hidden = Boolean(gene && this.sorts);
    if (!this.csv.hidden && color) this.csv.href = this.source.valuesAddress(listed(kind, name), slices);
    this.factors.value = kind === "factor" ? name : "";
    this.columns.value = kind === "obs" ? name : "";
    for (const [row, node] of Object.entries(this.rows)) {
      node.classList.toggle("is-current", row === (gene ? "gene" : kind));
    }
  }
}

/** Colours of one value per spot that a colour is made of.
 * @param {string} kind @param {string} name
 * @returns {string[]} */
function listed(kind, name) {
  if (kind === SIDE) return sideColors(name);
  return kind === BLEND ? blendedGenes(name).map((gene) => `gene:${gene}`) : [`${kind}:${name}`];
}

/** @param {string} id @param {string} label @param {Node} control
 * @param {string} [term] of the glossary, for a "?" beside the label */
export function field(id, label, control, term = "") {
  const words = element("label", { class: "ex-label", for: id, text: label });
  return element(
    "div",
    { class: "ex-field" },
    term ? withHelp(words, term) : words,
    control,
  );
}

/**
 * @param {string} id @param {string} hint shown while nothing is chosen
 * @param {{label: string, options: {value: string, text: string}[]}[]} groups
 * @param {(value: string) => void} choose
 */
function picker(id, hint, groups, choose) {
  const select = element(
    "select",
    { class: "ex-input", id, onchange: () => select.value && choose(select.value) },
    element("option", { value: "", text: hint, disabled: true }),
  );
  for (const { label, options } of groups) {
    if (!options.length) continue;
    const nodes = options.map(({ value, text }) => element("option", { value, text }));
    if (label) select.append(element("optgroup", { label }, ...nodes));
    else select.append(...nodes);
  }
  return select;
}
