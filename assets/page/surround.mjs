/**
 * What surrounds a drawing, of tissue or in 3D: what the page tells it, which is its size, its theme
 * and the loss of its context, and what is said over it of waiting, things done and faults.
 */

import { element, perFrame } from "./dom.mjs";
import { faultBox } from "./fault.mjs";
import { Notice } from "./notice.mjs";

// Waiting shorter than this is not announced: a flash would be more noise than news.
export const PATIENCE_MS = 90;
const TOLD_MS = 2500;

/** @typedef {{closed: boolean, resized(): void, retheme(): void, restore(): void}} Drawing */

export class Surround {
  /** @param {Drawing} drawing @param {() => HTMLElement} place what takes the focus of a gone notice */
  constructor(drawing, place) {
    this.drawing = drawing;
    this.place = place;
    this.canvas = element("canvas", { class: "ac-canvas", "aria-hidden": "true" });
    this.status = element("div", { class: "ac-status", role: "status" });
    this.notice = new Notice(place);
    /** @type {HTMLElement} */
    this.root = element("div", { class: "ac-root is-loading" });
    /** @type {[number, number]} width and height that were laid out for */
    this.size = [0, 0];
    /** @type {ReturnType<typeof setTimeout> | undefined} a movement that is not over yet */
    this.settling = undefined;
  }

  /** Lay out for the size of the root. */
  arrange() {}

  /** Follow size, theme and context from now on. */
  watch() {
    const { drawing } = this;
    this.sizes = new ResizeObserver(
      perFrame(() => {
        const { clientWidth, clientHeight } = this.root;
        if (this.size[0] === clientWidth && this.size[1] === clientHeight) return;
        this.arrange();
        drawing.resized();
      }),
    );
    this.sizes.observe(this.root);
    this.themes = new MutationObserver(() => drawing.retheme());
    this.themes.observe(document.documentElement, {
      attributes: true,
      attributeFilter: ["data-mantine-color-scheme"],
    });
    this.canvas.addEventListener("webglcontextlost", (/** @type {Event} */ event) => {
      if (drawing.closed) return;
      event.preventDefault();
      this.lost = this.busy("Waiting for the graphics card");
    });
    this.canvas.addEventListener("webglcontextrestored", () => {
      this.lost?.();
      if (!drawing.closed) drawing.restore();
    });
  }

  /** @returns {"light" | "dark"} */
  get scheme() {
    const value = document.documentElement.getAttribute("data-mantine-color-scheme");
    return value === "dark" ? "dark" : "light";
  }

  /** @returns {[number, number, number]} sRGB bytes of the page behind the points */
  get background() {
    const parts = getComputedStyle(this.root).backgroundColor.match(/[\d.]+/g) ?? [255, 255, 255];
    return /** @type {[number, number, number]} */ (parts.slice(0, 3).map(Number));
  }

  /** The first frame is about to be drawn. */
  open() {
    this.failed?.remove();
    this.root.classList.remove("is-loading", "is-failed");
  }

  /** Say that something is on its way, if it takes long enough to be noticed.
   * @param {string} text @returns {() => void} to call once it is there */
  busy(text) {
    const timer = setTimeout(() => {
      this.status.textContent = text;
      this.root.classList.add("is-busy");
    }, PATIENCE_MS);
    return () => {
      clearTimeout(timer);
      if (this.status.textContent === text) {
        this.status.textContent = "";
        this.root.classList.remove("is-busy");
      }
    };
  }

  /** Say what was done.
   * @param {string} text */
  tell(text) {
    this.status.textContent = text;
    setTimeout(() => this.status.textContent === text && (this.status.textContent = ""), TOLD_MS);
  }

  /** A passing fault: the drawing stays as it was.
   * @param {string} text '' takes it away @param {import("./notice.mjs").How} [how] */
  warn(text, how) {
    this.notice.say(text, how);
  }

  /** There will be no drawing, unless a retry brings it.
   * @param {string} text @param {() => unknown} [retry] */
  fail(text, retry) {
    this.failed?.remove();
    this.failed = faultBox(text, retry, { back: this.place });
    this.root.classList.remove("is-busy");
    this.root.classList.add("is-failed");
    this.root.append(this.failed);
  }

  close() {
    this.sizes?.disconnect();
    this.themes?.disconnect();
    clearTimeout(this.settling);
    this.root.remove();
  }
}
