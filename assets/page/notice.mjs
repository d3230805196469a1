/** Lines over the map that say what went wrong while the map stays, until a reader dismisses them. */

import { present } from "./present.mjs";
import { element } from "./dom.mjs";
import { faultLine } from "./fault.mjs";

/** @typedef {{about?: string, retry?: () => unknown, dismissed?: () => void}} How about: a later line about the same takes the
 *   place of an earlier one; retry: asks for the same once more */

export class Notice {
  /** @param {() => HTMLElement | null} back where the focus goes when a retry went well */
  constructor(back) {
    this.back = back;
    // Each line is told when it comes, not all of them again.
    this.node = element("div", { class: "ac-notice", role: "alert", "aria-atomic": "false", hidden: true });
    /** @type {Map<string, {node: HTMLElement, fault: HTMLElement}>} by what they are about */
    this.lines = new Map();
  }

  /** @param {string} text '' takes away what was said of the same @param {How} [how] */
  say(text, how = {}) {
    const { about = "", retry, dismissed } = how;
    // What is said already would be read out once more.
    if (text && !retry && this.#says(text, about)) return;
    this.lines.get(about)?.node.remove();
    this.lines.delete(about);
    if (text) {
      const fault = faultLine(text, retry, { live: false, back: this.back });
      const node = element(
        "div",
        { class: "ac-notice-line" },
        fault,
        element("button", { type: "button", class: "ac-link", text: "Dismiss", onclick: () => this.#drop(about, dismissed) }),
      );
      this.lines.set(about, { node, fault });
      this.node.append(node);
    }
    this.node.hidden = !this.lines.size;
  }

  /** Let a line say something else: its buttons stay what they are, and so does the focus on them.
   * @param {string} text @param {string} [about] @returns {boolean} false where there is no such line */
  amend(text, about = "") {
    const line = this.lines.get(about);
    if (!line) return false;
    present(line.fault.firstElementChild, "What a line says").textContent = text;
    return true;
  }

  /** Whether a line says so, with no button to ask again.
   * @param {string} text @param {string} about */
  #says(text, about) {
    const fault = this.lines.get(about)?.fault;
    return fault?.childElementCount === 1 && fault.firstElementChild?.textContent === text;
  }

  /** The reader has read it.
   * @param {string} about @param {() => void} [dismissed] */
  #drop(about, dismissed) {
    this.say("", { about });
    dismissed?.();
    this.back()?.focus();
  }
}
