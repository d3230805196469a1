/**
 * Categories with their colours and counts. A click shows or hides one; a double click, or a click
 * with Alt, shows only that one; again, and all are back.
 */

import { count, element } from "../page/dom.mjs";
import { hexColor } from "../colours/palettes.mjs";
import { MISSING_BYTE } from "../colours/scale.mjs";

// Rows are rebuilt between two clicks, so the browser's own count of clicks cannot be relied on.
const DOUBLE_CLICK_MS = 400;

/** @typedef {import("../colours/keys.mjs").CategoryKey} CategoryKey */
/** @typedef {import("../colours/keys.mjs").Category} Category */

export class Legend {
  /** @param {HTMLElement} host @param {((hidden: Set<number>) => void) | null} change */
  constructor(host, change) {
    this.host = host;
    this.change = change;
    this.last = { code: -1, at: 0 };
  }

  /** @param {CategoryKey} key */
  draw(key) {
    const { change } = this;
    // The rows are rebuilt on every change, so the focus and the scroll are carried over.
    const { activeElement } = document;
    const focused = this.host.contains(activeElement) ? activeElement?.getAttribute("data-code") : null;
    const scroll = this.host.querySelector(".ac-legend-list")?.scrollTop ?? 0;
    const list = element(
      "ul",
      { class: "ac-legend-list", "aria-label": key.title },
      ...rowsOf(key).map((row) => element("li", {}, this.#row(key, row))),
    );
    const head = element(
      "div",
      { class: "ac-key-head" },
      element("div", { class: "ac-key-title", text: key.title, title: key.title }),
      change &&
        element("button", {
          type: "button",
          class: "ac-link",
          text: "Show all",
          disabled: !key.hidden.size,
          onclick: () => change(new Set()),
        }),
    );
    if (key.room) list.style.setProperty("--ac-count", `${count(key.room.most).length}ch`);
    this.host.replaceChildren(head, list);
    list.scrollTop = scroll;
    if (!focused) return;
    const row = /** @type {HTMLElement | null} */ (list.querySelector(`[data-code="${focused}"]`));
    row?.focus({ preventScroll: true });
  }

  /** @param {CategoryKey} key @param {Category} row */
  #row(key, row) {
    const { change } = this;
    const shown = !key.hidden.has(row.code);
    const parts = [
      element("span", { class: "ac-swatch", style: `background:${hexColor(row.color)}` }),
      element("span", { class: "ac-legend-name", text: row.name, title: row.name }),
      element("span", { class: "ac-legend-count", text: count(row.count) }),
    ];
    const item = change
      ? element(
          "button",
          {
            type: "button",
            class: "ac-legend-item",
            "aria-pressed": String(shown),
            "data-code": row.code,
            title: "Click: show or hide. Double click or Alt-click: only this one.",
            onclick: (/** @type {MouseEvent} */ event) => change(this.#clicked(key, row.code, event.altKey)),
          },
          ...parts,
        )
      : element("div", { class: "ac-legend-item", "data-code": row.code }, ...parts);
    item.classList.toggle("is-hidden", !shown);
    return item;
  }

  /** @param {CategoryKey} key @param {number} code @param {boolean} alt
   * @returns {Set<number>} what is hidden after the click */
  #clicked(key, code, alt) {
    const now = performance.now();
    const second = this.last.code === code && now - this.last.at < DOUBLE_CLICK_MS;
    this.last = second ? { code: -1, at: 0 } : { code, at: now };
    if (alt || second) {
      const others = rowsOf(key).map((row) => row.code).filter((c) => c !== code);
      const alone = others.every((c) => key.hidden.has(c));
      return new Set(alone ? [] : others);
    }
    const hidden = new Set(key.hidden);
    if (!hidden.delete(code)) hidden.add(code);
    return hidden;
  }
}

/** @param {CategoryKey} key
 * @returns {Category[]} and what was not measured, where there is such or room is kept for it */
function rowsOf({ categories, missing, missingColor: color, room }) {
  const rest = missing || room?.missing
    ? [{ code: MISSING_BYTE, name: "not measured", color, count: missing }]
    : [];
  return [...categories, ...rest];
}
