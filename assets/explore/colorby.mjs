/** Ways to colour the map: a gene, a set of genes, a factor, or an annotation. */

import { element } from "../canvas/dom.mjs";
import { spoken, splitColor } from "../canvas/words.mjs";
import { GeneSearch } from "./genes.mjs";
import { GeneSets } from "./genesets.mjs";

export class ColorBy {
  /**
   * @param {import("../canvas/source.mjs").Source} source
   * @param {import("../canvas/source.mjs").Description} description
   * @param {(color: string) => void} choose
   */
  constructor(source, description, choose) {
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
      gene: field("explore-gene", "Gene", this.genes.node),
      set: field("explore-set", "Gene set", this.sets.node),
      factor: field("explore-factor", "Factor", this.factors),
      obs: field("explore-obs", "Annotation", this.columns),
    };
    this.node = element(
      "section",
      { class: "ex-section", "aria-label": "Colour by" },
      element("h2", { class: "ex-heading", text: "Colour by" }),
      ...Object.values(this.rows),
    );
    this.rows.set.after(this.sets.panel);
  }

  /** @param {string} color */
  show(color) {
    const [kind, name] = splitColor(color);
    this.genes.show(kind === "gene" ? name : "");
    this.sets.show(kind === "set" ? name : "");
    this.factors.value = kind === "factor" ? name : "";
    this.columns.value = kind === "obs" ? name : "";
    for (const [row, node] of Object.entries(this.rows)) {
      node.classList.toggle("is-current", row === kind);
    }
  }
}

/** @param {string} id @param {string} label @param {Node} control */
export function field(id, label, control) {
  return element(
    "div",
    { class: "ex-field" },
    element("label", { class: "ex-label", for: id, text: label }),
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
