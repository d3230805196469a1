/** Above the 3D view: which specimen, how far apart its sections are drawn, and where it is cut. */

import { element } from "../page/dom.mjs";
import { readable } from "../colours/scale.mjs";
import { LEAST_GAP, MOST_GAP } from "./address.mjs";
import { unitText } from "./words.mjs";

/** @typedef {import("./address.mjs").StackState} StackState */
/** @typedef {(change: Partial<StackState>, done?: boolean) => void} Change */

export class Controls {
  /** @param {import("./view.mjs").StackView} view @param {Change} change */
  constructor(view, change) {
    this.view = view;
    this.change = change;
    const { stacks } = view;
    this.stack = element(
      "select",
      {
        class: "ex-input",
        id: "stack-name",
        onchange: () =>
          change({ stack: this.stack.value, off: new Set(), camera: "", axis: "", cut: [0, 100] }),
      },
      ...stacks.map((each) => element("option", { value: each.name, text: each.name })),
    );
    this.gap = this.#range("stack-gap", Math.log2(LEAST_GAP), Math.log2(MOST_GAP), 0.125, () => ({
      gap: 2 ** Number(this.gap.value),
    }));
    this.gapText = element("output", { class: "st-value", for: "stack-gap" });
    this.true = element("button", {
      type: "button",
      class: "ac-link",
      text: "True",
      title: "Distances as they are in the tissue",
      onclick: () => change({ gap: 1 / view.sections.usual }),
    });
    this.axis = element(
      "select",
      { class: "ex-input", id: "stack-axis", onchange: () => this.#cutAlong() },
      ...[["", "No cut"], ["z", "Along the stack"], ["x", "Along x"], ["y", "Along y"]].map(
        ([value, text]) => element("option", { value, text }),
      ),
    );
    this.ends = [0, 1].map((end) =>
      this.#range(`stack-cut-${end}`, 0, 100, 1, () => ({ cut: this.#cut(end) })),
    );
    this.ends[0].setAttribute("aria-label", "Cut away below");
    this.ends[1].setAttribute("aria-label", "Cut away above");
    this.cutText = element("output", { class: "st-value", for: "stack-cut-0 stack-cut-1" });
    this.cutRow = element("div", { class: "st-cut" }, ...this.ends, this.cutText);
    this.deep = element("input", {
      type: "checkbox",
      id: "stack-deep",
      onchange: () => change({ deep: this.deep.checked }),
    });
    this.node = element(
      "div",
      { class: "st-controls" },
      stacks.length > 1 ? labelled("stack-name", "Specimen", this.stack) : null,
      labelled("stack-gap", "Section gap", this.gap, this.gapText, this.true),
      labelled("stack-axis", "Cut", this.axis, this.cutRow),
      element("label", { class: "ex-check" }, this.deep, "Perspective"),
    );
  }

  /** @param {string} id @param {number} least @param {number} most @param {number} step
   * @param {() => Partial<StackState>} read */
  #range(id, least, most, step, read) {
    return element("input", {
      type: "range",
      class: "ex-range",
      id,
      min: least,
      max: most,
      step,
      oninput: () => this.change(read(), false),
      onchange: () => this.change(read()),
    });
  }

  /** The range asked for; the end that is moved pushes the other.
   * @param {number} moved @returns {[number, number]} */
  #cut(moved) {
    const [low, high] = this.ends.map((end) => Number(end.value));
    if (low <= high) return [low, high];
    return moved === 0 ? [low, low] : [high, high];
  }

  #cutAlong() {
    const axis = /** @type {import("./address.mjs").Axis} */ (this.axis.value);
    // A first cut that shows what a cut does: half of it goes.
    this.change({ axis, cut: axis ? [0, 50] : [0, 100] });
  }

  /** Follow the state. */
  show() {
    const { state, sections } = this.view;
    this.stack.value = sections.stack.name;
    this.gap.value = String(Math.log2(state.gap));
    this.gapText.textContent = this.#gapWords();
    this.true.hidden = !sections.stack.in_proportion;
    this.axis.value = state.axis;
    this.cutRow.hidden = !state.axis;
    this.ends.forEach((end, at) => {
      end.value = String(state.cut[at]);
    });
    if (state.axis) this.cutText.textContent = this.#cutWords(state.axis);
    this.deep.checked = state.deep;
  }

  #gapWords() {
    const { state, sections } = this.view;
    const by = sections.stack.in_proportion ? sections.usual * state.gap : state.gap;
    const text = `× ${Number(by.toPrecision(2))}`;
    return sections.stack.in_proportion ? `${text} of true` : text;
  }

  /** @param {Exclude<import("./address.mjs").Axis, "">} axis */
  #cutWords(axis) {
    const { state, sections, description } = this.view;
    const [low, high] = sections.extent(axis);
    const ends = state.cut.map((share) => low + ((high - low) * share) / 100);
    const { stack } = sections;
    if (axis === "z" && stack.depth !== "given") {
      const kept = sections.list.filter(({ depth }) => depth >= ends[0] && depth <= ends[1]);
      return `${kept.length} of ${sections.list.length} sections`;
    }
    const unit = axis === "z" ? stack.depth_unit : (description.units?.coordinate ?? "");
    return `${ends.map(readable).join(" – ")} ${unitText(unit)}`;
  }
}

/** @param {string} id @param {string} text @param {...Node} parts */
function labelled(id, text, ...parts) {
  return element(
    "div",
    { class: "st-control" },
    element("label", { class: "ex-label", for: id, text }),
    ...parts,
  );
}
