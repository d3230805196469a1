/** Whether a gene is shown as it was measured, as the factors estimate it, or by the difference. */

import { element } from "../page/dom.mjs";
import { geneShown } from "../colours/sorts.mjs";
import { splitColor } from "../colours/words.mjs";

const SORTS = [
  ["gene", "Measured", "As it was measured"],
  ["estimate", "Factors' estimate", "What the factors make expect, also where it was not measured"],
  ["difference", "Difference", "Measured less the factors' estimate"],
];

const CHANCE =
  "An estimate is of a mean: where counts are few, most spots lie below it, and differ by chance. What " +
  "technologies differ in is part of the difference too.";

export class GeneSorts {
  /** @param {import("../values/source.mjs").Source} source
   * @param {(color: string) => void} choose */
  constructor(source, choose) {
    this.source = source;
    this.gene = "";
    this.buttons = SORTS.map(([kind, text, title]) =>
      element("button", {
        type: "button",
        class: "ex-act",
        text,
        title,
        "data-sort": kind,
        onclick: () => choose(`${kind}:${this.gene}`),
      }),
    );
    this.csv = element("a", { class: "ac-link", text: "Values (CSV)", download: "" });
    this.said = element("span", { class: "ex-said", hidden: true });
    this.node = element(
      "div",
      { class: "ex-sorts", role: "group", "aria-label": "What is shown of the gene", hidden: true },
      ...this.buttons,
      this.csv,
      this.said,
    );
  }

  /** @param {string} color on the map @param {number[]} [slices] on the map, else all */
  async show(color, slices) {
    const [kind, name] = splitColor(color);
    this.gene = geneShown(kind, name);
    this.node.hidden = !this.gene;
    if (!this.gene) return;
    for (const button of this.buttons) {
      button.setAttribute("aria-pressed", String(button.dataset.sort === kind));
    }
    const { gene } = this;
    const { told, fitted } = await this.source
      .inModel(gene)
      .catch(() => ({ told: false, fitted: false }));
    if (gene !== this.gene) return;
    for (const button of this.buttons.slice(1)) button.disabled = !told;
    this.csv.href = this.source.expressionAddress(gene, told, slices);
    this.said.textContent = remark(kind, gene, told, fitted);
    this.said.hidden = !this.said.textContent;
  }
}

/** What is to be known of what is shown.
 * @param {string} kind @param {string} gene
 * @param {boolean} told its factors tell it @param {boolean} fitted the model was fitted to it */
function remark(kind, gene, told, fitted) {
  if (!told) return `The factors say nothing of ${gene}.`;
  if (kind === "gene") return "";
  const later = fitted ? "" : `The model was not fitted to ${gene}: its loadings were found afterwards. `;
  return later + (kind === "difference" ? CHANCE : "");
}
