/**
 * Several colours: genes mixed to one colour per spot, or up to six colours side by side. The same
 * list serves both; each entry has a button that takes it away.
 */

import { BLEND, MOST_BLENDED, blendedGenes } from "../colours/blend.mjs";
import { element } from "../page/dom.mjs";
import { MOST_SIDE, SIDE, sideBySide, sideColors } from "../colours/multiples.mjs";
import { geneShown } from "../colours/sorts.mjs";
import { describeColor, splitColor } from "../colours/words.mjs";
import { GeneSearch } from "./genes.mjs";

/** @typedef {"one" | "blend" | "side"} Mode */

const MODES = /** @type {[Mode, string][]} */ ([
  ["one", "One"],
  ["blend", "Together"],
  ["side", "Side by side"],
]);

export class SeveralColors {
  /** @param {import("../values/source.mjs").Source} source
   * @param {import("../values/source.mjs").Description} description
   * @param {(color: string) => void} show told the colour for the map */
  constructor(source, description, show) {
    this.description = description;
    this.tell = show;
    /** @type {Mode} */
    this.mode = "one";
    /** @type {string[]} */
    this.colors = [];
    this.search = new GeneSearch(source, (name) => this.#mix(name), "explore-blend");
    this.buttons = MODES.map(([mode, text]) =>
      element("button", {
        type: "button",
        class: "ex-tab",
        "data-mode": mode,
        text,
        onclick: () => this.#turn(mode),
      }),
    );
    this.modes = element("div", { class: "ex-tabs ex-modes", role: "group", "aria-label": "Colours at once" }, ...this.buttons);
    this.chosen = element("ul", { class: "ex-chips", "aria-label": "Colours shown" });
    this.hint = element("p", { class: "ex-hint ex-side-hint", role: "status" });
    this.list = element("div", { class: "ex-blend", hidden: true }, this.chosen);
    this.node = element("div", {}, this.modes, this.list, this.hint);
    this.show("");
  }

  /** A colour was chosen: it takes the map, or stands beside those that are there.
   * @param {string} color */
  choose(color) {
    if (this.mode !== "side") this.tell(color);
    else if (this.colors.includes(color)) this.hint.textContent = `${this.#title(color)} is shown already.`;
    else if (this.colors.length < MOST_SIDE) this.tell(sideBySide([...this.colors, color]));
    else this.hint.textContent = `${MOST_SIDE} maps are the most: take one away first.`;
  }

  /** @param {string} color on the map */
  show(color) {
    const [kind, name] = splitColor(color);
    this.mode = kind === SIDE ? "side" : kind === BLEND ? "blend" : "one";
    if (kind === SIDE) this.colors = sideColors(name);
    else if (kind === BLEND) this.colors = blendedGenes(name).map((gene) => `gene:${gene}`);
    else {
      // What is predicted of a gene does not stand beside measured ones: the gene itself does.
      const gene = geneShown(kind, name);
      this.colors = gene ? [`gene:${gene}`] : color ? [color] : [];
    }
    this.#draw();
  }

  #draw() {
    const { colors, mode } = this;
    const genes = genesOf(colors);
    const { input } = this.search;
    this.search.show("");
    input.disabled = genes.length === MOST_BLENDED;
    input.placeholder = hintOf(genes);
    for (const button of this.buttons) {
      button.setAttribute("aria-pressed", String(button.dataset.mode === mode));
    }
    const [, together] = this.buttons;
    const mixable = genes.length === colors.length && genes.length > 1 && genes.length <= MOST_BLENDED;
    together.disabled = !mixable;
    together.title = mixable ? "Mixed to one colour per spot" : "Two or three genes can be mixed";
    this.hint.textContent = mode === "side" ? sideHint(colors.length) : "";
    this.list.hidden = mode === "one";
    this.chosen.replaceChildren(...(mode === "one" ? [] : colors.map((each) => this.#chip(each))));
  }

  /** @param {string} color */
  #chip(color) {
    const name = this.#title(color);
    const drop = {
      type: "button",
      class: "ex-chip-drop",
      "aria-label": `Take ${name} away`,
      title: `Take ${name} away`,
      text: "×",
      disabled: this.mode === "side" && this.colors.length === 1,
      onclick: () => this.#drop(color),
    };
    return element(
      "li",
      { class: "ex-chip" },
      element("span", { text: name, title: name }),
      element("button", drop),
    );
  }

  /** @param {string} color */
  #title(color) {
    return describeColor(color, this.description).title;
  }

  /** @param {Mode} mode */
  #turn(mode) {
    const { colors } = this;
    if (mode === this.mode || !colors.length) return;
    if (mode === "one") this.tell(colors[0]);
    else if (mode === "side") this.tell(sideBySide(colors));
    else this.tell(`${BLEND}:${genesOf(colors).join(",")}`);
  }

  /** @param {string} gene to mix with those that are there */
  #mix(gene) {
    this.search.show("");
    this.search.input.value = "";
    const genes = genesOf(this.colors);
    if (!genes.includes(gene)) this.#together([...genes, gene]);
  }

  /** @param {string} color */
  #drop(color) {
    const left = this.colors.filter((each) => each !== color);
    if (this.mode === "side") {
      this.tell(sideBySide(left));
      // The button that had the focus is gone.
      /** @type {HTMLElement | null} */ (this.chosen.querySelector("button:not(:disabled)"))?.focus();
      return;
    }
    this.#together(genesOf(left));
    this.search.input.disabled = false;
    this.search.input.focus();
  }

  /** @param {string[]} genes */
  #together(genes) {
    this.tell(genes.length > 1 ? `${BLEND}:${genes.join(",")}` : `gene:${genes[0]}`);
  }
}

/** @param {string[]} colors @returns {string[]} names of the genes among them */
function genesOf(colors) {
  return colors.map(splitColor).filter(([kind]) => kind === "gene").map(([, name]) => name);
}

/** @param {number} n maps shown */
function sideHint(n) {
  if (n === MOST_SIDE) return "Six maps are the most. A map's title shows it alone.";
  return "What you choose below is shown beside these. A map's title shows it alone.";
}

/** @param {string[]} genes */
function hintOf(genes) {
  if (genes.length === MOST_BLENDED) return "Three at most";
  if (genes.length === 2) return "Add a third gene";
  return genes.length ? `Add a gene to ${genes[0]}` : "Choose a first gene";
}
