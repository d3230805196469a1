/**
 * The tour: a small panel in a corner, four steps, a ring around what is spoken of. Nothing waits
 * for it; the page below goes on working.
 */

import { element, icon } from "../page/dom.mjs";
import { Ring } from "./ring.mjs";
import { STEPS } from "./steps.mjs";
import { isFirstVisit, rememberVisit } from "./visits.mjs";

const ENOUGH = 160;
const CROSS = "M6 6l12 12M18 6L6 18";
/** What Escape means something else in. */
const OWN_ESCAPE = "input, select, textarea, .ac-panel, [role=menu], [role=combobox]";

/** @typedef {{panel: HTMLElement, number: HTMLElement, heading: HTMLElement, text: HTMLElement,
 *   way: HTMLAnchorElement, back: HTMLElement, next: HTMLElement}} Shown */

export class Tour {
  /** @param {HTMLElement} place in the shell, after the header
   * @param {() => HTMLElement | null} starter the button that starts it, to give the focus back to */
  constructor(place, starter) {
    this.place = place;
    this.starter = starter;
    /** The step that is told of. */
    this.at = 0;
    /** @type {Shown | undefined} there while it is open */
    this.shown = undefined;
    this.ring = new Ring();
    // Here before it speaks: screen readers tell what changes in it.
    this.told = element("p", { class: "visually-hidden", role: "status" });
    place.replaceChildren(this.told);
    this.escape = (/** @type {KeyboardEvent} */ event) => this.#key(event);
  }

  /** @param {boolean} asked by the reader, who is then led to it; else the focus stays where it is */
  start(asked) {
    rememberVisit();
    if (!this.shown) {
      this.shown = this.#build();
      document.addEventListener("keydown", this.escape);
    }
    this.#show(this.shown, 0, asked);
    if (asked) this.shown.heading.focus({ preventScroll: true });
  }

  /** @returns {Shown} */
  #build() {
    const number = element("span", { class: "tour-number" });
    const heading = element("h2", { class: "tour-title", id: "tour-title", tabindex: -1 });
    const text = element("p", { class: "tour-text" });
    const way = element("a", { class: "tour-way", onclick: (/** @type {MouseEvent} */ event) => this.#go(event) });
    const back = element("button", {
      type: "button", class: "tour-button", text: "Back", onclick: () => this.at && this.#show(shown, this.at - 1, true),
    });
    const next = element("button", {
      type: "button",
      class: "tour-button is-next",
      onclick: () => (this.at + 1 < STEPS.length ? this.#show(shown, this.at + 1, true) : this.close()),
    });
    const panel = element(
      "section",
      { class: "tour-panel", role: "dialog", "aria-modal": "false", "aria-labelledby": "tour-title" },
      element(
        "div",
        { class: "tour-head" },
        number,
        element(
          "button",
          { type: "button", class: "tour-close", "aria-label": "Close the tour", title: "Close the tour (Escape)", onclick: () => this.close() },
          icon(CROSS),
        ),
      ),
      heading,
      text,
      element("div", { class: "tour-foot" }, way, back, next),
    );
    this.place.append(panel);
    const shown = { panel, number, heading, text, way, back, next };
    return shown;
  }

  /** @param {Shown} shown @param {number} at @param {boolean} asked */
  #show(shown, at, asked) {
    this.at = at;
    const { title, text, way, page } = STEPS[at];
    const number = `Tour, ${at + 1} of ${STEPS.length}`;
    shown.number.textContent = number;
    shown.heading.textContent = title;
    shown.text.textContent = text;
    this.told.textContent = `${number}: ${title}. ${text}`;
    shown.back.setAttribute("aria-disabled", String(at === 0));
    shown.next.textContent = at + 1 < STEPS.length ? "Next" : "Done";
    shown.way.textContent = way;
    this.ring.around(() => {
      // The header is filled, and filled anew, after the page.
      const link = pageLink(page);
      shown.way.href = link?.href ?? "";
      shown.way.classList.toggle("is-here", !link || link.hasAttribute("aria-current"));
      return this.#target(STEPS[at].targets) ?? link;
    });
    if (asked) this.#reveal(shown.panel.getBoundingClientRect());
  }

  /** @param {string[]} targets @returns {HTMLElement | null} */
  #target(targets) {
    for (const selector of targets) {
      const found = /** @type {HTMLElement | null} */ (document.querySelector(selector));
      if (found?.getClientRects().length) return found;
    }
    return null;
  }

  /** Scroll to what is spoken of, where it cannot be seen.
   * @param {DOMRect} panel of the tour, which lies over the page */
  #reveal(panel) {
    const { target } = this.ring;
    if (!target) return;
    const box = target.getBoundingClientRect();
    const still = window.matchMedia("(prefers-reduced-motion: reduce)").matches;
    const behavior = still ? "auto" : "smooth";
    const links = target.closest(".nav-links");
    if (links) {
      // On a phone the links scroll sideways, and nothing else may move.
      const room = links.getBoundingClientRect();
      const centre = (box.left + box.right - room.left - room.right) / 2;
      links.scrollBy({ left: centre, behavior });
      return;
    }
    const header = document.querySelector(".site-header")?.getBoundingClientRect().bottom ?? 0;
    // On a phone the panel is as wide as the page.
    const end = panel.width > window.innerWidth / 2 ? panel.top : window.innerHeight;
    // Of what is high its beginning is enough.
    if (box.top >= header && Math.min(box.bottom, box.top + ENOUGH) <= end) return;
    target.scrollIntoView({ block: "start", behavior });
  }

  /** Follow the link as the navigation does, without another document.
   * @param {MouseEvent} event */
  #go(event) {
    const link = pageLink(STEPS[this.at].page);
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    link.click();
  }

  /** @param {KeyboardEvent} event */
  #key(event) {
    if (event.key !== "Escape" || event.defaultPrevented) return;
    const on = /** @type {HTMLElement | null} */ (event.target);
    if (on?.closest?.(OWN_ESCAPE)) return;
    this.close();
  }

  close() {
    const panel = this.shown?.panel;
    const within = panel?.contains(document.activeElement);
    this.shown = undefined;
    panel?.remove();
    this.ring.off();
    this.told.textContent = "";
    document.removeEventListener("keydown", this.escape);
    if (within) this.starter()?.focus({ preventScroll: true });
  }
}

/** The link to a page in the header.
 * @param {string} page @returns {HTMLAnchorElement | null} */
function pageLink(page) {
  const links = /** @type {NodeListOf<HTMLAnchorElement>} */ (
    document.querySelectorAll(".nav-links a")
  );
  return [...links].find((link) => link.pathname.endsWith(`/${page}`)) ?? null;
}

/** The tour in a place of the shell.
 * @param {HTMLElement} place with data-home and data-explore */
export function mountTour(place) {
  const starter = () => document.getElementById("tour-start");
  const tour = new Tour(place, starter);
  document.addEventListener("click", (event) => {
    const on = /** @type {HTMLElement} */ (event.target);
    if (on.closest?.("#tour-start")) tour.start(true);
  });
  const { home, explore } = place.dataset;
  if (isFirstVisit([home ?? "", explore ?? ""])) tour.start(false);
  return tour;
}
