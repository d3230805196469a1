/** Lines over the map that say what went wrong while the map stays, until a reader dismisses them. */

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
    /** @type {Map<string, HTMLElement>} by what they are about */
    this.lines = new Map();
  }

  /** @param {string} text '' takes away what was said of the same @param {How} [how] */
  say(text, how = {}) {
    const { about = "", retry, dismissed } = how;
    this.lines.get(about)?.remove();
    this.lines.delete(about);
    if (text) {
      const line = element(
        "div",
        { class: "ac-notice-line" },
        faultLine(text, retry, { live: false, back: this.back }),
        element("button", { type: "button", class: "ac-link", text: "Dismiss", onclick: () => this.#drop(about, dismissed) }),
      );
      this.lines.set(about, line);
      this.node.append(line);
    }
    this.node.hidden = !this.lines.size;
  }

  /** The reader has read it. @param {string} about @param {() => void} [dismissed] */
  #drop(about, dismissed) {
    this.say("", { about });
    dismissed?.();
    this.back()?.focus();
  }
}
