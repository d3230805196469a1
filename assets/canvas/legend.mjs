/**
 * Categories with their colours and counts. A click shows or hides one; a double click, or a click
 * with Alt, shows only that one; again, and all are back.
 */

import { count, element } from "./dom.mjs";
import { hexColor } from "./palettes.mjs";
import { MISSING_BYTE } from "./scale.mjs";

// Rows are rebuilt between two clicks, so the browser's own count of clicks cannot be relied on.
const DOUBLE_CLICK_MS = 400;

/** @typedef {import("./keys.mjs").CategoryKey} CategoryKey */

export class Legend {
  /** @param {HTMLElement} host @param {((hidden: Set<number>) => void) | null} change */
  constructor(host, change) {
    this.host = host;
    this.change = change;
    this.last = { code: -1, at: 0 };
  }

  /** @param {CategoryKey} key */
  draw(key) {
    const rows = key.categories.map((category) => ({ ...category }));
    if (key.missing || key.room?.missing) {
      const color = key.missingColor;
      rows.push({ code: MISSING_BYTE, name: "not measured", color, count: key.missing });
    }
    this.key = key;
    this.codes = rows.map((row) => row.code);

    // The rows are rebuilt on every change, so the focus and the scroll are carried over.
    const focused = this.host.contains(document.activeElement)
      ? document.activeElement.getAttribute("data-code")
      : null;
    const scroll = this.host.querySelector(".ac-legend-list")?.scrollTop ?? 0;
    const list = element(
      "ul",
      { class: "ac-legend-list", "aria-label": key.title },
      ...rows.map((row) => element("li", {}, this.#row(row))),
    );
    const head = element(
      "div",
      { class: "ac-key-head" },
      element("div", { class: "ac-key-title", text: key.title, title: key.title }),
      this.change &&
        element("button", {
          type: "button",
          class: "ac-link",
          text: "Show all",
          disabled: !key.hidden.size,
          onclick: () => this.change(new Set()),
        }),
    );
    if (key.room) list.style.setProperty("--ac-count", `${count(key.room.most).length}ch`);
    this.host.replaceChildren(head, list);
    list.scrollTop = scroll;
    if (focused !== null) list.querySelector(`[data-code="${focused}"]`)?.focus({ preventScroll: true });
  }

  /** @param {CategoryKey["categories"][number]} row */
  #row(row) {
    const shown = !this.key.hidden.has(row.code);
    const parts = [
      element("span", { class: "ac-swatch", style: `background:${hexColor(row.color)}` }),
      element("span", { class: "ac-legend-name", text: row.name, title: row.name }),
      element("span", { class: "ac-legend-count", text: count(row.count) }),
    ];
    const item = this.change
      ? element(
          "button",
          {
            type: "button",
            class: "ac-legend-item",
            "aria-pressed": String(shown),
            "data-code": row.code,
            title: "Click: show or hide. Double click or Alt-click: only this one.",
            onclick: (/** @type {MouseEvent} */ event) => this.#click(row.code, event.altKey),
          },
          ...parts,
        )
      : element("div", { class: "ac-legend-item", "data-code": row.code }, ...parts);
    item.classList.toggle("is-hidden", !shown);
    return item;
  }

  /** @param {number} code @param {boolean} alt */
  #click(code, alt) {
    const now = performance.now();
    const second = this.last.code === code && now - this.last.at < DOUBLE_CLICK_MS;
    this.last = second ? { code: -1, at: 0 } : { code, at: now };
    if (alt || second) {
      const others = new Set(this.codes.filter((c) => c !== code));
      const alone = [...others].every((c) => this.key.hidden.has(c));
      this.change(alone ? new Set() : others);
      return;
    }
    const hidden = new Set(this.key.hidden);
    if (!hidden.delete(code)) hidden.add(code);
    this.change(hidden);
  }
}
