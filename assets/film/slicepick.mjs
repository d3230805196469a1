/** Which slice stands for a stage: told, and chosen where the stage has several. */

import { element } from "../page/dom.mjs";

export class SlicePick {
  /** @param {import("./centre.mjs").Film} film
   * @param {(stage: import("./centre.mjs").FilmStage, slice: number) => void} choose */
  constructor(film, choose) {
    this.film = film;
    /** @type {string[]} of all slices; none before they are known */
    this.names = [];
    this.stage = -1;
    this.label = element("label", { for: "film-slice", class: "film-slice-label" });
    this.select = element("select", {
      class: "ex-input",
      id: "film-slice",
      onchange: () => choose(this.film.stages[this.stage], Number(this.select.value)),
    });
    this.only = element("span", { class: "film-slice-only" });
    this.node = element("div", { class: "film-slices", hidden: true }, this.label, this.select, this.only);
  }

  /** @param {import("../values/source.mjs").Description} description */
  open(description) {
    this.names = description.slices.map((slice) => slice.name);
    this.node.hidden = false;
  }

  /** @param {import("./centre.mjs").Film} film */
  recast(film) {
    this.film = film;
    this.stage = -1;
  }

  /** @param {number} stage its number */
  show(stage) {
    if (!this.names.length || stage === this.stage) return;
    this.stage = stage;
    const { name, slices, shown } = this.film.stages[stage];
    const several = slices.length > 1;
    this.label.textContent = several ? `Slice of ${name}, one of ${slices.length}` : `${name} has one slice`;
    this.select.hidden = !several;
    this.only.hidden = several;
    this.only.textContent = several ? "" : this.names[shown];
    this.select.replaceChildren(
      ...slices.map(({ slice }) => {
        const option = element("option", { value: slice, text: this.names[slice] });
        option.selected = slice === shown;
        return option;
      }),
    );
  }
}
