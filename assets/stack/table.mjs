/**
 * The sections as a table: which are drawn, how many spots, how deep, and how well each fits its
 * neighbours. The same boxes that show and hide them make it their description for a screen reader.
 */

import { present } from "../page/present.mjs";
import { count, element } from "../page/dom.mjs";
import { readable } from "../colours/scale.mjs";
import { withHelp } from "../guide/terms.mjs";
import { depthNote, depthText, specimenNote, valueText } from "./words.mjs";

const HELP =
  "Sections were brought into one frame by spots that are alike in the latent. The residual is how " +
  "far such spots of neighbouring sections still lie apart (median), in the unit of the plane: small " +
  "beside the tissue is good. It cannot be 0, since alike spots lie in the same region, not at the same " +
  "point. “Turned over” says that the section was mirrored to fit; “own frame”, that it fitted none " +
  "and lies where its own coordinates put it.";

/** @typedef {{sections: import("./sections.mjs").Sections, boxes: HTMLInputElement[],
 *   all: HTMLButtonElement, none: HTMLButtonElement}} Drawn boxes: one for each section */

export class SectionTable {
  /** @param {import("./view.mjs").StackView} view
   * @param {(off: Set<number>) => void} change slices not to draw */
  constructor(view, change) {
    this.view = view;
    this.change = change;
    this.node = element("section", { class: "ex-section st-sections", "aria-label": "Sections" });
    /** @type {Drawn | undefined} what it shows, once it does */
    this.drawn = undefined;
  }

  /** Follow the state. */
  show() {
    const { sections } = this.view;
    if (this.drawn?.sections !== sections) this.drawn = this.#build(sections);
    const { boxes, all, none } = this.drawn;
    const { off } = this.view.state;
    boxes.forEach((box, at) => {
      box.checked = !off.has(sections.list[at].slice);
      present(box.closest("tr"), "The row of a section").classList.toggle("is-off", !box.checked);
    });
    all.disabled = !boxes.some((box) => !box.checked);
    none.disabled = !boxes.some((box) => box.checked);
  }

  /** @param {import("./sections.mjs").Sections} sections @returns {Drawn} */
  #build(sections) {
    const { description } = this.view;
    const { stack } = sections;
    const given = stack.depth === "given";
    const unit = description.units?.coordinate ?? "";
    const heads = ["Section", "Spots", given ? "Depth" : "Order", withHelp("Residual", "residual")];
    /** @type {HTMLInputElement[]} */
    const boxes = [];
    const some = sections.list.some((section) => section.registered);
    const rows = sections.list.map((section) => {
      const id = `stack-section-${section.slice}`;
      const box = element("input", {
        type: "checkbox",
        id,
        onchange: () => this.#toggle(section.slice, box.checked),
      });
      boxes.push(box);
      const facts = [
        section.registered || !some ? "" : "own frame",
        section.reflected ? "turned over" : "",
      ].filter(Boolean);
      const share = section.inlier_share;
      const wide = Math.max(section.box.maxX - section.box.minX, section.box.maxY - section.box.minY);
      const fit = [
        section.residual === null ? "" : `${readable((100 * section.residual) / wide)}% of its width`,
        share === null ? "" : `${Math.round(100 * share)}% of the alike spots agree`,
      ];
      return element(
        "tr",
        {},
        element(
          "th",
          { scope: "row" },
          element(
            "label",
            { class: "ex-check", for: id, title: section.name },
            box,
            element("span", { class: "st-name" }, element("bdi", { dir: "ltr", text: section.name })),
          ),
          facts.length ? element("span", { class: "st-fact", text: facts.join(", ") }) : null,
        ),
        element("td", { text: count(section.stop - section.start) }),
        element("td", { text: depthText(section, stack) }),
        element("td", {
          text: section.residual === null ? "–" : valueText(section.residual, unit),
          title: fit.filter(Boolean).join("; "),
        }),
      );
    });
    const all = this.#button("All", () => this.change(new Set()));
    const none = this.#button("None", () =>
      this.change(new Set(sections.list.map((section) => section.slice))),
    );
    const notes = [specimenNote(stack), depthNote(stack), ...this.#apart()].filter(Boolean);
    this.node.replaceChildren(
      element(
        "div",
        { class: "ac-key-head" },
        element("h2", { class: "ex-heading", text: `Sections of ${stack.name}` }),
        all,
        none,
      ),
      element(
        "div",
        { class: "st-scroll" },
        element(
          "table",
          { class: "ex-table st-table" },
          element("caption", { class: "visually-hidden", text: `Sections of ${stack.name}` }),
          element("thead", {}, element("tr", {}, ...heads.map((head) => element("th", { scope: "col" }, head)))),
          element("tbody", {}, ...rows),
        ),
      ),
      ...notes.map((text) => element("p", { class: "ex-hint st-note", text })),
      element(
        "details",
        { class: "st-help" },
        element("summary", { text: "What is the residual?" }),
        element("p", { class: "ex-hint", text: HELP }),
      ),
    );
    return { sections, boxes, all, none };
  }

  /** What is to be said of sections that were not registered. */
  #apart() {
    const alone = this.view.sections.list.filter((section) => !section.registered);
    if (!alone.length) return [];
    if (alone.length === this.view.sections.list.length) {
      return ["These sections were not registered: each lies where its own coordinates put it."];
    }
    return [`Not registered, in a frame of its own: ${alone.map((s) => s.name).join(", ")}.`];
  }

  /** @param {number} slice @param {boolean} on */
  #toggle(slice, on) {
    const off = new Set(this.view.state.off);
    if (on) off.delete(slice);
    else off.add(slice);
    this.change(off);
  }

  /** @param {string} text @param {() => void} run */
  #button(text, run) {
    return element("button", { type: "button", class: "ac-link", text, onclick: run });
  }
}
