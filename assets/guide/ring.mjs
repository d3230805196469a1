/** A ring around what is spoken of. It takes no room and no clicks. */

import { element, perFrame } from "../page/dom.mjs";

const MARGIN = 4;

export class Ring {
  constructor() {
    this.node = element("div", { class: "tour-ring", "aria-hidden": "true", hidden: true });
    /** @type {HTMLElement | null} */
    this.target = null;
    this.find = () => /** @type {HTMLElement | null} */ (null);
    this.follow = perFrame(() => this.#place());
    this.sizes = new ResizeObserver(this.follow);
    this.changes = new MutationObserver(this.follow);
  }

  /** Stay around whatever `find` finds, as the page changes.
   * @param {() => HTMLElement | null} find */
  around(find) {
    this.find = find;
    if (!this.node.isConnected) {
      document.body.append(this.node);
      window.addEventListener("scroll", this.follow, { capture: true, passive: true });
      window.addEventListener("resize", this.follow);
      this.sizes.observe(document.body);
      this.changes.observe(document.body, { childList: true, subtree: true });
    }
    this.#place();
  }

  #place() {
    if (!this.node.isConnected) return;
    const target = this.find();
    if (target !== this.target) {
      if (this.target) this.sizes.unobserve(this.target);
      if (target) this.sizes.observe(target);
      this.target = target;
    }
    this.node.hidden = !target;
    if (!target) return;
    const { left, top, right, bottom } = target.getBoundingClientRect();
    // Within the window even where the target is larger than it.
    const edge = document.documentElement.clientWidth - 2;
    const from = { x: Math.max(left - MARGIN, 2), y: Math.max(top - MARGIN, 2) };
    const style = this.node.style;
    style.transform = `translate(${from.x}px, ${from.y}px)`;
    style.width = `${Math.max(Math.min(right + MARGIN, edge) - from.x, 0)}px`;
    style.height = `${Math.max(Math.min(bottom + MARGIN, window.innerHeight - 2) - from.y, 0)}px`;
  }

  off() {
    this.node.remove();
    this.sizes.disconnect();
    this.changes.disconnect();
    this.target = null;
    window.removeEventListener("scroll", this.follow, { capture: true });
    window.removeEventListener("resize", this.follow);
  }
}
