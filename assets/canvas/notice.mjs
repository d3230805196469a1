/** A line over the map that says what went wrong while the map stays, until a reader dismisses it. */

import { element } from "./dom.mjs";

export class Notice {
  constructor() {
    this.node = element("div", { class: "ac-notice", role: "alert", hidden: true });
    this.lasting = "";
  }

  /**
   * @param {string} text '' takes away what was said
   * @param {boolean} [lasting] said again when what was said after it is taken away
   */
  say(text, lasting) {
    if (lasting) this.lasting = text;
    const said = text || this.lasting;
    this.node.hidden = !said;
    this.node.replaceChildren(
      element("span", { text: said }),
      element("button", {
        type: "button",
        class: "ac-link",
        text: "Dismiss",
        onclick: () => this.say("", true),
      }),
    );
  }
}
